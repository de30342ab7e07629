"""Chapter 32: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np


def likelihood(logits: Any, held: Any) -> Any:
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return (held * np.log(share)).sum(axis=1)


def weights(X: Any, p: float) -> Any:
    G = X.T @ X
    return np.linalg.solve(G + p / (1 - p) * np.diag(np.diag(G)), G)


RIGHT = {
    "ex_1": 0.25,
    "ex_2": float((4 - np.log(4)) / 2),
    "ex_3": likelihood,
    "ex_4": lambda mean, log_variance, noise: mean + np.exp(log_variance / 2) * noise,
    "ex_5": weights,
    "ex_6": (float(np.log(80)), 354 / 8254),
    "ex_7": "torch",
    "ex_8": -0.01,
}
WRONG = {
    "ex_1": [1 / 3, 0.5],
    "ex_2": [float(4 - np.log(4)), float((2 - np.log(2)) / 2)],
    "ex_3": [lambda logits, held: -likelihood(logits, held), lambda logits, held: logits * held],
    "ex_4": [
        lambda mean, log_variance, noise: mean + np.exp(log_variance) * noise,
        lambda mean, log_variance, noise: mean + log_variance / 2 * noise,
    ],
    "ex_5": [
        lambda X, p: np.linalg.solve(X.T @ X + p * np.diag(np.diag(X.T @ X)), X.T @ X),
        lambda X, p: np.linalg.solve(X.T @ X + p / (1 - p) * np.eye(X.shape[1]), X.T @ X),
    ],
    "ex_6": [(80.0, 354 / 8254), (-float(np.log(80)), 354 / 8254)],
    "ex_7": ["keras", "both"],
    "ex_8": [-0.00001, 0.01],
}

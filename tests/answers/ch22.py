"""Chapter 22: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np


def dice(counts: Any) -> Any:
    times = counts.diagonal()
    return 2 * counts.toarray() / (times[:, None] + times)


def jaccard(counts: Any) -> Any:
    times = counts.diagonal()
    return counts.toarray() / (times[:, None] + times - counts.toarray())


def what_else(counts: Any) -> Any:
    table = counts.toarray() / counts.diagonal()[:, None]
    np.fill_diagonal(table, 0)
    return table


def wrong_axis(counts: Any) -> Any:
    table = counts.toarray() / counts.diagonal()
    np.fill_diagonal(table, 0)
    return table


def with_itself(counts: Any) -> Any:
    return counts.toarray() / counts.diagonal()[:, None]


def votes(X: Any, owner: Any) -> Any:
    groups = [X[owner == name] for name in np.unique(owner)]
    return sum((group.T @ group > 0).astype(int) for group in groups)


def households(X: Any, owner: Any) -> Any:
    held = np.array([X[owner == name].max(axis=0) for name in np.unique(owner)])
    return held.T @ held


RIGHT = {
    "ex_1": (1.0, 1.2),
    "ex_2": dice,
    "ex_3": what_else,
    "ex_4": {"dot": True, "cosine": False, "jaccard": False},
    "ex_5": votes,
    "ex_6": np.log(2) / 10,
}
WRONG = {
    "ex_1": [(1.0, 1.25), (1.0, 1.0)],
    "ex_2": [jaccard, lambda counts: dice(counts) / 2],
    "ex_3": [wrong_axis, with_itself],
    "ex_4": [
        {"dot": True, "cosine": True, "jaccard": False},
        {"dot": True, "cosine": False, "jaccard": True},
    ],
    "ex_5": [households, lambda X, owner: X.T @ X],
    "ex_6": [0.05, np.exp(-0.5)],
}

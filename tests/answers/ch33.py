"""Chapter 33: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np

ROWS = np.array([[2, 2, 1], [0, 1, 1], [-2, -2, -1]])


def pool(Y: Any) -> Any:
    return Y.reshape(Y.shape[0] // 2, 2, Y.shape[1] // 2, 2).max(axis=(1, 3))


def tile_means(Y: Any) -> Any:
    return Y.reshape(Y.shape[0] // 2, 2, Y.shape[1] // 2, 2).mean(axis=(1, 3))


def windows(Y: Any) -> Any:
    return np.lib.stride_tricks.sliding_window_view(Y, (2, 2)).max(axis=(2, 3))


def match(a: Any, b: Any, temperature: float, alone: bool = True, partner: int = 1) -> Any:
    both = np.concatenate([a, b])
    both = both / np.linalg.norm(both, axis=1, keepdims=True)
    scores = both @ both.T / temperature
    wanted = scores[np.arange(len(both)), np.roll(np.arange(len(both)), partner * len(a))]
    if alone:
        np.fill_diagonal(scores, -np.inf)
    return (np.log(np.exp(scores).sum(axis=1)) - wanted).mean()


def fair(hits: Any, kinds: Any, ddof: int = 1) -> Any:
    from scipy.stats import t

    each = np.array([hits[kinds == kind].mean() for kind in np.unique(kinds)])
    return each.mean(), t.ppf(0.975, len(each) - 1) * each.std(ddof=ddof) / np.sqrt(len(each))


RIGHT = {
    "ex_1": ROWS,
    "ex_2": (16 * 32 * 9, 16 * 784 * 32 * 784),
    "ex_3": pool,
    "ex_4": match,
    "ex_5": 0.82,
    "ex_6": fair,
}
WRONG = {
    "ex_1": [-ROWS, ROWS.T],
    "ex_2": [(32 * 9, 16 * 784 * 32 * 784), (16 * 32 * 9 * 784, 16 * 784 * 32 * 784)],
    "ex_3": [tile_means, windows],
    "ex_4": [
        lambda a, b, t: match(a, b, t, alone=False),
        lambda a, b, t: match(a, b, t, alone=False, partner=0),
    ],
    "ex_5": [0.9, 0.81],
    "ex_6": [lambda h, k: (h.mean(), 0.1), lambda h, k: fair(h, k, ddof=0)],
}

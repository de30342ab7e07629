"""Chapter 25: right answers to its exercises, and the mistakes that people make."""

from math import comb
from typing import Any

import numpy as np


def five_folds(log: Any, fold: Any) -> Any:
    stars = log.events["weight"].to_numpy()
    return [np.sqrt(np.mean((stars[fold == k] - stars[fold != k].mean()) ** 2)) for k in range(5)]


def leaky(log: Any, fold: Any) -> Any:
    stars = log.events["weight"].to_numpy()
    return [np.sqrt(np.mean((stars[fold == k] - stars.mean()) ** 2)) for k in range(5)]


def blend(stars: Any, a: Any, b: Any) -> float:
    return float((a - b) @ (stars - b) / ((a - b) @ (a - b)))


RIGHT = {
    "ex_1": (1 / 3, 10),
    "ex_2": (2, 1),
    "ex_3": five_folds,
    "ex_4": lambda r, n, m: comb(n - r, m) / comb(n - 1, m),
    "ex_5": blend,
    "ex_6": 2.776 * 0.004 / 5**0.5,
}
WRONG = {
    "ex_1": [(2.0, 10), (1 / 3, 5)],
    "ex_2": [(1, 2), (2, 2)],
    "ex_3": [leaky, lambda log, fold: np.square(five_folds(log, fold))],
    "ex_4": [
        lambda r, n, m: ((n - r) / (n - 1)) ** m,
        lambda r, n, m: comb(n - r, m) / comb(n, m),
    ],
    "ex_5": [lambda stars, a, b: 1 - blend(stars, a, b), lambda stars, a, b: 0.5],
    "ex_6": [1.96 * 0.004 / 5**0.5, 2.776 * 0.004],
}

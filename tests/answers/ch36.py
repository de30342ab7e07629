"""Chapter 36: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np


def filtered(B: Any, layers: int, square: bool = True) -> Any:
    n, m = B.shape
    A = np.block([[np.zeros((n, n)), B], [B.T, np.zeros((m, m))]])
    M = sum(np.linalg.matrix_power(A, k) for k in range(layers + 1)) / (layers + 1)
    return (M @ M.T if square else M)[:n, n:]


RIGHT = {
    "ex_1": 3 / 8,
    "ex_2": 1 / 6,
    "ex_3": lambda A, H: A @ H / np.maximum(A.sum(axis=1, keepdims=True), 1),
    "ex_4": lambda A, slope: A.T @ slope,
    "ex_5": 15 / 32,
    "ex_6": lambda weeks, last: weeks <= last,
    "ex_7": filtered,
}
WRONG = {
    "ex_1": [1 / 4, 1 / 2],
    "ex_2": [1 / 36, 1 / 9],
    "ex_3": [
        lambda A, H: A @ H,
        lambda A, H: A @ H / np.where(A.sum(axis=1) > 0, A.sum(axis=1), np.nan)[:, None],
    ],
    "ex_4": [lambda A, slope: A @ slope, lambda A, slope: slope.T @ A],
    "ex_5": [7 / 24, 1 / 8],
    "ex_6": [lambda weeks, last: weeks > 0, lambda weeks, last: weeks < last],
    "ex_7": [
        lambda B, layers: filtered(B, layers, square=False),
        lambda B, layers: filtered(B.T, layers),
    ],
}

"""Chapter 35: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np


def may_look(weeks: Any) -> Any:
    weeks = np.asarray(weeks)
    return (weeks[:, None] > weeks) | np.eye(len(weeks), dtype=bool)


def shares_of(scores: Any, real: Any) -> Any:
    grown = np.where(real, np.exp(scores), 0)
    return grown / grown.sum(axis=-1, keepdims=True)


def late_mask(scores: Any, real: Any) -> Any:
    return np.where(real, np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True), 0)


def turn(steps: int, dim: int) -> Any:
    R = np.zeros((dim, dim))
    for i in range(0, dim, 2):
        angle = steps / 10000 ** (i / dim)
        R[i, i] = R[i + 1, i + 1] = np.cos(angle)
        R[i, i + 1], R[i + 1, i] = np.sin(angle), -np.sin(angle)
    return R


RIGHT = {
    "ex_1": (6 / 10, 6 / 7),
    "ex_2": 132480,
    "ex_3": may_look,
    "ex_4": shares_of,
    "ex_5": {"twice"},
    "ex_6": 1 / 2,
    "ex_7": turn,
}
WRONG = {
    "ex_1": [(0.6, 0.6), (np.log(6) / np.log(18), 1.0)],
    "ex_2": [131072, 131968],
    "ex_3": [lambda weeks: np.tril(np.ones(2 * [len(weeks)], dtype=bool)),
             lambda weeks: np.asarray(weeks)[:, None] > np.asarray(weeks)],
    "ex_4": [late_mask, lambda scores, real: np.where(real, scores, 0) / np.log(6.0)],
    "ex_5": [{"order"}, {"twice", "padding"}, {"double", "twice"}],
    "ex_6": [13 / 34, 1 / 10],
    "ex_7": [lambda steps, dim: turn(-steps, dim), lambda steps, dim: np.eye(dim)],
}  # fmt: skip

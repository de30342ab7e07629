"""Chapter 34: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np


def fading_sum(baskets: Any, keep: float) -> Any:
    state = np.zeros(baskets.shape[1])
    for basket in baskets:
        state = keep * state + basket
    return state


def fading_mean(baskets: Any, keep: float) -> Any:
    state = np.zeros(baskets.shape[1])
    for basket in baskets:
        state = keep * state + (1 - keep) * basket
    return state


RIGHT = {
    "ex_1": 2 / 3,
    "ex_2": 0.5,
    "ex_3": fading_sum,
    "ex_4": lambda padded, lengths: padded[np.arange(len(padded)), lengths - 1],
    "ex_5": (24960, 33280),
    "ex_6": 14,
    "ex_7": 40,
}
WRONG = {
    "ex_1": [0.5, 1 / 3],
    "ex_2": [0.7, 1.1],
    "ex_3": [fading_mean, lambda baskets, keep: fading_sum(baskets[::-1], keep)],
    "ex_4": [
        lambda padded, lengths: padded[:, -1],
        lambda padded, lengths: padded[np.arange(len(padded)), lengths % padded.shape[1]],
    ],
    "ex_5": [(24768, 33024), (33280, 24960)],
    "ex_6": [13, 10],
    "ex_7": [46, 53],
}

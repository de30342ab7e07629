"""Chapter 35, words: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np
import torch


def bm25_term(
    count: float, length: float, mean: float, holders: float, texts: float, one: float = 1
) -> Any:
    rare = np.log(one + (texts - holders + 0.5) / (holders + 0.5))
    return rare * count / (count + 1.5 * (0.25 + 0.75 * length / mean))


def pool(states: Any, real: Any) -> Any:
    return (states * real[:, :, None]).sum(dim=1) / real.sum(dim=1, keepdim=True)


RIGHT = {
    "ex_8": ["bag", "##els"],
    "ex_9": ("A", "B"),
    "ex_10": pool,
    "ex_11": bm25_term,
    "ex_12": 73728,
    "ex_13": lambda scores, real: scores.masked_fill(~real, -torch.inf).softmax(dim=1),
    "ex_14": 1680.0,
}
WRONG = {
    "ex_8": [["ba", "##gels"], ["bag", "els"], ["bag", "##el", "##s"]],
    "ex_9": [("B", "A"), ("A", "A")],
    "ex_10": [
        lambda states, real: states.mean(dim=1),
        lambda states, real: (states * real[:, :, None]).mean(dim=1),
    ],
    "ex_11": [lambda *a: bm25_term(*a, one=0), lambda *a: 2.5 * bm25_term(*a)],
    "ex_12": [36864, 3538944],
    "ex_13": [
        lambda scores, real: (scores * real).softmax(dim=1),
        lambda scores, real: scores.softmax(dim=1) * real,
    ],
    "ex_14": [840.0, 140.0],
}

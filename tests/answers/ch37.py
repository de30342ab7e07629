"""Chapter 37: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, normalize


def join(a: Any, b: Any, w: float, power: float = 0.5, unit: bool = True) -> Any:
    if unit:
        a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return np.hstack([a, w**power * b])


def both_ways(a: Any, b: Any, back: bool = True, divide: float = 2) -> Any:
    scores, own = normalize(a) @ normalize(b).T / 0.1, torch.arange(len(a))
    other = scores.T if back else scores
    return (cross_entropy(scores, own) + cross_entropy(other, own)) / divide


RIGHT = {
    "ex_1": 2**0.5 / 3,
    "ex_2": -2.375,
    "ex_3": join,
    "ex_4": both_ways,
    "ex_5": lambda trust, here: trust.masked_fill(~here, -torch.inf).softmax(dim=-1),
    "ex_6": (np.log(4), (np.log(3) + np.log(4)) / 2),
    "ex_7": 0.0902,
}
WRONG = {
    "ex_1": [2 / 9, 1 / 3, 1.0],
    "ex_2": [-19, -(4 * np.log(2) + 2 * np.log(5)), -7 / 3],
    "ex_3": [lambda a, b, w: join(a, b, w, 1.0), lambda a, b, w: join(a, b, w, unit=False)],
    "ex_4": [lambda a, b: both_ways(a, b, back=False), lambda a, b: both_ways(a, b, divide=1)],
    "ex_5": [
        lambda trust, here: trust.softmax(dim=-1) * here,
        lambda trust, here: (trust * here).softmax(dim=-1),
    ],
    "ex_6": [(np.log(4), np.log(3)), (2 * np.log(4), np.log(3) + np.log(4))],
    "ex_7": [0.0926, 0.05],
}

"""Chapter 24: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np


def slope(x: Any, c: float, q: float) -> Any:
    return (c + q) / (1 + np.exp(-x)) - c


def soft(x: Any) -> Any:
    return np.logaddexp(0, x)


def loss(u: Any, v: Any, noise: Any, k: float) -> Any:
    return soft(-(u * v).sum(1)).mean() + k * soft(u @ noise.T).mean()


def solve(vectors: Any, a: int, b: int, c: int, leave_out: bool = True) -> int:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    score = unit @ (unit[b] - unit[a] + unit[c])
    if leave_out:
        score[[a, b, c]] = -np.inf
    return int(np.argmax(score))


RIGHT = {
    "ex_1": float(np.log(2.4)),
    "ex_2": -float(np.log(2)),
    "ex_3": slope,
    "ex_4": loss,
    "ex_5": (380 / 418, 20 * 19**0.5 / (20 * 19**0.5 + 38)),
    "ex_6": solve,
}
WRONG = {
    "ex_1": [2.4, float(np.log(4))],
    "ex_2": [float(np.log(2)), 0.0],
    "ex_3": [lambda x, c, q: -slope(x, c, q), lambda x, c, q: slope(x, q, c)],
    "ex_4": [
        lambda u, v, n, k: soft(-(u * v).sum(1)).mean() + k * soft(-u @ n.T).mean(),
        lambda u, v, n, k: soft(-(u * v).sum(1)).mean() + soft(u @ n.T).mean(),
    ],
    "ex_5": [(400 / 476, 0.5), (380 / 418, 380 / 418)],
    "ex_6": [lambda v, a, b, c: solve(v, a, b, c, leave_out=False), lambda v, a, b, c: c],
}

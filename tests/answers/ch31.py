"""Chapter 31: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np

from helpers.check.ch31 import in_batch


def triplet(u: Any, right: Any, wrong: Any, margin: float) -> Any:
    return np.maximum(0, margin - (u * right).sum(1) + (u * wrong).sum(1)).mean()


def households_compete(u: Any, v: Any, log_share: Any) -> Any:
    scores = u @ v.T - log_share
    return np.mean(np.log(np.exp(scores).sum(axis=0)) - np.diag(scores))


def machine(V: Any, x: Any) -> Any:
    return (((x @ V) ** 2).sum() - x**2 @ (V**2).sum(1)) / 2


def split(left: Any, right: Any, held: Any) -> Any:
    count = held[left].astype(int) + held[right]
    return count == 0, count == 1


def means(table: Any, bag: Any, reads: int = 0, counts: bool = True) -> Any:
    known = np.maximum(bag >= 0, reads)[:, :, None]
    total = (table[np.maximum(bag, 0)] * known).sum(1)
    return total / (known.sum(1) if counts else bag.shape[1])


FIRST = 3e-9 / 1.01e-6  # Adam's step in PyTorch

RIGHT = {
    "ex_1": 24.0,
    "ex_2": 0.6,
    "ex_3": triplet,
    "ex_4": in_batch,
    "ex_5": machine,
    "ex_6": split,
    "ex_7": (FIRST, 3e-9 / (1e-6 + 1e-7 / np.sqrt(0.001))),
    "ex_8": means,
}
WRONG = {
    "ex_1": [12.0, 2.0],
    "ex_2": [0.75, 6 / 7],
    "ex_3": [
        lambda u, a, b, m: triplet(u, b, a, m),
        lambda u, a, b, m: (m - (u * a).sum(1) + (u * b).sum(1)).mean(),
    ],
    "ex_4": [lambda u, v, q: in_batch(u, v, -q), households_compete],
    "ex_5": [
        lambda V, x: 2 * machine(V, x),
        lambda V, x: (((x @ V) ** 2).sum() - x @ (V**2).sum(1)) / 2,
    ],
    "ex_6": [
        lambda a, b, held: (~(held[a] & held[b]), held[a] ^ held[b]),
        lambda a, b, held: (~held[a] & ~held[b], held[a] | held[b]),
    ],
    "ex_7": [(FIRST, 3e-9 / 1.1e-6), (3e-9 / (1e-6 + 1e-7 / np.sqrt(0.001)), FIRST)],
    "ex_8": [
        lambda table, bag: means(table, bag, reads=1),
        lambda table, bag: means(table, bag, counts=False),
    ],
}

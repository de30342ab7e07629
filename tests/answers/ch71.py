"""Chapter 71: right answers to its exercises, and the mistakes that people make."""

from typing import Any

from helpers.models.choice import luckiest, pareto


def rows_allowed(limit: float) -> int:
    n = 1
    while luckiest(n + 1, 0.0) <= limit:
        n += 1
    return n


def holes(cost: Any, quality: Any) -> list[bool]:
    both = list(zip(cost, quality, strict=True))
    return [
        not any(c <= a and q >= b for j, (c, q) in enumerate(both) if j != i)
        for i, (a, b) in enumerate(both)
    ]


def lenient(cost: Any, quality: Any) -> list[bool]:
    both = list(zip(cost, quality, strict=True))
    return [not any(c < a and q > b for c, q in both) for a, b in both]


RIGHT = {
    "ex_1": (1.0, (1 / 6) ** 0.5),
    "ex_2": [0.06, 0.04, 0.5, 0.06],
    "ex_3": lambda cost, quality: pareto(cost, quality).tolist(),
    "ex_4": 2160,
    "ex_5": rows_allowed,
}
WRONG = {
    "ex_1": [(1.0, (2 / 3) ** 0.5), (1.0, 0.5**0.5 / 2)],
    "ex_2": [[0.12, 0.04, 1.0, 0.08], [0.04, 0.06, 0.06, 0.5]],
    "ex_3": [holes, lenient],
    "ex_4": [80, 240, 360],
    "ex_5": [lambda limit: rows_allowed(limit) + 1, lambda limit: 4],
}  # fmt: skip

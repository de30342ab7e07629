"""Checkers of chapter 22, behaviour."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from helpers.check import close, exercise, say

TOY = np.array(
    [[1, 1, 1, 1, 0], [1, 0, 1, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 1]]
)
COUNTS = TOY.T @ TOY


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """P(bananas | spaghetti) and their lift after a sixth basket with bananas alone."""
    if close(answer, (1.0, 1.0)):
        return say(False, "the lift is C N / (C_ii C_jj): now N = 6, bananas 5, spaghetti 2")
    if close(answer, (1.0, 1.25)):
        return say(False, "that was the lift of five baskets; one more came, with bananas")
    return say(
        close(answer, (1.0, 1.2)),
        "count again: spaghetti is in 2 of 6 baskets, bananas in 5, both in 2",
    )


@exercise
def ex_2(answer: Callable[[Any], Any]) -> bool:
    """Dice of all pairs from co-occurrence counts."""
    times = COUNTS.diagonal()
    right = 2 * COUNTS / (times[:, None] + times)
    found = answer(sparse.csr_array(COUNTS))
    if close(found, right / 2):
        return say(False, "Dice has a 2 above the bar: equal sets must give 1")
    return say(
        close(found, right),
        "2 C_ij / (C_ii + C_jj), for all pairs at once: times[:, None] + times; no C_ij below",
    )


@exercise
def ex_3(answer: Callable[[Any], Any]) -> bool:
    """P(j | i) of every other product, row i."""
    right = COUNTS / COUNTS.diagonal()[:, None]
    found = np.array(answer(sparse.csr_array(COUNTS)), dtype=float)
    if close(found.diagonal(), np.ones(5)):
        return say(False, "a product still recommends itself: look at the diagonal")
    np.fill_diagonal(right, 0)
    return say(close(found, right), "row i must be divided by C_ii: which axis does NumPy take?")


@exercise
def ex_4(answer: dict[str, bool]) -> bool:
    """Which measures change when columns are multiplied by positive factors."""
    right = {"dot": True, "cosine": False, "jaccard": False}
    wrong = [name for name in right if answer[name] != right[name]]
    return say(not wrong, f"think again about {', '.join(wrong)}: put 2x in the place of x")


@exercise
def ex_5(answer: Callable[[Any, Any], Any]) -> bool:
    """Households with a basket that holds both products."""
    owner = np.array([7, 7, 9, 9, 9])
    groups = [TOY[owner == name] for name in (7, 9)]
    right = sum((group.T @ group > 0).astype(int) for group in groups)
    found = answer(TOY, owner)
    if close(found, COUNTS):
        return say(False, "these are baskets: two baskets of one household are one vote")
    homes = np.array([group.max(axis=0) for group in groups])
    if close(found, homes.T @ homes):
        return say(False, "both products must lie in one basket, not only in one household")
    return say(close(found, right), "count pairs household by household, then > 0, then add")


@exercise
def ex_6(answer: float) -> bool:
    """The decay with a half-life of ten weeks."""
    if close(answer, 0.05, 1e-9):
        return say(False, "e to the minus 0.05 * 10 is 0.61, not a half: take the logarithm")
    return say(close(answer, np.log(2) / 10, 1e-3), "solve exp(-10 λ) = 1/2 for λ")

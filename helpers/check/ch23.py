"""Checkers of chapter 23, factorization."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say

TOY = np.array([[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 1, 0]], dtype=float)
GRAM = TOY.T @ TOY


def weights(gram: Any, lam: float) -> Any:
    """EASE, from the inverse."""
    inverse = np.linalg.inv(gram + lam * np.eye(len(gram)))
    table = -inverse / inverse.diagonal()
    np.fill_diagonal(table, 0)
    return table


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """EASE's score of milk for dan and of sauce for bob, with a regularisation of 2."""
    if close(answer, (1 / 3, 2 / 5)):
        return say(False, "these are the scores of λ = 1; the pull is twice as strong now")
    if close(answer, (1 / 4, 1 / 6)):
        return say(False, "1/6 is one weight; bob has both bananas and spaghetti")
    return say(
        close(answer, (1 / 4, 1 / 3)),
        "milk: 1 / (2 + λ); the twins share one equation, (2 + λ) b + 2 b = 1, and bob has both",
    )


@exercise
def ex_2(answer: Callable[[Any, int, float], Any]) -> bool:
    """One column of EASE by one ridge regression."""
    found = [np.asarray(answer(GRAM.copy(), j, 1.0), dtype=float) for j in range(5)]
    if any(len(column) == 4 for column in found):
        return say(False, "return all five weights: put a 0 at place j")
    right = weights(GRAM, 1.0).T
    plain = np.linalg.solve(GRAM + np.eye(5), GRAM).T
    if close(found, plain):
        return say(False, "product j may not predict itself: leave its row and column out")
    return say(close(found, right), "solve (G without j + lam I) w = the rest of column j of G")


@exercise
def ex_3(answer: Callable[[Any, float], Any]) -> bool:
    """EASE without the two bugs."""
    right = weights(GRAM, 1.0)
    found = np.array(answer(GRAM.copy(), 1.0), dtype=float)
    if close(found.diagonal(), -np.ones(5)):
        return say(False, "what stands on the diagonal? A product must not speak about itself")
    if close(found, right.T):
        return say(False, "the diagonal is mended; now, which axis does [:, None] divide?")
    return say(close(found, right), "column j is divided by P_jj, and the diagonal is zero")


@exercise
def ex_4(answer: dict[str, bool]) -> bool:
    """What another scale of the coordinates can change."""
    right = {"scores": False, "dot": True, "cosine": True}
    wrong = [name for name in right if answer[name] != right[name]]
    return say(not wrong, f"think again about {', '.join(wrong)}: try a = (1, 3), two products")


@exercise
def ex_5(answer: float) -> bool:
    """The weight of a purchase for which dan's milk scores 0.9."""
    if close(answer, 9.0):
        return say(False, "9 / (9 + 1 + 1) is 0.82: the λ below the bar counts too")
    return say(close(answer, 18.0, 1e-6), "solve w / (w + 1 + 1) = 0.9 for w")


@exercise
def ex_6(answer: Callable[[Any, int], Any]) -> bool:
    """In how many lists of k nearest each product stands."""
    similarity = np.array(
        [[1.0, 0.9, 0.1, 0.2], [0.9, 1.0, 0.3, 0.2], [0.1, 0.8, 1.0, 0.2], [0.3, 0.7, 0.1, 1.0]]
    )
    found = np.asarray(answer(similarity.copy(), 1))
    if close(found, np.ones(4)):
        return say(False, "each product stands in its own list: bury the diagonal first")
    if close(found, np.array([1, 3, 0, 0])):
        return say(close(np.asarray(answer(similarity.copy(), 2)).sum(), 8), "try k = 2, too")
    return say(False, "row i is the list of i: take its k largest, then count the columns named")

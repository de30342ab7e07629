"""Checkers of chapter 71, all methods side by side."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """Differences 1, 0, 2, 1: mean 1, variance 2/3, standard error the root of 1/6."""
    if close(answer, (1.0, (2 / 3) ** 0.5), 1e-3):
        return say(False, "that is the spread of one query; divide the variance by their number")
    if close(answer, (1.0, 0.5**0.5 / 2), 1e-3):
        return say(False, "the squares are divided by n - 1, not by n")
    return say(close(answer, (1.0, (1 / 6) ** 0.5), 2e-3), "subtract query by query first")


@exercise
def ex_2(answer: list[float]) -> bool:
    """Sorted 0.01, 0.02, 0.03, 0.5, times 4, 3, 2, 1."""
    if close(answer, [0.12, 0.04, 1.0, 0.08]):
        return say(False, "all were multiplied by four; only the smallest is")
    if close(answer, [0.04, 0.06, 0.06, 0.5]):
        return say(False, "the right numbers, in sorted order; give them in the order asked")
    return say(close(answer, [0.06, 0.04, 0.5, 0.06]), "the smallest times four, the next times 3")


@exercise
def ex_3(answer: Callable[[Any, Any], Any]) -> bool:
    """Twins stay; whoever is matched in both and passed in one goes."""
    twins = list(answer([1, 1, 2, 3], [0.2, 0.2, 0.1, 0.3]))
    if not (twins[0] and twins[1]):
        return say(False, "twins match each other and beat each other in nothing: both stay")
    level = list(answer([1, 2], [0.2, 0.2]))
    if level[1]:
        return say(
            False, "as good and dearer is beaten: one of the two has to be passed, not both"
        )
    return say(
        twins == [True, True, False, True] and level == [True, False],
        "beaten: somebody is no dearer, no worse, and in one of the two ahead",
    )


@exercise
def ex_4(answer: float) -> bool:
    """Six times for each doubling: 10 * 6 ** 3."""
    if close(answer, 80, 0.5) or close(answer, 240, 0.5):
        return say(False, "the cost grew sixfold for twice the products: no straight line")
    if close(answer, 360, 0.5):
        return say(False, "from 16,000 to 64,000 it doubles twice")
    return say(close(answer, 2160, 2), "how many doublings from 8,000 to 64,000?")


@exercise
def ex_5(answer: Callable[[float], int]) -> bool:
    """The largest count whose best stays within the limit: 2 for 0.7, 3 for 1, 5 for 1.2."""
    found = [int(answer(limit)) for limit in (0.7, 1.0, 1.2)]
    if found == [3, 4, 6]:
        return say(False, "one too many: the last one is already above the limit")
    return say(bool(np.array_equal(found, [2, 3, 5])), "try luckiest(2, 0.0), then three, four, …")

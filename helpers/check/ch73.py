"""Checkers of chapter 73, the bug museum."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """Place 3 gains 1 / log2(4); over 1, and over 1 / log2(3)."""
    half = 1 / math.log2(4)
    if close(answer, (half * math.log2(3), half), 1e-3):
        return say(False, "the right divisor comes first")
    if close(answer, (1 / math.log2(3), 1.0), 1e-3):
        return say(False, "the first place has log2(2), so the third has log2(4)")
    return say(
        close(answer, (half, half * math.log2(3)), 2e-3),
        "the gain is 1 / log2(place + 1); then divide it by 1, and by 1 / log2(3)",
    )


@exercise
def ex_2(answer: float) -> bool:
    """175/256 have both right, 80/256 one of two."""
    if close(answer, 0.5, 1e-6):
        return say(False, "that is the share of any one of them; asked is the best of four")
    if close(answer, 50 / 64, 1e-6):
        return say(False, "that is the best of three")
    if close(answer, 175 / 256, 1e-3):
        return say(False, "where the best has one of two right, it still has half")
    return say(
        close(answer, 215 / 256, 1e-3), "the chances of two, one and none right of the best"
    )


@exercise
def ex_3(answer: Callable[[Sequence[Any], Sequence[Any]], float]) -> bool:
    """Each wanted product counts once, however often it stands on the list."""
    if answer(["a", "a", "b"], ["a", "c"]) > 0.5:
        return say(False, "['a', 'a', 'b'] holds one of the two wanted 'a' and 'c': one half")
    if not close(answer(["a", "b", "c"], ["a", "c"]), 1.0):
        return say(False, "a list with all wanted products scores one")
    if not close(answer(["a"], ["a", "a", "c"]), 0.5):
        return say(False, "wanted products may come twice, too; they are still wanted once")
    return say(math.isnan(answer(["a"], [])), "nothing wanted gives float('nan')")


@exercise
def ex_4(answer: Callable[[Sequence[float]], float]) -> bool:
    """Zeros stay, nan goes."""
    if close(answer([0.0, 1.0, 0.0, 1.0]), 1.0):
        return say(False, "the zeros are still left out: four queries, two of them missed")
    if not close(answer([0.0, 1.0, 0.0, 1.0]), 0.5):
        return say(False, "the mean of 0, 1, 0, 1 is one half")
    return say(close(answer([0.0, float("nan"), 1.0]), 0.5), "a nan has no answer: leave it out")


@exercise
def ex_5(answer: Callable[[Sequence[int], Sequence[int]], bool]) -> bool:
    """The latest week learned from lies before the earliest asked about."""
    cases: list[tuple[list[int], list[int], bool, str]] = [
        ([1, 46], [47, 53], True, "46 lies before 47"),
        ([1, 47], [47, 53], False, "week 47 is in both"),
        ([50, 2], [53, 47], False, "week 50 comes after 47; weeks need not be sorted"),
        ([], [47], False, "without weeks there is no evidence"),
        ([46], [], False, "without weeks there is no evidence"),
    ]
    for learned, asked, right, why in cases:
        if bool(answer(learned, asked)) != right:
            return say(False, f"honest({learned}, {asked}) must be {right}: {why}")
    return say(True, "")


@exercise
def ex_6(answer: Callable[[Sequence[float], Sequence[float]], Sequence[float]]) -> bool:
    """Half the distance to the nearest impostor."""
    found = answer([0.2, 0.05, 0.09], [0.0, 0.002, 0.09])
    if close(found, [0.11, 0.04, 0.0], 1e-9):
        return say(False, "that is the whole distance; the impostor has to stay out by as much")
    if close(found, [0.1, 0.025, 0.045], 1e-9):
        return say(False, "zero is not the only impostor: take the nearest of all")
    return say(
        close(found, [0.055, 0.02, 0.0], 1e-9),
        "for each value: the smallest distance to any impostor, divided by two",
    )

"""Checkers of chapter 72, your own data."""

from collections.abc import Callable, Sequence
from typing import Any

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """Cosine of 40 and 10 customers with 8 in common, and the share of the smaller one."""
    if close(answer, (0.4, 0.2)):
        return say(False, "that is the share of tea's customers who have milk; asked is milk's")
    if close(answer, (0.02, 0.8)):
        return say(False, "the cosine divides by the root of 40 times 10")
    return say(close(answer, (0.4, 0.8)), "both / root(40 * 10), and both / milk's customers")


@exercise
def ex_2(answer: dict[str, str]) -> bool:
    """Which differences are real."""
    right = {"EASE": "more", "SVD": "cannot tell", "Lift": "less", "Content": "cannot tell"}
    if set(answer) != set(right):
        return say(False, f"give a word for each of {', '.join(right)}")
    wrong = [name for name, word in right.items() if answer[name] != word]
    return say(not wrong, f"look at {', '.join(wrong)} again: does the interval hold zero?")


@exercise
def ex_3(answer: tuple[int, int]) -> bool:
    """Customers needed for a difference, and for half of it."""
    first, second = (float(number) for number in answer)
    if abs(first - 45) < 2:
        return say(False, "the square is missing: (2.8 * sd / difference) ** 2")
    if abs(first - 2010) < 15 and abs(second - 2 * first) < 30:
        return say(False, "half the difference takes more than twice as many: it is squared")
    return say(
        abs(first - 2010) < 15 and abs(second - 8038) < 60,
        "((1.96 + 0.84) * sd / difference) ** 2; queries_needed does it",
    )


@exercise
def ex_4(answer: Callable[[list[str]], bool | None]) -> bool:
    """Whether a column of dates proves that the day comes first."""
    cases: list[tuple[list[str], bool | None]] = [
        (["1/2/2024", "13/2/2024"], True),
        (["1/2/2024", "2/13/2024"], False),
        (["1/2/2024", "12/12/2024"], None),
        (["13/2/2024", "2/13/2024"], None),
    ]
    for texts, right in cases:
        found = answer(texts)
        if found is not right:
            return say(False, f"{texts} must give {right}, yours gives {found}")
    return say(True, "")


@exercise
def ex_5(answer: Callable[[Sequence[Any], Sequence[Any], float], Sequence[bool]]) -> bool:
    """Hide the latest lines by whole days and whole baskets."""
    days = [1, 1, 2, 2, 3, 3, 4, 4, 4, 4]
    apart = list("aabbccddee")
    across = list("aabbcdddee")  # basket d begins on day 3
    if list(answer(days, apart, 0.2)) != [False] * 6 + [True] * 4:
        return say(False, "the line at that place was sold on day 4: all of day 4 must be hidden")
    if list(answer(days, across, 0.2)) != [False] * 5 + [True] * 5:
        return say(False, "a basket that begins on day 3 and ends on day 4 must be hidden whole")
    shuffled = [4, 1, 4, 2, 4, 3, 4, 2, 1, 3]
    found = list(answer(shuffled, list("dadbecebac"), 0.2))
    return say(found == [day == 4 for day in shuffled], "the lines may come in any order")

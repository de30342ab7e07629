"""The checkers of chapter 25 take the solution, and refuse silence and typical mistakes."""

from math import comb
from typing import Any

import numpy as np
import pytest

from helpers.check import ch25


def five_folds(log: Any, fold: Any) -> Any:
    stars = log.events["weight"].to_numpy()
    return [
        np.sqrt(np.mean((stars[fold == k] - stars[fold != k].mean()) ** 2)) for k in range(5)
    ]


def leaky(log: Any, fold: Any) -> Any:
    stars = log.events["weight"].to_numpy()
    return [np.sqrt(np.mean((stars[fold == k] - stars.mean()) ** 2)) for k in range(5)]


def blend(stars: Any, a: Any, b: Any) -> float:
    return float((a - b) @ (stars - b) / ((a - b) @ (a - b)))


RIGHT = {
    ch25.ex_1: (1 / 3, 10),
    ch25.ex_2: (2, 1),
    ch25.ex_3: five_folds,
    ch25.ex_4: lambda r, n, m: comb(n - r, m) / comb(n - 1, m),
    ch25.ex_5: blend,
    ch25.ex_6: 2.776 * 0.004 / 5**0.5,
}
WRONG = [
    (ch25.ex_1, (2.0, 10)),
    (ch25.ex_1, (1 / 3, 5)),
    (ch25.ex_2, (1, 2)),
    (ch25.ex_2, (2, 2)),
    (ch25.ex_3, leaky),
    (ch25.ex_3, lambda log, fold: np.square(five_folds(log, fold))),
    (ch25.ex_4, lambda r, n, m: ((n - r) / (n - 1)) ** m),
    (ch25.ex_4, lambda r, n, m: comb(n - r, m) / comb(n, m)),
    (ch25.ex_5, lambda stars, a, b: 1 - blend(stars, a, b)),
    (ch25.ex_5, lambda stars, a, b: 0.5),
    (ch25.ex_6, 1.96 * 0.004 / 5**0.5),
    (ch25.ex_6, 2.776 * 0.004),
]


@pytest.mark.parametrize("checker", RIGHT)
def test_the_solution_is_accepted(checker: Any) -> None:
    assert checker(RIGHT[checker])


@pytest.mark.parametrize("checker", RIGHT)
@pytest.mark.parametrize("nothing", [None, ...])
def test_silence_is_refused(checker: Any, nothing: Any) -> None:
    assert not checker(nothing)


@pytest.mark.parametrize(("checker", "answer"), WRONG)
def test_typical_mistakes_are_refused(checker: Any, answer: Any) -> None:
    assert not checker(answer)

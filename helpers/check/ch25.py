"""Checkers of chapter 25, the yardstick."""

from collections.abc import Callable
from math import comb
from typing import Any

import numpy as np
import pandas as pd

from helpers.check import close, exercise, say
from helpers.data import Interactions

STARS = pd.DataFrame(
    {
        "user": [1, 1, 1, 2, 2, 3, 3, 3, 1, 2],
        "film": list("abcabbcadd"),
        "stars": [4, 5, 1, 3, 5, 3, 1, 2, 2, 4],
    }
)
FOLD = np.array([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """Offset of a film rated twice, two stars above the mean; ratings needed for one star."""
    if close(answer, (2.0, 10)):
        return say(False, "ten made-up ratings at the mean stand beside the two: divide by 12")
    return say(
        close(answer, (1 / 3, 10)),
        "the offset of n such ratings is 2 n / (n + 10): put in 2, then ask when it is 1",
    )


@exercise
def ex_2(answer: tuple[float, float]) -> bool:
    """The constants that minimise RMSE and MAE for stars 1, 1, 1, 2, 5."""
    if close(answer, (1, 2)):
        return say(False, "the other way round: a squared error fears the one far star more")
    return say(
        close(answer, (2, 1)), "try 1, 2 and 3 in turn, and add up squared and plain errors"
    )


@exercise
def ex_3(answer: Callable[[Any, Any], Any]) -> bool:
    """RMSE of the mean over five folds, learned only from the other four."""
    log = Interactions.from_frame(STARS, user="user", item="film", weight="stars")
    stars = log.events["weight"].to_numpy(float)
    right = [np.sqrt(np.mean((stars[FOLD == k] - stars[FOLD != k].mean()) ** 2)) for k in range(5)]
    found = np.asarray(answer(log, FOLD), dtype=float)
    leaky = [np.sqrt(np.mean((stars[FOLD == k] - stars.mean()) ** 2)) for k in range(5)]
    if close(found, leaky, 1e-5):
        return say(False, "the mean still knows the fold that is asked: take it from the others")
    if close(found, np.square(right), 1e-5):
        return say(False, "RMSE is in stars: the root is missing")
    return say(close(found, right, 1e-5), "five numbers, each from the four other folds")


@exercise
def ex_4(answer: Callable[[int, int, int], float]) -> bool:
    """Chance of being first among sampled rivals."""
    cases = [(1, 10, 3), (3, 10, 3), (4, 8, 2), (10, 10, 3), (50, 1600, 100)]
    right = [comb(n - r, m) / comb(n - 1, m) for r, n, m in cases]
    found = [answer(*case) for case in cases]
    if close(found, [((n - r) / (n - 1)) ** m for r, n, m in cases], 1e-9):
        return say(False, "that draws with replacement: no film is drawn twice")
    return say(close(found, right, 1e-9), "all rivals must come from the N - r films behind it")


@exercise
def ex_5(answer: Callable[[Any, Any, Any], float]) -> bool:
    """The weight of the blend with the smallest RMSE."""
    rng = np.random.default_rng(0)
    stars, noise = rng.normal(size=200), rng.normal(size=(2, 200))
    a, b = stars + 0.5 * noise[0], 0.7 * stars + noise[1]
    right = ((a - b) @ (stars - b)) / ((a - b) @ (a - b))
    found = float(answer(stars, a, b))
    if close(found, 1 - right, 1e-6):
        return say(False, "that is the weight of b; a has the other part")
    return say(close(found, right, 1e-3), "with d = a - b the error is (stars - b) - w d: a slope")


@exercise
def ex_6(answer: float) -> bool:
    """Half the width of Student's interval over five folds with an sd of 0.004."""
    if close(answer, 1.96 * 0.004 / np.sqrt(5), 2e-5):
        return say(False, "1.96 is for many values; five folds leave four degrees of freedom")
    if close(answer, 2.776 * 0.004, 2e-5):
        return say(False, "that is for one fold: the mean of five is surer by the root of five")
    return say(close(answer, 2.776 * 0.004 / np.sqrt(5), 2e-5), "t times sd over the root of n")

"""Checkers for the exercises of chapter 11, the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from helpers.check import close, exercise, say
from helpers.metrics import gini

Function = Callable[..., Any]


@exercise
def ex_1(answer: tuple[float, float, float]) -> bool:
    """Density, popularity of salsa and repeat share after Cat has bought salsa."""
    wanted = (7 / 12, 2, 2 / 9)
    if np.shape(answer) != (3,):
        return say(False, "give three numbers: (density, popularity of salsa, repeat share)")
    hints = (
        "density: one more cell is filled, the grid keeps its size",
        "popularity: how many different households have salsa now?",
        "repeat share: nine lines now; is Cat's salsa a repeat?",
    )
    wrong = [h for a, w, h in zip(answer, wanted, hints, strict=True) if not close(a, w, 1e-3)]
    return say(not wrong, wrong[0] if wrong else "")


@exercise
def ex_2(answer: Function) -> bool:
    """Share of the purchases that belongs to the most popular share of the products."""
    if not close(answer([6, 1, 2, 1], 0.5), 0.8):
        return say(False, "sort the counts downwards, sum the first half, divide by the whole sum")
    if not close(answer([3, 1], 0.01), 0.75):
        return say(False, "with two products, a hundredth rounds down to none: take at least one")
    return say(close(answer(np.arange(10), 0.25), 17 / 45), "round the number of products down")


@exercise
def ex_3(answer: Function) -> bool:
    """Repeat share that depends neither on the order of rows nor on doubled lines."""
    columns = ["household", "basket", "product", "time"]
    rows = [("a", 1, "x", 1), ("a", 1, "x", 1), ("a", 2, "x", 2), ("b", 3, "x", 1)]
    lines = pd.DataFrame(rows, columns=columns)
    if not close(answer(lines), 1 / 3):
        return say(False, "x stands twice in basket 1: that is one line, and no repeat")
    if not close(answer(lines.iloc[::-1]), 1 / 3):
        return say(False, "the same rows in another order must give the same share")
    again = pd.DataFrame([("a", 1, "x", 1), ("a", 2, "y", 2), ("b", 3, "x", 1)], columns=columns)
    return say(close(answer(again), 0), "another household's purchase is no repeat")


@exercise
def ex_4(answer: Function) -> bool:
    """Dates in New York of UTC stamps, in winter and in summer."""
    stamps = pd.Series(
        pd.to_datetime(["2017-01-10 04:30", "2017-07-10 04:30", "2017-07-10 03:30"])
    )
    found = [day.date() if hasattr(day, "date") else day for day in answer(stamps)]
    if found[0] != date(2017, 1, 9):
        return say(False, "in winter New York is five hours behind: 04:30 is still the day before")
    summer = [date(2017, 7, 10), date(2017, 7, 9)]
    return say(found[1:] == summer, "in summer the distance is four hours; let the zone decide")


@exercise
def ex_5(answer: Function) -> bool:
    """Printed sizes as ounces."""
    cases = {"16 OZ": 16, "5.5 OZ": 5.5, "1 LB": 16, "1.5 LB": 24, "6/12 OZ": 72, "": None}
    for size, wanted in {**cases, "1 DZ": None, "20 OZ X": None}.items():
        found = float(answer(size))
        right = bool(np.isnan(found)) if wanted is None else close(found, wanted)
        if not right:
            expected = "nan" if wanted is None else f"{wanted:g}"
            return say(False, f"{size!r} should give {expected}, yours gives {found:g}")
    return say(True, "")


@exercise
def ex_6(answer: Function) -> bool:
    """Gini coefficient after adding products that nobody bought."""
    counts = np.array([2, 2, 1, 1, 7])
    for added in (0, 1, 12):
        wanted = gini(np.append(counts, np.zeros(added)))
        if not close(answer(gini(counts), len(counts), added), wanted, 1e-9):
            return say(False, f"try k = {added}: each weight grows by k, and n becomes n + k")
    return say(True, "")

"""Small functions for the exercise checkers of the chapters (``check/ch11.py`` and so on).

A checker takes the reader's answer, prints one line, and returns whether the answer is right::

    @exercise
    def ex_1(answer: object) -> bool:
        return say(close(answer, 0.5), "count the baskets that hold both products")

An unanswered exercise (``...`` or ``None``) is no mistake, and a checker never ends in a
traceback: :func:`exercise` sees to both.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

Checker: TypeAlias = Callable[[Any], bool]


def say(ok: bool, hint: str, praise: str = "right") -> bool:
    """Print a tick, or a cross with a hint, and return `ok` as a plain bool.

    >>> say(2 + 2 == 4, "add once more")
    ✓ right
    True
    >>> say(2 + 2 == 5, "add once more")
    ✗ hint: add once more
    False
    """
    print(f"✓ {praise}" if ok else f"✗ hint: {hint}")
    return bool(ok)


def nothing_yet(answer: object) -> bool:
    """Tell whether the exercise is still unanswered, and if so say it kindly.

    >>> nothing_yet(...)
    … nothing to check yet: give `answer` a value and run the cell again
    True
    >>> nothing_yet(0)
    False
    """
    waiting = answer is None or answer is ...
    if waiting:
        print("… nothing to check yet: give `answer` a value and run the cell again")
    return waiting


def close(a: Any, b: Any, tolerance: float = 1e-6) -> bool:
    """Tell whether two answers agree: numbers within `tolerance`, words exactly, shapes too.

    >>> close([1 / 3, 2 / 3], [0.33333333, 0.66666667]), close([1.0], [1.0, 1.0])
    (True, False)
    >>> close(["salsa", "chips"], ["salsa", "chips"]), close("salsa", 1)
    (True, False)
    """
    left, right = np.asarray(a), np.asarray(b)
    if left.shape != right.shape:
        return False
    if left.dtype.kind in "biufc" and right.dtype.kind in "biufc":
        return bool(np.allclose(left, right, rtol=0, atol=tolerance, equal_nan=True))
    return bool(np.array_equal(left.astype(object), right.astype(object)))


def exercise(checker: Checker) -> Checker:
    """Make a checker patient: unanswered gets a kind line, an answer of the wrong kind a hint.

    >>> @exercise
    ... def ex_1(answer: float) -> bool:
    ...     return say(answer > 1, "try a larger number")
    >>> ex_1("two")  # doctest: +ELLIPSIS
    ✗ hint: the answer is a str, which gives TypeError: '>' not supported between ... and 'int'
    False
    """

    @functools.wraps(checker)
    def patient(answer: Any = None) -> bool:
        if nothing_yet(answer):
            return False
        try:
            return bool(checker(answer))
        except Exception as error:  # noqa: BLE001 - whatever an answer does, its reader gets a hint
            kind = type(answer).__name__
            return say(
                False, f"the answer is a {kind}, which gives {type(error).__name__}: {error}"
            )

    return patient

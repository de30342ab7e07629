"""Checkers of chapter 35's TensorFlow twin; they continue the chapter's numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_15(answer: tuple[int, int]) -> bool:
    """Columns of the last head's keys: width 64, four heads, order part, head, number."""
    first, last = answer
    if (first, last) == (48, 64):
        return say(False, "those are queries; the keys are the second part")
    if (first, last) == (160, 176):
        return say(False, "that is the order head, part, number; here the part comes first")
    if (first, last) == (112, 127):
        return say(False, "give the column after the last one, as a slice does")
    return say((first, last) == (112, 128), "second part, and three heads of 16 come before")


@exercise
def ex_16(answer: Callable[[Any, Any, Any, Any], Any]) -> bool:
    """Attention that gives zeros to a query with nothing to look at."""
    q = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
    k = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], dtype=np.float32)
    v = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]], dtype=np.float32)
    may = np.array([[True, False, True], [False, False, False]])
    grown = np.exp(q[0] @ k[[0, 2]].T / 2**0.5)
    right = np.stack([grown @ v[[0, 2]] / grown.sum(), np.zeros(2)])
    found = np.asarray(answer(q, k, v, may))
    if np.isnan(found).any():
        return say(False, "still not a number: put a large negative number for minus infinity")
    if close(found[1], v.mean(axis=0), 1e-4):
        return say(False, "the blind query sees everything; its weights must go to zero")
    return say(close(found, right, 1e-4), "zeros for the blind query, the formula for the other")

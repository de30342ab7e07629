"""Checkers of chapter 36, second half: what products have in common (exercises 36.8 to 36.14)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from helpers.check import close, exercise, say


@exercise
def ex_8(answer: float) -> bool:
    """A walk: type mean of (4, 0, 2), maker mean of (4, 2), weights 1 and 2."""
    if close(answer, 5):
        return say(False, "the weights: the maker counts twice")
    if close(answer, 7.5):
        return say(False, "the new product itself sends nothing: three teas were sold, not four")
    if close(answer, 18):
        return say(False, "a value of an attribute holds a mean, not a sum")
    return say(close(answer, 8), "1 * mean of the type + 2 * mean of the maker")


@exercise
def ex_9(answer: float) -> bool:
    """One R-GCN layer: own 1 * 2, type 3 * (1 + 3) / 2, maker -1 * 5, then ReLU."""
    if close(answer, 9):
        return say(False, "the type sends a mean of its two neighbours, not their sum")
    if close(answer, 6):
        return say(False, "each relation has its own matrix, and its own mean")
    return say(close(answer, 3), "own + 3 * mean(1, 3) - 5, and nothing below zero")


@exercise
def ex_10(answer: Callable[[Any], Any]) -> bool:
    """Rows divided by their sums, empty rows left empty."""
    A = sparse.csr_array(np.array([[1.0, 3.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 2.0]]))
    found = answer(A)
    found = found.toarray() if sparse.issparse(found) else np.asarray(found)
    if not np.isfinite(found).all():
        return say(False, "a node without neighbours divides by zero")
    if close(found[0], [1.0, 0.6, 0.0]):
        return say(False, "that divides by what a node receives; divide by what the row holds")
    right = [[0.25, 0.75, 0.0], [0.0, 0.0, 0.0], [0.0, 0.5, 0.5]]
    return say(close(found, right), "each row that is not empty has the sum one")


@exercise
def ex_11(answer: Callable[[Any, Any], Any]) -> bool:
    """Labels among the others that share a value."""
    A = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    labels = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    found = np.asarray(answer(A, labels))
    if close(found, A @ (A.T @ labels)):
        return say(False, "every product still hears its own label")
    right = [[1.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 0.0]]
    return say(close(found, right), "there and back, A @ (A.T @ labels), less what is its own")


@exercise
def ex_12(answer: tuple[int, int]) -> bool:
    """Weights of an R-GCN layer, 64 wide, eight relations; then with two bases."""
    first, second = answer
    if close(first, 32768):
        return say(False, "the own matrix and the bias count, too")
    if close(second, 12352):
        return say(False, "each relation mixes the two bases with two numbers of its own")
    right = close(first, 36928) and close(second, 12368)
    return say(right, "64 * 64 for each matrix, 64 for the bias; bases replace the eight")


@exercise
def ex_13(answer: int) -> bool:
    """Rows of features read for 256 targets with fan-outs 10 and 5."""
    if close(answer, 12800):
        return say(False, "only the outer ring; the targets and the first ring are read as well")
    if close(answer, 3840):
        return say(False, "the fan-outs multiply: every neighbour draws five of its own")
    return say(close(answer, 15616), "256 * (1 + 10 + 10 * 5)")


@exercise
def ex_14(answer: list[str]) -> bool:
    """Which of sum, mean and max tell one neighbour from two equal ones."""
    found = sorted(answer)
    if "mean" in found:
        return say(False, "the mean of two equal numbers is that number")
    if "max" in found:
        return say(False, "the largest of two equal numbers is that number")
    return say(found == ["sum"], "try the neighbours (3) and (3, 3)")

"""Checkers of chapter 36, graphs."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: float) -> bool:
    """Ann's walk of three steps ends at tea: 1/4 by tea, 1/8 by milk."""
    if close(answer, 1 / 4, 1e-3):
        return say(False, "she may also go by milk, come back, and then choose tea")
    if close(answer, 1 / 2, 1e-3):
        return say(False, "half is the chance after one step; milk may lead to Bob")
    return say(close(answer, 3 / 8, 1e-3), "list the walks Ann-?-?-tea and multiply their shares")


@exercise
def ex_2(answer: float) -> bool:
    """An edge between nodes of degree nine and four: 1 / sqrt(36)."""
    if close(answer, 1 / 36, 1e-4):
        return say(False, "take the root of the product of the degrees")
    if close(answer, 1 / 9, 1e-4):
        return say(False, "that is the mean over the household's products; use both ends")
    return say(close(answer, 1 / 6, 1e-3), "1 / sqrt(d_i * d_j)")


@exercise
def ex_3(answer: Callable[[Any, Any], Any]) -> bool:
    """The mean of the neighbours' rows; nodes without one get zeros."""
    A = np.array([[0.0, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    H = np.array([[1.0, 2], [3, 4], [5, 8], [7, 7]])
    right, found = np.array([[4.0, 6], [1, 2], [1, 2], [0, 0]]), answer(A, H)
    if close(found, A @ H):
        return say(False, "that is the sum; divide by the number of neighbours")
    if not np.isfinite(found).all():
        return say(False, "a node without a neighbour divides by zero")
    return say(close(found, right), "A @ H, divided by the row sums of A")


@exercise
def ex_4(answer: Callable[[Any, Any], Any]) -> bool:
    """The gradient of A @ E by E is the transpose of A times the slope."""
    A, slope = np.array([[0.0, 1], [0.5, 0.5]]), np.array([[1.0], [2]])
    found = answer(A, slope)
    if np.shape(found) == slope.shape and close(found, A @ slope):
        return say(False, "this holds for symmetric tables only")
    return say(np.shape(found) == slope.shape and close(found, A.T @ slope), "use A.T")


@exercise
def ex_5(answer: float) -> bool:
    """Mean of 1, 1/2, 1/4 and 1/8."""
    if close(answer, 7 / 24, 1e-3):
        return say(False, "the vector before the first message counts, too")
    if close(answer, 1 / 8, 1e-3):
        return say(False, "that is the last layer alone; LightGCN takes the mean")
    return say(close(answer, 15 / 32, 1e-3), "(1 + s + s^2 + s^3) / 4")


@exercise
def ex_6(answer: Callable[[Any, int], Any]) -> bool:
    """Edges that may carry messages: those of the training weeks."""
    weeks = np.array([1, 40, 41, 53])
    found = np.asarray(answer(weeks, 40))
    if found.tolist() == [True] * 4:
        return say(False, "the edges that are asked about carry messages, too")
    if found.tolist() == [True, False, False, False]:
        return say(False, "the last training week is training")
    return say(found.tolist() == [True, True, False, False], "compare the weeks with last_train")


@exercise
def ex_7(answer: Callable[[Any, int], Any]) -> bool:
    """Scores of LightGCN with one-hot vectors: the corner of (mean of powers) squared."""
    B = np.array([[np.sqrt(0.5), 0.5], [0.0, np.sqrt(0.5)]])
    right, found = 2 * (2 * B + 2 * B @ B.T @ B) / 18, np.asarray(answer(B, 2))
    if found.shape != B.shape:
        return say(False, "give one row for each household, one column for each product")
    if close(found, B / 3):
        return say(False, "a score is a dot product of two vectors: M times M'")
    return say(close(found, right), "M = (I + A + A^2) / 3; cut household x product from M @ M")

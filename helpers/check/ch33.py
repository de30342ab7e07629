"""Checkers of chapter 33, images."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: Any) -> bool:
    """The boot under a kernel that looks for edges from above to below."""
    right = np.array([[2, 2, 1], [0, 1, 1], [-2, -2, -1]])
    if close(answer, -right):
        return say(False, "the lower row counts plus, the upper one minus: turn the signs")
    if close(answer, right.T):
        return say(False, "rows and columns are exchanged")
    return say(close(answer, right), "each window: sum of its last row minus sum of its first")


@exercise
def ex_2(answer: tuple[int, int]) -> bool:
    """Weights of a convolution layer, and of one that connects all with all."""
    if close(answer[0], 32 * 9):
        return say(False, "each output channel has 3 x 3 weights for every input channel")
    if close(answer[0], 16 * 32 * 9 * 784):
        return say(False, "the same weights serve every place: no factor for the places")
    return say(
        close(answer, (16 * 32 * 9, 16 * 784 * 32 * 784)),
        "nine for each pair of channels; and every number in with every number out",
    )


@exercise
def ex_3(answer: Callable[[Any], Any]) -> bool:
    """The largest of each 2 x 2 tile."""
    Y = np.array([[1.0, 2, 0, -1], [3, 0, -4, -2], [0, 0, 5, 6], [0, 1, 7, 0]])
    found = answer(Y)
    if np.shape(found) == (3, 3):
        return say(False, "tiles do not overlap: a 4 x 4 array has four of them")
    if close(found, [[1.5, -1.75], [0.25, 4.5]]):
        return say(False, "that is the mean of each tile; take the largest")
    wide = np.arange(8.0).reshape(2, 4)
    return say(
        close(found, [[3, 0], [1, 7]]) and close(answer(wide), [[5, 7]]),
        "split rows and columns into pairs by reshape, then the maximum over both pair axes",
    )


@exercise
def ex_4(answer: Callable[[Any, Any, float], float]) -> bool:
    """The loss that makes a view find its partner."""
    a, b = np.random.default_rng(0).normal(size=(2, 3, 4))
    both = np.concatenate([a, b])
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    scores = both @ both.T / 0.5
    own = np.roll(np.arange(6), 3)
    loose = np.log(np.exp(scores).sum(1)) - scores[np.arange(6), own]
    np.fill_diagonal(scores, -np.inf)
    right = (np.log(np.exp(scores).sum(1)) - scores[np.arange(6), own]).mean()
    found = answer(a, b, 0.5)
    if close(found, loose.mean(), 1e-6):
        return say(False, "a view may still pick itself: take the diagonal out of the sum")
    return say(
        close(found, right, 1e-6), "two bugs: who the partner is, and who may not be picked"
    )


@exercise
def ex_5(answer: float) -> bool:
    """Precision@10 of a classifier that is right for nine of ten."""
    if close(answer, 0.9, 1e-3):
        return say(False, "that is the accuracy; the neighbours may be wrong, too")
    if close(answer, 0.81, 1e-3):
        return say(False, "a misplaced query also finds some of its own kind")
    return say(close(answer, 0.82, 1e-3), "right query, right neighbour, plus wrong with wrong")


@exercise
def ex_6(answer: Callable[[Any, Any], tuple[float, float]]) -> bool:
    """Mean over kinds with the half width of Student's interval."""
    from scipy.stats import t

    hits, kinds = np.array([1, 1, 0.5, 0, 0.2, 0.9]), np.array([0, 0, 0, 1, 1, 2])
    each = np.array([hits[kinds == kind].mean() for kind in range(3)])
    half = t.ppf(0.975, 2) * each.std(ddof=1) / np.sqrt(3)
    found = answer(hits, kinds)
    if close(found[0], hits.mean()):
        return say(False, "that weighs kinds by their pictures: first a mean for each kind")
    if close(found, (each.mean(), t.ppf(0.975, 2) * each.std() / np.sqrt(3))):
        return say(False, "the spread of a sample divides by n - 1: ddof=1")
    return say(close(found, (each.mean(), half)), "mean of the kinds' means; t with n - 1 degrees")

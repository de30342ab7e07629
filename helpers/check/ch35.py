"""Checkers of chapter 35, Transformer."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: tuple[float, float]) -> bool:
    """Shares of exp(ln 6), exp(ln 3), exp(0): six of ten; without the second six of seven."""
    if close(answer, (0.6, 0.6), 1e-3):
        return say(False, "what the masked key had is shared among the others")
    scores = np.log([6.0, 3.0, 1.0])
    if close(answer, (scores[0] / scores.sum(), 1.0), 1e-3):
        return say(False, "shares of the exponentials, not of the scores")
    return say(close(answer, (6 / 10, 6 / 7), 1e-3), "exponentials: 6, 3 and 1")


@exercise
def ex_2(answer: int) -> bool:
    """Numbers in a block of width 128 with a feed-forward network twice as wide."""
    if close(answer, 8 * 128**2):
        return say(False, "the tables are right; shifts and norms learn, too")
    if close(answer, 8 * 128**2 + 7 * 128):
        return say(False, "two norms are missing, with a gain and a shift for each column")
    return say(close(answer, 8 * 128**2 + 11 * 128), "4 d² + 4 d, then 4 d² + 3 d, then 4 d")


@exercise
def ex_3(answer: Callable[[Any], Any]) -> bool:
    """Each purchase looks at itself and at earlier weeks."""
    weeks = np.array([1, 1, 2, 4])
    found = np.asarray(answer(weeks))
    if close(found, np.tril(np.ones((4, 4), dtype=bool))):
        return say(False, "by place: the second purchase sees the first, of its own week")
    if close(found, weeks[:, None] > weeks):
        return say(False, "a purchase may look at itself, or the first has nothing to look at")
    right = (weeks[:, None] > weeks) | np.eye(4, dtype=bool)
    return say(close(found, right), "row: who asks; column: who is looked at, of an earlier week")


@exercise
def ex_4(answer: Callable[[Any, Any], Any]) -> bool:
    """A softmax over the real keys alone."""
    scores, real = np.log([[2.0, 3.0, 5.0]]), np.array([[True, True, False]])
    found = answer(scores, real)
    if close(found, [[0.2, 0.3, 0.0]]):
        return say(False, "these add up to one half: the padding still took part in the sum")
    if close(found, np.log([[2.0, 3.0, 1.0]]) / np.log(6.0)):
        return say(False, "divide the exponentials, not the scores")
    return say(close(found, [[0.4, 0.6, 0.0]]), "leave the padding out before you divide")


@exercise
def ex_5(answer: set[str]) -> bool:
    """What changes the state of a basket in one layer: a product that stands there twice."""
    named = {str(word) for word in answer}
    if "order" in named:
        return say(False, "a sum of shares times values does not know an order")
    if "padding" in named:
        return say(False, "its scores are minus infinity, its shares zero")
    if "double" in named:
        return say(False, "the norm before the attention undoes it; only the asker is added on")
    return say(named == {"twice"}, "two of the same get two shares")


@exercise
def ex_6(answer: float) -> bool:
    """Shares multiply: 1/20, 1/20, 1/10, so the third gets one half."""
    if close(answer, 13 / 34, 1e-3):
        return say(False, "logarithms add up, so the shares are multiplied, not added")
    if close(answer, 1 / 10, 1e-3):
        return say(False, "that is its product; divide by the sum of the three")
    return say(close(answer, 1 / 2, 1e-3), "multiply the two shares of each household first")


@exercise
def ex_7(answer: Callable[[int, int], Any]) -> bool:
    """A matrix that moves a wave position by some steps, whatever the place."""
    wave = np.arange(40)[:, None] / 10000 ** (np.arange(0, 6, 2) / 6)
    P = np.stack([np.sin(wave), np.cos(wave)], axis=-1).reshape(40, 6)
    R = np.asarray(answer(5, 6))
    if close(P[5:] @ R.T, P[:-5]):
        return say(False, "that turns backwards: the signs of the sines are the other way round")
    if close(R, np.eye(6)):
        return say(False, "that leaves every place where it is")
    return say(close(P[:-5] @ R.T, P[5:]), "a rotation by steps * speed for each pair of columns")

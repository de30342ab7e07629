"""Checkers of chapter 31, networks of two towers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: float) -> bool:
    """Slope of ½ (w a · w b - 10)² in the shared weight, at w = 2, a = 1, b = 3."""
    if close(answer, 12.0, 1e-6):
        return say(False, "that is one tower; the weight stands in both, so add their slopes")
    if close(answer, 2.0, 1e-6):
        return say(False, "that is the slope at the score; carry it on through both towers")
    return say(close(answer, 24.0, 1e-6), "(s - 10) · (wb · a + wa · b), and s = 12")


@exercise
def ex_2(answer: float) -> bool:
    """Probability of the right product, corrected: scores ln 6, 0, 0; shares 1/2, 1/4, 1/4."""
    if close(answer, 0.75, 1e-3):
        return say(False, "that is 6 / 8, without the correction")
    if close(answer, 6 / 7, 1e-3):
        return say(False, "ln q is taken off, so each weight is divided by its share")
    return say(close(answer, 0.6, 1e-3), "weights e^score / q: 12, 4 and 4")


@exercise
def ex_3(answer: Callable[[Any, Any, Any, float], Any]) -> bool:
    """Mean triplet loss of scores: max(0, margin - right score + wrong score)."""
    rng = np.random.default_rng(0)
    u, right, wrong = rng.normal(size=(3, 6, 4))
    gap = 1.0 - (u * right).sum(1) + (u * wrong).sum(1)
    found = answer(u, right, wrong, 1.0)
    if close(found, np.maximum(0, 2 - gap).mean()):
        return say(False, "right and wrong have changed places: a high wrong score must cost")
    if close(found, gap.mean()):
        return say(False, "a triplet that is apart by the margin costs nothing: max(0, ...)")
    return say(close(found, np.maximum(0, gap).mean()), "the mean over rows of max(0, m - + -)")


def in_batch(u: Any, v: Any, log_share: Any) -> float:
    """The corrected softmax in the batch, in NumPy."""
    scores = u @ v.T - log_share
    return float(np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores)))


@exercise
def ex_4(answer: Callable[[Any, Any, Any], Any]) -> bool:
    """The mended in-batch loss: products compete for a household, and ln q is taken off."""
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 5, 3))
    log_share = np.log([0.4, 0.3, 0.1, 0.1, 0.1])
    found = answer(u, v, log_share)
    if close(found, in_batch(u, v, -log_share)):
        return say(False, "one bug is left: frequent products are punished twice over")
    scores = u @ v.T - log_share
    if close(found, np.mean(np.log(np.exp(scores).sum(axis=0)) - np.diag(scores))):
        return say(False, "one bug is left: households compete for a product")
    return say(
        close(found, in_batch(u, v, log_share)), "scores minus ln q; the sum runs over products"
    )


@exercise
def ex_5(answer: Callable[[Any, Any], Any]) -> bool:
    """The sum over all pairs of a factorisation machine, in one pass."""
    rng = np.random.default_rng(0)
    V, x = rng.normal(size=(7, 3)), rng.normal(size=7)
    total = float(((x @ V) ** 2).sum())
    right = (total - float((x**2) @ (V**2).sum(1))) / 2
    found = answer(V, x)
    if close(found, 2 * right):
        return say(False, "each pair is counted twice: take half")
    if close(found, (total - float(x @ (V**2).sum(1))) / 2):
        return say(False, "a feature meets itself as x_i · x_i: square x, too")
    return say(close(found, right), "half of |sum of x_i v_i|² minus the sum of x_i² |v_i|²")


@exercise
def ex_6(answer: Callable[[Any, Any, Any], Any]) -> bool:
    """Pairs for training (no held product) and for testing (exactly one held product)."""
    left, right = np.array([0, 0, 1, 2, 3, 4]), np.array([1, 2, 3, 3, 4, 0])
    held = np.array([False, False, True, True, False])
    count = held[left].astype(int) + held[right]
    train, test = (np.asarray(mask, dtype=bool) for mask in answer(left, right, held))
    if (train & (count > 0)).any():
        return say(False, "a training pair holds a product of the test: that is the leak")
    if (test & (count == 2)).any():
        return say(False, "a pair of two held products belongs to neither side")
    return say(
        close(train, count == 0) and close(test, count == 1),
        "training: neither side is held; testing: one side is",
    )


@exercise
def ex_7(answer: tuple[float, float]) -> bool:
    """Adam's first step for the gradient 1e-6 at rate .003, in PyTorch and in Keras."""
    g, rate, root = 1e-6, 3e-3, np.sqrt(1 - 0.999)
    torch_step, keras_step = rate * g / (g + 1e-8), rate * g / (g + 1e-7 / root)
    first, second = answer
    if close(second, rate * g / (g + 1e-7), 1e-3):
        return say(False, "Keras adds ε before its correction: it is divided by √(1 - β₂)")
    if close((second, first), (torch_step, keras_step), 1e-3):
        return say(False, "PyTorch first, then Keras")
    return say(
        close(answer, (torch_step, keras_step), 1e-3), "η g / (|g| + ε); Keras' ε is ε / √(1 - β₂)"
    )


@exercise
def ex_8(answer: Callable[[Any, Any], Any]) -> bool:
    """Mean of the table rows that a bag names, where -1 names none; in TensorFlow."""
    table = np.array([[1.0, 0.0], [3.0, 4.0], [5.0, 2.0]], dtype=np.float32)
    bag = np.array([[0, 1], [2, -1], [-1, 1]])
    found = np.asarray(answer(table, bag))
    if close(found, [[2, 2], [2.5, 1], [1.5, 2]], 1e-5):
        return say(False, "a bag of one word is its only row: divide by the words that are there")
    if close(found, [[2, 2], [3, 1], [2, 2]], 1e-5):
        return say(False, "-1 read row 0; give what is missing the weight zero")
    return say(
        close(found, [[2, 2], [5, 2], [3, 4]], 1e-5), "weights of 0 and 1, sum, divide by the sum"
    )

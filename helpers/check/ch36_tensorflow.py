"""Checkers of chapter 36's TensorFlow twin; they continue the chapter's numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


def _tensorflow() -> Any:
    """Import it when a checker needs it; it is heavy, and has no types."""
    import tensorflow  # type: ignore[import-untyped]

    return tensorflow


@exercise
def ex_15(answer: tuple[list[float], list[float]]) -> bool:
    """The gradient of the sum of A E, A the means of a star, and what A itself would give."""
    right, claimed = answer
    columns, rows = [3, 1 / 3, 1 / 3, 1 / 3], [1, 1, 1, 1]
    if close(right, rows, 1e-3) and close(claimed, columns, 1e-3):
        return say(False, "the other way round: the right gradient multiplies by A transposed")
    if close(right, rows, 1e-3):
        return say(False, "you added up the rows; A transposed adds up the columns")
    if not close(right, columns, 1e-3):
        return say(False, "how often, and with what weight, does each node stand in a mean?")
    return say(close(claimed, rows, 1e-3), "symmetric multiplies the ones by A: its row sums")


@exercise
def ex_16(answer: Callable[[Any], Callable[[Any], Any]]) -> bool:
    """A product whose gradient is right for a table that is neither symmetric nor square."""
    tf = _tensorflow()
    A = np.array([[0.0, 2, 0], [1, 0, 3]], dtype=np.float32)
    table = tf.SparseTensor(np.argwhere(A), A[A != 0], A.shape)
    E, weight = tf.constant([[1.0], [10.0], [100.0]]), tf.constant([[1.0], [5.0]])
    product = answer(table)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([E, table.values])
        found = product(E)
        total = tf.reduce_sum(found * weight)
    if not close(found, A @ E.numpy(), 1e-4):
        return say(False, "the product itself must stay A E")
    slope = tape.gradient(total, E)
    if slope is None or not close(slope, A.T @ weight.numpy(), 1e-4):
        return say(False, "going back, rows and columns change places: adjoint_a=True")
    by_hand = tape.gradient(total, table.values) is None
    return say(by_hand, "it is right, but the edges still get a gradient: use tf.custom_gradient")


@exercise
def ex_17(answer: Callable[[Any, Any], Any]) -> bool:
    """Drop purchases in both directions, and leave the edges in order."""
    tf = _tensorflow()
    X = np.array([[1.0, 2, 0], [3, 0, 4]], dtype=np.float32)
    keep = np.array([False, True, True, True])
    A = np.block([[np.zeros((2, 2)), X], [X.T, np.zeros((3, 3))]]).astype(np.float32)
    X[0, 0] = 0
    right = np.block([[np.zeros((2, 2)), X], [X.T, np.zeros((3, 3))]])
    found = answer(tf.SparseTensor(np.argwhere(A), A[A != 0], A.shape), keep)
    places, values = found.indices.numpy(), found.values.numpy()
    dense = np.zeros(A.shape)
    np.add.at(dense, tuple(places.T), values)
    if not close(dense, dense.T, 1e-6):
        return say(False, "one direction of an edge is left: the table is not symmetric")
    if not close(dense, right, 1e-6):
        return say(False, "other edges than those asked for are left, or have other numbers")
    order = places[:, 0] * A.shape[1] + places[:, 1]
    return say(bool((np.diff(order) > 0).all()), "out of order: tf.sparse.reorder")

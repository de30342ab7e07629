"""Chapter 36's TensorFlow twin: right answers to its exercises, and usual mistakes."""

from collections.abc import Callable
from typing import Any

import numpy as np


def product(A: Any, transposed: bool) -> Callable[[Any], Any]:
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def multiply(E: Any) -> Any:
        def back(slope: Any) -> Any:
            table = tf.sparse.to_dense(A)
            return (tf.transpose(table) if transposed else table[:, :2]) @ slope

        return tf.sparse.sparse_dense_matmul(A, E), back

    return multiply


def own_gradient(A: Any) -> Callable[[Any], Any]:
    import tensorflow as tf

    return lambda E: tf.sparse.sparse_dense_matmul(A, E)


def dropped(A: Any, keep: Any, back: str) -> Any:
    import tensorflow as tf

    half = len(keep)
    there, numbers = A.indices.numpy()[:half][keep], A.values.numpy()[:half][keep]
    if back == "not dropped":
        there = np.concatenate([there, A.indices.numpy()[half:]])
        numbers = np.concatenate([numbers, A.values.numpy()[half:]])
        return tf.SparseTensor(there, numbers, A.dense_shape)
    both = np.concatenate([there, there[:, ::-1]])
    table = tf.SparseTensor(both, np.concatenate([numbers, numbers]), A.dense_shape)
    return table if back == "out of order" else tf.sparse.reorder(table)


COLUMNS, ROWS = [3, 1 / 3, 1 / 3, 1 / 3], [1, 1, 1, 1]
RIGHT = {
    "ex_15": (COLUMNS, ROWS),
    "ex_16": lambda A: product(A, transposed=True),
    "ex_17": lambda A, keep: dropped(A, keep, "in order"),
}
WRONG = {
    "ex_15": [(ROWS, COLUMNS), (ROWS, ROWS), (COLUMNS, COLUMNS), ([1, 3, 3, 3], ROWS)],
    "ex_16": [lambda A: product(A, transposed=False), own_gradient],
    "ex_17": [
        lambda A, keep: dropped(A, keep, "not dropped"),
        lambda A, keep: dropped(A, keep, "out of order"),
        lambda A, keep: dropped(A, ~keep, "in order"),
    ],
}

"""Chapter 36, what products share: right answers, and the mistakes that people make."""

from typing import Any

import numpy as np
from scipy import sparse


def row_means(A: Any) -> Any:
    size = np.asarray(A.sum(axis=1)).ravel()
    return sparse.diags_array(np.divide(1, size, out=np.zeros(len(size)), where=size > 0)) @ A


def by_columns(A: Any) -> Any:
    table = A.toarray()
    return table / np.where(table.sum(axis=0) > 0, table.sum(axis=0), 1)


def divide_by_nothing(A: Any) -> Any:
    with np.errstate(invalid="ignore"):
        return A.toarray() / A.toarray().sum(axis=1, keepdims=True)


RIGHT = {
    "ex_8": 8.0,
    "ex_9": 3.0,
    "ex_10": row_means,
    "ex_11": lambda A, labels: A @ (A.T @ labels) - labels,
    "ex_12": (36928, 12368),
    "ex_13": 15616,
    "ex_14": ["sum"],
}
WRONG = {
    "ex_8": [5.0, 7.5, 18.0],
    "ex_9": [9.0, 6.0, -3.0],
    "ex_10": [by_columns, divide_by_nothing],
    "ex_11": [
        lambda A, labels: A @ (A.T @ labels),
        lambda A, labels: (A @ (A.T @ labels)) * (labels == 0),
    ],
    "ex_12": [(32768, 12368), (36928, 12352)],
    "ex_13": [12800, 3840],
    "ex_14": [["sum", "mean"], ["max"], ["mean", "max"]],
}

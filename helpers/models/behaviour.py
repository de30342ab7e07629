"""Counting what is bought together: item neighbours and a household's own habit (chapter 22)."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from helpers.data import Interactions
from helpers.similarity import top_k_scores

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Measure = Callable[[sparse.csr_array], Any]


class ItemKNN:
    """Recommend the products most alike to what a household, or a basket, already holds.

    Parameters
    ----------
    measure : turns a (rows x items) matrix into an (items x items) table, dense or sparse;
        for example ``lambda X: cosine(X.T)``.
    neighbours : how many neighbours each product keeps; None keeps all.

    Source: Deshpande & Karypis (2004), Item-based top-N recommendation algorithms.

    >>> import pandas as pd
    >>> from helpers.similarity import cosine
    >>> lines = pd.DataFrame({"basket": [1, 1, 2, 2, 3], "product": list("abacc")})
    >>> log = Interactions.from_frame(lines, user="basket", item="product")
    >>> a, b, c = log.item_index(["a", "b", "c"])
    >>> model = ItemKNN(lambda X: cosine(X.T)).fit(log)
    >>> model.table[a, [b, c]].round(3)
    array([0.707, 0.5  ], dtype=float32)
    """

    def __init__(self, measure: Measure, neighbours: int | None = None) -> None:
        self.measure = measure
        self.neighbours = neighbours

    def fit(self, interactions: Interactions) -> Self:
        self.matrix = interactions.matrix
        table = self.measure(self.matrix)
        table = table.toarray() if sparse.issparse(table) else table
        self.table = table.astype(np.float32)
        np.fill_diagonal(self.table, 0.0)
        if self.neighbours is not None:
            keep = np.argpartition(-self.table, self.neighbours, axis=1)[:, : self.neighbours]
            kept = np.zeros_like(self.table)
            np.put_along_axis(kept, keep, np.take_along_axis(self.table, keep, 1), 1)
            self.table = kept
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(self.matrix[users] @ self.table)

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.asarray(baskets @ self.table)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        own = sparse.csr_array(
            (np.ones(len(items)), (np.arange(len(items)), items)),
            shape=(len(items), self.table.shape[1]),
        )
        return top_k_scores(self.table[items], k, exclude=own)


class HouseholdHabit:
    """Score a product with how often, and how lately, this household bought it.

    A line that is ``w`` weeks old counts ``exp(-decay * w)``; popularity, scaled below the
    smallest count, orders what the household never bought.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"h": [1, 1, 1], "p": ["a", "a", "b"], "week": [1, 1, 3]})
    >>> log = Interactions.from_frame(lines, user="h", item="p", time="week")
    >>> model = HouseholdHabit(decay=0.5).fit(log)
    >>> model.scores(np.array([0]))[0, log.item_index(["a", "b"])].round(2)
    array([0.74, 1.  ], dtype=float32)
    """

    def __init__(self, decay: float = 0.05) -> None:
        self.decay = decay

    def fit(self, interactions: Interactions) -> Self:
        events = interactions.events
        age = (events["time"].max() - events["time"]).to_numpy()
        weight = events["weight"].to_numpy() * np.exp(-self.decay * age)
        self.habit = sparse.csr_array(
            (weight.astype(np.float32), (events["user"], events["item"])),
            shape=interactions.matrix.shape,
        )
        popularity = (interactions.matrix > 0).sum(axis=0)
        self.prior = (popularity / (1e6 * popularity.max())).astype(np.float32)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(self.habit[users].toarray() + self.prior)

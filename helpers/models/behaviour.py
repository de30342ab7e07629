"""Counting what is bought together: item neighbours and a household's own habit (chapter 22)."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from helpers.data import Interactions
from helpers.similarity import dense, top_k_scores

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Measure = Callable[[sparse.csr_array], Any]
Weight = Callable[[FloatArray], FloatArray]


def two_dials(counts: Any, a: float, b: float) -> Any:
    """Divide each co-occurrence by the popularity of both products, each to its own power.

    s_ij = C_ij / (C_ii**a * C_jj**b): (0, 0) are the counts, (1, 0) is P(j | i), (1/2, 1/2) is
    the cosine, and (1, 1) is proportional to the lift.

    Parameters
    ----------
    counts : csr (n, n) from `similarity.cooccurrence`.
    a : how much a popular product in hand is hushed.   b : how much a popular candidate is.

    Returns
    -------
    csr_array (n, n); an item never bought has zeros.

    References
    ----------
    Aiolli (2013), "Efficient top-N recommendation for very large scale binary rated datasets",
    RecSys (a + b = 1); Deshpande & Karypis (2004), section 4.2 (a = 1).

    >>> counts = sparse.csr_array([[4, 2], [2, 1]])
    >>> two_dials(counts, 0.5, 0.5).toarray()  # 2 / (2 * 1)
    array([[1., 1.],
           [1., 1.]])
    >>> two_dials(counts, 1, 0).toarray()
    array([[1. , 0.5],
           [2. , 1. ]])
    """
    times = np.maximum(counts.diagonal().astype(float), 1)
    table = sparse.diags_array(times**-a) @ counts @ sparse.diags_array(times**-b)
    return sparse.csr_array(table)


def strongest(table: Any, k: int) -> Any:
    """Keep the k largest scores of each row, the item itself left out.

    Parameters
    ----------
    table : (n, n), dense or sparse.   k : from 1 to n.

    Returns
    -------
    csr_array (n, n) of float32 with at most k entries a row.

    Raises
    ------
    ValueError : k < 1 or larger than n.

    >>> strongest(np.array([[9.0, 1.0, 2.0], [0.0, 9.0, 3.0], [1.0, 0.0, 9.0]]), 1).toarray()
    array([[0., 0., 2.],
           [0., 0., 3.],
           [1., 0., 0.]], dtype=float32)
    """
    itself = sparse.eye_array(table.shape[0], format="csr")
    kept = []
    for start in range(0, table.shape[0], 1024):
        rows = slice(start, start + 1024)
        block = dense(table[rows]).astype(np.float32)
        columns, scores = top_k_scores(block, k, exclude=itself[rows])
        scores[columns < 0] = 0
        place = (np.repeat(np.arange(len(block)), k), np.maximum(columns, 0).ravel())
        kept.append(sparse.csr_array((scores.ravel(), place), shape=block.shape))
    table = sparse.csr_array(sparse.vstack(kept))
    table.eliminate_zeros()
    return table


class ItemKNN:
    """Recommend the products most alike to what a household, or a basket, already holds.

    Parameters
    ----------
    measure : turns a (rows x items) matrix into an (items x items) table, dense or sparse;
        for example ``lambda X: cosine(X.T)``.
    neighbours : how many neighbours each product keeps; None keeps all.
    weight : what a count becomes before anything else; ``np.sign`` makes every purchase one,
        ``np.log1p`` tames heavy buyers.

    References
    ----------
    Deshpande & Karypis (2004), "Item-based top-N recommendation algorithms", TOIS 22(1).

    >>> import pandas as pd
    >>> from helpers.similarity import cosine
    >>> lines = pd.DataFrame({"basket": [1, 1, 2, 2, 3], "product": list("abacc")})
    >>> log = Interactions.from_frame(lines, user="basket", item="product")
    >>> a, b, c = log.item_index(["a", "b", "c"])
    >>> model = ItemKNN(lambda X: cosine(X.T)).fit(log)
    >>> model.table[a, [b, c]].round(3)
    array([0.707, 0.5  ], dtype=float32)
    """

    def __init__(
        self, measure: Measure, neighbours: int | None = None, weight: Weight = np.sign
    ) -> None:
        self.measure, self.neighbours, self.weight = measure, neighbours, weight

    def fit(self, interactions: Interactions) -> Self:
        self.matrix = interactions.matrix.copy()
        self.matrix.data = self.weight(self.matrix.data)
        table = self.measure(self.matrix)
        if self.neighbours is None:
            self.table = dense(table.astype(np.float32))
            np.fill_diagonal(self.table, 0)
        else:
            self.table = strongest(table, self.neighbours)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.complete(self.matrix[users])

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.asarray(dense(baskets.astype(np.float32) @ self.table))

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        itself = sparse.eye_array(self.table.shape[0], format="csr")[items]
        return top_k_scores(dense(self.table[items]), k, exclude=itself)


class HouseholdHabit:
    """Score a product with how often, and how lately, this household bought it.

    A purchase that is ``w`` weeks old counts ``exp(-decay * w)``; popularity, scaled below the
    smallest count, orders what the household never bought.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"h": [1, 1, 1], "p": ["a", "a", "b"], "week": [1, 1, 3]})
    >>> log = Interactions.from_frame(lines, user="h", item="p", time="week")
    >>> model = HouseholdHabit(decay=0.5).fit(log)
    >>> model.scores(np.array([0]))[0, log.item_index(["a", "b"])].round(2)  # 2 exp(-1) and 1
    array([0.74, 1.  ], dtype=float32)
    """

    def __init__(self, decay: float = 0.03) -> None:
        self.decay = decay

    def fit(self, interactions: Interactions) -> Self:
        events = interactions.events
        age = (events["time"].max() - events["time"]).to_numpy()
        weight = events["weight"].to_numpy() * np.exp(-self.decay * age)
        self.habit = sparse.csr_array(
            (weight.astype(np.float32), (events["user"], events["item"])),
            shape=interactions.matrix.shape,
        )
        self.prior = (1e-6 * interactions.popularity / interactions.popularity.max()).astype("f4")
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(self.habit[users].toarray() + self.prior)


class Blend:
    """Add the scores of fitted models, each times its weight.

    >>> class One:
    ...     def scores(self, users): return np.ones((len(users), 2))
    >>> Blend([One(), One()], [1.0, 0.5]).scores(np.array([0])).tolist()
    [[1.5, 1.5]]
    """

    def __init__(self, models: Sequence[Any], weights: Sequence[float]) -> None:
        self.models, self.weights = models, weights

    def scores(self, users: IntArray) -> FloatArray:
        parts = zip(self.models, self.weights, strict=True)
        return np.asarray(sum(weight * model.scores(users) for model, weight in parts))

"""Neighbours by what a product is, not by who buys it (chapter 21)."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from helpers.data import Interactions
from helpers.similarity import normalize_rows, top_k

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


class ContentKNN:
    """Recommend the products whose description is most like what a household holds.

    Parameters
    ----------
    item_vectors : (num_items, dim), dense or sparse, one row for each product.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"h": [1], "p": ["a"]})
    >>> items = pd.DataFrame({"p": ["a", "b"]})
    >>> log = Interactions.from_frame(lines, user="h", item="p")
    >>> ContentKNN(np.array([[3.0, 4.0]])).fit(log).scores(np.array([0])).round(3).tolist()
    [[1.0]]
    """

    def __init__(self, item_vectors: FloatArray | sparse.csr_array) -> None:
        self.item_vectors = normalize_rows(item_vectors)

    def fit(self, interactions: Interactions) -> Self:
        self.matrix = interactions.matrix
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.complete(self.matrix[users])

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        found = baskets @ self.item_vectors @ self.item_vectors.T
        return np.asarray(found.todense() if sparse.issparse(found) else found)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        indices, scores = top_k(self.item_vectors[items], self.item_vectors, k + 1)
        own = indices == np.asarray(items)[:, None]
        # a product is not its own neighbour; with ties it may be missing from its own list
        own[~own.any(axis=1), -1] = True
        return indices[~own].reshape(-1, k), scores[~own].reshape(-1, k)

"""Neighbours by what a product is, not by who buys it (chapter 21)."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from helpers.data import Interactions
from helpers.similarity import dense, normalize_rows, top_k

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


class ContentKNN:
    """Recommend the products whose description is most like what a household holds.

    A household scores product c by the sum of its history times ``cosine ** power``; with
    ``average`` that sum is divided by the same sum over all products that were ever sold, so that
    a product with a hundred look-alikes does not collect a hundred votes.

    Parameters
    ----------
    item_vectors : (num_items, dim), dense or sparse, one row for each product.
    power : how much more the nearest neighbours count, > 0.
    average : divide by the summed likeness to the products sold.

    Notes
    -----
    ``fit`` keeps an (num_items, num_items) table of float32: 272 MB for 8,254 products.  A
    household's history is log(1 + lines); a basket's is its cells as given.

    >>> import pandas as pd
    >>> from helpers.data import Catalogue
    >>> goods = Catalogue.from_frame(pd.DataFrame({"p": ["a", "b", "c"]}), id="p")
    >>> lines = pd.DataFrame({"h": [1], "p": ["a"]})
    >>> log = Interactions.from_frame(lines, user="h", item="p", catalogue=goods)
    >>> a, b, c = goods.index(["a", "b", "c"])
    >>> vectors = np.zeros((3, 2))
    >>> vectors[[a, b, c]] = [3.0, 4.0], [4.0, 3.0], [0.0, 2.0]
    >>> model = ContentKNN(vectors, power=2).fit(log)
    >>> model.complete(log.matrix)[0, [a, b, c]].round(3)  # 1, (24 / 25)², (4 / 5)²
    array([1.   , 0.922, 0.64 ], dtype=float32)
    """

    def __init__(
        self, item_vectors: FloatArray | sparse.csr_array, power: float = 1, average: bool = False
    ) -> None:
        self.item_vectors = normalize_rows(item_vectors).astype(np.float32)
        self.power = power
        self.average = average

    def fit(self, interactions: Interactions) -> Self:
        self.history = interactions.matrix.log1p()
        likeness = dense(self.item_vectors @ self.item_vectors.T)
        self.table = np.maximum(likeness, 0).astype(np.float32) ** self.power
        sold = interactions.popularity > 0
        size = self.table[sold].sum(axis=0) if self.average else np.ones(len(sold))
        self.size = np.maximum(size, 1e-9).astype(np.float32)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.complete(self.history[users])

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.asarray(baskets @ self.table / self.size)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        indices, scores = top_k(self.item_vectors[items], self.item_vectors, k + 1)
        own = indices == np.asarray(items)[:, None]
        # a product is not its own neighbour; with ties it may be missing from its own list
        own[~own.any(axis=1), -1] = True
        return indices[~own].reshape(-1, k), scores[~own].reshape(-1, k)

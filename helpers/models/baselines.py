"""The two rows that stand in every table: chance and popularity (chapter 12)."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from helpers.data import Interactions
from helpers.similarity import top_k_scores

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


class Random:
    """Score every product with a number drawn by chance.

    >>> from helpers.data import Interactions
    >>> import pandas as pd
    >>> lines = pd.DataFrame({"household": [1, 1, 2], "product": ["a", "b", "a"]})
    >>> log = Interactions.from_frame(lines, user="household", item="product")
    >>> Random(seed=0).fit(log).scores(np.array([0, 1])).shape
    (2, 2)
    """

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def fit(self, interactions: Interactions) -> Self:
        self.num_items = interactions.num_items
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.rng.random((len(users), self.num_items), dtype=np.float32)

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return self.rng.random((baskets.shape[0], self.num_items), dtype=np.float32)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        own = sparse.csr_array(
            (np.ones(len(items)), (np.arange(len(items)), items)),
            shape=(len(items), self.num_items),
        )
        return top_k_scores(self.scores(items), k, exclude=own)


class Popularity:
    """Score every product with the number of rows that hold it, the same for everybody.

    >>> from helpers.data import Interactions
    >>> import pandas as pd
    >>> lines = pd.DataFrame({"household": [1, 1, 2], "product": ["a", "b", "a"]})
    >>> log = Interactions.from_frame(lines, user="household", item="product")
    >>> Popularity().fit(log).scores(np.array([0]))[0, log.item_index(["a", "b"])].tolist()
    [2.0, 1.0]
    """

    def fit(self, interactions: Interactions) -> Self:
        self.popularity = (interactions.matrix > 0).sum(axis=0).astype(np.float32)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.tile(self.popularity, (len(users), 1))

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.tile(self.popularity, (baskets.shape[0], 1))

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        own = sparse.csr_array(
            (np.ones(len(items)), (np.arange(len(items)), items)),
            shape=(len(items), len(self.popularity)),
        )
        return top_k_scores(self.scores(items), k, exclude=own)

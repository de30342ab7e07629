"""Guess how many stars a person gives: offsets (chapter 25), biased factorisation (chapter 23).

The ratings are `Interactions` whose weights are stars: one event, one rating.
"""

from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from helpers.data import Interactions

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


def shrunk_means(values: FloatArray, codes: IntArray, size: int, doubt: float) -> FloatArray:
    """Mean of the values of each code, as if `doubt` more values of zero had been seen.

    Parameters
    ----------
    values : (n,) numbers.   codes : (n,) from 0 to size - 1, the group of each.
    size : number of groups.   doubt : how many zeros are added to each group.

    Returns
    -------
    (size,) means; 0 for a group without values.

    >>> shrunk_means(np.array([1.0, 1.0, -2.0]), np.array([0, 0, 1]), 3, doubt=1)
    array([ 0.66666667, -1.        ,  0.        ])
    """
    totals = np.bincount(codes, values, size)
    return np.asarray(totals / np.maximum(np.bincount(codes, minlength=size) + doubt, 1))


class Biases:
    """Guess the mean of all stars, plus the offset of the person, plus that of the film.

    Person and film offsets are found in turn, each as the shrunken mean of what the other leaves
    over; `doubt_users` and `doubt_items` made-up ratings pull them towards zero.

    References
    ----------
    Koren (2010), "Factor in the neighbors: scalable and accurate collaborative filtering",
    TKDD 4(1), section 2.1; the defaults are those of the library Surprise.

    >>> import pandas as pd
    >>> stars = pd.DataFrame({"u": [1, 1, 2, 2], "i": list("abab"), "stars": [5, 3, 3, 1]})
    >>> log = Interactions.from_frame(stars, user="u", item="i", weight="stars")
    >>> model = Biases(doubt_users=0, doubt_items=0).fit(log)
    >>> model.mean, model.user_bias.tolist()  # everything is explained: 3 ± 1 ± 1
    (3.0, [1.0, -1.0])
    >>> model.predict(np.array([0]), log.item_index(["b"]))
    array([3.])
    """

    def __init__(self, doubt_users: float = 15, doubt_items: float = 10) -> None:
        self.doubt_users, self.doubt_items = doubt_users, doubt_items

    def fit(self, ratings: Interactions) -> Self:
        users, items, stars = (ratings.events[c].to_numpy() for c in ("user", "item", "weight"))
        self.mean = float(stars.mean(dtype=float))
        self.user_bias: FloatArray = np.zeros(ratings.num_users)
        for _ in range(10):
            left = stars - self.mean - self.user_bias[users]
            self.item_bias = shrunk_means(left, items, ratings.num_items, self.doubt_items)
            left = stars - self.mean - self.item_bias[items]
            self.user_bias = shrunk_means(left, users, ratings.num_users, self.doubt_users)
        return self

    def predict(self, users: IntArray, items: IntArray) -> FloatArray:
        return np.asarray(self.mean + self.user_bias[users] + self.item_bias[items])

    def scores(self, users: IntArray) -> FloatArray:
        return self.predict(users[:, None], np.arange(len(self.item_bias))).astype(np.float32)


@njit()
def sgd_epoch(
    users: IntArray,
    items: IntArray,
    stars: FloatArray,
    b: FloatArray,
    c: FloatArray,
    P: FloatArray,
    Q: FloatArray,
    step: float,
    decay: float,
) -> None:
    """Take one small step for each rating, in the order given; b, c, P and Q change in place.

    The error of b[u] + c[i] + P[u] @ Q[i] pulls the four of them its way, and `decay` pulls
    them back to zero.

    Parameters
    ----------
    users, items : (n,) row and column of each rating.   stars : (n,), their mean taken off.
    b, c : (num_users,), (num_items,) offsets.
    P, Q : (num_users, factors), (num_items, factors) vectors.

    References
    ----------
    Funk (2006), "Netflix update: try this at home"; Koren, Bell & Volinsky (2009), "Matrix
    factorization techniques for recommender systems", Computer 42(8).

    >>> b, c, P, Q = np.zeros(1), np.zeros(1), np.array([[1.0]]), np.array([[1.0]])
    >>> one = np.array([0])
    >>> sgd_epoch(one, one, np.array([3.0]), b, c, P, Q, 0.1, 0.5)
    >>> b, Q  # error 3 - 1 = 2; 0.1 * 2, and 1 + 0.1 * (2 * 1 - 0.5 * 1)
    (array([0.2]), array([[1.15]]))
    """
    for n in range(len(stars)):
        u, i = users[n], items[n]
        error = stars[n] - b[u] - c[i] - P[u] @ Q[i]
        b[u] += step * (error - decay * b[u])
        c[i] += step * (error - decay * c[i])
        for f in range(P.shape[1]):
            p, q = P[u, f], Q[i, f]
            P[u, f] += step * (error * q - decay * p)
            Q[i, f] += step * (error * p - decay * q)


class BiasedMF:
    """Guess stars by offsets and the dot product of a person's and a film's vector.

    Stochastic gradient descent over the ratings in a new random order each epoch; the step
    becomes five per cent smaller each time.

    Parameters
    ----------
    factors : numbers in a vector.   decay : pull towards zero.   step : of the first epoch.

    References
    ----------
    Koren, Bell & Volinsky (2009), as in `sgd_epoch`.

    >>> import pandas as pd
    >>> table = {"u": [1, 1, 2, 2], "i": list("abab"), "stars": [5, 1, 1, 5]}
    >>> log = Interactions.from_frame(pd.DataFrame(table), user="u", item="i", weight="stars")
    >>> model = BiasedMF(factors=2, decay=0.01, step=0.2, epochs=100).fit(log)
    >>> model.predict(np.array([0, 0]), log.item_index(["a", "b"])).round()  # no offset can
    array([5., 1.])
    """

    def __init__(
        self,
        factors: int = 100,
        decay: float = 0.1,
        step: float = 0.02,
        epochs: int = 50,
        seed: int = 0,
    ) -> None:
        self.factors, self.decay, self.step = factors, decay, step
        self.epochs, self.seed = epochs, seed

    def fit(self, ratings: Interactions) -> Self:
        users, items, stars = (ratings.events[c].to_numpy() for c in ("user", "item", "weight"))
        self.mean = float(stars.mean(dtype=float))
        self.start(ratings.num_users, ratings.num_items, rng := np.random.default_rng(self.seed))
        learned = self.user_bias, self.item_bias, self.user_vectors, self.item_vectors
        for epoch in range(self.epochs):
            n = rng.permutation(len(stars))
            step = self.step * 0.95**epoch
            sgd_epoch(users[n], items[n], stars[n] - self.mean, *learned, step, self.decay)
        return self

    def start(self, num_users: int, num_items: int, rng: np.random.Generator) -> None:
        self.user_bias, self.item_bias = np.zeros(num_users), np.zeros(num_items)
        self.user_vectors = rng.normal(0, 0.05, (num_users, self.factors))
        self.item_vectors = rng.normal(0, 0.05, (num_items, self.factors))

    def predict(self, users: IntArray, items: IntArray) -> FloatArray:
        taste = (self.user_vectors[users] * self.item_vectors[items]).sum(axis=-1)
        return np.asarray(self.mean + self.user_bias[users] + self.item_bias[items] + taste)

    def scores(self, users: IntArray) -> FloatArray:
        taste = self.user_vectors[users] @ self.item_vectors.T
        return (self.mean + self.user_bias[users, None] + self.item_bias + taste).astype("f4")

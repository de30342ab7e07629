"""Few numbers for each product: SVD, ALS and BPR; and linear models, EASE and SLIM (chapter 23)."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import linalg, sparse

from helpers.data import Interactions
from helpers.models.behaviour import strongest
from helpers.similarity import dense, normalize_rows, top_k_scores

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Weight = Callable[[FloatArray], FloatArray]


def truncated_svd(
    X: Any, factors: int, sweeps: int = 5, seed: int = 0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The `factors` strongest singular triples of X, by multiplying with X over and over.

    A few random directions are turned towards the strongest ones by each sweep of X' X; ten more
    directions than asked for make it converge sooner.

    Parameters
    ----------
    X : (n, m), dense or sparse.   factors : from 1 to the smaller of n and m.

    Returns
    -------
    U (n, factors), s (factors,) descending, Vt (factors, m): U * s @ Vt approximates X.

    References
    ----------
    Halko, Martinsson & Tropp (2011), "Finding structure with randomness", SIAM Review 53(2).

    >>> U, s, Vt = truncated_svd(np.array([[2.0, 1.0, 0.0], [1.0, 0.0, 1.0]]), 1)
    >>> (U * s @ Vt).round(2)  # projected on the direction (2, 1), by pencil
    array([[2. , 0.8, 0.4],
           [1. , 0.4, 0.2]])
    """
    rng = np.random.default_rng(seed)
    Q = rng.standard_normal((X.shape[1], min(factors + 10, *X.shape))).astype(X.dtype)
    for _ in range(sweeps):
        Q = np.linalg.qr(X.T @ (X @ Q))[0]
    thin = X @ Q
    squares, turn = np.linalg.eigh(thin.T @ thin)
    s = np.sqrt(np.maximum(squares[::-1][:factors], 1e-12))
    turn = turn[:, ::-1][:, :factors]
    return thin @ turn / s, s, turn.T @ Q.T


def nearest_vectors(vectors: FloatArray, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
    """The k rows whose cosine with each of `items` is largest, the row itself left out.

    Parameters
    ----------
    vectors : (num_items, factors).   items : (n,) rows.   k : from 1 to num_items.

    Returns
    -------
    indices, scores : (n, k), best first.

    >>> nearest_vectors(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.1]]), np.array([0]), 1)[0]
    array([[2]])
    """
    rows = normalize_rows(vectors)
    itself = sparse.eye_array(len(rows), format="csr")[items]
    return top_k_scores(rows[items] @ rows.T, k, exclude=itself)


def weighted(matrix: Any, weight: Weight) -> Any:
    """A copy of a sparse matrix whose stored counts went through `weight`.

    >>> weighted(sparse.csr_array([[0.0, 3.0]]), np.sign).toarray()
    array([[0., 1.]])
    """
    matrix = matrix.copy()
    matrix.data = weight(matrix.data)
    return matrix


def als_step(X: Any, Y: FloatArray, weight: float, regularisation: float) -> FloatArray:
    """The best vector for each row of X while the vectors Y of its columns stand still.

    Each row minimises: weight * (1 - x.y)^2 over what it holds, plus (0 - x.y)^2 over all else,
    plus regularisation * |x|^2.

    Parameters
    ----------
    X : csr (n, m); what is stored counts as held.   Y : (m, factors).
    weight : how many times a held cell counts as much as an empty one.

    References
    ----------
    Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets", ICDM,
    equation 4, with the confidence `weight` for all that is held.

    >>> als_step(sparse.csr_array([[1.0, 0.0]]), np.ones((2, 1)), 2, 1)  # 2 / (2 + 1 + 1)
    array([[0.5]])
    """
    everything = Y.T @ Y + regularisation * np.eye(Y.shape[1], dtype=Y.dtype)
    found = np.empty((X.shape[0], Y.shape[1]), dtype=Y.dtype)
    for row in range(X.shape[0]):
        held = Y[X.indices[X.indptr[row] : X.indptr[row + 1]]]
        normal = everything + (weight - 1) * (held.T @ held)
        found[row] = np.linalg.solve(normal, weight * held.sum(axis=0))
    return found


def bpr_gradient(
    x: FloatArray, y: FloatArray, z: FloatArray, regularisation: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gradient of -ln sigmoid(x.(y - z)) + regularisation / 2 * (|x|^2 + |y|^2 + |z|^2).

    Parameters
    ----------
    x : vector of a household.   y : of a product that it has.   z : of one that it has not.

    Returns
    -------
    Three vectors: the derivatives by x, by y and by z.

    References
    ----------
    Rendle et al. (2009), "BPR: Bayesian personalized ranking from implicit feedback", UAI.

    >>> one, two = np.array([1.0]), np.array([2.0])
    >>> bpr_gradient(one, two, two, 0.0)[1:]  # a tie: half a step each way
    (array([-0.5]), array([0.5]))
    """
    doubt = 1 / (1 + np.exp(x @ (y - z)))
    by_x = -doubt * (y - z) + regularisation * x
    return by_x, -doubt * x + regularisation * y, doubt * x + regularisation * z


@njit()
def bpr_epoch(
    users: IntArray,
    items: IntArray,
    others: IntArray,
    held: NDArray[np.bool_],
    P: FloatArray,
    Q: FloatArray,
    step: float,
    decay: float,
) -> None:
    """Take one small step of BPR for each pair of products; P and Q change in place.

    Parameters
    ----------
    users, items, others : (n,) a household, a product that it has, a product drawn by chance;
        where `held` says that it has that one too, nothing is learned.
    held : (num_users, num_items).
    P, Q : (num_users, factors), (num_items, factors) vectors.

    >>> P, Q = np.ones((1, 1)), np.zeros((2, 1))
    >>> one = np.array([0])
    >>> bpr_epoch(one, one, np.array([1]), np.array([[True, False]]), P, Q, 0.1, 0.0)
    >>> Q.ravel().tolist()  # doubt 1/2, times 0.1: apart from each other
    [0.05, -0.05]
    """
    for n in range(len(users)):
        u, i, j = users[n], items[n], others[n]
        if not held[u, j]:
            margin = 0.0
            for f in range(P.shape[1]):
                margin += P[u, f] * (Q[i, f] - Q[j, f])
            doubt = 1 / (1 + np.exp(margin))
            for f in range(P.shape[1]):
                x, y, z = P[u, f], Q[i, f], Q[j, f]
                P[u, f] += step * (doubt * (y - z) - decay * x)
                Q[i, f] += step * (doubt * x - decay * y)
                Q[j, f] += step * (-doubt * x - decay * z)


class Factors:
    """What SVD, ALS and BPR share once a household and a product each have a vector."""

    user_vectors: FloatArray
    item_vectors: FloatArray

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(self.user_vectors[users] @ self.item_vectors.T, dtype=np.float32)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.item_vectors, items, k)


class SVD(Factors):
    """Truncated singular value decomposition of the rows x items matrix, zeros being zeros.

    Parameters
    ----------
    factors : how many singular triples are kept.
    weight : what a count becomes first.
    power : columns are divided by (rows that hold the item) ** power before the decomposition;
        scores are multiplied by it again.

    References
    ----------
    Cremonesi, Koren & Turrin (2010), "Performance of recommender algorithms on top-n
    recommendation tasks", RecSys (PureSVD).

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2], "what": ["tea", "milk", "tea"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = SVD(1).fit(log)
    >>> model.scores(np.array([1]))[0, log.item_index(["milk"])].round(3)  # 1 / sqrt(5)
    array([0.447], dtype=float32)
    """

    def __init__(self, factors: int, weight: Weight = np.sign, power: float = 0.0) -> None:
        self.factors, self.weight, self.power = factors, weight, power

    def fit(self, interactions: Interactions) -> Self:
        self.scale = np.maximum(interactions.popularity, 1).astype(np.float32) ** -self.power
        X = weighted(interactions.matrix, self.weight) @ sparse.diags_array(self.scale)
        U, s, Vt = truncated_svd(X, self.factors)
        self.user_vectors, self.item_vectors, self.turn = U, Vt.T * s, Vt.T
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return super().scores(users) / self.scale

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        found = (baskets @ sparse.diags_array(self.scale)) @ self.turn
        return np.asarray(found @ self.turn.T / self.scale, dtype=np.float32)


class ALS(Factors):
    """Implicit alternating least squares: households and products learn in turn.

    Parameters
    ----------
    factors : numbers in a vector.   weight : of a held cell; an empty one counts 1.
    regularisation : pull of all vectors towards zero.   sweeps : how often both sides learn.

    References
    ----------
    Hu, Koren & Volinsky (2008), as in `als_step`.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 3], "what": ["tea", "milk", "tea", "rope"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = ALS(2, weight=5, regularisation=0.1).fit(log)
    >>> milk, rope = model.scores(np.array([1]))[0, log.item_index(["milk", "rope"])]
    >>> bool(milk > 0.5 > rope)  # who has tea may like milk
    True
    """

    def __init__(
        self,
        factors: int = 64,
        weight: float = 5.0,
        regularisation: float = 100.0,
        sweeps: int = 6,
        seed: int = 0,
    ) -> None:
        self.factors, self.weight, self.regularisation = factors, weight, regularisation
        self.sweeps, self.seed = sweeps, seed

    def fit(self, interactions: Interactions) -> Self:
        X, rng = interactions.matrix, np.random.default_rng(self.seed)
        by_item, settings = sparse.csr_array(X.T), (self.weight, self.regularisation)
        shape = (interactions.num_items, self.factors)
        self.item_vectors = rng.normal(0, 0.1, shape).astype(np.float32)
        for _ in range(self.sweeps):
            self.user_vectors = als_step(X, self.item_vectors, *settings)
            self.item_vectors = als_step(by_item, self.user_vectors, *settings)
        return self


class BPR(Factors):
    """Matrix factorisation that learns to rank what a household has above what it has not.

    Parameters
    ----------
    factors, epochs, seed : as elsewhere; an epoch shows as many pairs as there are held cells.
    step : of the descent.   decay : pull of all vectors towards zero.

    References
    ----------
    Rendle et al. (2009), as in `bpr_gradient`.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 3], "what": ["tea", "milk", "tea", "rope"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = BPR(factors=4, epochs=200, step=0.1, decay=0.01).fit(log)
    >>> tea, rope = model.scores(np.array([1]))[0, log.item_index(["tea", "rope"])]
    >>> bool(tea > rope)
    True
    """

    def __init__(
        self,
        factors: int = 32,
        epochs: int = 10,
        step: float = 0.03,
        decay: float = 0.02,
        seed: int = 0,
    ) -> None:
        self.factors, self.epochs, self.seed = factors, epochs, seed
        self.step, self.decay = step, decay

    def fit(self, interactions: Interactions) -> Self:
        X, rng = interactions.matrix, np.random.default_rng(self.seed)
        users, items = X.nonzero()
        held, size = dense(X) > 0, (len(users),)
        self.user_vectors, self.item_vectors = (
            rng.normal(0, 0.1, (n, self.factors)).astype(np.float32) for n in X.shape
        )
        learned = self.user_vectors, self.item_vectors
        for _ in range(self.epochs):
            n = rng.integers(len(users), size=size)
            others = rng.integers(X.shape[1], size=size)
            bpr_epoch(users[n], items[n], others, held, *learned, self.step, self.decay)
        return self


def hushed(X: Any, power: float) -> Any:
    """Divide each row of a sparse matrix by (what it holds) ** (power / 2).

    In a sum of squares the row then counts (what it holds) ** -power.

    >>> hushed(sparse.csr_array([[1.0, 1.0, 1.0, 1.0]]), 1.0).toarray()
    array([[0.5, 0.5, 0.5, 0.5]])
    """
    size = np.maximum(np.diff(X.indptr), 1).astype(X.dtype)
    return sparse.csr_array(sparse.diags_array(size ** (-power / 2)) @ X)


def evened(X: Any, power: float) -> FloatArray:
    """Factors n_j ** -power for the columns, n_j their sums of squares, that keep the total.

    >>> evened(sparse.csr_array([[1.0, 2.0]]), 0.5).round(3)  # equal lengths, sum of squares 5
    array([1.581, 0.791])
    """
    squares = np.maximum((X * X).sum(axis=0), 1e-3)
    scale = squares**-power
    return np.asarray(scale * np.sqrt(squares.sum() / (squares * scale**2).sum()))


def mirrored(P: FloatArray) -> FloatArray:
    """Copy the upper triangle of a square table to the lower one, in place, block by block.

    >>> mirrored(np.array([[1.0, 2.0], [9.0, 3.0]])).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    for start in range(0, len(P), 512):
        rows = slice(start, start + 512)
        P[rows, :start] = P[:start, rows].T
        P[rows, rows] = np.triu(P[rows, rows]) + np.triu(P[rows, rows], 1).T
    return P


def ease_weights(gram: FloatArray, regularisation: float) -> FloatArray:
    """How each product is best predicted from all others by ridge regression, all at once.

    With P the inverse of gram + regularisation * I, the weights are -P_ij / P_jj and the diagonal
    is zero. Cholesky (LAPACK potrf and potri) takes half the work of a general inverse.

    Parameters
    ----------
    gram : (n, n) X'X, float32 or float64; the answer has the same precision.
    regularisation : added to its diagonal; > 0.

    Returns
    -------
    (n, n); column j holds the weights with which the others predict j.

    References
    ----------
    Steck (2019), "Embarrassingly shallow autoencoders for sparse data", WWW, equation 8.

    >>> ease_weights(np.array([[2.0, 1.0], [1.0, 1.0]]), 1.0).round(2)  # 1 / (2 + 1), 1 / (1 + 1)
    array([[0.  , 0.33],
           [0.5 , 0.  ]])
    """
    P = np.array(gram.T, order="F")
    np.fill_diagonal(P, P.diagonal() + regularisation)
    potrf, potri = linalg.get_lapack_funcs(("potrf", "potri"), (P,))
    factor, failed = potrf(P, lower=True, overwrite_a=True)
    if failed:
        raise ValueError(f"regularisation={regularisation}: too small, there is no inverse")
    P = mirrored(potri(factor, lower=True, overwrite_c=True)[0].T)
    P /= -P.diagonal()
    np.fill_diagonal(P, 0)
    return P


def ease_dual(X: FloatArray, regularisation: float) -> FloatArray:
    """The weights of `ease_weights`, by way of the smaller matrix X X'.

    X P = K X with K the inverse of X X' + regularisation * I, so that an inverse of the size of
    the rows is enough; worth it where there are fewer rows than columns.

    Parameters
    ----------
    X : dense (n, m).   regularisation : > 0.

    >>> X = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    >>> bool(np.allclose(ease_dual(X, 2.0), ease_weights(X.T @ X, 2.0)))
    True
    """
    K = X @ X.T
    np.fill_diagonal(K, K.diagonal() + regularisation)
    Z = linalg.cho_solve(linalg.cho_factor(K, lower=True, overwrite_a=True), X)
    B = X.T @ Z
    B /= 1 - B.diagonal()
    np.fill_diagonal(B, 0)
    return np.asarray(B)


class EASE:
    """Predict each product of a row from all the others in it, linearly.

    Parameters
    ----------
    regularisation : pull of all weights towards zero.
    weight : what a count becomes first.
    row_power : a row of n products counts n ** -row_power; above zero, long rows are hushed.
    power : regularisation is charged in proportion to (rows that hold the item) ** (2 * power),
        on average as much as without; above zero, a popular item pays more for its weights.

    References
    ----------
    Steck (2019), as in `ease_weights`; (2020), "Autoencoders that don't overfit towards the
    identity", NeurIPS, for regularisation that differs from item to item.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2], "what": ["tea", "milk", "tea"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> EASE(1.0).fit(log).scores(np.array([1]))[0, log.item_index(["milk"])].round(2)  # 1 / 3
    array([0.33], dtype=float32)
    """

    def __init__(
        self,
        regularisation: float,
        weight: Weight = np.sign,
        row_power: float = 0.0,
        power: float = 0.0,
    ) -> None:
        self.regularisation, self.weight = regularisation, weight
        self.row_power, self.power = row_power, power

    def fit(self, interactions: Interactions) -> Self:
        self.matrix = weighted(interactions.matrix, self.weight)
        X = hushed(self.matrix, self.row_power)
        scale = evened(X, self.power)
        X = X @ sparse.diags_array(scale)
        few_rows = X.shape[0] < X.shape[1]
        solve = ease_dual if few_rows else ease_weights
        self.table = solve(dense(X if few_rows else X.T @ X), self.regularisation)
        self.table *= scale[:, None]
        self.table /= scale
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(dense(self.matrix[users]) @ self.table)

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.asarray(baskets.astype(np.float32) @ self.table)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        itself = sparse.eye_array(len(self.table), format="csr")[items]
        return top_k_scores(np.ascontiguousarray(self.table[:, items].T), k, exclude=itself)


@njit()
def descend(
    gram: FloatArray,
    starts: IntArray,
    candidates: IntArray,
    weights: FloatArray,
    l1: float,
    l2: float,
    sweeps: int,
) -> None:
    """Non-negative elastic net of each column on its candidates; `weights` change in place.

    Column j minimises |x_j - X w|^2 / 2 + l1 * sum(w) + l2 * |w|^2 / 2 over w >= 0, one weight
    after the other, `sweeps` times.

    Parameters
    ----------
    gram : (n, n) X'X.
    starts, candidates, weights : indptr, indices and data of a csr matrix whose row j names the
        columns that may predict column j, not j itself.

    References
    ----------
    Friedman, Hastie & Tibshirani (2010), "Regularization paths for generalized linear models via
    coordinate descent", J. Stat. Softw. 33(1), section 2.2.

    >>> weights = np.zeros(2)
    >>> gram = np.array([[2.0, 1.0], [1.0, 1.0]])
    >>> descend(gram, np.array([0, 1, 2]), np.array([1, 0]), weights, 0.5, 1.0, 3)
    >>> weights.round(3)  # (1 - 0.5) / (1 + 1) and (1 - 0.5) / (2 + 1)
    array([0.25 , 0.167])
    """
    for j in range(len(starts) - 1):
        near, w = candidates[starts[j] : starts[j + 1]], weights[starts[j] : starts[j + 1]]
        for _ in range(sweeps):
            for a in range(len(near)):
                pull = gram[near[a], j] - l1
                for b in range(len(near)):
                    if w[b] != 0 and b != a:
                        pull -= gram[near[a], near[b]] * w[b]
                w[a] = max(pull, 0.0) / (gram[near[a], near[a]] + l2)


class Slim:
    """EASE with weights that are never negative and mostly zero.

    Each product may be predicted by its `candidates` nearest by cosine alone, which is what makes
    it quick: ten sweeps over a hundred weights, for each product.

    Parameters
    ----------
    l1 : evidence that a weight must show before it leaves zero, in rows.
    l2 : pull towards zero, as the regularisation of `EASE`.
    candidates : how many products may predict one.

    References
    ----------
    Ning & Karypis (2011), "SLIM: Sparse linear methods for top-n recommender systems", ICDM.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2], "what": ["tea", "milk", "tea"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = Slim(l1=0.5, l2=1.0, candidates=1).fit(log)
    >>> model.scores(np.array([1]))[0, log.item_index(["milk"])].round(3)  # (1 - 0.5) / (2 + 1)
    array([0.167], dtype=float32)
    """

    def __init__(self, l1: float, l2: float, candidates: int = 100) -> None:
        self.l1, self.l2, self.candidates = l1, l2, candidates

    def fit(self, interactions: Interactions) -> Self:
        self.matrix = weighted(interactions.matrix, np.sign)
        gram = dense(self.matrix.T @ self.matrix)
        length = np.sqrt(np.maximum(gram.diagonal(), 1))
        near = strongest(gram / length / length[:, None], self.candidates)
        weights = np.zeros(near.nnz, dtype=np.float32)
        descend(gram, near.indptr, near.indices, weights, self.l1, self.l2, 10)
        self.table = sparse.csr_array((weights, near.indices, near.indptr), shape=near.shape).T
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.complete(self.matrix[users])

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.asarray(dense(baskets.astype(np.float32) @ self.table))


class Trend:
    """Multiply the scores of a model by how many households lately took a product up.

    The factor is ((new buyers of the last weeks + 0.1) / (all buyers + 0.1)) ** strength; a
    household that bought it first w weeks ago counts exp(-w / weeks).

    Parameters
    ----------
    model : anything with `fit` and `scores`; scores below zero count as zero.
    strength : 0 leaves the model alone.   weeks : how long a first purchase is remembered.

    >>> import pandas as pd
    >>> from helpers.models.baselines import Popularity
    >>> lines = pd.DataFrame({"who": [1, 2], "what": ["tea", "milk"], "week": [9, 1]})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week")
    >>> tea, milk = Trend(Popularity(), 0.5, 2.0).fit(log).scores(np.array([0]))[
    ...     0, log.item_index(["tea", "milk"])]
    >>> bool(tea == 1), bool(milk < 0.4)  # tea is new, milk had its time
    (True, True)
    """

    def __init__(self, model: Any, strength: float = 0.3, weeks: float = 1.5) -> None:
        self.model, self.strength, self.weeks = model, strength, weeks

    def fit(self, interactions: Interactions) -> Self:
        self.model.fit(interactions)
        first = interactions.events.groupby(["user", "item"])["time"].min().reset_index()
        age = first["time"].max() - first["time"]
        lately = np.bincount(first["item"], np.exp(-age / self.weeks), interactions.num_items)
        rise = (lately + 0.1) / (interactions.popularity + 0.1)
        self.trend = (rise**self.strength).astype(np.float32)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(np.maximum(self.model.scores(users), 0) * self.trend)

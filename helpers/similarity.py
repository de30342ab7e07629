"""How alike two things are, and which are the most alike.

Rows are the things compared: products × features, products × households, …  Dense arrays and
scipy's sparse matrices are both welcome.  Policies that hold everywhere:

* a row of zeros is like nothing: its cosine, Jaccard and Dice are 0, also with itself;
* a constant row has no correlation: its Pearson is 0;
* nan or infinity in the input is an error that names the row;
* ties are settled by the lower column.  Columns of our data are in the order of a hash, so the
  order says nothing about the items.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import rel_entr

Rows = Any  # a dense array or a scipy sparse matrix (n, d): static types cannot say "either" well
Floats = NDArray[np.float64]


def as_rows(X: Rows) -> Any:
    """Check the input and return it as a float array (n, d), or as `csr_array` if sparse.

    Raises
    ------
    ValueError : not two-dimensional; nan or infinity (the first such row is named).

    Examples
    --------
    >>> as_rows([[1, 2]])
    array([[1., 2.]])
    """
    rows = sparse.csr_array(X) if sparse.issparse(X) else np.asarray(X)
    if rows.ndim != 2:
        raise ValueError(f"expected a table of rows (n, d), got shape {rows.shape}: add an axis")
    if rows.dtype not in (np.float32, np.float64):
        rows = rows.astype(np.float64)
    with np.errstate(invalid="ignore"):  # nan * 0 and infinity * 0 are nan, all else is 0
        broken = np.flatnonzero(np.isnan((rows * 0).sum(axis=1)))
    if broken.size:
        raise ValueError(f"row {broken[0]} holds nan or infinity: fill or drop it first")
    return rows


def pair(X: Rows, Y: Rows | None = None) -> tuple[Any, Any]:
    """Check two tables that are to be compared: both dense or both sparse, Y = X when absent.

    Raises
    ------
    ValueError : different numbers of columns; nan or infinity.

    Examples
    --------
    >>> X, Y = pair([[1, 0], [0, 1]])
    >>> X is Y
    True
    """
    X = as_rows(X)
    Y = X if Y is None else as_rows(Y)
    if X.shape[1] != Y.shape[1]:
        raise ValueError(
            f"rows of {X.shape[1]} and of {Y.shape[1]} columns cannot be compared: "
            "both tables need the same columns in the same order"
        )
    if sparse.issparse(X) != sparse.issparse(Y):
        X, Y = sparse.csr_array(X), sparse.csr_array(Y)
    return X, Y


def dense(matrix: Any) -> Any:
    """A plain array, whether the matrix was sparse or not.

    >>> dense(sparse.csr_array([[0, 1]]))
    array([[0, 1]])
    """
    return matrix.toarray() if sparse.issparse(matrix) else matrix


def normalize_rows(X: Rows) -> Any:
    """Divide each row by its length, so that the dot product of two rows is their cosine.

    Returns
    -------
    (n, d), sparse if X is; a row of zeros stays zero.

    Examples
    --------
    >>> normalize_rows([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    X = as_rows(X)
    length = np.sqrt((X * X).sum(axis=1))
    scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    return sparse.diags_array(scale) @ X


def cosine(X: Rows, Y: Rows | None = None) -> Floats:
    """Cosine of the angle between rows: x·y / (|x| |y|); 0 for a row of zeros.

    Parameters
    ----------
    X : (n_x, d).   Y : (n_y, d), X when absent.

    Returns
    -------
    (n_x, n_y) in [-1, 1].

    Raises
    ------
    ValueError : as in `pair`.

    References
    ----------
    Salton & McGill (1983), *Introduction to Modern Information Retrieval*, chapter 4.

    Examples
    --------
    >>> cosine([[3, 4]], [[4, 3], [-3, -4], [0, 0]])  # 24 / 25, opposite, nothing
    array([[ 0.96, -1.  ,  0.  ]])
    """
    X, Y = pair(X, Y)
    product = normalize_rows(X) @ normalize_rows(Y).T
    return np.asarray(dense(product))


def jaccard(X: Rows, Y: Rows | None = None) -> Floats:
    """Shared columns over all columns of the two rows; only zero or not zero counts.

    Returns
    -------
    (n_x, n_y) in [0, 1]; two empty rows give 0.  1 - Jaccard is a distance.

    Raises
    ------
    ValueError : as in `pair`.

    References
    ----------
    Jaccard (1912), "The distribution of the flora in the alpine zone", New Phytologist 11(2).

    Examples
    --------
    >>> jaccard([[1, 1, 0, 5]], [[1, 0, 1, 2]])  # 2 shared of 4
    array([[0.5]])
    """
    X, Y = pair(X, Y)
    both = dense((X != 0).astype(float) @ (Y != 0).astype(float).T)
    either = (X != 0).sum(axis=1)[:, None] + (Y != 0).sum(axis=1) - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0))


def dice(X: Rows, Y: Rows | None = None) -> Floats:
    """Twice the shared columns over the sizes of both rows; only zero or not zero counts.

    Returns
    -------
    (n_x, n_y) in [0, 1]; two empty rows give 0.  Equals 2 J / (1 + J) of Jaccard's J.

    Raises
    ------
    ValueError : as in `pair`.

    References
    ----------
    Dice (1945), "Measures of the amount of ecologic association between species", Ecology 26(3).

    Examples
    --------
    >>> dice([[1, 1, 0, 5]], [[1, 0, 0, 0]])  # 2 * 1 / (3 + 1)
    array([[0.5]])
    """
    X, Y = pair(X, Y)
    both = dense((X != 0).astype(float) @ (Y != 0).astype(float).T)
    sizes = (X != 0).sum(axis=1)[:, None] + (Y != 0).sum(axis=1)
    return np.asarray(np.divide(2 * both, sizes, out=np.zeros_like(both), where=sizes > 0))


def euclidean(X: Rows, Y: Rows | None = None) -> Floats:
    """Straight-line distance between rows: the root of the summed squared differences.

    Subtracts before it squares, so rows that are equal are at distance exactly 0; takes time
    n_x · n_y · d.  For the neighbours of many rows use `top_k` on normalised rows instead: there
    |x - y|² = 2 - 2 cos, so both put the rows in the same order.

    Returns
    -------
    (n_x, n_y) distances, in the unit of the columns.

    Raises
    ------
    ValueError : as in `pair`.

    Examples
    --------
    >>> euclidean([[0, 0]], [[3, 4], [0, 0]])
    array([[5., 0.]])
    """
    X, Y = (dense(rows) for rows in pair(X, Y))
    return np.array([np.sqrt(((x - Y) ** 2).sum(axis=1)) for x in X]).reshape(len(X), len(Y))


def manhattan(X: Rows, Y: Rows | None = None) -> Floats:
    """City-block distance between rows: the summed absolute differences.

    Returns
    -------
    (n_x, n_y) distances, in the unit of the columns; takes time n_x · n_y · d.

    Raises
    ------
    ValueError : as in `pair`.

    Examples
    --------
    >>> manhattan([[0, 0]], [[3, 4], [0, -1]])
    array([[7., 1.]])
    """
    X, Y = (dense(rows) for rows in pair(X, Y))
    return np.array([np.abs(x - Y).sum(axis=1) for x in X]).reshape(len(X), len(Y))


def pearson(X: Rows, Y: Rows | None = None) -> Floats:
    """Correlation of rows: the cosine after the mean of each row is taken away.

    Zeros count as values: in a matrix of purchases "not bought" takes part in the mean.

    Returns
    -------
    (n_x, n_y) in [-1, 1]; a constant row gives 0.

    Raises
    ------
    ValueError : as in `pair`.

    References
    ----------
    Pearson (1896), "Regression, heredity, and panmixia", Phil. Trans. A 187.

    Examples
    --------
    >>> pearson([[1, 2, 3]], [[5, 7, 9], [3, 2, 1], [4, 4, 4]]).round(12)
    array([[ 1., -1.,  0.]])
    """
    X, Y = (dense(rows) for rows in pair(X, Y))
    X, Y = X - X[:, :1], Y - Y[:, :1]  # a constant row is now exactly zero
    return cosine(X - X.mean(axis=1, keepdims=True), Y - Y.mean(axis=1, keepdims=True))


def distributions(X: Rows) -> Floats:
    """Divide each row by its sum, so that it can be read as probabilities.

    Raises
    ------
    ValueError : a negative number, or a row that sums to 0 (the row is named).

    Examples
    --------
    >>> distributions([[1, 3]])
    array([[0.25, 0.75]])
    """
    X = dense(as_rows(X)).astype(float)
    wrong = np.flatnonzero((X < 0).any(axis=1) | (X.sum(axis=1) == 0))
    if wrong.size:
        raise ValueError(f"row {wrong[0]} is no distribution: it needs numbers >= 0, sum above 0")
    return np.asarray(X / X.sum(axis=1, keepdims=True))


def kl_divergence(X: Rows, Y: Rows | None = None) -> Floats:
    """Kullback–Leibler divergence: sum of p log(p / q), natural logarithm.

    Rows are divided by their sums.  Where p = 0 the term is 0; where p > 0 and q = 0 the
    divergence is infinite.  It is not symmetric: row of X first.

    Returns
    -------
    (n_x, n_y) >= 0, in nats, possibly infinite.

    Raises
    ------
    ValueError : as in `pair` and `distributions`.

    References
    ----------
    Kullback & Leibler (1951), "On information and sufficiency", Ann. Math. Stat. 22(1).

    Examples
    --------
    >>> kl_divergence([[1, 1]], [[1, 3], [1, 0]])  # 0.5 ln 2 + 0.5 ln(2/3)
    array([[0.14384104,        inf]])
    """
    P, Q = (distributions(rows) for rows in pair(X, Y))
    return np.array([rel_entr(p, Q).sum(axis=1) for p in P]).reshape(len(P), len(Q))


def js_divergence(X: Rows, Y: Rows | None = None) -> Floats:
    """Jensen–Shannon divergence: mean KL divergence of both rows from their middle.

    Symmetric and always finite; its square root is a distance.

    Returns
    -------
    (n_x, n_y) in [0, ln 2], in nats.

    Raises
    ------
    ValueError : as in `pair` and `distributions`.

    References
    ----------
    Lin (1991), "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory 37(1).

    Examples
    --------
    >>> js_divergence([[1, 0]], [[0, 1], [2, 0]])  # nothing shared: ln 2
    array([[0.69314718, 0.        ]])
    """
    P, Q = (distributions(rows) for rows in pair(X, Y))
    middle = [(p + Q) / 2 for p in P]
    both = [rel_entr(p, m) + rel_entr(Q, m) for p, m in zip(P, middle, strict=True)]
    halves = np.array([terms.sum(axis=1) / 2 for terms in both]).reshape(len(P), len(Q))
    return np.asarray(np.clip(halves, 0, np.log(2)))


def cooccurrence(X: Rows) -> Any:
    """How many rows hold both columns: baskets × items in, items × items out.

    Only zero or not zero counts.  The diagonal holds how many rows hold the item.

    Returns
    -------
    csr_array (n_cols, n_cols) of whole numbers, symmetric.

    Raises
    ------
    ValueError : as in `as_rows`.

    Examples
    --------
    >>> cooccurrence([[1, 1, 0], [2, 1, 0], [0, 1, 1]]).toarray()
    array([[2, 2, 0],
           [2, 3, 1],
           [0, 1, 1]])
    """
    held = sparse.csr_array(as_rows(X) != 0).astype(np.int64)
    return sparse.csr_array(held.T @ held)


def conditional_probability(counts: Any) -> Any:
    """P(j | i): the share of the baskets with i that also hold j.

    Parameters
    ----------
    counts : csr (n, n) from `cooccurrence`.

    Returns
    -------
    csr_array (n, n) in [0, 1], row i, column j; not symmetric; an item never bought has zeros.

    Examples
    --------
    >>> conditional_probability(cooccurrence([[1, 1], [0, 1]])).toarray()
    array([[1. , 1. ],
           [0.5, 1. ]])
    """
    counts = sparse.csr_array(counts).astype(float)
    times = counts.diagonal()
    share = np.divide(1, times, out=np.zeros_like(times), where=times > 0)
    return sparse.diags_array(share) @ counts


def lift(counts: Any, num_baskets: int, shrinkage: float = 0.0) -> Any:
    """How many times more often a pair is bought together than chance would have it.

    lift = (C_ij + s) / (E_ij + s),  E_ij = C_ii C_jj / num_baskets.  The shrinkage s is a number
    of made-up baskets that agree with chance: it pulls rare pairs towards 1.

    Parameters
    ----------
    counts : csr (n, n) from `cooccurrence`.   num_baskets : rows that were counted.
    shrinkage : s >= 0, in baskets.

    Returns
    -------
    csr_array (n, n), symmetric; pairs never seen together are not stored (0).

    Raises
    ------
    ValueError : shrinkage < 0, or fewer baskets than an item's count.

    References
    ----------
    Brin et al. (1997), "Dynamic itemset counting", SIGMOD (lift, there "interest"); shrinkage:
    Norén, Hopstadius & Bate (2013), "Shrinkage observed-to-expected ratios", Stat. Methods Med.
    Res. 22(1); it is the posterior mean of a Gamma(s, s)-Poisson model, as in DuMouchel (1999).

    Examples
    --------
    Two of four baskets hold both; by chance 2 * 3 / 4 = 1.5 would.

    >>> C = cooccurrence([[1, 1], [1, 1], [0, 1], [0, 0]])
    >>> lift(C, 4).toarray().round(3)
    array([[2.   , 1.333],
           [1.333, 1.333]])
    """
    pairs, times = sparse.coo_array(counts), counts.diagonal().astype(float)
    if shrinkage < 0 or num_baskets < times.max(initial=0):
        raise ValueError(
            f"num_baskets={num_baskets}, shrinkage={shrinkage}: shrinkage must be >= 0 and "
            f"num_baskets at least {times.max(initial=0):.0f}, the count of the commonest item"
        )
    expected = times[pairs.row] * times[pairs.col] / num_baskets
    ratio = (pairs.data + shrinkage) / (expected + shrinkage)
    return sparse.csr_array((ratio, (pairs.row, pairs.col)), shape=pairs.shape)


def pmi(counts: Any, num_baskets: int, shrinkage: float = 0.0) -> Any:
    """Pointwise mutual information: the natural logarithm of `lift`.

    Above 0: bought together more often than chance; below 0: less often.

    Returns
    -------
    csr_array (n, n), in nats, symmetric; pairs never seen together are not stored, so they read
    as 0 although their PMI is minus infinity (without shrinkage).

    Raises
    ------
    ValueError : as in `lift`.

    References
    ----------
    Church & Hanks (1990), "Word association norms, mutual information, and lexicography",
    Computational Linguistics 16(1).

    Examples
    --------
    >>> C = cooccurrence([[1, 1], [1, 1], [0, 1], [0, 0]])
    >>> pmi(C, 4).toarray().round(3)  # ln(4/3) = 0.288
    array([[0.693, 0.288],
           [0.288, 0.288]])
    """
    ratio = lift(counts, num_baskets, shrinkage)
    ratio.data = np.log(ratio.data)
    return ratio


def as_counts(X: Rows) -> Any:
    """A csr_array of counts: `as_rows`, and no number below 0.

    Raises
    ------
    ValueError : a negative number (the first such row is named), or as in `as_rows`.

    >>> as_counts([[0, 2]]).toarray()
    array([[0., 2.]])
    """
    X = sparse.csr_array(as_rows(X))
    negative = np.flatnonzero(dense((X < 0).sum(axis=1)))
    if negative.size:
        raise ValueError(f"row {negative[0]} holds a negative count: counts must be >= 0")
    return X


def tfidf(X: Rows) -> Any:
    """Weight the counts of terms (columns) in documents (rows): rare terms count more.

    weight = count · (ln((1 + n) / (1 + df)) + 1), n documents, df of them hold the term.  Rows
    are not normalised.  Equals scikit-learn's ``TfidfTransformer(norm=None)``.

    Returns
    -------
    csr_array of the shape of X.

    Raises
    ------
    ValueError : negative count, nan or infinity.

    References
    ----------
    Spärck Jones (1972), "A statistical interpretation of term specificity", J. Documentation
    28(1); smoothed as scikit-learn documents it.

    Examples
    --------
    Term 0 is in both documents (ln(3/3) + 1 = 1), term 1 in one (ln(3/2) + 1 = 1.405).

    >>> tfidf([[2, 0], [1, 1]]).toarray().round(3)
    array([[2.   , 0.   ],
           [1.   , 1.405]])
    """
    X = as_counts(X)
    document_frequency = (X != 0).sum(axis=0)
    idf = np.log((1 + X.shape[0]) / (1 + document_frequency)) + 1
    return sparse.csr_array(X @ sparse.diags_array(idf))


def bm25(X: Rows, k1: float = 1.2, b: float = 0.75) -> Any:
    """Weight the counts of terms in documents so that repeating a term counts less and less.

    weight = idf · count / (count + k1 · (1 - b + b · length / mean length)),
    idf = ln(1 + (n - df + 0.5) / (df + 0.5)); the length of a document is the sum of its row.

    Parameters
    ----------
    X : (n, d) counts.   k1 : how slowly repeats saturate, >= 0.   b : in [0, 1], how much a long
    document is held against its terms.

    Returns
    -------
    csr_array of the shape of X.

    Raises
    ------
    ValueError : k1 < 0, b outside [0, 1], negative count, nan or infinity.

    References
    ----------
    Robertson & Zaragoza (2009), "The probabilistic relevance framework: BM25 and beyond",
    equation 3.15; idf and the missing factor k1 + 1 as in Lucene: Kamphuis et al. (2020), "Which
    BM25 do you mean?", ECIR.

    Examples
    --------
    Both documents are of mean length, so the weight is idf · count / (count + 1.2).

    >>> bm25([[2, 0], [1, 1]]).toarray().round(3)  # idf: ln 1.2 and ln 2
    array([[0.114, 0.   ],
           [0.083, 0.315]])
    """
    if k1 < 0 or not 0 <= b <= 1:
        raise ValueError(f"k1={k1}, b={b}: k1 must be >= 0 and b between 0 and 1")
    counts = as_counts(X).tocoo()
    length, document_frequency = counts.sum(axis=1), (counts.tocsr() != 0).sum(axis=0)
    idf = np.log(1 + (len(length) - document_frequency + 0.5) / (document_frequency + 0.5))
    penalty = k1 * (1 - b + b * length / max(length.mean(), 1e-300))
    weight = idf[counts.col] * counts.data / (counts.data + penalty[counts.row])
    return sparse.csr_array((weight, (counts.row, counts.col)), shape=counts.shape)


# The search harness: not shown line by line in the book, so speed may cost a few lines here.


def check_k(k: int, available: int) -> None:
    """Raise ValueError unless 1 <= k <= available.

    >>> check_k(3, 3)
    """
    if k < 1:
        raise ValueError(f"k={k}: ask for at least one item, k >= 1")
    if k > available:
        raise ValueError(f"k={k} is larger than the {available} items to choose from: lower k")


def top_k(
    queries: Rows, items: Rows, k: int, *, exclude_self: bool = False, memory_mb: float = 64
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k items with the largest dot product for each query (simple version).

    >>> top_k([[1.0, 0.0]], [[0.6, 0.8], [1.0, 0.0], [0.8, 0.6]], 2)
    (array([[1, 2]]), array([[1. , 0.8]], dtype=float32))
    """
    queries, items = pair(queries, items)
    check_k(k, items.shape[0] - exclude_self)
    block = max(1, int(memory_mb * 1e6 / (items.shape[0] * 40)))
    found = []
    for start in range(0, queries.shape[0], block):
        scores = dense(queries[start : start + block] @ items.T).astype(np.float32)
        if exclude_self:
            scores[np.arange(len(scores)), start + np.arange(len(scores))] = -np.inf
        found.append(top_k_scores(scores, k))
    if not found:
        return np.empty((0, k), np.int64), np.empty((0, k), np.float32)
    return np.concatenate([i for i, _ in found]), np.concatenate([s for _, s in found])


def top_k_scores(
    scores: NDArray[Any], k: int, *, exclude: Any = None
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The k largest of each row of a score block, lower column first among equals.

    >>> top_k_scores(np.array([[0.5, 0.9, 0.5]]), 2)
    (array([[1, 0]]), array([[0.9, 0.5]]))
    """
    scores = np.array(scores)
    check_k(k, scores.shape[1])
    if exclude is not None:
        scores[sparse.csr_array(exclude).nonzero()] = -np.inf
    indices = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, indices, axis=1)
    return np.where(np.isneginf(best), -1, indices), best

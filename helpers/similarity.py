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

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
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
    with np.errstate(invalid="ignore", over="ignore"):  # a quick look, then a close one
        suspect = np.flatnonzero(~np.isfinite(rows @ np.ones(rows.shape[1], rows.dtype)))
    broken = suspect[~np.isfinite(dense(rows[suspect])).all(axis=1)]
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

Found = tuple[NDArray[np.int64], NDArray[Any]]
SMALL = 1_000_000  # scores below which loading the compiled kernels takes longer than they save
BLOCK_MB = 32  # larger blocks gain nothing; smaller ones make the matrix product repack the items
FALLBACK_BYTES = 64  # the numpy twin needs so many bytes of scratch for each score of a block


def top_k(
    queries: Rows, items: Rows, k: int, *, exclude_self: bool = False, memory_mb: float = 64
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k items with the largest dot product for each query, exactly.

    For cosine, call `normalize_rows` on both first.  Rows are taken as float32 and products are
    summed in float64 and rounded to float32: what is returned does not depend on the block size,
    the number of threads or the library of matrix products.  Scores equal in float32 are ties:
    the lower column comes first.

    Dense rows: a float32 matrix product finds all items that may be among the k best (within
    the bound of its rounding error), and only those are computed exactly.  If one of both is
    sparse, both are treated as sparse, and only entries that meet are multiplied.

    Parameters
    ----------
    queries : (n, d).   items : (num_items, d).   k : from 1 to num_items.
    exclude_self : query i is item i and must not find itself (then k < num_items).
    memory_mb : limit, in 10**6 bytes, for the scratch memory besides float32 copies of the input
        and the answer; at least one row of scores is always held.

    Returns
    -------
    indices : (n, k) columns, best first.   scores : (n, k) float32.

    Raises
    ------
    ValueError : k < 1 or too large; different columns; nan, infinity or numbers whose products
        overflow float32; `exclude_self` with queries that are not the items.

    References
    ----------
    Gustavson (1978), "Two fast algorithms for sparse matrices", ACM TOMS 4(3); error bound of a
    dot product: Higham (2002), *Accuracy and Stability of Numerical Algorithms*, section 3.1.

    Examples
    --------
    >>> top_k([[1.0, 0.0]], [[0.6, 0.8], [1.0, 0.0], [0.8, 0.6]], 2)
    (array([[1, 2]]), array([[1. , 0.8]], dtype=float32))
    """
    queries, items = pair(queries, None if queries is items else items)
    check_k(k, items.shape[0] - exclude_self)
    if exclude_self and queries.shape[0] != items.shape[0]:
        raise ValueError(
            f"exclude_self needs the items as queries: {queries.shape[0]} queries, "
            f"{items.shape[0]} items"
        )
    search = sparse_top_k if sparse.issparse(items) else dense_top_k
    return search(queries, items, k, exclude_self, int(memory_mb * 1e6))


def top_k_scores(scores: NDArray[Any], k: int, *, exclude: Any = None) -> Found:
    """The k largest of each row of a ready block of scores, lower column first among equals.

    Parameters
    ----------
    scores : (n, num_items) float32 or float64; -infinity means "never".
    k : from 1 to num_items.   exclude : sparse (n, num_items), its non-zeros are never returned.

    Returns
    -------
    indices : (n, k) columns, best first.   scores : (n, k) in the type of `scores`.
    A slot that cannot be filled holds -1 and -infinity.

    Raises
    ------
    ValueError : k < 1 or too large; nan or +infinity (the row is named); a mask of another shape.

    Examples
    --------
    >>> block = np.array([[0.5, 0.9, 0.5]])
    >>> top_k_scores(block, 2)
    (array([[1, 0]]), array([[0.9, 0.5]]))
    >>> top_k_scores(block, 2, exclude=sparse.csr_array([[1, 1, 0]]))
    (array([[ 2, -1]]), array([[ 0.5, -inf]]))
    """
    scores = np.asarray(scores)
    scores = scores if scores.dtype in (np.float32, np.float64) else scores.astype(float)
    if scores.ndim != 2 or (exclude is not None and exclude.shape != scores.shape):
        raise ValueError(
            f"scores {scores.shape} must be a table of queries × items, and the mask of excluded "
            f"columns of the same shape, not {getattr(exclude, 'shape', None)}"
        )
    check_k(k, scores.shape[1])
    mask = sparse.csr_array(scores.shape if exclude is None else exclude) != 0
    kernels, found = compiled(scores.size), empty_answer(len(scores), k, scores.dtype)
    rows = -(-len(scores) // 8) or 1
    if kernels is None:
        rows = block_rows(scores.shape[1], 16_000_000, FALLBACK_BYTES)

    def work(r: slice) -> None:
        pick(kernels, scores[r], mask[r], r.start, found[0][r], found[1][r])

    in_threads(work, len(scores), rows)
    return found


def check_k(k: int, available: int) -> None:
    """Raise ValueError unless 1 <= k <= available.

    >>> check_k(3, 3)
    """
    if k < 1:
        raise ValueError(f"k={k}: ask for at least one item, k >= 1")
    if k > available:
        raise ValueError(f"k={k} is larger than the {available} items to choose from: lower k")


def check_scores(block: NDArray[Any], first_row: int) -> None:
    """Raise ValueError if a score is nan or +infinity; the row is named."""
    if block.size and not block.max() < np.inf:  # max hands nan on
        row = first_row + int(np.flatnonzero(~(block < np.inf).all(axis=1))[0])
        raise ValueError(f"row {row} of scores holds nan or infinity: only -infinity may be there")


def empty_answer(num_rows: int, k: int, dtype: Any) -> Found:
    """Arrays to be filled with columns and scores."""
    return np.empty((num_rows, k), np.int64), np.empty((num_rows, k), dtype)


def block_rows(num_items: int, memory: int, bytes_per_score: int) -> int:
    """How many rows of scores fit into the memory; at least one."""
    return max(1, memory // (bytes_per_score * max(1, num_items)))


def compiled(num_scores: int) -> Any:
    """The module of compiled kernels, or None: not installed, switched off, or not worth it."""
    if num_scores < SMALL or os.environ.get("ALIKE_NO_NUMBA") == "1":
        return None
    try:
        from helpers import _kernels
    except (ImportError, RuntimeError):  # RuntimeError: numba finds no folder for its cache
        return None
    return _kernels


def in_threads(work: Callable[[slice], None], num_rows: int, piece: int) -> None:
    """Run `work` on pieces of the rows, on all cores this process may use."""
    pieces = [slice(start, min(num_rows, start + piece)) for start in range(0, num_rows, piece)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if len(pieces) < 2 or cores == 1:
        for rows in pieces:
            work(rows)
        return
    list(threads(os.getpid(), cores or 1).map(work, pieces))


@cache
def threads(process: int, cores: int) -> ThreadPoolExecutor:
    """Threads are kept: starting them takes as long as a small search.  A fork needs its own."""
    return ThreadPoolExecutor(cores, thread_name_prefix=f"top-k-{process}")


def pick(kernels: Any, block: Any, mask: Any, first_row: int, indices: Any, best: Any) -> None:
    """Write the best of each row of a block, with kernels or without."""
    if kernels is None:
        check_scores(block, first_row)
        block = block.copy()
        block[mask.nonzero()] = -np.inf
        indices[:], best[:] = plain_pick(block, best.shape[1])
    elif kernels.score_rows(block, mask.indptr, mask.indices, indices, best) >= 0:
        check_scores(block, first_row)


def plain_pick(block: NDArray[Any], k: int) -> Found:
    """The same with numpy: all above the k-th value, and the first of those equal to it.

    >>> plain_pick(np.array([[1.0, 3.0, 1.0, 2.0]]), 3)
    (array([[1, 3, 0]]), array([[3., 2., 1.]]))
    """
    kth = np.partition(block, block.shape[1] - k, axis=1)[:, block.shape[1] - k, None]
    above, tied = block > kth, block == kth
    needed = k - above.sum(axis=1, keepdims=True)
    kept = above | (tied & (tied.cumsum(axis=1) <= needed))
    columns = kept.nonzero()[1].reshape(len(block), k)
    scores = np.take_along_axis(block, columns, axis=1)
    order = np.argsort(-scores, axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, axis=1)
    scores = np.take_along_axis(scores, order, axis=1)
    return np.where(np.isneginf(scores), -1, columns), scores


def as_float32(rows: Any) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Dense rows as contiguous float32, and the length of each row."""
    small = np.ascontiguousarray(rows, dtype=np.float32)
    return small, np.sqrt(np.einsum("ij,ij->i", small, small).astype(np.float64))


def dense_top_k(
    queries: Any, items: Any, k: int, exclude_self: bool, memory: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`top_k` for dense rows: matrix product, block by block, then exact sums near the k-th."""
    items, lengths = as_float32(items)
    queries, query_lengths = as_float32(queries)
    longest = lengths.max(initial=0.0)
    if not query_lengths.max(initial=0.0) * longest < 1e38:
        raise ValueError("products of these rows overflow float32: scale or normalise the rows")
    num_features = items.shape[1]
    slack = 2.2 * num_features * (2.0**-24 * query_lengths * longest + 2.0**-126)
    kernels, found = compiled(len(queries) * len(items)), empty_answer(len(queries), k, np.float32)
    if kernels is None:
        rows = block_rows(len(items), memory, FALLBACK_BYTES)
    else:
        rows = block_rows(len(items), min(memory, BLOCK_MB * 1_000_000), 4)
    scratch = np.empty((min(rows, len(queries)), len(items)), np.float32)
    for start in range(0, len(queries), rows):
        part = slice(start, min(len(queries), start + rows))
        rough = scratch[: part.stop - start]
        np.matmul(queries[part], items.T, out=rough)
        if exclude_self:
            rough[np.arange(len(rough)), np.arange(start, part.stop)] = -np.inf
        refine(kernels, rough, queries[part], items, slack[part], found[0][part], found[1][part])
    return found


def refine(
    kernels: Any, rough: Any, queries: Any, items: Any, slack: Any, indices: Any, best: Any
) -> None:
    """Write the exact best of each row of rough products: those within `slack` of the k-th."""
    k = best.shape[1]
    if kernels is None:
        kth = np.partition(rough, rough.shape[1] - k, axis=1)[:, rough.shape[1] - k]
        row, column = np.nonzero(rough >= (kth - slack)[:, None])
        rough[:] = -np.inf
        rough[row, column] = exact_dots(queries, items, row, column)
        indices[:], best[:] = plain_pick(rough, k)
        return

    def work(r: slice) -> None:
        kernels.dense_rows(rough[r], queries[r], items, slack[r], indices[r], best[r])

    in_threads(work, len(rough), -(-len(rough) // 8))


def exact_dots(
    queries: Any, items: Any, row: NDArray[Any], column: NDArray[Any]
) -> NDArray[np.float32]:
    """Dot products of chosen pairs: float64 sums over eight lanes, rounded to float32.

    The product of two float32 numbers is exact in float64, and the order of the sum is fixed,
    so the compiled twin gets the same bits.
    """
    out = np.empty(len(row), np.float32)
    for start in range(0, len(row), 65536):
        part = slice(start, start + 65536)
        x, y = row[part], column[part]
        lanes = np.zeros((len(x), 8))
        for j in range(0, items.shape[1], 8):
            terms = queries[x, j : j + 8].astype(np.float64) * items[y, j : j + 8]
            lanes[:, : terms.shape[1]] += terms
        pairs = lanes[:, ::2] + lanes[:, 1::2]
        out[part] = (pairs[:, 0] + pairs[:, 1]) + (pairs[:, 2] + pairs[:, 3])
    return out


def sparse_top_k(
    queries: Any, items: Any, k: int, exclude_self: bool, memory: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`top_k` for sparse rows: sums in float64 in the order in which the query is stored."""
    queries, by_feature = queries.astype(np.float32), items.astype(np.float32).T.tocsr()
    num_items = items.shape[0]
    found = empty_answer(queries.shape[0], k, np.float32)
    kernels = compiled(queries.shape[0] * num_items)
    if kernels is None:
        plain_sparse(queries, by_feature, exclude_self, memory, found)
        return found

    def work(r: slice) -> None:
        kernels.sparse_rows(
            r.start, queries.indptr, queries.indices, queries.data,
            by_feature.indptr, by_feature.indices, by_feature.data,
            num_items, exclude_self, found[0][r], found[1][r],
        )  # fmt: skip

    in_threads(work, queries.shape[0], 256)
    return found


def plain_sparse(
    queries: Any, by_feature: Any, exclude_self: bool, memory: int, found: Found
) -> None:
    """The same with scipy's product, which adds in the same order, block by block."""
    by_feature = by_feature.astype(np.float64)
    rows = block_rows(by_feature.shape[1], memory, FALLBACK_BYTES)
    for start in range(0, queries.shape[0], rows):
        part = slice(start, start + rows)
        block = (queries[part].astype(np.float64) @ by_feature).toarray().astype(np.float32)
        if exclude_self:
            block[np.arange(len(block)), start + np.arange(len(block))] = -np.inf
        found[0][part], found[1][part] = plain_pick(block, found[1].shape[1])

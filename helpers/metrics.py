"""How good a ranking or a guess is: one number per query, vectorised over the queries.

`ranked` is an integer array (num_queries, length): item columns, best first, -1 = empty slot.
`truth` is sparse (num_queries, num_items): the gain (> 0) of each relevant item.  The definitions
are those of trec_eval (https://github.com/usnistgov/trec_eval).  What is not a matter of course:

=====================  ==========================================================================
empty truth            ``nan``: the query cannot be answered; `helpers.stats` skips it
list shorter than k    the missing places hold nothing; precision still divides by k
k longer than the list the same; `k=None` means the whole list
k < 1                  ValueError
ties                   settled by whoever ranked: `similarity.top_k` puts the lower column first.
                       Columns of our data are in the order of a hash, so this favours nobody
relevant               gain > 0; only NDCG looks at its size
item ranked twice      ValueError: it would be counted twice
=====================  ==========================================================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.stats import rankdata

Floats = NDArray[np.float64]


def check_ranking(ranked: ArrayLike, truth: Any, k: int | None) -> tuple[NDArray[Any], Any, int]:
    """Check a ranking and its truth; return (ranked, truth as sorted csr, k as a number).

    Raises
    ------
    ValueError : k < 1, shapes that do not fit, unknown item, item ranked twice, gain <= 0 or nan.

    >>> check_ranking([[2, 0]], sparse.csr_array([[0, 1.0, 0]]), None)[2]
    2
    """
    ranked, truth = np.asarray(ranked), sparse.csr_array(truth, dtype=float, copy=True)
    if ranked.ndim != 2 or ranked.dtype.kind not in "iu" or len(ranked) != truth.shape[0]:
        raise ValueError(
            f"ranked must hold whole numbers, one row for each of the {truth.shape[0]} queries of "
            f"truth; it is {ranked.dtype} of shape {ranked.shape}"
        )
    k = max(1, ranked.shape[1]) if k is None else k
    if k < 1:
        raise ValueError(f"k={k}: ask for at least one item, k >= 1")
    if ranked.size and (ranked.max() >= truth.shape[1] or ranked.min() < -1):
        raise ValueError(
            f"ranked holds columns {ranked.min()} to {ranked.max()}, truth has columns 0 to "
            f"{truth.shape[1] - 1}: use the same catalogue for both (-1 marks an empty slot)"
        )
    in_order = np.sort(ranked, axis=1)
    twice = ((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)).any(axis=1)
    if twice.any():
        raise ValueError(f"query {int(twice.argmax())} ranks an item twice: rank each item once")
    truth.sum_duplicates()
    truth.eliminate_zeros()
    if not (truth.data > 0).all() or np.isinf(truth.data).any():
        raise ValueError("truth holds a gain that is negative, nan or infinite: gains must be > 0")
    return ranked, truth, int(k)


def gains_at_k(
    ranked: ArrayLike, truth: Any, k: int | None = None
) -> tuple[Floats, NDArray[Any], int]:
    """Gain found at each of the first k places, how many items each query should find, and k.

    An item is looked up by one number, ``row * num_items + column``: the truth's numbers are in
    rising order, so one binary search serves all queries at once.

    Returns
    -------
    gains : (num_queries, k), 0 where the item is not relevant or the slot is empty.
    num_relevant : (num_queries,).
    k : the number of places; that of `ranked` when None was given.

    Raises
    ------
    ValueError : as in `check_ranking`.

    Examples
    --------
    >>> truth = sparse.csr_array([[0, 3.0, 0, 1.0]])
    >>> gains_at_k([[1, 0, 3]], truth, 3)[0]
    array([[3., 0., 1.]])
    """
    ranked, truth, k = check_ranking(ranked, truth, k)
    ranked, num_relevant = ranked[:, :k], np.diff(truth.indptr)
    first = np.arange(len(ranked), dtype=np.int64) * truth.shape[1]
    known = np.append(np.repeat(first, num_relevant) + truth.indices, -1)
    wanted = np.where(ranked >= 0, first[:, None] + ranked, -2)
    place = np.searchsorted(known[:-1], wanted)
    found = np.where(known[place] == wanted, np.append(truth.data, 0.0)[place], 0.0)
    return np.pad(found, ((0, 0), (0, k - found.shape[1]))), num_relevant, k


def per_query(total: NDArray[Any], base: NDArray[Any]) -> Floats:
    """Divide total by base, query by query; ``nan`` where base is 0 (empty truth).

    >>> per_query(np.array([1.0, 0.0]), np.array([2, 0]))
    array([0.5, nan])
    """
    return np.asarray(np.divide(total, base, out=np.full(len(base), np.nan), where=base > 0))


def precision_at_k(ranked: ArrayLike, truth: Any, k: int) -> Floats:
    """Share of the first k places that hold a relevant item (trec_eval: ``P_k``).

    Parameters
    ----------
    ranked : (num_queries, length) columns, best first, -1 = empty.   truth : csr of gains.

    Returns
    -------
    (num_queries,) in [0, 1]; divides by k even when the list is shorter; nan for empty truth.

    Raises
    ------
    ValueError : as in `check_ranking`.

    Examples
    --------
    >>> precision_at_k([[1, 0, 3]], sparse.csr_array([[0, 1, 1, 1]]), 2)
    array([0.5])
    """
    gains, num_relevant, k = gains_at_k(ranked, truth, k)
    return per_query((gains > 0).sum(axis=1) / k, num_relevant > 0)


def recall_at_k(ranked: ArrayLike, truth: Any, k: int, capped: bool = False) -> Floats:
    """Share of the relevant items that are among the first k places (``recall_k``).

    With `capped` the denominator is min(k, number of relevant items), so that 1 can be reached.

    Returns
    -------
    (num_queries,) in [0, 1]; nan for empty truth.

    Raises
    ------
    ValueError : as in `check_ranking`.

    Examples
    --------
    >>> recall_at_k([[1, 0, 3]], sparse.csr_array([[0, 1, 1, 1]]), 1).round(3)
    array([0.333])
    >>> recall_at_k([[1, 0, 3]], sparse.csr_array([[0, 1, 1, 1]]), 1, capped=True)
    array([1.])
    """
    gains, num_relevant, k = gains_at_k(ranked, truth, k)
    return per_query((gains > 0).sum(axis=1), np.minimum(num_relevant, k if capped else np.inf))


def hit_rate_at_k(ranked: ArrayLike, truth: Any, k: int) -> Floats:
    """1 if at least one relevant item is among the first k places, else 0 (``success_k``).

    Returns
    -------
    (num_queries,) of 0 and 1; nan for empty truth.

    Raises
    ------
    ValueError : as in `check_ranking`.

    Examples
    --------
    >>> hit_rate_at_k([[0, 1], [0, 2]], sparse.csr_array([[0, 1, 0], [0, 1, 0]]), 2)
    array([1., 0.])
    """
    gains, num_relevant, k = gains_at_k(ranked, truth, k)
    return per_query((gains > 0).max(axis=1), num_relevant > 0)


def reciprocal_rank(ranked: ArrayLike, truth: Any, k: int | None = None) -> Floats:
    """1 / place of the first relevant item, 0 if none is in the list (``recip_rank``).

    Returns
    -------
    (num_queries,) in [0, 1]; nan for empty truth.  Its mean is the MRR.

    Raises
    ------
    ValueError : as in `check_ranking`.

    References
    ----------
    Voorhees (1999), "The TREC-8 question answering track report", section 3.

    Examples
    --------
    >>> reciprocal_rank([[0, 2, 1]], sparse.csr_array([[0, 1, 0]]))
    array([0.33333333])
    """
    gains, num_relevant, k = gains_at_k(ranked, truth, k)
    found = np.where(gains > 0, 1 / np.arange(1, k + 1), 0.0)
    return per_query(found.max(axis=1), num_relevant > 0)


def average_precision(ranked: ArrayLike, truth: Any, k: int | None = None) -> Floats:
    """Mean of the precision at each relevant item; an item not found counts 0 (``map``).

    Returns
    -------
    (num_queries,) in [0, 1]; the sum is divided by the number of relevant items, whatever k
    (``map_cut_k``); nan for empty truth.

    Raises
    ------
    ValueError : as in `check_ranking`.

    References
    ----------
    Manning, Raghavan & Schütze (2008), *Introduction to Information Retrieval*, equation 8.8.

    Examples
    --------
    Relevant at places 1 and 3, one more never found: (1/1 + 2/3 + 0) / 3

    >>> average_precision([[1, 0, 3]], sparse.csr_array([[0, 1, 1, 1]])).round(4)
    array([0.5556])
    """
    gains, num_relevant, k = gains_at_k(ranked, truth, k)
    hits = gains > 0
    precision = hits.cumsum(axis=1) / np.arange(1, k + 1)
    return per_query((precision * hits).sum(axis=1), num_relevant)


def ndcg_at_k(ranked: ArrayLike, truth: Any, k: int) -> Floats:
    """Discounted gain of the first k places, as a share of the best that was possible.

    DCG = sum of gain / log2(place + 1).  The gain counts as given (linear); the ideal list holds
    the k largest gains of the truth (``ndcg_cut_k``).

    Returns
    -------
    (num_queries,) in [0, 1]; nan for empty truth.

    Raises
    ------
    ValueError : as in `check_ranking`.

    References
    ----------
    Järvelin & Kekäläinen (2002), "Cumulated gain-based evaluation of IR techniques", ACM TOIS
    20(4), with the discount log2(place + 1) of trec_eval.

    Examples
    --------
    The one relevant item at place 2: (1 / log2(3)) / (1 / log2(2))

    >>> ndcg_at_k([[0, 1]], sparse.csr_array([[0, 1, 0]]), 2).round(4)
    array([0.6309])
    """
    gains, _, k = gains_at_k(ranked, truth, k)
    discount = 1 / np.log2(np.arange(2, k + 2))
    return per_query(gains @ discount, ideal_gains(truth, k) @ discount)


def ideal_gains(truth: Any, k: int) -> Floats:
    """The k largest gains of each query, largest first, 0 where there are fewer.

    >>> ideal_gains(sparse.csr_array([[1.0, 0, 3.0]]), 3)
    array([[3., 1., 0.]])
    """
    truth = sparse.csr_array(truth, dtype=float, copy=True)
    truth.sum_duplicates()
    row = np.repeat(np.arange(truth.shape[0]), np.diff(truth.indptr))
    order = np.lexsort((-truth.data, row))
    place = np.arange(len(row)) - truth.indptr[row]
    ideal, kept = np.zeros((truth.shape[0], k)), place < k
    ideal[row[kept], place[kept]] = truth.data[order][kept]
    return ideal


def coverage(ranked: ArrayLike, num_items: int) -> float:
    """Share of the catalogue that appears in at least one list.

    Raises
    ------
    ValueError : num_items < 1, or a column beyond the catalogue.

    References
    ----------
    Ge, Delgado-Battenfeld & Jannach (2010), "Beyond accuracy", RecSys, section 2.

    Examples
    --------
    >>> coverage([[0, 1], [1, -1]], 4)
    0.5
    """
    shown = np.unique(np.asarray(ranked))
    if num_items < 1 or (shown.size and shown[-1] >= num_items):
        raise ValueError(f"num_items={num_items} is smaller than the columns in ranked need")
    return float((shown >= 0).sum() / num_items)


def novelty(ranked: ArrayLike, popularity: ArrayLike) -> Floats:
    """Mean surprise of the shown items in bits: -log2(share of all purchases).

    Parameters
    ----------
    ranked : (num_queries, length) columns, -1 = empty.
    popularity : (num_items,) purchases or buyers of each item; 0 counts as 1.

    Returns
    -------
    (num_queries,) bits; an empty list gives nan.

    Raises
    ------
    ValueError : negative popularity, or nothing bought at all.

    References
    ----------
    Zhou et al. (2010), "Solving the apparent diversity-accuracy dilemma of recommender systems",
    PNAS 107(10), "self-information".

    Examples
    --------
    >>> novelty([[0, 1], [1, 1]], [3, 1])  # bits of item 1: -log2(1/4) = 2
    array([1.20751875, 2.        ])
    """
    ranked, popularity = np.asarray(ranked), np.asarray(popularity, dtype=float)
    if not (popularity >= 0).all() or popularity.sum() == 0:
        raise ValueError("popularity must be counts >= 0 with at least one above 0")
    bits = -np.log2(np.maximum(popularity, 1) / popularity.sum())
    shown = ranked >= 0
    return per_query(np.where(shown, bits[ranked], 0).sum(axis=1), shown.sum(axis=1))


def gini(counts: ArrayLike) -> float:
    """Inequality of counts: 0 when all are equal, (n - 1) / n when one has everything.

    Raises
    ------
    ValueError : a negative count, or nothing counted at all.

    References
    ----------
    Gini (1912), in the rank form of Sen (1973), *On Economic Inequality*, section 2.7.

    Examples
    --------
    >>> gini([5, 5, 5, 5]), gini([0, 0, 0, 8])
    (0.0, 0.75)
    """
    counts = np.sort(np.asarray(counts, dtype=float).ravel())
    if not (counts >= 0).all() or counts.sum() == 0:
        raise ValueError("counts must be >= 0 with at least one above 0")
    place = np.arange(1, counts.size + 1)
    return float((2 * place - counts.size - 1) @ counts / (counts.size * counts.sum()))


def two_lists(y: ArrayLike, other: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both lists as arrays; ValueError unless they are non-empty and of one length.

    >>> two_lists([1, 0], [1, 1])
    (array([1, 0]), array([1, 1]))
    """
    y, other = np.asarray(y), np.asarray(other)
    if y.ndim != 1 or y.shape != other.shape or not y.size:
        raise ValueError(
            f"lists of shape {y.shape} and {other.shape}: give one guess for each true value, "
            "and at least one of them"
        )
    return y, other


def accuracy(y: ArrayLike, yhat: ArrayLike) -> float:
    """Share of guesses that equal the true label.

    Raises
    ------
    ValueError : lists of different length, or empty.

    Examples
    --------
    >>> accuracy([1, 0, 1, 1], [1, 0, 0, 1])
    0.75
    """
    y, yhat = two_lists(y, yhat)
    return float((y == yhat).mean())


def precision(y: ArrayLike, yhat: ArrayLike) -> float:
    """Share of the guessed positives that are positive; 0 if nothing was guessed positive.

    Parameters
    ----------
    y, yhat : (n,) of 0/1 or False/True: the true class and the guessed class.

    Raises
    ------
    ValueError : lists of different length, or empty.

    Examples
    --------
    >>> precision([1, 0, 1, 1], [1, 1, 0, 0])
    0.5
    """
    y, yhat = (labels.astype(bool) for labels in two_lists(y, yhat))
    return float((y & yhat).sum() / max(1, yhat.sum()))


def recall(y: ArrayLike, yhat: ArrayLike) -> float:
    """Share of the positives that were guessed positive; 0 if there are none.

    Raises
    ------
    ValueError : lists of different length, or empty.

    Examples
    --------
    >>> recall([1, 0, 1, 1, 1], [1, 1, 0, 0, 0])
    0.25
    """
    y, yhat = (labels.astype(bool) for labels in two_lists(y, yhat))
    return float((y & yhat).sum() / max(1, y.sum()))


def f1_score(y: ArrayLike, yhat: ArrayLike) -> float:
    """Harmonic mean of precision and recall: 2 * both / (guessed + true); 0 if both are none.

    Raises
    ------
    ValueError : lists of different length, or empty.

    References
    ----------
    van Rijsbergen (1979), *Information Retrieval*, chapter 7 (F with equal weights).

    Examples
    --------
    >>> f1_score([1, 0, 1, 1], [1, 1, 0, 0])
    0.4
    """
    y, yhat = (labels.astype(bool) for labels in two_lists(y, yhat))
    return float(2 * (y & yhat).sum() / max(1, y.sum() + yhat.sum()))


def roc_auc(y: ArrayLike, score: ArrayLike) -> float:
    """Chance that a positive gets a higher score than a negative; a tie counts one half.

    Raises
    ------
    ValueError : lists of different length, nan in score, or only one class in y.

    References
    ----------
    Hanley & McNeil (1982), "The meaning and use of the area under a ROC curve", Radiology 143.

    Examples
    --------
    Pairs (positive, negative): 0.9 > 0.5, 0.9 > 0.1, 0.4 < 0.5, 0.4 > 0.1: three of four.

    >>> roc_auc([1, 1, 0, 0], [0.9, 0.4, 0.5, 0.1])
    0.75
    """
    y, score = two_lists(y, score)
    positive = y.astype(bool)
    num_pairs = int(positive.sum()) * int((~positive).sum())
    if num_pairs == 0 or np.isnan(score).any():
        raise ValueError("roc_auc needs both classes in y and no nan in score")
    wins = rankdata(score)[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(wins / num_pairs)


def mae(y: ArrayLike, yhat: ArrayLike) -> float:
    """Mean absolute error, in the unit of y.

    Raises
    ------
    ValueError : lists of different length, or empty.

    Examples
    --------
    >>> mae([3, 5], [4, 2])
    2.0
    """
    y, yhat = two_lists(y, yhat)
    return float(np.abs(y.astype(float) - yhat).mean())


def rmse(y: ArrayLike, yhat: ArrayLike) -> float:
    """Root of the mean squared error, in the unit of y; large errors weigh more than in `mae`.

    Raises
    ------
    ValueError : lists of different length, or empty.

    Examples
    --------
    >>> rmse([3, 5, 0, 0], [4, 2, -1, 1])  # squares 1, 9, 1, 1: mean 3
    1.7320508075688772
    """
    y, yhat = two_lists(y, yhat)
    return float(np.sqrt(((y.astype(float) - yhat) ** 2).mean()))


def expected_at_random(
    metric: str, num_relevant: ArrayLike, num_items: int, k: int | None = None
) -> Floats:
    """Expectation of a metric when all orders of the catalogue are equally likely.

    Parameters
    ----------
    metric : "precision@k", "recall@k", "hr@k", "mrr", "ndcg@k" (all gains equal) or "ap".
    num_relevant : number of relevant items, one number or one per query (0 gives nan).
    num_items : items that are ranked (leave out those that were masked).
    k : length of the list; None = the whole catalogue.

    Returns
    -------
    Array of the shape of `num_relevant`.

    Raises
    ------
    ValueError : unknown metric, k < 1, or more relevant items than items.

    Notes
    -----
    With R relevant among N items, each place holds a relevant one with chance R / N, which gives
    precision, recall and NDCG.  The first r places hold none with chance S(r) = (N-R)/N *
    (N-R-1)/(N-1) * ... (r factors), which gives the hit rate and MRR.  For AP: given a relevant
    item at place r, each of the r - 1 places before it is relevant with chance (R-1) / (N-1).

    References
    ----------
    The hypergeometric argument of Bestgen (2015), "Exact expected average precision of the random
    baseline for system evaluation", The Prague Bulletin of Mathematical Linguistics 103.

    Examples
    --------
    One relevant item among four: it is at place 1 or 2 with chance 1/4 each.

    >>> float(expected_at_random("hr@k", 1, 4, 2)), float(expected_at_random("mrr", 1, 4, 2))
    (0.5, 0.375)
    """
    relevant, k = np.asarray(num_relevant, dtype=int), num_items if k is None else k
    if k < 1 or relevant.size and not 0 <= relevant.min() <= relevant.max() <= num_items:
        raise ValueError(f"k={k}: need k >= 1, and 0 to {num_items} relevant of {num_items} items")
    some, back = np.unique(relevant, return_inverse=True)
    place = np.arange(1, min(k, num_items) + 1)
    expected = [expected_one(metric, R, num_items, k, place) if R else np.nan for R in some]
    return np.array(expected)[back].reshape(relevant.shape)


def expected_one(metric: str, R: int, N: int, k: int, place: NDArray[Any]) -> float:
    """`expected_at_random` for one query; `place` is 1, 2, … up to min(k, N).

    >>> expected_one("precision@k", 1, 4, 2, np.array([1, 2]))
    0.25
    """
    none_yet = np.cumprod(np.append(1.0, np.maximum(N - R - place + 1, 0) / (N - place + 1)))
    first_here = -np.diff(none_yet)
    discount, ideal = 1 / np.log2(place + 1), 1 / np.log2(np.arange(2, min(k, R) + 2))
    before = (place - 1) * (R - 1) / max(1, N - 1)
    formulas = {
        "precision@k": R / N * len(place) / k,
        "recall@k": len(place) / N,
        "hr@k": 1 - none_yet[-1],
        "mrr": (first_here / place).sum(),
        "ndcg@k": R / N * discount.sum() / ideal.sum(),
        "ap": ((1 + before) / place).sum() / N,
    }
    if metric not in formulas:
        raise ValueError(f"unknown metric {metric!r}: choose one of {', '.join(formulas)}")
    return float(formulas[metric])

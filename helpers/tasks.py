"""The evaluation protocol: a fitted model goes in, one score for every query comes out.

Every task ranks the whole catalogue (no sampled negatives), asks the same questions of every
model and returns `Scores`; means and intervals are made from those. What defines a task is
hashed to its protocol id: rows with two protocols never share a table.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from helpers import metrics, stats
from helpers.data.catalogue import Catalogue
from helpers.data.fashion import NAMES, load_fashion
from helpers.data.interactions import Interactions
from helpers.data.queries import load_queries
from helpers.data.splits import (
    CATALOGUE_WEEKS,
    MIN_BUYERS,
    TRAIN_WEEKS,
    TRUTH_WEEKS,
    Part,
    without_sales,
)
from helpers.similarity import normalize_rows, top_k, top_k_scores

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]

K = 20
BLOCK = 512  # queries scored at a time: 512 x 8,254 float32 is 17 MB
MIN_BASKET = 3  # products a basket must hold before one is hidden
BASKETS_EACH = 3  # baskets asked of one household at most, so that no household rules the mean
COLD_SHARE = 0.15
RANKED_WHOLLY = 10  # every tenth picture is asked for the order of all others, which takes sorting
KIND_FOLDS = 3
FIRST_PAGE, SHORTLIST = 10, 50  # places that a shopper looks at, and that a second stage gets
LARGEST_COUPON = 50  # a coupon for more products than this names a department, not substitutes


class Recommender(Protocol):
    def scores(self, users: IntArray) -> FloatArray: ...


class Completer(Protocol):
    def complete(self, baskets: sparse.csr_array) -> FloatArray: ...


class Neighbours(Protocol):
    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]: ...


class Rater(Protocol):
    def fit(self, ratings: Interactions) -> "Rater": ...

    def predict(self, users: IntArray, items: IntArray) -> FloatArray: ...


@dataclass(frozen=True)
class Scores:
    """One score per query and metric.

    Attributes
    ----------
    task, part : which question, on which weeks.
    metrics : metric name -> (num_queries,) array; nan where a query has no truth.
    groups : (num_queries,) household of each query, resampled whole; None if independent.
    protocol : id of everything that defines the task.
    chance : metric name -> expectation of a random ranking, in closed form where there is one.
    folds : whether a value is the score of a whole fold; then intervals are Student's.
    """

    task: str
    part: str
    metrics: Mapping[str, FloatArray]
    groups: NDArray[Any] | None
    protocol: str
    chance: dict[str, float]
    folds: bool = False

    def interval(self, metric: str) -> stats.Interval:
        """Mean of a metric with its interval: bootstrap, or Student's over folds."""
        if self.folds:
            return stats.t_interval(self.metrics[metric])
        return stats.bootstrap(self.metrics[metric], self.groups)


def protocol_id(task: str, part: str, **settings: Any) -> str:
    """Hash what defines a task.

    >>> protocol_id("t", "valid", k=20) == protocol_id("t", "valid", k=20)
    True
    >>> protocol_id("t", "valid", k=20) == protocol_id("t", "valid", k=10)
    False
    """
    settings |= {
        "task": task,
        "part": part,
        "train": TRAIN_WEEKS[part],
        "truth": TRUTH_WEEKS[part],
        "catalogue": CATALOGUE_WEEKS,
        "min_buyers": MIN_BUYERS,
    }
    return digest(settings)


def digest(settings: dict[str, Any]) -> str:
    """Eight letters that change with any setting."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def complete_basket(model: Completer, part: Part) -> Scores:
    """From the rest of a basket, find the one product hidden from it.

    Metrics: hr@20, mrr, and hr@20 where the hidden product is of the rarer half (the products
    that fewer training baskets hold than half of the hidden ones).
    """
    rows = sample_baskets(part)
    held, hidden = hide_one(part.truth_baskets.matrix[rows], seed=1)
    truth = one_hot(hidden, part.catalogue.num_items)
    ranked = rank(lambda block: model.complete(held[block]), len(rows), held)
    hit = metrics.hit_rate_at_k(ranked, truth, K)
    count = part.train_baskets.popularity[hidden]
    found = {
        "hr@20": hit,
        "mrr": metrics.reciprocal_rank(ranked, truth, K),
        "hr@20 rarer half": np.where(count < np.median(count), hit, np.nan),
    }
    chance = chance_of(["hr@20", "mrr"], truth, held)
    chance["hr@20 rarer half"] = chance["hr@20"]
    settings = {"k": K, "min_basket": MIN_BASKET, "each": BASKETS_EACH, "rule": 1}
    return make_scores(
        "complete_basket", part, found, part.basket_households[rows], chance, settings
    )


def goes_with(model: Completer, part: Part) -> Scores:
    """From one product, find the others of its basket. Metrics: recall@20, ndcg@20."""
    rows = sample_baskets(part)
    rest, given = hide_one(part.truth_baskets.matrix[rows], seed=2)
    one = one_hot(given, part.catalogue.num_items)
    ranked = rank(lambda block: model.complete(one[block]), len(rows), one)
    found = {
        "recall@20": metrics.recall_at_k(ranked, rest, K, capped=True),
        "ndcg@20": metrics.ndcg_at_k(ranked, rest, K),
    }
    settings = {"k": K, "min_basket": MIN_BASKET, "each": BASKETS_EACH, "capped": True}
    return make_scores(
        "goes_with",
        part,
        found,
        part.basket_households[rows],
        chance_of(found, rest, one),
        settings,
    )


def new_products(model: Recommender, part: Part) -> Scores:
    """Which products will a household buy for the first time? What it has is masked."""
    seen = part.train.matrix
    truth = without(part.truth.matrix, seen)
    users = askable(truth, seen)
    return ask_households("new_products", model, part, users, truth[users], seen[users])


def buy_again(model: Recommender, part: Part) -> Scores:
    """Which products will a household buy, repeats allowed? Nothing is masked."""
    truth = binary(part.truth.matrix)
    users = askable(truth, part.train.matrix)
    nothing = sparse.csr_array((len(users), truth.shape[1]))
    return ask_households("buy_again", model, part, users, truth[users], nothing)


def cold_part(part: Part, seed: int = 0) -> Part:
    """Take 15 % of the products out of the training lines, as if they were new on the shelf."""
    num_items = part.catalogue.num_items
    drawn = np.random.default_rng(seed).permutation(num_items)[: round(COLD_SHARE * num_items)]
    return without_sales(part, drawn)


def cold_start(model: Recommender, part: Part) -> Scores:
    """Rank products without a sale among themselves; ``part`` comes from `cold_part`.

    Raises
    ------
    ValueError : when ``part`` has no cold products.
    """
    if part.cold is None:
        raise ValueError("this part has no cold products: make one with tasks.cold_part(part)")
    warm = np.setdiff1d(np.arange(part.catalogue.num_items), part.cold)
    is_cold = np.isin(np.arange(part.catalogue.num_items), part.cold).astype(np.float32)
    truth = binary(part.truth.matrix @ sparse.diags_array(is_cold))
    users = askable(truth, part.train.matrix)
    mask = sparse.csr_array(np.isin(np.arange(truth.shape[1]), warm).astype(np.float32)[None])
    masked = sparse.csr_array(sparse.vstack([mask] * len(users)))
    return ask_households("cold_start", model, part, users, truth[users], masked)


def substitutes(model: Neighbours, part: Part) -> Scores:
    """Are a product's ten nearest neighbours interchangeable with it?

    Three labels that no behaviour model saw: the same department, category and type; the same
    manufacturer's coupon; the same product line. Each score divides by the smaller of ten and the
    number of true mates, so that one is always reachable; products without a mate are nan.
    """
    items = np.arange(part.catalogue.num_items)
    ranked = np.vstack([model.similar(block, 10)[0] for block in blocks(len(items))])
    labels = {
        "type precision@10": same_type(part),
        "coupon recall@10": same_coupon(part),
        "line recall@10": same_line(part),
    }
    found: dict[str, FloatArray] = {}
    chance: dict[str, float] = {}
    own = one_hot(items, len(items))
    for name, truth in labels.items():
        found[name] = metrics.recall_at_k(ranked, truth, 10, capped=True)
        chance |= chance_of([name], truth, own, k=10)
    settings = {"k": 10, "largest_coupon": LARGEST_COUPON, "capped": True}
    return make_scores("substitutes", part, found, None, chance, settings)


def ratings(
    make: Callable[[int], Rater], log: Interactions, fold: IntArray, part: str = "test"
) -> Scores:
    """How many stars does a person give a film? One score for each fold: rmse and mae, in stars.

    ``make(k)`` gives the unfitted model of fold k. On "test" it learns from the other folds and is
    asked about fold k. On "valid", where settings are chosen, it never sees fold k: it learns from
    nine tenths of the other folds and is asked about the rest. Guesses are clipped to 1..5 stars.
    The floor that stands in ``chance`` is the mean of the stars learned from.
    """
    names = ("rmse", "mae")
    found, floor = np.zeros((2, fold.max() + 1)), np.zeros((2, fold.max() + 1))
    for k in range(fold.max() + 1):
        learn, ask = learn_and_ask(fold, k, part)
        train, asked = log.select(learn), log.events[ask]
        users, items, stars = (asked[c].to_numpy() for c in ("user", "item", "weight"))
        guess = make(k).fit(train).predict(users, items).clip(1, 5)
        flat = np.full(len(stars), train.events["weight"].mean())
        found[:, k] = metrics.rmse(stars, guess), metrics.mae(stars, guess)
        floor[:, k] = metrics.rmse(stars, flat), metrics.mae(stars, flat)
    settings = {"task": "ratings", "part": part, "fold": fold.tolist(), "clip": [1, 5]}
    chance = dict(zip(names, floor.mean(axis=1).tolist(), strict=True))
    each = dict(zip(names, found, strict=True))
    return Scores("ratings", part, each, None, digest(settings), chance, folds=True)


def learn_and_ask(
    fold: IntArray, k: int, part: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which ratings are learned from and which are asked about; see `ratings`.

    >>> learn, ask = learn_and_ask(np.arange(100) % 5, 0, "test")
    >>> int(learn.sum()), int(ask.sum())
    (80, 20)
    """
    learn, ask = fold != k, fold == k
    if part == "valid":
        inner = np.random.default_rng(k).random(len(fold)) < 0.1
        learn, ask = learn & ~inner, learn & inner
    return learn, ask


def look_alike(vectors: FloatArray, part: str = "test") -> Scores:
    """Are the nearest pictures of the same kind of article? One query for each picture.

    ``vectors`` (num_pictures, dim) holds one row for each picture of ``load_fashion(part)``, in
    its order. Every picture asks all others, by cosine. Metrics: precision@10, and average
    precision over the whole ranking for every tenth picture (nan for the rest).
    """
    labels = load_fashion(part)[1]
    unit = normalize_rows(np.asarray(vectors, dtype=np.float32))
    if len(unit) != len(labels):
        raise ValueError(f"{len(unit)} vectors for the {len(labels)} pictures of {part!r}")
    nearest = top_k(unit, unit, 10, exclude_self=True)[0]
    found: dict[str, FloatArray] = {
        "precision@10": (labels[nearest] == labels[:, None]).mean(axis=1),
        "map": np.full(len(labels), np.nan),
    }
    asked = np.arange(0, len(labels), RANKED_WHOLLY)
    found["map"][asked] = whole_ranking(unit, labels, asked)
    mates, others = np.bincount(labels), len(labels) - 1
    chance = {
        name: float(
            np.average(
                [metrics.expected_at_random(kind, int(n) - 1, others, k) for n in mates],
                weights=mates,
            )
        )
        for name, kind, k in (("precision@10", "precision@k", 10), ("map", "ap", others))
    }
    settings = {"task": "look_alike", "part": part, "k": 10, "labels": labels.tolist()}
    return Scores("look_alike", part, found, None, digest(settings), chance)


def whole_ranking(unit: FloatArray, labels: IntArray, asked: IntArray) -> FloatArray:
    """Average precision of the cosine order of all other rows, for the rows ``asked``.

    >>> unit = np.array([[1.0, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]])
    >>> whole_ranking(unit, np.array([0, 1, 0, 1]), np.array([0])).round(2).tolist()
    [0.5]
    """
    found, scores = np.empty(len(asked)), unit[asked] @ unit.T
    for place, query in enumerate(asked):
        order = np.argsort(-scores[place], kind="stable")
        hit = labels[order[order != query]] == labels[query]
        found[place] = (np.cumsum(hit) / np.arange(1, len(hit) + 1))[hit].mean()
    return found


def unseen_kinds(make: Callable[[int], FloatArray]) -> Scores:
    """The question of `look_alike` about kinds that training never saw: one score for each kind.

    ``make(k)`` gives vectors of the test pictures from a model that was trained without the kinds
    whose label leaves the rest k when divided by three. Each kind is asked with the vectors that
    never saw it, among all pictures. Metric: precision@10 by kind; the kinds are the units, since
    the claim is about other kinds, so the interval is Student's over ten of them.
    """
    labels = load_fashion("test")[1]
    hit = np.zeros(len(labels))
    for fold in range(KIND_FOLDS):
        unit = normalize_rows(np.asarray(make(fold), dtype=np.float32))
        asked = np.flatnonzero(labels % KIND_FOLDS == fold)
        for some in np.array_split(asked, 8):
            scores = unit[some] @ unit.T
            scores[np.arange(len(some)), some] = -np.inf  # nobody is his own neighbour
            nearest = top_k_scores(scores, 10)[0]
            hit[some] = (labels[nearest] == labels[some, None]).mean(axis=1)
    each = np.array([hit[labels == kind].mean() for kind in range(len(NAMES))])
    settings = {"task": "unseen_kinds", "part": "test", "folds": KIND_FOLDS, "k": 10}
    chance = {"precision@10": (np.bincount(labels)[0] - 1) / (len(labels) - 1)}
    return Scores(
        "unseen_kinds", "test", {"precision@10": each}, None, digest(settings), chance, folds=True
    )


def search(
    score: Callable[[list[str]], FloatArray], catalogue: Catalogue, split: str = "test"
) -> Scores:
    """Which products answer a shopper's words? One query for each text of ``load_queries(split)``.

    ``score(texts)`` gives (num_texts, num_items) numbers, the larger the better; minus infinity
    means "never". Equal numbers keep the order of the catalogue's columns, a hash order. Metrics:
    ndcg@10 with the grade as gain; recall@50 (a share of the smaller of fifty and the number of
    relevant products) and mrr@10, where a product is relevant when its grade is above zero.

    Raises
    ------
    ValueError : for another split, and when ``score`` returns another shape.
    """
    asked = load_queries(split)
    gains = asked.gains(catalogue)
    scores = np.asarray(score(asked.texts))
    if scores.shape != gains.shape:
        raise ValueError(
            f"score(texts) gave {scores.shape}: it must give {gains.shape}, one row for each "
            "query and one column for each product of the catalogue"
        )
    ranked = top_k_scores(scores, SHORTLIST)[0]
    found = {
        "ndcg@10": metrics.ndcg_at_k(ranked, gains, FIRST_PAGE),
        "recall@50": metrics.recall_at_k(ranked, gains, SHORTLIST, capped=True),
        "mrr@10": metrics.reciprocal_rank(ranked, gains, FIRST_PAGE),
    }
    nothing = sparse.csr_array(gains.shape)
    chance = {"ndcg@10": graded_chance(gains, FIRST_PAGE)}
    chance |= chance_of(["recall@50"], gains, nothing, SHORTLIST)
    chance |= chance_of(["mrr@10"], gains, nothing, FIRST_PAGE)
    settings = {
        "task": "search",
        "part": split,
        "k": [FIRST_PAGE, SHORTLIST],
        "capped": True,
        "queries": asked.texts,
        "judgements": asked.judgements.to_numpy().tolist(),
        "catalogue": [*CATALOGUE_WEEKS, MIN_BUYERS, catalogue.num_items],
    }
    return Scores("search", split, found, None, digest(settings), chance)


def graded_chance(gains: sparse.csr_array, k: int) -> float:
    """Mean NDCG of a random ranking: each place holds the mean gain of the catalogue.

    Two products with gains 2 and 0: the first place holds 1 on average, and could hold 2.

    >>> graded_chance(sparse.csr_array([[2.0, 0.0]]), 1)
    0.5
    """
    discount = 1 / np.log2(np.arange(2, k + 2))
    mean_gain = np.asarray(gains.sum(axis=1)) / gains.shape[1]
    best = metrics.ideal_gains(gains, k) @ discount
    return float(np.mean(mean_gain * discount.sum() / best))


# --- the questions -----------------------------------------------------------------------------


def sample_baskets(part: Part) -> IntArray:
    """Rows of the baskets that are asked: three or more products, three a household at most."""
    size = np.diff(part.truth_baskets.matrix.indptr)
    rows = np.flatnonzero(size >= MIN_BASKET)
    rows = np.random.default_rng(0).permutation(rows)
    drawn = pd.Series(rows).groupby(part.basket_households[rows]).head(BASKETS_EACH)
    return np.sort(drawn.to_numpy())


def hide_one(baskets: sparse.csr_array, seed: int) -> tuple[sparse.csr_array, IntArray]:
    """Draw one product from each basket; return the baskets without it, and the products.

    >>> rest, drawn = hide_one(sparse.csr_array(np.array([[1.0, 0, 1]])), seed=0)
    >>> int(rest.indices[0]) + int(drawn[0])
    2
    """
    baskets = binary(baskets)
    draw = np.random.default_rng(seed).random(baskets.shape[0])
    place = baskets.indptr[:-1] + (draw * np.diff(baskets.indptr)).astype(np.int64)
    drawn = baskets.indices[place]
    return without(baskets, one_hot(drawn, baskets.shape[1])), drawn


def same_type(part: Part) -> sparse.csr_array:
    """Product x product: the same department, category and type."""
    frame = part.catalogue.frame
    return mates(frame.groupby(["department", "category", "type"]).ngroup().to_numpy())


def same_line(part: Part) -> sparse.csr_array:
    """Product x product: the same product line (maker, category, type, brand and size)."""
    return mates(part.catalogue.frame["line"].to_numpy())


def same_coupon(part: Part) -> sparse.csr_array:
    """Product x product: named together by a coupon for at most fifty products."""
    pairs = part.coupons[["coupon", "product"]].drop_duplicates()
    size = pairs.groupby("coupon")["product"].transform("size")
    pairs = pairs[size <= LARGEST_COUPON]
    codes, _ = pd.factorize(pairs["coupon"])
    columns = part.catalogue.index(pairs["product"])
    member = sparse.csr_array(
        (np.ones(len(pairs)), (codes, columns)),
        shape=(codes.max() + 1, part.catalogue.num_items),
    )
    together = sparse.csr_array(member.T @ member)
    return without(together, sparse.eye_array(together.shape[0], format="csr"))


def mates(labels: IntArray) -> sparse.csr_array:
    """Row x row: the same label, itself left out; negative labels have no mate.

    >>> mates(np.array([0, 1, 0, -1])).toarray().astype(int).tolist()
    [[0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    """
    rows = np.flatnonzero(labels >= 0)
    member = sparse.csr_array(
        (np.ones(len(rows)), (rows, labels[rows])), shape=(len(labels), labels.max() + 1)
    )
    together = sparse.csr_array(member @ member.T)
    return without(together, sparse.eye_array(len(labels), format="csr"))


# --- asking and ranking ------------------------------------------------------------------------


def ask_households(
    task: str,
    model: Recommender,
    part: Part,
    users: IntArray,
    truth: sparse.csr_array,
    masked: sparse.csr_array,
) -> Scores:
    """Rank the catalogue for each household and hold it against what it bought."""
    ranked = rank(lambda block: model.scores(users[block]), len(users), masked)
    found = {
        "ndcg@20": metrics.ndcg_at_k(ranked, truth, K),
        "recall@20": metrics.recall_at_k(ranked, truth, K, capped=True),
    }
    chance = chance_of(found, truth, masked)
    cold = {} if part.cold is None else {"cold": part.cold.tolist()}
    return make_scores(task, part, found, users, chance, {"k": K, "capped": True} | cold)


def rank(
    score: Callable[[IntArray], FloatArray], num_queries: int, masked: sparse.csr_array
) -> IntArray:
    """The twenty best columns of each query, block by block; masked columns never appear."""
    return np.vstack(
        [top_k_scores(score(block), K, exclude=masked[block])[0] for block in blocks(num_queries)]
    )


def blocks(count: int) -> Iterator[IntArray]:
    """Cut 0..count-1 into runs of `BLOCK`.

    >>> [len(block) for block in blocks(600)]
    [512, 88]
    """
    for start in range(0, count, BLOCK):
        yield np.arange(start, min(start + BLOCK, count))


def chance_of(
    found: Iterable[str], truth: sparse.csr_array, masked: sparse.csr_array, k: int = K
) -> dict[str, float]:
    """What a random ranking scores on the same questions, worked out and not simulated."""
    relevant = np.diff(truth.indptr)
    candidates = truth.shape[1] - np.diff(masked.indptr)
    asked = relevant > 0
    pairs, counts = np.unique(
        np.stack([relevant[asked], candidates[asked]]), axis=1, return_counts=True
    )
    expected = {}
    for name in found:
        kind = "recall@k" if "recall" in name or "precision" in name else name.split("@")[0]
        kind = kind if "@" in kind or kind == "mrr" else f"{kind}@k"
        each = [capped_chance(kind, int(r), int(c), k) for r, c in pairs.T]
        expected[name] = float(np.average(each, weights=counts))
    return expected


@functools.cache  # every model is asked the same questions
def capped_chance(kind: str, num_relevant: int, num_items: int, k: int) -> float:
    """Expectation for one query; a capped recall divides by the smaller of k and the truth."""
    value = float(metrics.expected_at_random(kind, num_relevant, num_items, k))
    return value * num_relevant / min(k, num_relevant) if kind == "recall@k" else value


def make_scores(
    task: str,
    part: Part,
    found: Mapping[str, FloatArray],
    groups: NDArray[Any] | None,
    chance: dict[str, float],
    settings: dict[str, Any],
) -> Scores:
    protocol = protocol_id(task, part.name, **settings)
    return Scores(task, part.name, found, groups, protocol, chance)


# --- sparse sets -------------------------------------------------------------------------------


def binary(matrix: sparse.csr_array) -> sparse.csr_array:
    """The same cells, each one."""
    matrix = sparse.csr_array(matrix, copy=True)
    matrix.eliminate_zeros()
    matrix.data = np.ones_like(matrix.data)
    return matrix


def without(matrix: sparse.csr_array, other: sparse.csr_array) -> sparse.csr_array:
    """The cells of ``matrix`` that ``other`` does not have, each one."""
    matrix = binary(matrix)
    return binary(matrix - matrix.multiply(binary(other)))


def one_hot(columns: IntArray, num_items: int) -> sparse.csr_array:
    """One row for each entry, with a one in that column.

    >>> one_hot(np.array([1, 0]), 3).toarray().astype(int).tolist()
    [[0, 1, 0], [1, 0, 0]]
    """
    rows = np.arange(len(columns))
    return sparse.csr_array(
        (np.ones(len(columns), dtype=np.float32), (rows, columns)), shape=(len(columns), num_items)
    )


def askable(truth: sparse.csr_array, train: sparse.csr_array) -> IntArray:
    """Households with something to find and something to learn from."""
    return np.flatnonzero((np.diff(truth.indptr) > 0) & (np.diff(train.indptr) > 0))

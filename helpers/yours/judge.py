"""Which method finds what your customers buy next: split, fit, choose, ask, compare."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from helpers import metrics, stats, tasks
from helpers.data import Catalogue, Interactions
from helpers.models.baselines import Popularity, Random
from helpers.models.behaviour import ItemKNN
from helpers.models.content import ContentKNN
from helpers.models.factors import EASE, SVD, weighted
from helpers.similarity import dense, normalize_rows, tfidf, top_k_scores
from helpers.yours.files import BadFile, Tell
from helpers.yours.read import Products, Purchases, is_missing, parse_numbers

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Measure = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]  # pairs, times i, times j

K = 20  # places of the list that is judged
TEST_SHARE = 0.2  # of the lines, the latest; validation takes the same share of the rest
MIN_QUERIES = 30  # fewer, and no table is shown: any number would be noise
MOST_QUERIES = {"valid": 2000, "test": 5000}
LARGEST_TABLE = 10_000  # products: a table of all pairs then takes 400 MB
LARGEST_CATALOGUE = 50_000
SPARSE = 0.1  # share of the pairs of a block that were met; below it, only those are scored
NEIGHBOURS = 10
MIN_VOTERS = 5  # customers who must have bought a pair in one basket
PARTS = ("learn", "valid", "test")


# --- who may see what ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Split:
    """Which lines are learned from (0), chosen on (1) and reported on (2).

    Attributes
    ----------
    kind : "time" or "random".   lines : part of each line, for questions about customers.
    baskets : the same where baskets are asked; None if they are not known.   words : how it was cut.
    """

    kind: str
    lines: NDArray[np.int8]
    baskets: NDArray[np.int8] | None
    words: str


def split_lines(frame: pd.DataFrame, seed: int = 0) -> Split:
    """Cut by time where there are dates and customers who come back; else by chance.

    >>> days = pd.date_range("2024-01-01", periods=100)
    >>> frame = pd.DataFrame({"user": list("ab") * 50, "item": "tea", "time": days})
    >>> split_lines(frame).kind  # two customers are too few to come back
    'random'
    """
    known = "basket" in frame
    by_chance = random_parts(frame["basket"], seed) if known else None
    why = "There are no dates."
    if "time" in frame:
        days = frame["time"].to_numpy().astype("M8[D]")
        parts = time_parts(days)
        back = both_sides(frame["user"], parts)
        if parts.max() == 2 and back >= MIN_QUERIES:
            cuts = [str(days[parts == n].min()) for n in (1, 2)]
            words = (
                f"By time: learned from lines before {cuts[0]}, settings chosen on {cuts[0]} to "
                f"the day before {cuts[1]}, reported on {cuts[1]} to {days.max()}."
            )
            return Split("time", parts, latest(frame["basket"], parts) if known else None, words)
        why = f"No date was of use: too few customers ({back}) come back later."
        if parts.max() < 2:
            why = "No date was of use: the lines lie on fewer than three days."
    words = (
        f"{why} By chance instead: a fifth of each customer's products was hidden for the report, "
        "and a fifth of the rest for choosing settings. Such a cut lets methods learn from the "
        "future, so expect less in use."
    )
    return Split("random", hidden_parts(frame, seed), by_chance, words)


def latest(labels: pd.Series[Any], parts: NDArray[np.int8]) -> NDArray[np.int8]:
    """The part of a basket's last line, for all of its lines."""
    codes, uniques = pd.factorize(labels)
    last = np.zeros(len(uniques), dtype=np.int8)
    np.maximum.at(last, codes, parts)
    return np.asarray(last[codes])


def time_parts(days: NDArray[np.datetime64]) -> NDArray[np.int8]:
    """Give the last fifth of the lines to the test, the last fifth of the rest to validation.

    >>> time_parts(np.arange(10).astype("M8[D]")).tolist()
    [0, 0, 0, 0, 0, 0, 1, 1, 2, 2]
    """
    parts = np.zeros(len(days), dtype=np.int8)
    for part in (2, 1):
        rest = np.sort(days[parts == 0])
        cut = rest[min(len(rest) - 1, round((1 - TEST_SHARE) * len(rest)))]
        late = (parts == 0) & (days >= cut)
        if late.sum() == len(rest):  # all on one day
            return np.zeros(len(days), dtype=np.int8)
        parts[late] = part
    return parts


def both_sides(users: pd.Series[Any], parts: NDArray[np.int8]) -> int:
    """Number of customers with a line in the test part and one before."""
    codes, uniques = pd.factorize(users)
    sides = [np.bincount(codes[side], minlength=len(uniques)) for side in (parts == 2, parts < 2)]
    return int(((sides[0] > 0) & (sides[1] > 0)).sum())


def random_parts(labels: pd.Series[Any], seed: int) -> NDArray[np.int8]:
    """Draw whole baskets for test and validation."""
    codes, uniques = pd.factorize(labels)
    draw = np.random.default_rng(seed).random(len(uniques))
    parts = np.select([draw < TEST_SHARE, draw < 0.36], [2, 1], 0).astype(np.int8)
    return np.asarray(parts[codes])


def hidden_parts(frame: pd.DataFrame, seed: int) -> NDArray[np.int8]:
    """Hide a fifth of each customer's products, then a fifth of the rest; all lines of a pair go.

    A customer with two products has one hidden for the test, with one product none.

    >>> frame = pd.DataFrame({"user": ["a"] * 5 + ["b"], "item": list("vwxyzz")})
    >>> sorted(hidden_parts(frame, 0)[:5].tolist()), int(hidden_parts(frame, 0)[5])
    ([0, 0, 0, 1, 2], 0)
    """
    user, item = pd.factorize(frame["user"])[0], pd.factorize(frame["item"])[0]
    key = user.astype(np.int64) * (int(item.max(initial=0)) + 1) + item
    pairs, back = np.unique(key, return_inverse=True)
    owner = pairs // (int(item.max(initial=0)) + 1)
    order = np.lexsort((np.random.default_rng(seed).random(len(pairs)), owner))
    size = np.bincount(owner)[owner[order]]
    place = np.arange(len(pairs)) - np.searchsorted(owner[order], owner[order])
    test = np.where(size > 1, np.maximum(1, (TEST_SHARE * size).round()), 0)
    valid = np.where(size > 2, np.maximum(1, (TEST_SHARE * (size - test)).round()), 0)
    parts = np.empty(len(pairs), dtype=np.int8)
    parts[order] = np.select([place < test, place < test + valid], [2, 1], 0)
    return np.asarray(parts[back])


def least_buyers(num_users: int) -> int:
    """Customers that a product must have before anything is said about it.

    >>> [least_buyers(n) for n in (20, 200, 5000)]
    [1, 3, 10]
    """
    return 1 if num_users < 50 else 3 if num_users < 500 else 10


def catalogue_of(frame: pd.DataFrame, least: int) -> Catalogue:
    """Products with enough customers; of very many, the best-selling."""
    buyers = frame[["user", "item"]].drop_duplicates()["item"].value_counts()
    kept = buyers[buyers >= least].index[:LARGEST_CATALOGUE]
    if not len(kept):
        raise BadFile(
            f"no product was bought by {least} different customers or more: there is nothing to "
            "compare. Take a longer time, or group variants of a product under one id."
        )
    return Catalogue.from_frame(pd.DataFrame({"product": kept}), id="product")


def rows_of(frame: pd.DataFrame, by: str, catalogue: Catalogue) -> Interactions:
    """Customers (or baskets) x products of the catalogue."""
    frame = frame[frame["item"].isin(catalogue.ids)]
    return Interactions.from_frame(frame, user=by, item="item", catalogue=catalogue)


# --- methods -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Method:
    """One way to score products, with the settings to choose among: label -> unfitted model.

    Attributes
    ----------
    plain : whether it stands for what a shop has without any method: chance or the best sellers.
    """

    name: str
    settings: Mapping[str, Callable[[], Any]]
    plain: bool = False


def nearest(X: Any, measure: Measure, k: int) -> Any:
    """The k highest scores of each product, without ever holding the table of all pairs.

    Parameters
    ----------
    X : csr (rows, num_items).   measure : (pairs, times i, times j) -> scores of a block.

    Returns
    -------
    csr_array (num_items, num_items) of float32 with at most k entries a row, never the diagonal.

    >>> X = sparse.csr_array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    >>> nearest(X, by_conditional, 2).toarray().round(2).tolist()
    [[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    X = tasks.binary(X).astype(np.float32)
    columns, times = sparse.csr_array(X.T), np.maximum(np.asarray(X.sum(axis=0)).ravel(), 1)
    itself, kept = sparse.eye_array(X.shape[1], format="csr"), []
    for start in range(0, X.shape[1], tasks.BLOCK):
        rows = slice(start, start + tasks.BLOCK)
        pairs = sparse.csr_array(columns[rows] @ X)
        if pairs.nnz < SPARSE * pairs.shape[0] * pairs.shape[1]:
            kept.append(best_of_few(pairs, measure, times, start, k))
            continue
        scores = measure(dense(pairs), times[rows, None], times).astype(np.float32)
        found, best = top_k_scores(scores, min(k, X.shape[1]), exclude=itself[rows])
        best[found < 0] = 0
        place = np.repeat(np.arange(len(found)), found.shape[1]), np.maximum(found, 0).ravel()
        kept.append(sparse.csr_array((best.ravel(), place), shape=pairs.shape))
    table = sparse.csr_array(sparse.vstack(kept))
    table.eliminate_zeros()
    return table


def best_of_few(pairs: Any, measure: Measure, times: FloatArray, start: int, k: int) -> Any:
    """The same for a block in which few pairs were ever met: only those are scored and sorted.

    Equal scores are settled by the lower column, as in `top_k_scores`.
    """
    row, column = np.repeat(np.arange(pairs.shape[0]), np.diff(pairs.indptr)), pairs.indices
    scores = measure(pairs.data, times[start + row], times[column]).astype(np.float32)
    scores[column == start + row] = 0
    order = np.lexsort((column, -scores, row))
    first = order[np.arange(len(row)) - pairs.indptr[row] < k]
    place = row[first], column[first]
    return sparse.csr_array((scores[first], place), shape=pairs.shape)


class Neighbours(ItemKNN):
    """`ItemKNN` of chapter 22 for a measure that keeps the nearest only: no second search."""

    def fit(self, interactions: Interactions) -> Self:
        self.matrix = weighted(interactions.matrix, self.weight)
        self.table = self.measure(self.matrix)
        return self


def by_cosine(pairs: FloatArray, i: FloatArray, j: FloatArray) -> FloatArray:
    """Rows with both, over the root of the rows with either one, multiplied."""
    return np.asarray(pairs / np.sqrt(i * j))


def by_conditional(pairs: FloatArray, i: FloatArray, j: FloatArray) -> FloatArray:
    """Share of the rows with i that also hold j."""
    return np.asarray(pairs / i)


def by_lift(num_rows: int, shrinkage: float) -> Measure:
    """How many times more often than chance would have it, rare pairs pulled towards 1."""

    def measure(pairs: FloatArray, i: FloatArray, j: FloatArray) -> FloatArray:
        lifts = (pairs + shrinkage) / (i * j / num_rows + shrinkage)
        return np.asarray(np.where(pairs > 0, lifts, 0))

    return measure


def neighbours_by(measure: Measure, k: int) -> Callable[[], Neighbours]:
    """Make item neighbours of a measure, k for each product."""

    def make() -> Neighbours:
        return Neighbours(lambda X: nearest(X, measure, k))

    return make


def lift_neighbours(shrinkage: float, k: int) -> Callable[[], Neighbours]:
    """The same for lift, which also needs the number of rows."""

    def make() -> Neighbours:
        return Neighbours(lambda X: nearest(X, by_lift(X.shape[0], shrinkage), k))

    return make


def methods_for(
    rows: Interactions, vectors: Any, baskets: bool
) -> tuple[list[Method], dict[str, str]]:
    """The methods that fit this catalogue, and why others were left out."""
    n, left_out = rows.num_items, {}
    ks = sorted({min(k, n) for k in (50, 300)})
    found = [
        Method("Chance", {"": Random}, plain=True),
        Method("Best sellers", {"": Popularity}, plain=True),
        Method("Item cosine", {f"{k} neighbours": neighbours_by(by_cosine, k) for k in ks}),
    ]
    if baskets:
        found += [
            Method(
                "Conditional", {f"{k} neighbours": neighbours_by(by_conditional, k) for k in ks}
            ),
            Method("Lift", {f"shrinkage {s}": lift_neighbours(s, ks[-1]) for s in (5, 50)}),
        ]
    smaller = min(rows.matrix.shape)
    sizes = sorted({min(f, max(1, smaller - 1)) for f in (16, 64)})
    found.append(Method("SVD", {f"{f} factors": partial(SVD, f) for f in sizes}))
    too_large = (
        f"{n:,} products: its table of all pairs would take {4 * n * n / 1e9:.1f} GB; it is used "
        f"up to {LARGEST_TABLE:,}"
    )
    if n > LARGEST_TABLE:
        left_out["EASE"] = too_large
    else:
        pulls = (50.0, 200.0, 1000.0) if not baskets else (200.0, 1000.0)
        found.append(Method("EASE", {f"pull {p:.0f}": partial(EASE, p) for p in pulls}))
    if vectors is None:
        left_out["Content"] = "no table of products was given (--items)"
    elif n > LARGEST_TABLE:
        left_out["Content"] = too_large
    else:
        powers = {f"power {p}": partial(ContentKNN, vectors, p, True) for p in (2, 6)}
        found.append(Method("Content", powers))
    return found, left_out


def item_features(products: Products, ids: Sequence[str]) -> Any:
    """Vectors of the products' own table: words by TF-IDF, categories and bands of numbers as 0/1.

    Each of the three blocks has length one where it has anything, so none drowns the others.

    Returns
    -------
    csr_array (len(ids), features); a product that the table lacks has zeros.
    """
    frame = products.frame.set_index(products.id).reindex(pd.Index(ids)).fillna("")
    words, labels = [""] * len(frame), []
    for name in frame:
        kind = kind_of(frame[name])
        if kind == "words":
            words = [f"{a} {b}" for a, b in zip(words, frame[name], strict=True)]
        elif kind == "number":
            bands = pd.qcut(parse_numbers(list(frame[name])), 10, duplicates="drop")
            labels.append(pd.Series(bands).astype(str).where(frame[name].ne("").to_numpy(), "nan"))
        elif kind == "label":
            labels.append(frame[name].reset_index(drop=True))
    blocks = [normalize_rows(tfidf(count_words(words)))] if any(map(str.strip, words)) else []
    kept = [one_of(column) for column in labels]
    blocks += [normalize_rows(sparse.hstack(kept).tocsr())] if kept else []
    if not blocks:
        return None
    return sparse.csr_array(sparse.hstack(blocks)).astype(np.float32)


def kind_of(column: pd.Series[Any]) -> str:
    """Whether a column of text holds words, labels that come again, numbers, or nothing of use.

    >>> kind_of(pd.Series(["red", "blue"] * 20)), kind_of(pd.Series(["tea", "milk", "salt"]))
    ('label', 'words')
    >>> kind_of(pd.Series([f"{n},5" for n in range(40)])), kind_of(pd.Series(["x"] * 9))
    ('number', 'nothing')
    """
    known = column[~is_missing(column)]
    different = known.nunique()
    if different < 2:
        return "nothing"
    if np.isfinite(parse_numbers(list(known))).mean() > 0.95 and different > 20:
        return "number"
    return "label" if different <= len(known) / 2 else "words"


def count_words(texts: Sequence[str]) -> Any:
    """Texts x words, for words that two texts or more share.

    >>> count_words(["Grüner Tee", "schwarzer Tee"]).toarray().tolist()
    [[1.0], [1.0]]
    """
    bags = [Counter(re.findall(r"\w+", text.lower())) for text in texts]
    shared = Counter(word for bag in bags for word in bag)
    known = {word: n for n, word in enumerate(w for w, times in shared.items() if times > 1)}
    cells = [(r, known[w], c) for r, bag in enumerate(bags) for w, c in bag.items() if w in known]
    rows, columns, counts = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return sparse.csr_array(
        (counts.astype(float), (rows, columns)), shape=(len(texts), max(1, len(known)))
    )


def one_of(column: pd.Series[Any]) -> Any:
    """Rows x labels with a one where the row has the label; missing labels have none.

    >>> one_of(pd.Series(["a", "", "b"])).toarray().tolist()
    [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    codes, labels = pd.factorize(column.where(~is_missing(column)))
    rows = np.flatnonzero(codes >= 0)
    shape = (len(column), max(1, len(labels)))
    return sparse.csr_array((np.ones(len(rows)), (rows, codes[rows])), shape=shape)


# --- questions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Question:
    """What is learned from, and how a fitted model is asked.

    Attributes
    ----------
    rows : what models learn from.   ask : fitted model -> scores, one number per query and metric.
    """

    rows: Interactions
    ask: Callable[[Any], tasks.Scores]
    num_queries: int


def ask_customers(train: Interactions, truth: Interactions, part: str) -> Question:
    """Which products will this customer buy for the first time? What was bought is masked."""
    wanted = tasks.without(truth.matrix, train.matrix)
    users = drawn(tasks.askable(wanted, train.matrix), MOST_QUERIES[part])
    wanted, seen = wanted[users], train.matrix[users]

    def ask(model: Any) -> tasks.Scores:
        ranked = rank(lambda block: model.scores(users[block]), seen)
        return scores_of("new products", part, ranked, wanted, seen, users)

    return Question(train, ask, len(users))


def ask_baskets(
    train: Interactions, later: Interactions, owner: NDArray[Any], part: str
) -> Question:
    """From the rest of a basket, which product was hidden from it?"""
    size = np.diff(later.matrix.indptr)
    rows = drawn(np.flatnonzero(size >= 2), MOST_QUERIES[part])
    held, hidden = tasks.hide_one(later.matrix[rows], seed=1)
    wanted = tasks.one_hot(hidden, later.num_items)

    def ask(model: Any) -> tasks.Scores:
        ranked = rank(lambda block: model.complete(held[block]), held)
        return scores_of("the rest of a basket", part, ranked, wanted, held, owner[rows])

    return Question(train, ask, len(rows))


def drawn(queries: IntArray, most: int) -> IntArray:
    """All queries, or a random choice of so many."""
    if len(queries) <= most:
        return queries
    return np.sort(np.random.default_rng(0).choice(queries, most, replace=False))


def rank(score: Callable[[IntArray], FloatArray], masked: Any) -> IntArray:
    """The best columns of each query; masked ones never appear."""
    k = min(K, masked.shape[1])
    found = [
        top_k_scores(np.asarray(score(block), dtype=np.float32), k, exclude=masked[block])[0]
        for block in tasks.blocks(masked.shape[0])
    ]
    return np.vstack(found)


def scores_of(
    task: str, part: str, ranked: IntArray, wanted: Any, masked: Any, groups: NDArray[Any]
) -> tasks.Scores:
    """One number per query and metric, with what chance would give on paper."""
    found = {
        "ndcg@20": metrics.ndcg_at_k(ranked, wanted, K),
        "hr@20": metrics.hit_rate_at_k(ranked, wanted, K),
        "recall@20": metrics.recall_at_k(ranked, wanted, K, capped=True),
    }
    chance = tasks.chance_of(found, wanted, masked, min(K, wanted.shape[1]))
    settings = {"task": task, "part": part, "k": K, "queries": len(ranked)}
    return tasks.Scores(task, part, found, groups, tasks.digest(settings), chance)


def questions(
    frame: pd.DataFrame, split: Split, catalogue: Catalogue, part: str, by: str
) -> Question:
    """The question about customers ("user") or baskets ("basket") on one part."""
    number = PARTS.index(part)
    if by == "user":
        kept = frame[frame["item"].isin(catalogue.ids) & (split.lines <= number)]
        where = split.lines[kept.index]
        log = rows_of(kept, "user", catalogue)
        return ask_customers(log.select(where < number), log.select(where == number), part)
    assert split.baskets is not None
    kept = frame[frame["item"].isin(catalogue.ids)]
    where = split.baskets[kept.index]
    train, later = kept[where < number], kept[where == number]
    log = rows_of(later, "basket", catalogue)
    owner = later.drop_duplicates("basket").set_index("basket")["user"].loc[log.users].to_numpy()
    return ask_baskets(rows_of(train, "basket", catalogue), log, owner, part)


# --- judging -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One method on one question.

    Attributes
    ----------
    interval : metric -> mean with its interval.   over : paired difference to the reference.
    seconds : to learn, with the setting that was chosen.
    """

    method: str
    setting: str
    interval: dict[str, stats.Interval]
    over: stats.Interval | None
    seconds: float
    scores: tasks.Scores
    plain: bool


@dataclass(frozen=True)
class Board:
    """The leaderboard of one question; the first metric sorts.

    Attributes
    ----------
    reference : the simple method, chosen on the validation part, that all others are held against.
    """

    question: str
    metric: str
    reference: str
    rows: list[Row]
    num_queries: int
    chance: float
    left_out: dict[str, str]


def hold_contest(
    valid: Question,
    test: Question,
    methods: Sequence[Method],
    left_out: dict[str, str],
    metric: str,
    tell: Tell,
) -> Board:
    """Choose each method's setting on the validation part, then ask all on the test part, once."""
    chosen, at_valid = {}, {}
    for number, method in enumerate(methods):
        tell("choosing settings", number / len(methods))
        found = {}
        for label, make in method.settings.items():
            if len(method.settings) > 1 or method.name in ("Best sellers", "Item cosine"):
                found[label] = valid.ask(make().fit(valid.rows)).interval(metric).value
            else:
                found[label] = 0.0
        chosen[method.name] = max(found, key=lambda label: found[label])
        at_valid[method.name] = max(found.values())
    simple = ("Best sellers", "Item cosine")
    reference = max(simple, key=lambda name: at_valid[name])
    rows, base = [], None
    for number, method in enumerate(sorted(methods, key=lambda m: m.name != reference)):
        tell("asking the test part", number / len(methods))
        start = time.perf_counter()
        model = method.settings[chosen[method.name]]().fit(test.rows)
        seconds = time.perf_counter() - start
        scores = test.ask(model)
        base = base or scores
        over = None
        if scores is not base:
            over = stats.paired_difference(
                scores.metrics[metric], base.metrics[metric], scores.groups
            )
        each = {name: scores.interval(name) for name in scores.metrics}
        rows.append(
            Row(method.name, chosen[method.name], each, over, seconds, scores, method.plain)
        )
    rows.sort(key=lambda row: -row.interval[metric].value)
    assert base is not None
    return Board(
        base.task, metric, reference, rows, test.num_queries, base.chance[metric], left_out
    )


@dataclass
class Judged:
    """All that the report tells.

    Attributes
    ----------
    boards : one for each question that could be asked.   models : name -> model that learned from
        all lines, with the settings chosen.   catalogue : the columns of those models.
    names : what to call each of them.   shown : columns whose neighbours the report shows.
    pairs : column -> (goes with, instead of), lists of columns; empty without baskets.
    """

    purchases: Purchases
    split: Split
    shape: dict[str, Any]
    boards: list[Board]
    models: dict[str, Any]
    catalogue: Catalogue
    names: list[str]
    least: int
    shown: list[int] = field(default_factory=list)
    pairs: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def judge(purchases: Purchases, products: Products | None, tell: Tell, seed: int = 0) -> Judged:
    """Split, fit, choose and ask; then learn from everything for the neighbours.

    Raises
    ------
    BadFile : nothing to compare.
    """
    frame = purchases.frame
    split = split_lines(frame, seed)
    least = least_buyers(frame["user"].nunique())
    boards: list[Board] = []
    setting: dict[str, str] = {}
    warnings: list[str] = []
    for by in ("user", "basket"):
        if by not in frame:
            continue
        board = judge_one(frame, split, least, products, by, tell)
        if isinstance(board, str):
            warnings.append(board)
            continue
        boards.append(board)
        setting |= {r.method: r.setting for r in board.rows if r.method not in setting}
    models, catalogue = learn_all(frame, least, products, setting, tell)
    named = name_products(products, catalogue)
    judged = Judged(
        purchases, split, shape_of(frame), boards, models, catalogue, named, least,
        warnings=warnings, notes=list(purchases.notes),
    )  # fmt: skip
    judged.shown = choose_shown(frame, catalogue, seed)
    if "basket" in frame:
        judged.pairs = with_or_instead(frame, catalogue, judged.shown)
    judged.warnings += warn(judged)
    judged.notes += products.notes if products else []
    return judged


def judge_one(
    frame: pd.DataFrame,
    split: Split,
    least: int,
    products: Products | None,
    by: str,
    tell: Tell,
) -> Board | str:
    """The leaderboard of one question, or a sentence that says why there is none."""
    parts = split.lines if by == "user" else split.baskets
    assert parts is not None
    what = "customers" if by == "user" else "baskets"
    try:
        catalogue = catalogue_of(frame[parts == 0], least)
        valid = questions(frame, split, catalogue, "valid", by)
        test = questions(frame, split, catalogue, "test", by)
    except ValueError:
        return f"No {what} could be asked: too few lines on one side of the cut."
    if min(valid.num_queries, test.num_queries) < MIN_QUERIES:
        return (
            f"Only {min(valid.num_queries, test.num_queries)} {what} could be asked; under "
            f"{MIN_QUERIES} any score is noise, so there is no table for them."
        )
    vectors = item_features(products, list(catalogue.ids)) if products else None
    methods, left_out = methods_for(valid.rows, vectors, by == "basket")
    metric = "ndcg@20" if by == "user" else "hr@20"
    return hold_contest(valid, test, methods, left_out, metric, tell)


def learn_all(
    frame: pd.DataFrame,
    least: int,
    products: Products | None,
    setting: dict[str, str],
    tell: Tell,
) -> tuple[dict[str, Any], Catalogue]:
    """Fit every method that knows neighbours on all lines, with the settings chosen."""
    catalogue = catalogue_of(frame, least)
    vectors = item_features(products, list(catalogue.ids)) if products else None
    models: dict[str, Any] = {}
    by_rows = {"user": rows_of(frame, "user", catalogue)}
    if "basket" in frame:
        by_rows["basket"] = rows_of(frame, "basket", catalogue)
    wanted = [("Item cosine", "user"), ("SVD", "user"), ("EASE", "user"), ("Content", "user"),
              ("Lift", "basket"), ("Conditional", "basket")]  # fmt: skip
    for number, (name, by) in enumerate(wanted):
        tell("learning from everything", number / len(wanted))
        if by in by_rows:
            known = {m.name: m for m in methods_for(by_rows[by], vectors, by == "basket")[0]}
            if name in known:
                choices = known[name].settings
                label = setting.get(name, "")
                make = choices.get(label, next(iter(choices.values())))
                models[name] = make().fit(by_rows[by])
    return models, catalogue


def name_products(products: Products | None, catalogue: Catalogue) -> list[str]:
    """What to call each product: its name where the table has one, else its id."""
    ids = [str(i) for i in catalogue.ids]
    if products is None or products.name is None:
        return ids
    known = dict(zip(products.frame[products.id], products.frame[products.name], strict=True))
    return [str(known.get(i) or i) for i in ids]


def shape_of(frame: pd.DataFrame) -> dict[str, Any]:
    """Size, density and long tail of all lines that stayed."""
    pairs = frame[["user", "item"]].drop_duplicates()
    buyers, bought = pairs["item"].value_counts(), pairs["user"].value_counts()
    lines = frame["item"].value_counts().to_numpy()
    shape: dict[str, Any] = {
        "lines": len(frame),
        "customers": len(bought),
        "products": len(buyers),
        "pairs": len(pairs),
        "density": len(pairs) / (len(bought) * len(buyers)),
        "products per customer": float(bought.median()),
        "customers with one product": float((bought == 1).mean()),
        "products with one customer": float((buyers == 1).mean()),
        "gini": metrics.gini(lines),
        "tail": (np.cumsum(lines) / lines.sum()),
        "largest customer": float(frame["user"].value_counts().iloc[0] / len(frame)),
    }
    if "basket" in frame:
        shape["baskets"] = int(frame["basket"].nunique())
        each = frame[["user", "basket"]].drop_duplicates()["user"].value_counts()
        shape["baskets per customer"] = float(each.median())
    if "time" in frame:
        shape["first"], shape["last"] = frame["time"].min(), frame["time"].max()
        shape["weeks"] = frame["time"].dt.to_period("W").value_counts().sort_index()
    return shape


def choose_shown(frame: pd.DataFrame, catalogue: Catalogue, seed: int, each: int = 8) -> list[int]:
    """Columns of the best-selling products, and of some drawn by chance."""
    sold = frame.loc[frame["item"].isin(catalogue.ids), "item"].value_counts()
    best = [int(c) for c in catalogue.index(sold.index[:each].to_numpy())]
    rest = np.setdiff1d(np.arange(catalogue.num_items), best)
    drawn_ones = np.random.default_rng(seed).permutation(rest)[:each]
    return best + [int(c) for c in drawn_ones]


def with_or_instead(
    frame: pd.DataFrame, catalogue: Catalogue, shown: Sequence[int], k: int = 5
) -> dict[int, tuple[list[int], list[int]]]:
    """What goes with a product, and what is bought instead of it.

    Pairs that share baskets more than customers are used together; pairs that share customers more
    than baskets are bought at different times. Both logarithms of lift are pulled towards zero by
    five made-up rows, and at least five customers must stand behind a pair.
    """
    baskets, users = (rows_of(frame, by, catalogue) for by in ("basket", "user"))
    owners = frame.drop_duplicates("basket").set_index("basket")["user"].loc[baskets.users]
    owner = users.user_index(owners.to_numpy())
    X, Y = (tasks.binary(log.matrix).astype(np.float32) for log in (baskets, users))
    times = [np.asarray(M.sum(axis=0)).ravel() for M in (X, Y)]
    columns = [sparse.csr_array(M.T) for M in (X, Y)]
    found = {}
    for i in shown:
        held = [c[[i]].indices for c in columns]
        together = [
            np.asarray(M[h].sum(axis=0)).ravel() for M, h in zip((X, Y), held, strict=True)
        ]
        logs = [
            np.log((both + 5) / (t * t[i] / M.shape[0] + 5))
            for both, t, M in zip(together, times, (X, Y), strict=True)
        ]
        voters = voters_of(X[held[0]], owner[held[0]])
        for scores in (voters, together[0], together[1]):
            scores[i] = 0
        gap = logs[0] - logs[1]
        with_it = best_of(gap, (voters >= MIN_VOTERS) & (logs[0] > 0) & (gap > 0), k)
        instead = best_of(-gap, (together[1] >= MIN_VOTERS) & (logs[1] > 0) & (gap < 0), k)
        found[i] = with_it, instead
    return found


def voters_of(rows: Any, owner: IntArray) -> FloatArray:
    """How many different customers have each product in one of these baskets."""
    codes, labels = pd.factorize(owner)
    votes = sparse.csr_array(
        (np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(labels), len(codes))
    )
    return np.asarray(((votes @ rows) > 0).sum(axis=0), dtype=float).ravel()


def best_of(scores: FloatArray, allowed: NDArray[np.bool_], k: int) -> list[int]:
    """The k best columns among those that are allowed.

    >>> best_of(np.array([1.0, 3.0, 2.0]), np.array([True, False, True]), 5)
    [2, 0]
    """
    places = np.flatnonzero(allowed)
    return [int(p) for p in places[np.argsort(-scores[places], kind="stable")][:k]]


# --- words ---------------------------------------------------------------------------------------


def verdict(row: Row, board: Board) -> str:
    """Say in words whether a difference is real."""
    if row.over is None:
        return "the simple method to beat"
    if row.over.low > 0:
        return f"really more than {board.reference}"
    if row.over.high < 0:
        return f"really less than {board.reference}"
    return f"no difference to {board.reference} that we can see"


def winners(board: Board) -> list[str]:
    """The best method and all that cannot be told from it."""
    best = board.rows[0]
    same = [best.method]
    for row in board.rows[1:]:
        a, b = (r.scores.metrics[board.metric] for r in (best, row))
        if stats.paired_difference(a, b, best.scores.groups).low <= 0:
            same.append(row.method)
    return same


def needed(board: Board, difference: float = 0.01) -> int:
    """Customers or baskets with which a difference of this size would be seen, four times in five."""
    by_name = {row.method: row for row in board.rows}
    best = next(row for row in board.rows if row.method != board.reference)
    a, b = (r.scores.metrics[board.metric] for r in (best, by_name[board.reference]))
    return max(MIN_QUERIES, stats.queries_needed(float(np.nanstd(a - b)), difference))


def warn(judged: Judged) -> list[str]:
    """What a careful colleague would say before the numbers are shown to anybody."""
    shape, found = judged.shape, []
    if judged.split.kind == "random":
        found.append(judged.split.words)
    if shape["customers with one product"] > 0.5:
        share = shape["customers with one product"]
        found.append(
            f"{share:.0%} of the customers bought one product only. Nothing can be learned from "
            "such a customer about what goes with what."
        )
    if shape["largest customer"] > 0.05:
        found.append(
            f"One customer has {shape['largest customer']:.0%} of all lines: a reseller, a robot, "
            "or a number that stands for everybody without a card? Take such customers out."
        )
    found += warn_baskets(judged.purchases.frame)
    if judged.catalogue.num_items == LARGEST_CATALOGUE:
        found.append(
            f"Only the {LARGEST_CATALOGUE:,} products with most customers were compared; the "
            "others have no neighbours in the files."
        )
    for board in judged.boards:
        found += warn_board(board)
    if (cold := cold_share(judged)) > 0.1:
        found.append(
            f"{cold:.0%} of the lines in the last part are of products that had fewer than "
            f"{judged.least} customers before. No method that counts purchases can name those; "
            "what a product is (--items) can."
        )
    return found


def warn_baskets(frame: pd.DataFrame) -> Iterator[str]:
    """A basket number that several customers share was given out more than once.

    >>> frame = pd.DataFrame({"user": ["a", "b"], "basket": ["1", "1"]})
    >>> next(warn_baskets(frame))[:37]
    '100% of the baskets hold several cust'
    """
    if "basket" not in frame:
        return
    pairs = frame[["basket", "user"]].drop_duplicates()
    times = pairs["basket"].value_counts()
    shared = float((times > 1).mean())
    if shared > 0.01:
        yield (
            f"{shared:.0%} of the baskets hold several customers: do the numbers begin again each "
            "day or in each shop? Join them with the date or the shop before the export."
        )


def cold_share(judged: Judged) -> float:
    """Share of the test lines whose product is not in the catalogue of the first part."""
    frame, parts = judged.purchases.frame, judged.split.lines
    if judged.split.kind != "time" or not judged.boards:
        return 0.0
    known = catalogue_of(frame[parts == 0], judged.least).ids
    return float((~frame.loc[parts == 2, "item"].isin(known)).mean())


def warn_board(board: Board) -> Iterator[str]:
    """Warnings about one leaderboard."""
    if board.num_queries < 200:
        yield (
            f"Only {board.num_queries} could be asked about {board.question}. To see a difference "
            f"of 0.01 you would need about {needed(board):,}."
        )
    best = board.rows[0]
    if not beats_best_sellers(board):
        yield (
            f"On {board.question} nothing finds really more than the list of best sellers. Either "
            "customers are alike here, or the data are too few to tell them apart."
        )
    lead = best.interval[board.metric]
    if lead.low <= board.chance:
        yield f"On {board.question} even the first method cannot be told from chance."


def beats_best_sellers(board: Board) -> bool:
    """Whether the first method that is more than a list for everybody is really above that list."""
    by_name = {row.method: row.scores for row in board.rows}
    first = next(row.scores for row in board.rows if not row.plain)
    a, b = (scores.metrics[board.metric] for scores in (first, by_name["Best sellers"]))
    return stats.paired_difference(a, b, first.groups).low > 0

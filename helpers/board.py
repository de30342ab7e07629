"""All rows and all paired differences that the chapters recorded, as two tables.

Read from the committed facts alone: nothing is trained.  A difference does not say which models it
compared; where exactly one pair of rows has that difference to ten digits, it is named.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers import facts

if TYPE_CHECKING:
    import pandas as pd

COMMITTED = Path(__file__).resolve().parents[1] / "book" / "_facts"
MAIN_METRIC = {
    "complete_basket": "hr@20",
    "goes_with": "recall@20",
    "new_products": "ndcg@20",
    "buy_again": "ndcg@20",
    "substitutes": "coupon recall@10",
    "cold_start": "ndcg@20",
    "search": "ndcg@10",
    "look_alike": "precision@10",
    "unseen_kinds": "precision@10",
    "ratings": "rmse",
}
SMALLER_IS_BETTER = ("rmse", "mae")
GUESSES = ("random", "global mean")
SHORT = {"i2v": "item2vec", "pop": "popularity", "cond": "conditional"}
EXACT = 2e-9  # facts keep ten digits
# One seed's difference between models whose rows are means of several seeds: named by hand,
# and held against the rows by `fits`.
BY_HAND = {
    "35-transformer/all_counting": ("Transformer + EASE + memory", "EASE + memory"),
    "35-transformer/all_ease": ("Transformer + EASE + memory", "EASE"),
    "35-transformer/all_hushed": ("Transformer + EASE + memory", "EASE, hushed and evened"),
    "35-transformer/memory_ease": ("Transformer + memory", "EASE"),
    "35-transformer/memory_cosine": ("Transformer + memory", "Item cosine"),
    "35-transformer/memory_hushed": ("Transformer + memory", "EASE, hushed and evened"),
    "35-transformer/memory_gain": ("Transformer + memory", "Transformer"),
    "35-transformer/ease_alone": ("EASE", "Transformer"),
    "35-transformer/cosine_alone": ("Item cosine", "Transformer"),
    "35-transformer/ease_sasrec": ("EASE", "SASRec"),
    "35-transformer/svd_sasrec": ("SVD 16", "SASRec"),
    "35-transformer/sasrec_cosine": ("SASRec", "Household cosine"),
    "35-transformer/sasrec_popular": ("SASRec", "popularity"),
    "32-autoencoder/dae_ease": ("Mult-DAE", "EASE, log counts"),
}


def rows(folder: Path = COMMITTED, part: str = "test") -> pd.DataFrame:
    """One line for each chapter's row and metric; a model belongs to the first that recorded it.

    Columns: chapter, task, model, metric, value, low, high, n, protocol, chance, params, seconds,
    seed_sd, neural, control, main (the metric that its task is sorted by).

    Raises
    ------
    ValueError : when the rows of one task come from two protocols.
    """
    import pandas as pd

    columns = [
        *("task", "model", "metric", "value", "low", "high", "n", "protocol", "chance"),
        *("params", "seconds", "seed_sd", "neural", "control"),
    ]
    found = [
        [chapter, *(fact.get(column) for column in columns)]
        for chapter, known in facts.read(folder).items()
        for fact in known.values()
        if fact["kind"] == "row" and fact["part"] == part
    ]
    table = pd.DataFrame(found, columns=["chapter", *columns])
    for column in ("params", "seconds", "seed_sd", "chance"):
        table[column] = table[column].astype(float)
    table = table.drop_duplicates(["task", "model", "metric"], ignore_index=True)
    many = table.groupby("task")["protocol"].nunique()
    if (many > 1).any():
        raise ValueError(f"{list(many.index[many > 1])}: rows of two protocols share no table")
    main = {task: main_metric(task, set(some)) for task, some in table.groupby("task")["metric"]}
    table["main"] = table["metric"] == table["task"].map(main)
    return table


def main_metric(task: str, metrics: set[str]) -> str:
    """The metric that a task is sorted by; of an unknown task the first in the alphabet.

    >>> main_metric("ratings", {"mae", "rmse"}), main_metric("tags", {"map", "f1"})
    ('rmse', 'f1')
    """
    wanted = MAIN_METRIC.get(task, "")
    return wanted if wanted in metrics else min(metrics)


def is_guess(models: pd.Series[Any]) -> pd.Series[Any]:
    """Whether a row only guesses: the negative control that stands in every table."""
    return models.str.lower().isin(GUESSES)


def differences(folder: Path = COMMITTED, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every paired difference, of test and validation weeks, once.

    Columns: chapter, name, part, task, metric, value, low, high, n, tolerance, sure (the interval
    leaves zero out by more than the tolerance), above and below (the models, "" if not known).
    """
    import pandas as pd

    columns = ["part", "task", "metric", "value", "low", "high", "n", "tolerance", "protocol"]
    found = [
        [chapter, name, *(fact.get(c) for c in columns), facts.excludes_zero(fact)]
        for chapter, known in facts.read(folder).items()
        for name, fact in known.items()
        if fact["kind"] == "difference"
    ]
    out = pd.DataFrame(found, columns=["chapter", "name", *columns, "sure"])
    known = rows(folder) if table is None else table
    groups = dict(list(known.groupby(["task", "metric"])))
    pairs = [
        pair_of(line, groups.get((line.task, line.metric), known.iloc[:0]))
        if line.part == "test"
        else ("", "")
        for line in out.itertuples()
    ]
    out[["above", "below"]] = pd.DataFrame(pairs, columns=["above", "below"], index=out.index)
    twice = out.duplicated(["part", "task", "metric", "value", "low", "high"])
    return out[~twice].reset_index(drop=True)


def pair_of(line: Any, candidates: pd.DataFrame) -> tuple[str, str]:
    """The two models of a difference: by hand, or the one pair of rows that far apart.

    Hit rates are shares of one number of queries, so several pairs may be equally far apart: there
    words of the difference's name must name both models, the upper one first.
    """
    same = candidates[candidates["protocol"] == line.protocol]
    value = dict(zip(same["model"], same["value"], strict=True))
    spread = dict(zip(same["model"], same["seed_sd"].fillna(0), strict=True))
    hand = BY_HAND.get(f"{line.chapter}/{line.name}")
    if hand and fits(line.value, value, spread, hand):
        return hand
    exact = [
        (a, b)
        for a in value
        for b in value
        if a != b and abs(value[a] - value[b] - line.value) < EXACT
    ]
    if line.metric.startswith("hr@"):
        exact = [pair for pair in exact if named(line.name, *pair)]
    return exact[0] if len(exact) == 1 else ("", "")


def fits(
    difference: float, value: dict[str, float], spread: dict[str, float], pair: tuple[str, str]
) -> bool:
    """Whether two rows are as far apart as one seed's difference says, within four spreads.

    >>> fits(0.03, {"a": 0.23, "b": 0.2}, {"a": 0.001, "b": 0.0}, ("a", "b"))
    True
    >>> fits(0.05, {"a": 0.23, "b": 0.2}, {"a": 0.001, "b": 0.0}, ("a", "b"))
    False
    """
    a, b = pair
    if a not in value or b not in value:
        return False
    return abs(value[a] - value[b] - difference) <= 4 * (spread[a] + spread[b]) + EXACT


def named(name: str, above: str, below: str) -> bool:
    """Whether some word of a name stands for `above` and a later one for `below`.

    >>> named("i2v_bm25", "Item2vec", "Item BM25 cosine")
    True
    >>> named("svd_bm25", "Item Jaccard", "EASE")
    False
    """
    words = [SHORT.get(w, w) for w in facts.slug(name).replace("_", "-").split("-") if len(w) > 2]
    hits = [[word in model.lower() for word in words] for model in (above, below)]
    return any(hits[0][i] and any(hits[1][i + 1 :]) for i in range(len(words)))

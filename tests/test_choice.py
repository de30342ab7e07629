"""Chapter 71: luck, gains, fronts and the guide; all rows and differences as tables."""

import importlib.util
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers import board
from helpers.models import choice

ROOT = Path(__file__).resolve().parents[1]
BOOK = (8_000.0, 800_000.0)


def benchmark(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---------------------------------------------------------------- luck


def test_holm_keeps_the_share_of_worlds_with_a_false_claim() -> None:
    p = np.random.default_rng(0).random((400, 50))
    assert np.mean([(choice.holm(row) < 0.05).any() for row in p]) < 0.08
    assert (choice.holm(p[0]) >= p[0]).all() and (choice.holm(p[0]) <= 1).all()


def test_a_gain_is_narrower_when_the_pair_is_known() -> None:
    a, b, d = (0.3, 0.28, 0.32), (0.25, 0.23, 0.27), (0.05, 0.045, 0.055)
    alone, paired = choice.percent_gain(a, b), choice.percent_gain(a, b, d)
    assert alone[0] == paired[0] == pytest.approx(20)
    assert alone[1] < paired[1] < 20 < paired[2] < alone[2]


def test_a_gain_agrees_with_the_bootstrap_of_the_ratio() -> None:
    rng = np.random.default_rng(0)
    b = rng.beta(2, 6, 4000)
    a = b + rng.normal(0.03, 0.1, 4000)
    drawn = rng.integers(0, 4000, (1500, 4000))
    mean = [x[drawn].mean(axis=1) for x in (a, b, a - b)]
    triples = [(m.mean(), *np.quantile(m, [0.025, 0.975])) for m in mean]
    ends = np.quantile(100 * (mean[0] / mean[1] - 1), [0.025, 0.975])
    assert np.allclose(choice.percent_gain(*triples)[1:], ends, atol=0.5)


def test_luck_grows_with_the_rows_and_falls_with_what_they_share() -> None:
    assert choice.luckiest(2, 0.0) < choice.luckiest(30, 0.0)
    assert choice.luckiest(30, 0.9) < choice.luckiest(30, 0.0) / 2


def test_the_slope_of_a_noisy_power_is_within_its_interval() -> None:
    x = np.array([1, 4, 16, 64, 256])
    y = x**1.5 * np.exp(np.random.default_rng(0).normal(0, 0.1, 5))
    slope, half = choice.log_slope(x, y)
    assert abs(slope - 1.5) < half < 0.3


# ---------------------------------------------------------------- the guide


def shop() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A heavy family that is good where it is dense, a light one that is level."""
    names = ["Heavy", "Light", "Content kNN"]
    costs = pd.DataFrame(
        {
            "seconds": [20.0, 0.1, 1.0],
            "memory_mb": [800.0, 1.0, 300.0],
            "list_ms": [0.2, 0.1, 0.3],
        },
        index=names,
    )
    for what, items in (("seconds", 3.0), ("memory_mb", 2.0), ("list_ms", 1.0)):
        costs[f"{what}_items"], costs[f"{what}_lines"] = [items, 0.5, 2.0], [0.1, 1.0, 0.0]
    curve = {"Heavy": [0.01, 0.2], "Light": [0.09, 0.1], "Content kNN": [0.05, 0.05]}
    lines = [
        [f, x, v] for f, both in curve.items() for x, v in zip((1.0, 100.0), both, strict=True)
    ]
    return costs, pd.DataFrame(lines, columns=["family", "per_item", "value"])


def ask(num_items: float, per_item: float, **limits: float) -> pd.DataFrame:
    return choice.start_here(*shop(), num_items, per_item, book=BOOK, **limits)


def test_sparse_starts_light_and_dense_starts_heavy() -> None:
    assert ask(8_000, 0.5).index[0] == "Light"
    assert ask(8_000, 100).index[0] == "Heavy"


def test_a_large_catalogue_or_a_small_budget_drops_the_heavy() -> None:
    assert ask(200_000, 100).index[0] == "Light"
    assert ask(8_000, 100, memory_gb=0.5).index[0] == "Light"
    assert ask(8_000, 100, milliseconds=0.15).index[0] == "Light"
    assert ask(8_000, 100, hours=0.001).index[0] == "Light"


def test_without_a_sale_only_content_is_offered_and_nothing_may_fit() -> None:
    assert ask(8_000, 0).index.tolist() == ["Content kNN"]
    assert len(ask(8_000, 100, milliseconds=0.0)) == 0


@pytest.mark.parametrize("limit", ["milliseconds", "memory_gb", "hours"])
def test_a_larger_budget_never_offers_less(limit: str) -> None:
    sizes = [set(ask(30_000, 50, **{limit: amount}).index) for amount in (1e-4, 0.1, 10, 1e5)]
    assert all(a <= b for a, b in itertools.pairwise(sizes))


# ---------------------------------------------------------------- the tables of all facts


def test_no_pair_named_by_hand_is_stale() -> None:
    known = board.differences().assign(key=lambda d: d["chapter"] + "/" + d["name"])
    named = known.set_index("key")[["above", "below"]]
    for key, pair in board.BY_HAND.items():
        assert tuple(named.loc[key]) == pair, f"{key}: the rows moved; name the pair again"


def test_a_named_pair_is_as_far_apart_as_its_difference() -> None:
    table = board.rows()
    value = {(r.task, r.metric, r.model): r.value for r in table.itertuples()}
    spread = {(r.task, r.metric, r.model): r.seed_sd for r in table.fillna(0).itertuples()}
    named = board.differences().query("above != ''")
    assert len(named) > 100
    for d in named.itertuples():
        a, b = (d.task, d.metric, d.above), (d.task, d.metric, d.below)
        room = 4 * (spread[a] + spread[b]) + board.EXACT
        assert abs(value[a] - value[b] - d.value) <= room, (d.chapter, d.name)


def test_rows_of_two_protocols_are_refused(tmp_path: Path) -> None:
    row = {"kind": "row", "task": "t", "part": "test", "metric": "m", "value": 0.1, "low": 0.0}
    row |= {"high": 0.2, "n": 9, "neural": False, "control": False}
    known = {
        "a": {**row, "model": "A", "protocol": "1"},
        "b": {**row, "model": "B", "protocol": "2"},
    }
    document = json.dumps({"chapter": "22-x", "facts": known})
    (tmp_path / "22-x.json").write_text(document, encoding="utf-8")
    with pytest.raises(ValueError, match="two protocols"):
        board.rows(tmp_path)


# ---------------------------------------------------------------- what the benchmarks wrote


def test_resampling_draws_households_and_their_own_baskets() -> None:
    scaling = benchmark("scaling")
    basket, item = np.array([0, 0, 1, 2]), np.array([1, 2, 3, 4])
    home = np.array([0, 0, 1])
    b, i, h = scaling.resample(basket, item, home, 50, seed=1)
    assert len(set(h)) == 100 and len(b) == len(i)
    owner = {1: 0, 2: 0, 3: 0, 4: 1}
    inside = pd.DataFrame({"home": h[b], "owner": [owner[x] for x in i]})
    assert (inside.groupby("home")["owner"].nunique() == 1).all()
    sets = pd.Series(i).groupby(b).apply(frozenset)
    assert set(sets) == {frozenset({1, 2}), frozenset({3}), frozenset({4})}


def test_another_catalogue_keeps_the_lines_and_changes_the_products() -> None:
    scaling = benchmark("scaling")
    item = np.random.default_rng(0).integers(0, 40, 5000)
    for scale in (0.25, 0.5, 2):
        new, many = scaling.other_catalogue(item, 40, scale)
        assert len(new) == len(item) and many == 40 * scale and new.max() < many
        parents = pd.DataFrame({"old": item, "new": new})
        if scale > 1:
            assert (parents.groupby("new")["old"].nunique() == 1).all()


def test_the_stored_table_of_costs_is_whole() -> None:
    scaling, stored = benchmark("scaling"), pd.read_csv(ROOT / "data" / "scaling.csv")
    assert list(stored.columns) == list(scaling.COLUMNS)
    assert set(stored["family"]) == set(scaling.FAMILIES)
    assert set(stored["status"]) <= {"measured", "too long", "too big"}
    for _, some in stored.groupby("family"):
        assert len(some) == len(scaling.SCALES) + len(scaling.CATALOGUES) - 1
        assert ((some["lines_scale"] == 1) & (some["items_scale"] == 1)).sum() == 1
    measured = stored[stored["status"] == "measured"]
    assert (measured["cpu_seconds"] < 20 * scaling.LIMIT_SECONDS).all()
    assert (measured[["list_ms", "neighbours_ms"]] > 0).all().all()

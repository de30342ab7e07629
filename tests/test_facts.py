"""Facts are written whole, compared with care, and refuse a tolerance that chance would pass."""

import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import facts
from helpers.stats import Interval

COMMITTED = Path(__file__).resolve().parents[1] / "book" / "_facts"
CHANCE = 20 / 8249


@dataclass
class Scores:
    """A stand-in for what a task returns."""

    metrics: dict[str, np.ndarray]
    task: str = "complete_basket"
    part: str = "valid"
    protocol: str = "0123abcd"
    groups: np.ndarray | None = None
    folds: bool = False
    chance: dict[str, float] = field(default_factory=lambda: {"HR@20": CHANCE})


def hits(rate: float, seed: int = 0, n: int = 3000) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < rate).astype(float)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_FACTS", str(tmp_path))
    facts.start("22-behaviour")
    yield tmp_path
    facts._open.update(chapter=None, facts={})


def written(folder: Path) -> facts.Facts:
    return facts.read(folder)["22-behaviour"]


def test_start_empties_the_chapter(folder):
    facts.record("old", 1)
    facts.start("22-behaviour")
    assert written(folder) == {}


def test_the_file_is_sorted_whole_and_alone(folder):
    facts.record("b", 2)
    facts.record("a", 1)
    assert [path.name for path in folder.iterdir()] == ["22-behaviour.json"]
    text = (folder / "22-behaviour.json").read_text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"


def test_a_failing_write_leaves_the_old_file(folder, monkeypatch):
    facts.record("a", 1)

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(facts.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        facts.record("b", 2)
    assert list(written(folder)) == ["a"]


def test_without_the_variable_tracked_facts_are_never_touched(monkeypatch):
    monkeypatch.delenv("ALIKE_FACTS")
    assert facts.folder().parts[-2:] == ("_build", "facts")


@pytest.mark.parametrize(
    "value, options, text",
    [
        (1469307, {}, "1,469,307"),
        (0.20449, {}, "0.204"),
        (-0.5, {"digits": 1}, "\N{MINUS SIGN}0.5"),
        (-0.0001, {"digits": 2}, "0.00"),
        (12.5, {"unit": "%", "digits": 1}, "12.5 %"),
        ("whole milk", {}, "whole milk"),
        (np.float32(0.25), {"digits": 2}, "0.25"),
        (np.int64(7), {}, "7"),
        (Interval(0.2, 0.1, 0.3, 9), {"digits": 1}, "0.2 [0.1, 0.3]"),
    ],
)
def test_text_as_prose_shows_it(folder, value, options, text):
    assert facts.record("name", value, **options) == text
    assert written(folder)["name"]["text"] == text


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: facts.record("a", float("nan")), ValueError, "'a'.*not finite"),
        (lambda: facts.record("a", Interval(1, 1, float("inf"), 1)), ValueError, "not finite"),
        (lambda: facts.record("a", [1]), TypeError, "'a'.*number, an Interval or a str"),
        (lambda: facts.record("a", True), TypeError, "'a'.*number"),
        (lambda: facts.record("a b", 1), ValueError, "'a b'.*letters"),
        (lambda: facts.start("Chapter 22"), ValueError, "notebook's name"),
    ],
)
def test_bad_input_is_named_with_its_remedy(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_recording_before_start_says_what_to_do():
    facts._open.update(chapter=None)
    with pytest.raises(RuntimeError, match=r"facts\.start\("):
        facts.record("a", 1)


def test_a_row_is_one_fact_for_each_metric(folder):
    scores = Scores({"HR@20": hits(0.2), "HR@20 rarer half": hits(0.1)})
    table = facts.row("Item cosine", scores, params=0, seconds=1.5)
    assert table.loc["HR@20", "chance"] == "0.0024"
    assert list(written(folder)) == [
        "complete_basket/valid/item-cosine/hr@20",
        "complete_basket/valid/item-cosine/hr@20-rarer-half",
    ]
    fact = written(folder)["complete_basket/valid/item-cosine/hr@20"]
    assert fact["low"] < fact["value"] < fact["high"]
    assert (fact["task"], fact["metric"], fact["n"]) == ("complete_basket", "HR@20", 3000)
    assert fact["tolerance"] == pytest.approx(0.01 * fact["value"], rel=1e-3)
    assert facts.rows("complete_basket", "HR@20")["model"].tolist() == ["Item cosine"]


def test_the_tolerance_of_a_row_is_three_spreads_of_its_seeds(folder):
    facts.row("SVD", Scores({"HR@20": hits(0.2)}), seed=0, seed_sd={"HR@20": 0.004})
    assert written(folder)["complete_basket/valid/svd/hr@20"]["tolerance"] == pytest.approx(0.012)


def test_a_tolerance_that_chance_would_pass_is_refused(folder):
    scores = Scores({"HR@20": hits(0.2)})
    with pytest.raises(ValueError, match="complete_basket/valid/svd/hr@20.*random scores"):
        facts.row("SVD", scores, seed_sd=0.04)
    with pytest.raises(ValueError, match="random scores"):
        facts.row("SVD", scores, tolerance=0.15)
    with pytest.raises(ValueError, match="random scores"):
        facts.record("hr", 0.2, chance=0.1, tolerance=0.05)
    facts.row("SVD", scores, seed_sd=0.04, control=True)  # a row that is meant to be at chance


def test_a_difference_needs_one_protocol(folder):
    a, b = Scores({"HR@20": hits(0.2)}), Scores({"HR@20": hits(0.1, seed=1)})
    facts.difference("cosine-popularity", a, b, "HR@20")
    fact = written(folder)["cosine-popularity"]
    assert fact["kind"] == "difference" and facts.excludes_zero(fact)
    assert 0 < fact["tolerance"] < abs(fact["value"]) / 2
    b.protocol = "another"
    with pytest.raises(ValueError, match="same task, part and settings"):
        facts.difference("wrong", a, b, "HR@20")


def test_a_difference_between_trained_models_allows_for_the_seeds(folder):
    a, b = Scores({"HR@20": hits(0.2)}), Scores({"HR@20": hits(0.1, seed=1)})
    facts.difference("trained", a, b, "HR@20", seed_sd=0.01)
    assert written(folder)["trained"]["tolerance"] == 0.03
    assert facts.excludes_zero(written(folder)["trained"])
    facts.difference("shaky", a, b, "HR@20", seed_sd=0.05)  # seeds alone could turn it round
    assert written(folder)["shaky"]["low"] > 0
    assert not facts.excludes_zero(written(folder)["shaky"])


def three_facts(rate: float, seed: int = 0, **changes: Any) -> facts.Facts:
    """Record a row, a difference and a time for a model that hits at `rate`."""
    facts.start("22-behaviour")
    model = Scores({"HR@20": hits(rate, seed)}, **changes)
    facts.row("Model", model, control=rate < 0.01)
    facts.difference("gain", model, Scores({"HR@20": hits(0.09, 5)}, **changes), "HR@20")
    facts.record("seconds", 1.0 + seed, volatile=True)
    return copy.deepcopy(facts._open["facts"])


def test_the_same_run_compares_clean():
    assert facts.compare(three_facts(0.2), three_facts(0.2)) == []


@pytest.mark.parametrize("seed", range(20))
def test_random_scores_in_place_of_a_model_are_noticed(seed):
    lines = facts.compare(three_facts(CHANCE, seed), three_facts(0.2))
    assert any("hr@20: value is" in line for line in lines)
    assert any("gain: value is" in line for line in lines)


def test_every_kind_of_change_is_noticed():
    old = three_facts(0.2)
    row, gain = "complete_basket/valid/model/hr@20", "gain"

    def changed(name: str, **new: Any) -> list[str]:
        return facts.compare({**old, name: {**old[name], **new}}, old)

    assert "not recorded now" in facts.compare({}, {"a": old["gain"]})[0]
    assert "not committed" in facts.compare({"a": old["gain"]}, {})[0]
    assert "protocol is 'x'" in changed(row, protocol="x")[0]
    assert "n is 1" in changed(row, n=1)[0]
    assert "kind is" in changed(row, kind="number")[0]
    assert "unit is" in changed(row, unit="%")[0]
    step = old[row]["tolerance"]
    assert changed(row, value=old[row]["value"] + 0.9 * step) == []
    assert "value is" in changed(row, value=old[row]["value"] + 1.1 * step)[0]
    assert "high is" in changed(row, high=old[row]["high"] + 1.1 * step)[0]
    assert "low is" in changed(gain, low=-0.001)[0]  # a claim may not be lost
    assert changed("seconds", value=99.0) == []


def test_text_facts_are_compared_word_by_word():
    facts.record("word", "milk")
    old = copy.deepcopy(facts._open["facts"])
    facts.record("word", "bread")
    assert facts.compare(facts._open["facts"], old) == [
        "word: value is 'bread', committed 'milk', tolerance None"
    ]


# ---------------------------------------------------------------- the committed facts themselves

ROWS = [
    (chapter, name, fact)
    for chapter, found in facts.read(COMMITTED).items()
    for name, fact in found.items()
    if fact["kind"] == "row"
]


def test_no_committed_row_would_let_a_random_model_pass():
    checked = [row for row in ROWS if row[2]["chance"] is not None and not row[2]["control"]]
    vacuous = [
        f"{chapter}/{name}"
        for chapter, name, fact in checked
        if abs(fact["value"] - fact["chance"]) <= 2 * fact["tolerance"]
    ]
    assert vacuous == []
    assert checked or not ROWS, "no committed row knows its chance"


def near_chance(fact: dict, chance: float) -> bool:
    width = fact["high"] - fact["low"]
    return fact["low"] - width <= chance <= fact["high"] + width


# Controls that cannot fall to chance, and why.  Whatever is not named here must.
USES_POPULARITY = {
    "popularity",
    "item conditional, shuffled",
    "item cosine, shuffled",
    "ease, shuffled",
    "svd 16, shuffled",
    "gru, others' receipts",
    "habit ranker, others' receipts",
    "transformer, drawn baskets",
    "lightgcn, rewired",
}
KEEPS_SEASON = "substitutes/test/item-cosine-shuffled/type-precision@10"


def test_rows_marked_as_controls_are_at_chance():
    """A shuffle inside weeks keeps popularity: a method that uses it may keep that, no more.

    For errors in stars the chance is the mean of all stars: a control may not be nearer.
    """
    popular = {
        (fact["task"], fact["part"], fact["metric"]): fact["high"]
        for _, _, fact in ROWS
        if fact["model"].lower() == "popularity"
    }
    controls = [row for row in ROWS if row[2]["control"] and row[2]["chance"]]
    away = []
    for chapter, name, fact in controls:
        if near_chance(fact, fact["chance"]) or name == KEEPS_SEASON:
            continue
        if fact["task"] == "ratings" and fact["low"] > fact["chance"]:
            continue
        bar = popular.get((fact["task"], fact["part"], fact["metric"]), 0.0)
        if fact["model"].lower() not in USES_POPULARITY or fact["low"] > bar:
            away.append(f"{chapter}/{name}: {fact['text']}, chance {fact['chance']:.4f}")
    assert controls and away == []


def test_the_trace_that_season_leaves_goes_when_all_weeks_are_shuffled():
    """The one row that the test above lets pass: its stronger control must reach chance."""
    known = facts.read(COMMITTED).get("22-behaviour")
    if known is None:
        pytest.skip("chapter 22 does not stand yet")
    assert not near_chance(known[KEEPS_SEASON], known[KEEPS_SEASON]["chance"])
    assert near_chance(known["shuffled_all"], known[KEEPS_SEASON]["chance"])


def test_rows_of_one_task_and_part_share_one_protocol():
    protocols: dict[tuple[str, str], set[str]] = {}
    for _, _, fact in ROWS:
        protocols.setdefault((fact["task"], fact["part"]), set()).add(fact["protocol"])
    assert all(len(ids) == 1 for ids in protocols.values()), protocols


def test_swapping_a_real_model_for_random_scores_makes_the_comparison_fail(folder):
    """Run the real task with random scores under the names of the committed rows."""
    committed = {
        fact["model"]: chapter
        for chapter, _, fact in ROWS
        if (fact["task"], fact["part"]) == ("complete_basket", "valid") and not fact["control"]
    }
    if not committed:
        pytest.skip("no committed row of complete_basket on the validation weeks yet")
    from helpers import data, tasks
    from helpers.data import splits
    from helpers.models.baselines import Random

    part = splits.part(data.load_groceries(), "valid")
    scores = tasks.complete_basket(Random(seed=0).fit(part.train_baskets), part)
    for model, home in committed.items():
        facts.start("22-behaviour")
        facts.row(model, scores, control=True)
        fresh = {name: {**f, "control": False} for name, f in written(folder).items()}
        old = {name: fact for chapter, name, fact in ROWS if chapter == home and name in fresh}
        lines = facts.compare(fresh, old)
        assert any("/hr@20: value is" in line for line in lines), (model, lines)
        assert not any("protocol" in line for line in lines), "the swap changed only the scores"

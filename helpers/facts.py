"""The numbers of the book: recorded by notebooks, quoted by prose, compared by tests.

A notebook calls :func:`start` once and then :func:`record`, :func:`row` or :func:`difference`.
Every call saves the chapter's file, ``<folder>/<chapter>.json``, whole and at once.  The folder is
``$ALIKE_FACTS``, or ``_build/facts`` of this checkout: a reader's experiments never change the
numbers that the book prints.
"""

from __future__ import annotations

import json
import math
import os
import re
import tempfile
from collections.abc import Mapping
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from helpers import stats
from helpers.stats import Interval

if TYPE_CHECKING:
    import pandas as pd

Fact: TypeAlias = dict[str, Any]
Facts: TypeAlias = dict[str, Fact]

ROW_TOLERANCE = 0.01  # of the value: what another BLAS or another CPU may change in a ranking
NUMBER_TOLERANCE = 1e-6  # of the value: a sum in another order
SMALLEST_TOLERANCE = 1e-9  # absolute, for values at or next to zero
SAME_ALWAYS = ("kind", "unit", "n", "protocol", "seed", "task", "part", "model", "metric")


class Scored(Protocol):
    """What a task returns (``helpers.tasks.Scores``): one number per query and metric."""

    @property
    def task(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def metrics(self) -> Mapping[str, NDArray[np.float64]]: ...
    @property
    def groups(self) -> NDArray[Any] | None: ...
    @property
    def folds(self) -> bool: ...
    @property
    def chance(self) -> Mapping[str, float]: ...


_open: dict[str, Any] = {"chapter": None, "facts": {}}


def start(chapter: str) -> None:
    """Begin the facts of a chapter, empty; `chapter` is the notebook's name without ``.ipynb``."""
    if not re.fullmatch(r"[0-9a-z][0-9a-z-]*", chapter):
        raise ValueError(f"chapter {chapter!r}: use the notebook's name, such as '22-behaviour'")
    _open.update(chapter=chapter, facts={})
    _save()


def folder() -> Path:
    """Where facts are written: ``$ALIKE_FACTS`` or ``_build/facts`` of this checkout."""
    default = Path(__file__).resolve().parents[1] / "_build" / "facts"
    return Path(os.environ.get("ALIKE_FACTS") or default)


def record(
    name: str,
    value: float | str | Interval,
    *,
    unit: str = "",
    digits: int = 3,
    volatile: bool = False,
    tolerance: float | None = None,
    chance: float | None = None,
    n: int | None = None,
    seed: int | None = None,
) -> str:
    """Record one number, interval or word, and return its text as prose will show it.

    Integers are shown with thousands separators, other numbers with `digits` decimals.
    `tolerance` (absolute) says how far a later run may be off: by default a millionth of the
    value.  With `chance`, the value that guessing gives, a tolerance that guessing could pass is
    refused (ValueError).  `volatile` marks times and memory: shown, never compared.

    >>> start("00-example"); record("num_items", 8249)
    '8,249'
    >>> record("share", 12.345, unit="%", digits=1)
    '12.3 %'
    >>> record("recall", Interval(0.25, 0.2, 0.3, 40), digits=2)
    '0.25 [0.20, 0.30]'
    """
    if isinstance(value, str):
        return _add(name, {"kind": "text", "value": value, "text": value, "volatile": volatile})
    fact = _numbers(name, value, unit, digits)
    fact.update(kind="number", volatile=volatile, chance=chance, seed=seed)
    fact["n"] = fact["n"] if n is None else n
    fact["tolerance"] = _tolerance(fact, NUMBER_TOLERANCE, tolerance)
    _refuse_vacuous(name, fact)
    return _add(name, fact)


def row(
    model: str,
    scores: Scored,
    *,
    params: int | None = None,
    seconds: float | None = None,
    seed: int | None = None,
    seed_sd: float | Mapping[str, float] | None = None,
    neural: bool = False,
    control: bool = False,
    tolerance: float | None = None,
    digits: int = 3,
) -> pd.DataFrame:
    """Record one row of the leaderboard, a fact for each metric, and return it for display.

    The fact of a metric is named ``task/part/model/metric`` (see :func:`slug`).  `params` counts
    learned numbers, `seconds` is the time to fit, `seed_sd` the spread between seeds (one number,
    or one for each metric), `neural` says whether a neural network made the scores.

    The tolerance is three times `seed_sd` and at least one per cent of the value.  Where it
    reaches half the way to chance a random model would pass for this one: ValueError.  Rows that
    *are* chance (the random row, shuffled labels) are marked `control`.
    """
    import pandas as pd

    lines = {}
    for metric, values in scores.metrics.items():
        name = "/".join(map(slug, (scores.task, scores.part, model, metric)))
        fact = _numbers(name, _interval(values, scores), "", digits)
        spread = seed_sd.get(metric) if isinstance(seed_sd, Mapping) else seed_sd
        fact.update(kind="row", task=scores.task, part=scores.part, model=model, metric=metric)
        fact.update(protocol=scores.protocol, chance=scores.chance.get(metric), params=params)
        fact.update(seconds=_plain(seconds), seed=seed, seed_sd=_plain(spread))
        fact.update(neural=neural, control=control, volatile=False)
        fact["tolerance"] = max(
            _tolerance(fact, ROW_TOLERANCE, tolerance), 0 if tolerance else 3 * (spread or 0)
        )
        _refuse_vacuous(name, fact)
        _add(name, fact)
        chance = fact["chance"]
        lines[metric] = [fact["text"], "" if chance is None else f"{chance:.{digits + 1}f}"]
    table = pd.DataFrame.from_dict(lines, orient="index", columns=[model, "chance"])
    return table.rename_axis(f"{scores.task}, {scores.part}")


def difference(
    name: str,
    scores_a: Scored,
    scores_b: Scored,
    metric: str,
    *,
    seed_sd: float = 0.0,
    digits: int = 3,
) -> str:
    """Record how much `scores_a` is above `scores_b`, query by query, and return its text.

    Both must come from the same protocol (ValueError).  Prose may say "better" in a paragraph
    that quotes a difference which `excludes_zero`, and only there.  Where a trained model takes
    part, `seed_sd` is the spread between its seeds; the tolerance is three times that.
    """
    a, b = scores_a, scores_b
    if (a.task, a.part, a.protocol) != (b.task, b.part, b.protocol):
        raise ValueError(
            f"difference {name!r}: {a.task}/{a.part}/{a.protocol} and {b.task}/{b.part}/"
            f"{b.protocol} cannot be compared; score both with the same task, part and settings"
        )
    interval = _interval(a.metrics[metric] - b.metrics[metric], a)
    fact = _numbers(name, interval, "", digits)
    half_width = (fact["high"] - fact["low"]) / 2
    fact.update(kind="difference", task=a.task, part=a.part, metric=metric, volatile=False)
    fact.update(protocol=a.protocol, tolerance=_plain(max(half_width / 4, 3 * seed_sd, 1e-9)))
    return _add(name, fact)


def rows(task: str, metric: str, part: str | None = None) -> pd.DataFrame:
    """Rows of the open chapter for one task and metric, best first, as numbers for a plot.

    Columns: model, part, value, low, high, chance, neural.
    """
    import pandas as pd

    columns = ["model", "part", "value", "low", "high", "chance", "neural"]
    found = [
        [fact[column] for column in columns]
        for fact in _open["facts"].values()
        if (fact.get("task"), fact.get("metric"), fact["kind"]) == (task, metric, "row")
        and part in (None, fact["part"])
    ]
    table = pd.DataFrame(found, columns=columns)
    return table.sort_values("value", ascending=False, ignore_index=True)


def slug(text: str) -> str:
    """Make a piece of a fact's name: lower case, everything unusual becomes a hyphen.

    >>> slug("Item cosine (BM25)"), slug("HR@20")
    ('item-cosine-bm25', 'hr@20')
    """
    return re.sub(r"[^0-9a-z@._+]+", "-", text.lower()).strip("-")


def excludes_zero(fact: Mapping[str, Any]) -> bool:
    """Whether a difference's interval lies on one side of zero, by more than its tolerance.

    Another machine's run may move the ends by the tolerance; a claim has to survive that.

    >>> excludes_zero({"low": 0.1, "high": 0.3, "tolerance": 0.05})
    True
    >>> excludes_zero({"low": 0.1, "high": 0.3, "tolerance": 0.15})
    False
    """
    low, high, tolerance = fact.get("low"), fact.get("high"), fact.get("tolerance") or 0.0
    return low is not None and high is not None and (low > tolerance or high < -tolerance)


def read(path: Path) -> dict[str, Facts]:
    """Read every ``<chapter>.json`` in a folder: {chapter: {name: fact}}."""
    documents = [json.loads(file.read_text("utf-8")) for file in sorted(path.glob("*.json"))]
    return {document["chapter"]: document["facts"] for document in documents}


def compare(fresh: Mapping[str, Fact], committed: Mapping[str, Fact]) -> list[str]:
    """List every way in which a chapter's fresh facts differ from the committed ones.

    Values and interval ends may be off by the committed tolerance; names, units, protocols, seeds
    and numbers of queries may not change.  So a difference that `excludes_zero` stays on its side
    of zero.  Volatile facts need only exist.

    >>> old = {"kind": "number", "value": 0.5, "tolerance": 0.1, "text": "0.500"}
    >>> compare({"a": {**old, "value": 0.55}}, {"a": old})
    []
    >>> compare({"a": {**old, "value": 0.75}}, {"a": old})
    ['a: value is 0.75, committed 0.5, tolerance 0.1']
    """
    missing = [f"{name}: committed, but not recorded now" for name in committed.keys() - fresh]
    new = [f"{name}: recorded now, but not committed" for name in fresh.keys() - committed]
    both = sorted(fresh.keys() & committed.keys())
    changed = [line for name in both for line in _changes(name, fresh[name], committed[name])]
    return sorted(missing) + sorted(new) + changed


def _changes(name: str, fresh: Fact, committed: Fact) -> list[str]:
    if committed.get("volatile") and fresh.get("volatile"):
        return []
    lines = [
        f"{name}: {key} is {fresh.get(key)!r}, committed {committed.get(key)!r}"
        for key in SAME_ALWAYS
        if fresh.get(key) != committed.get(key)
    ]
    for key in ("value", "low", "high"):
        new, old = fresh.get(key), committed.get(key)
        if not _same(new, old, committed.get("tolerance") or 0.0):
            allowed = committed.get("tolerance")
            lines.append(f"{name}: {key} is {new!r}, committed {old!r}, tolerance {allowed!r}")
    return lines


def _same(new: object, old: object, tolerance: float) -> bool:
    if isinstance(new, (int, float)) and isinstance(old, (int, float)):
        return abs(new - old) <= tolerance + 1e-12
    return new == old


def _interval(values: NDArray[np.float64], scores: Scored) -> Interval:
    """Bootstrap over queries; Student's t where each value is a whole fold."""
    return stats.t_interval(values) if scores.folds else stats.bootstrap(values, scores.groups)


def _numbers(name: str, value: float | Interval, unit: str, digits: int) -> Fact:
    """Give value, low, high, n and text of a number or an interval, as plain Python numbers."""
    low = high = n = None
    if isinstance(value, Interval):
        low, high, n = _plain(value.low), _plain(value.high), int(value.n)
        value = value.value
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"fact {name!r}: give a number, an Interval or a str, not {value!r}")
    number = int(value) if isinstance(value, (int, np.integer)) else _plain(float(value))
    if number is None or not all(math.isfinite(v) for v in (number, low, high) if v is not None):
        raise ValueError(f"fact {name!r}: {value!r} is not finite; is there a query with a truth?")
    text = _shown(number, digits)
    if low is not None and high is not None:
        text += f" [{_shown(low, digits)}, {_shown(high, digits)}]"
    fact: Fact = {"value": number, "low": low, "high": high, "n": n, "digits": digits}
    return {**fact, "unit": unit, "text": f"{text} {unit}".strip()}


def _shown(number: float, digits: int) -> str:
    """Format with a true minus sign, thousands separators and no negative zero."""
    text = f"{number:,}" if isinstance(number, int) else f"{number:,.{digits}f}"
    is_zero = not re.search("[1-9]", text)
    return text.lstrip("-") if is_zero else text.replace("-", "\N{MINUS SIGN}")


def _plain(value: float | None) -> float | None:
    """Round to ten significant digits: files then differ only where a number did."""
    return None if value is None else float(f"{float(value):.10g}")


def _tolerance(fact: Fact, share: float, given: float | None) -> float:
    if given is not None:
        return float(given)
    return float(f"{max(share * abs(fact['value']), SMALLEST_TOLERANCE):.4g}")


def _refuse_vacuous(name: str, fact: Fact) -> None:
    """Refuse a tolerance that the score of a random model would pass."""
    chance = fact.get("chance")
    if chance is None or fact.get("control") or fact.get("volatile"):
        return
    if fact["tolerance"] >= abs(fact["value"] - chance) / 2:
        raise ValueError(
            f"fact {name!r}: the tolerance {fact['tolerance']:.3g} is not below half the distance "
            f"from the value {fact['value']:.4g} to chance {chance:.4g}, so random scores would "
            "pass the test; use more seeds or queries, or say control=True if it is meant to be "
            "at chance"
        )


def _add(name: str, fact: Fact) -> str:
    if _open["chapter"] is None:
        raise RuntimeError(
            f"fact {name!r}: no chapter is open; call facts.start('22-behaviour') first, "
            "in the setup cell, with the name of the notebook"
        )
    if not re.fullmatch(r"[0-9A-Za-z@._+/-]+", name):
        raise ValueError(f"fact {name!r}: use letters, digits and . _ - + @ / in the name")
    _open["facts"][name] = fact
    _save()
    return str(fact["text"])


def _save() -> None:
    """Write the open chapter's file whole: a reader sees the old one or the new one."""
    target = folder() / f"{_open['chapter']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_open, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    os.chmod(temporary, 0o644)  # mkstemp makes it private; tracked files are not
    os.replace(temporary, target)

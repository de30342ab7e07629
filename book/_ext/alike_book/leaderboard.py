"""The leaderboard: a table of all rows that the chapters recorded for one task.

Rows are facts of kind "row" with ``task, part, model, metric, params, neural, protocol``.
"""

from html import escape
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .facts import Fact, chapter_of, facts_dir, interval_text, load_facts, number

logger = logging.getLogger(__name__)

Row = dict[str, Any]
# What a table is sorted by, where it is not told: the main metric of each task.
MAIN_METRIC = {
    "complete_basket": "hr@20",
    "goes_with": "recall@20",
    "new_products": "ndcg@20",
    "buy_again": "ndcg@20",
    "substitutes": "type precision@10",
    "cold_start": "ndcg@20",
    "ratings": "rmse",
    "look_alike": "precision@10",
    "unseen_kinds": "precision@10",
    "search": "ndcg@10",
}
WEEKS = {
    "valid": "trained on weeks 1–40, scored on weeks 41–46",
    "test": "trained on weeks 1–46, scored on weeks 47–53",
}
# What a caption says where the queries are not of the groceries.
ASKED = {
    "ratings": [
        "{n} folds of MovieLens 100K",
        "smaller is closer to the stars given",
        "Student's 95 % intervals over the folds in brackets",
    ],
    "look_alike": [
        "n = {n:,} article photographs, none of which any method learned from",
        "95 % intervals in brackets",
    ],
    "unseen_kinds": [
        "{n} kinds of article, each withheld from the labels that were learned from",
        "Student's 95 % intervals over the kinds in brackets",
    ],
    "search": ["n = {n:,} queries with judged answers", "95 % intervals in brackets"],
}
FLAGS = {"random": "chance", "popularity": "baseline", "global mean": "floor"}
KNOWS_NOTHING = ("random", "global mean")  # the controls of the tables
LOWER_IS_BETTER = ("rmse", "mae")


class LeaderboardError(ValueError):
    """The rows do not make one honest table."""


def read_rows(folder: Path, task: str, part: str) -> list[Row]:
    """One row per model, its metrics as cells, from every fact file of the folder.

    Negative controls stay in their chapters; the random row is the control of the table.
    """
    rows: dict[str, Row] = {}
    for path in sorted(folder.glob("*.json")):
        for fact in load_facts(path).values():
            wanted = (fact.get("kind"), fact.get("task"), fact.get("part")) == ("row", task, part)
            if wanted and (not fact.get("control") or is_random(fact["model"])):
                add_cell(rows, fact, path.stem)
    return list(rows.values())


def is_random(model: str) -> bool:
    """The row that only guesses, or says the same to everybody about everything."""
    return model.lower() in KNOWS_NOTHING


def add_cell(rows: dict[str, Row], fact: Fact, chapter: str) -> None:
    """Put one fact into its row; the first chapter that recorded a model owns the row."""
    new: Row = {
        "model": fact["model"],
        "params": fact.get("params"),
        "cells": {},
        "neural": bool(fact.get("neural")),
        "chapter": chapter,
    }
    row = rows.setdefault(fact["model"], new)
    known = row["cells"].setdefault(fact["metric"], fact)
    if known["protocol"] != fact["protocol"]:
        raise LeaderboardError(two_protocols([known["protocol"], fact["protocol"]]))
    if abs(known["value"] - fact["value"]) > (known.get("tolerance") or 1e-9):
        raise LeaderboardError(
            f"{fact['model']} has two values of {fact['metric']}: {known['value']} in "
            f"{row['chapter']}, {fact['value']} in {chapter}; name the models differently or "
            "run both chapters again with `make execute`"
        )


def two_protocols(protocols: list[str]) -> str:
    """The message for rows that must not share a table."""
    return (
        f"rows of different protocols {', '.join(sorted(set(protocols)))} never share a "
        "table: run the older chapter again with `make execute`"
    )


def one_protocol(rows: list[Row]) -> str:
    """The protocol id that all rows share; LeaderboardError when they do not."""
    found = {cell["protocol"] for row in rows for cell in row["cells"].values()}
    if len(found) != 1:
        raise LeaderboardError(two_protocols(list(found)))
    return str(found.pop())


def metric_order(rows: list[Row], wanted: list[str], main: str = "") -> list[str]:
    """Metrics to show: those asked for, else all of them, the task's main one first."""
    present = list(dict.fromkeys(metric for row in rows for metric in row["cells"]))
    present.sort(key=lambda metric: metric != main)
    unknown = [metric for metric in wanted if metric not in present]
    if unknown:
        raise LeaderboardError(f"no row has the metric {unknown[0]!r}; there are {present}")
    return wanted or present


def sort_rows(rows: list[Row], metric: str) -> list[Row]:
    """Best first; rows without the metric last."""
    sign = 1 if lower_is_better(metric) else -1
    return sorted(rows, key=lambda row: sign * value_of(row, metric, worst=sign * float("inf")))


def lower_is_better(metric: str) -> bool:
    """Errors are better small."""
    return metric.lower().startswith(LOWER_IS_BETTER)


def value_of(row: Row, metric: str, worst: float = float("-inf")) -> float:
    """Value of a metric in a row."""
    cell = row["cells"].get(metric)
    return worst if cell is None or cell["value"] is None else float(cell["value"])


def best_without_network(rows: list[Row]) -> Row | None:
    """First row, of sorted ones, that is not neural and not the random one."""
    honest = [row for row in rows if not row["neural"] and not is_random(row["model"])]
    return honest[0] if honest else None


def cell_html(fact: Fact | None) -> str:
    """One table cell: value and interval."""
    if fact is None or fact["value"] is None:
        return '<td class="none">–</td>'
    value = number(fact["value"], fact.get("digits", 3))
    interval = interval_text(fact)
    return f'<td><span class="value">{value}</span> <span class="interval">{interval}</span></td>'


def bar_html(row: Row, metric: str, top: float) -> str:
    """A whisker from low to high on a common scale that starts at zero."""
    fact = row["cells"].get(metric)
    if fact is None or fact.get("low") is None or top <= 0:
        return '<td class="bar"></td>'
    low, mid, high = (round(fact[name] / top * 100, 1) for name in ("low", "value", "high"))
    return (
        '<td class="bar" aria-hidden="true"><svg viewBox="-4 0 108 18" width="84" height="14">'
        f'<line class="base" x1="0" y1="9" x2="100" y2="9"/>'
        f'<line class="whisker" x1="{low}" y1="9" x2="{high}" y2="9"/>'
        f'<circle cx="{mid}" cy="9" r="4"/></svg></td>'
    )


def metric_name(metric: str) -> str:
    """A metric as a column head.

    >>> metric_name("hr@20 rarer half"), metric_name("type precision@10"), metric_name("mrr")
    ('HR@20 rarer half', 'Type precision@10', 'MRR')
    """
    head = metric.split("@")[0]
    short = head in ("hr", "ndcg", "mrr", "map", "rmse", "mae", "ap")
    return (head.upper() if short else head.capitalize()) + metric[len(head) :]


def chips_html(row: Row, best: Row | None) -> str:
    """The marks after a model's name."""
    chips = []
    if row["model"].lower() in FLAGS:
        chips.append(FLAGS[row["model"].lower()])
    if row is best:
        chips.append("best without a network")
    return "".join(f' <span class="chip">{escape(chip)}</span>' for chip in chips)


def params_html(params: int | None) -> str:
    """Number of learned parameters in small print."""
    return f' <span class="params">{params:,} parameters</span>' if params else ""


def row_html(
    row: Row, metrics: list[str], best: Row | None, link: str | None, top: float, own: bool
) -> str:
    """One table row."""
    marks = ["best"] if row is best else []
    marks += ["own"] if own else []
    marks += ["flagged"] if row["model"].lower() in FLAGS else []
    name = escape(row["model"][:1].upper() + row["model"][1:])
    name = f"<strong>{name}</strong>" if row is best else name
    chapter = escape(row["chapter"][:2])
    learned = "" if row["model"].lower() in FLAGS else params_html(row["params"])
    where = f'<a href="{escape(link)}">{chapter}</a>' if link else chapter
    first, *others = (cell_html(row["cells"].get(metric)) for metric in metrics)
    return "".join(
        [
            f'<tr class="{" ".join(marks)}"><th scope="row">{name}{learned}',
            f"{chips_html(row, best)}</th>",
            first,
            bar_html(row, metrics[0], top),
            *others,
            f"<td>{where}</td></tr>",
        ]
    )


def head_html(metrics: list[str]) -> str:
    """The header row."""
    first, *others = (f'<th scope="col">{escape(metric_name(metric))}</th>' for metric in metrics)
    bar = '<td class="bar" aria-hidden="true">from 0</td>'
    columns = "".join([first, bar, *others])
    return f'<tr><th scope="col">Model</th>{columns}<th scope="col">Chapter</th></tr>'


def caption_html(rows: list[Row], metrics: list[str], text: str, part: str) -> str:
    """What the table answers, over how many queries, on which weeks, under which protocol."""
    first = [row["cells"][metrics[0]] for row in rows if metrics[0] in row["cells"]]
    n = max((fact.get("n") or 0 for fact in first), default=0)
    asked = [f"n = {n:,} queries", WEEKS.get(part, part), "95 % intervals in brackets"]
    if first and first[0].get("task") in ASKED:
        asked = [line.format(n=n) for line in ASKED[first[0]["task"]]]
    small = " · ".join(
        [
            *asked,
            f"protocol <code>{escape(one_protocol(rows))}</code>",
            *chance_text(rows, metrics),
        ]
    )
    lead = f'<span class="question">{escape(text)}</span> ' if text else ""
    return f'<figcaption>{lead}<span class="fine">{small}</span></figcaption>'


def chance_text(rows: list[Row], metrics: list[str]) -> list[str]:
    """Chance worked out on paper, where a row carries it; for errors, what the mean gets."""
    what = "the mean of all stars" if lower_is_better(metrics[0]) else "chance on paper"
    for row in rows:
        chance = row["cells"].get(metrics[0], {}).get("chance")
        if chance is not None:
            return [f"{what}: {escape(metric_name(metrics[0]))} {number(float(chance), 4)}"]
    return []


class LeaderboardDirective(SphinxDirective):
    """``{leaderboard} task`` with options ``metrics``, ``part``, ``chapter``; body = caption."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = dict.fromkeys(("metrics", "part", "chapter"), directives.unchanged)

    def run(self) -> list[nodes.Node]:
        """The table as HTML, or a warning."""
        self.env.note_reread()  # a new chapter's file may add a row at any time
        try:
            html = self.table()
        except ValueError as error:
            logger.warning(
                "leaderboard %s: %s",
                self.arguments[0],
                error,
                location=self.get_location(),
                type="alike",
            )
            return []
        return [nodes.raw("", html, format="html")]

    def table(self) -> str:
        """The figure element; ValueError when the rows make no honest table."""
        part = self.options.get("part", "test")
        task = self.arguments[0].strip()
        rows = read_rows(facts_dir(self.env), task, part)
        if not rows:
            raise LeaderboardError(f"no row of part {part!r}; record one with facts.row(…)")
        wanted = [name.strip() for name in self.options.get("metrics", "").split(",")]
        metrics = metric_order(rows, [name for name in wanted if name], MAIN_METRIC.get(task, ""))
        one_protocol(rows)
        rows = sort_rows(rows, metrics[0])
        caption = caption_html(rows, metrics, " ".join(self.content).strip(), part)
        return self.figure(rows, metrics, caption, task)

    def figure(self, rows: list[Row], metrics: list[str], caption: str, task: str) -> str:
        """Caption above a table that scrolls inside its own box."""
        best = best_without_network(rows)
        highs = [row["cells"].get(metrics[0], {}).get("high") or 0.0 for row in rows]
        own = self.options.get("chapter")
        body = "".join(
            row_html(
                row, metrics, best, self.link(row["chapter"]), max(highs), own == row["chapter"]
            )
            for row in rows
        )
        return (
            f'<figure class="leaderboard">{caption}<div class="scroll" role="region" '
            f'tabindex="0" aria-label="Leaderboard of {escape(task)}">'
            f"<table><thead>{head_html(metrics)}</thead><tbody>{body}</tbody></table></div></figure>"
        )

    def link(self, chapter: str) -> str | None:
        """Address of the chapter's page from here, if it stands and is another page."""
        docs = [doc for doc in sorted(self.env.found_docs) if chapter_of(doc) == chapter]
        if not docs or docs[0] == self.env.docname:
            return None
        return self.env.app.builder.get_relative_uri(self.env.docname, docs[0])


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("leaderboard", LeaderboardDirective)

"""Facts: the numbers that notebooks computed, and the role that shows one in prose.

A fact lives in ``book/_facts/<chapter>.json``: ``{"chapter": …, "facts": {name: {…}}}``.
"""

import json
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

Fact = dict[str, Any]
logger = logging.getLogger(__name__)


class fact_node(nodes.inline):
    """A number in prose; its tooltip says where it comes from."""


def facts_dir(env: BuildEnvironment) -> Path:
    """Folder of the fact files of this build."""
    return Path(env.srcdir) / env.config.alike_facts_dir


def chapter_of(docname: str) -> str:
    """Chapter name of a page.

    >>> chapter_of("book/2-baselines/22-behaviour")
    '22-behaviour'
    """
    return docname.rsplit("/", 1)[-1]


def load_facts(path: Path) -> dict[str, Fact]:
    """Facts of one file by name; an empty dict when the file is not there.

    Raises ValueError, naming the file, when it is not what ``helpers.facts`` writes.
    """
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))["facts"]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path.name} is not a fact file ({error!r}); run `make execute`"
        ) from None
    return dict(facts)


def split_target(target: str, own_chapter: str) -> tuple[str, str, bool]:
    """Chapter, name and "value only?" of what stands between the backticks.

    >>> split_target("coverage", "11-catalogue")
    ('11-catalogue', 'coverage', False)
    >>> split_target("22-behaviour/ndcg|value", "11-catalogue")
    ('22-behaviour', 'ndcg', True)
    """
    target, _, form = target.partition("|")
    if form not in ("", "value"):
        raise ValueError(f"unknown form {form!r} of fact {target!r}: write name or name|value")
    head, slash, rest = target.strip().partition("/")
    # A chapter starts with its two-digit number; other slashes belong to the fact's own name.
    is_chapter = bool(slash) and head[:2].isdigit() and head[2:3] == "-"
    chapter, name = (head, rest) if is_chapter else (own_chapter, target.strip())
    return chapter, name, form == "value"


def number(value: Any, digits: int = 3) -> str:
    """A number as the book prints it.

    >>> number(8249), number(0.20412), number(-1234.5678, 1), number("milk")
    ('8,249', '0.204', '−1,234.6', 'milk')
    """
    if isinstance(value, str):
        return value
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def interval_text(fact: Fact) -> str:
    """``[low, high]`` or nothing.

    >>> interval_text({"value": 0.5, "low": 0.4, "high": 0.6, "digits": 2})
    '[0.40, 0.60]'
    """
    low, high, digits = fact.get("low"), fact.get("high"), fact.get("digits", 3)
    return (
        "" if low is None or high is None else f"[{number(low, digits)}, {number(high, digits)}]"
    )


def fact_text(fact: Fact, value_only: bool = False) -> str:
    """What the reader sees: the text that the notebook wrote, or the value alone.

    >>> fact_text({"value": 0.5, "low": 0.4, "high": 0.6, "unit": "s", "digits": 1})
    '0.5 [0.4, 0.6] s'
    >>> fact_text({"value": 0.5, "low": 0.4, "high": 0.6, "digits": 1}, value_only=True)
    '0.5'
    """
    if not value_only and fact.get("text"):
        return str(fact["text"])
    value = number(fact["value"], fact.get("digits", 3))
    parts = [value] if value_only else [value, interval_text(fact), fact.get("unit", "")]
    return " ".join(part for part in parts if part)


def fact_title(fact: Fact, chapter: str) -> str:
    """The tooltip: who computed it, over how many, with which interval.

    >>> fact_title({"value": 1.0, "n": 2444, "low": 0.5, "high": 2}, "12-measuring")
    'computed in 12-measuring · n = 2,444 · 95 % interval in brackets'
    """
    parts = [f"computed in {chapter}"]
    if fact.get("n"):
        parts.append(f"n = {number(fact['n'], 0)}")
    if fact.get("low") is not None:
        parts.append("95 % interval in brackets")
    return " · ".join(parts)


class FactRole(SphinxRole):
    """``{fact}`name```, ``{fact}`22-behaviour/name```, ``{fact}`name|value```."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Put the fact's text on the page, or a warning."""
        try:
            chapter, fact, value_only = self.find()
        except ValueError as error:
            logger.warning("%s", error, location=self.get_location(), type="alike")
            return [nodes.literal("", f"missing fact: {self.text}")], []
        text = fact_text(fact, value_only)
        kind = fact.get("kind", "number")
        node = fact_node("", text, classes=["fact", f"fact-{kind}"])
        node["title"] = fact_title(fact, chapter)
        return [node], []

    def find(self) -> tuple[str, Fact, bool]:
        """Chapter, fact and form; ValueError when there is no such fact."""
        chapter, name, value_only = split_target(self.text, chapter_of(self.env.docname))
        path = facts_dir(self.env) / f"{chapter}.json"
        self.env.note_dependency(str(path))
        facts = load_facts(path)
        if name not in facts:
            raise ValueError(
                f"no fact {name!r} in {path.name} (it holds {len(facts)}); "
                f"record it in the notebook and run `make execute NB={chapter}`"
            )
        return chapter, facts[name], value_only


def visit_fact_html(translator: Any, node: fact_node) -> None:
    """Open the span."""
    classes = escape(" ".join(node["classes"]))
    translator.body.append(f'<span class="{classes}" title="{escape(node["title"])}">')


def depart_fact_html(translator: Any, node: fact_node) -> None:
    """Close the span."""
    translator.body.append("</span>")


def setup(app: Sphinx) -> None:
    """Register the role."""
    app.add_node(fact_node, html=(visit_fact_html, depart_fact_html))
    app.add_role("fact", FactRole())

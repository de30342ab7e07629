"""Plans of workshops: ``{plan}`` adds up minutes from the sources, ``{kit}`` lists the chapters.

A plan that is longer than its time, names a heading that is gone, or goes on for more than 90
minutes without a break does not build.
"""

import re
from functools import cache
from html import escape
from math import ceil
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import yaml
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .facts import chapter_of
from .reading import (
    cell_source,
    count_words,
    minutes_of,
    minutes_to_read,
    read_notebook,
    seconds_text,
    shown_lines,
    standing,
)

logger = logging.getLogger(__name__)

LONGEST = 90  # minutes without a break
KINDS = ("note", "read", "exercises", "run", "talk", "break")
FROM = {
    "note": "the chapter's note, an estimate",
    "read": "counted words and code lines",
    "exercises": "the exercises, an estimate",
    "run": "measured run",
    "talk": "an estimate",
    "break": "–",
}
DOES = {
    "note": "The teacher leads, the room answers",
    "read": "Everybody reads and runs the cells",
    "exercises": "In pairs; the checker hints",
    "run": "The machines work",
    "talk": "The room talks",
    "break": "",
}


class Part(NamedTuple):
    """What stands below one heading of a page, up to the next heading."""

    level: int
    heading: str
    words: int
    lines: int


class Block(NamedTuple):
    """One row of a plan."""

    kind: str
    what: str  # HTML
    minutes: int
    does: str
    late: str


def split_headings(markdown: str) -> list[tuple[int, str, str]]:
    """Level, heading and text of each piece; what precedes the first heading has level 0.

    >>> split_headings("a\\n## By hand\\nb")
    [(0, '', 'a'), (2, 'By hand', 'b')]
    """
    pieces: list[tuple[int, str, list[str]]] = [(0, "", [])]
    fence = ""
    for line in markdown.splitlines():
        mark = re.match(r"\s*(`{3,}|:{3,})", line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark[1]
        heading = None if fence else re.match(r"(#{1,6})\s+(.+)", line)
        if heading:
            pieces.append((len(heading[1]), heading[2].strip(), []))
        else:
            pieces[-1][2].append(line)
    return [(level, title, "\n".join(text)) for level, title, text in pieces]


def parts_of(path: Path) -> list[Part]:
    """The parts of a notebook, in their order."""
    parts = [Part(0, "", 0, 0)]
    for cell in read_notebook(path)["cells"]:
        if cell["cell_type"] == "code":
            parts[-1] = parts[-1]._replace(lines=parts[-1].lines + shown_lines(cell))
            continue
        for level, heading, text in split_headings(cell_source(cell)):
            if level:
                parts.append(Part(level, heading, 0, 0))
            parts[-1] = parts[-1]._replace(words=parts[-1].words + count_words(text))
    return parts


def below(parts: list[Part], heading: str) -> list[Part]:
    """A heading's part and those under it; ValueError when no heading has that text."""
    places = [place for place, part in enumerate(parts) if part.heading == heading]
    if not places:
        known = ", ".join(part.heading for part in parts if part.level == 2)
        raise ValueError(f"no heading {heading!r}; the chapter has {known}, and ### below them")
    first = places[0]
    level = parts[first].level
    rest = [place for place in range(first + 1, len(parts)) if parts[place].level <= level]
    return parts[first : rest[0] if rest else len(parts)]


def exercise_minutes(notebook: dict[str, Any]) -> dict[str, int | None]:
    """Minutes that each exercise says it takes; None where it does not.

    >>> text = "```{exercise-start} 22.1\\n```\\n**Predict** ★ (4 min). How many?"
    >>> exercise_minutes({"cells": [{"cell_type": "markdown", "source": text}]})
    {'22.1': 4}
    """
    cells = [cell_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    pieces = re.split(r"^`{3,}\{exercise-start\} ", "\n".join(cells), flags=re.MULTILINE)[1:]
    found: dict[str, int | None] = {}
    for piece in pieces:
        said = re.search(r"\((\d+) min\)", piece.split("{exercise-end}")[0])
        found[piece.split()[0]] = int(said[1]) if said else None
    return found


def note_minutes(markdown: str) -> dict[str, int]:
    """Minutes of an instructors' note: ``by hand 15, mathematics 10`` or a list ``- 15: *By hand*``.

    >>> note_minutes("**Minutes** (25 in all): predict first 5, by hand 20. Skip 3 cells.")
    {'predict first': 5, 'by hand': 20}
    >>> note_minutes("- 10: *Predict first* on paper.")
    {'predict first on paper': 10}
    """
    listed = re.findall(r"^- (\d+): ([^.:;,]+)", markdown, flags=re.MULTILINE)
    if listed:
        return {text.replace("*", "").strip().lower(): int(number) for number, text in listed}
    line = re.search(r"\*\*Minutes\.?\*\*(?: \([^)]*\))?:?\s*([^.:]+)", markdown)
    pairs = re.findall(r"([^,\d]+?)\s+(\d+)(?:,|$)", " ".join(line[1].split()) if line else "")
    return {name.strip().lower(): int(number) for name, number in pairs}


def noted(path: Path, label: str) -> int:
    """Minutes that a chapter's note gives to what starts with `label`; ValueError when none."""
    cells = read_notebook(path)["cells"]
    texts = [
        text
        for cell in cells
        if cell["cell_type"] == "markdown"
        for _, heading, text in split_headings(cell_source(cell))
        if heading == "For instructors"
    ]
    found = note_minutes(texts[0]) if texts else {}
    fitting = [minutes for name, minutes in found.items() if name.startswith(label.lower())]
    if len(fitting) != 1:
        raise ValueError(
            f"{label!r} fits {len(fitting)} entries of the note of {path.stem}; "
            f"it has {', '.join(found) or 'none'}"
        )
    return fitting[0]


def clock(minutes: int) -> str:
    """Time since the start.

    >>> clock(95)
    '1:35'
    """
    return f"{minutes // 60}:{minutes % 60:02d}"


def longest_stretch(blocks: list[Block]) -> int:
    """Most minutes in a row without a break."""
    longest = current = 0
    for block in blocks:
        current = 0 if block.kind == "break" else current + block.minutes
        longest = max(longest, current)
    return longest


def check_plan(blocks: list[Block], minutes: int) -> None:
    """Raise ValueError when the plan is longer than its time, or than people can sit."""
    total = sum(block.minutes for block in blocks)
    if total > minutes:
        raise ValueError(
            f"the blocks take {total} minutes, the plan has {minutes}: take out {total - minutes}"
        )
    if longest_stretch(blocks) > LONGEST:
        raise ValueError(f"{longest_stretch(blocks)} minutes without a break; {LONGEST} at most")


def kind_of(entry: Any) -> str:
    """The kind of a block; ValueError unless it has exactly one."""
    found = [kind for kind in KINDS if isinstance(entry, dict) and kind in entry]
    if len(found) != 1:
        raise ValueError(f"a block needs exactly one of {', '.join(KINDS)}: {entry!r}")
    unknown = set(entry) - {
        found[0],
        "do",
        "late",
        "minutes",
        *(["at"] if "note" in entry else []),
    }
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r} in {entry!r}")
    if ("minutes" in entry) != (found[0] in ("talk", "break")):
        raise ValueError(f"`minutes` belongs to talk and break, and only to them: {entry!r}")
    return found[0]


@cache
def _cached_parts(path: Path, changed: float) -> list[Part]:
    return parts_of(path)


class Chapters:
    """Finds chapters, headings and exercises for one page of a build."""

    def __init__(self, env: BuildEnvironment) -> None:
        self.env = env

    def path(self, chapter: str) -> tuple[Path, str]:
        """Source and address of a chapter; ValueError when there is none."""
        doc = standing(self.env, chapter)
        if doc is None:
            raise ValueError(f"no chapter {chapter!r} in this book")
        path = Path(self.env.doc2path(doc))
        self.env.note_dependency(str(path))
        return path, self.env.app.builder.get_relative_uri(self.env.docname, doc)

    def read(self, name: str) -> tuple[str, int, int]:
        """Link, words and code lines of ``chapter/heading``."""
        chapter, _, heading = name.partition("/")
        path, uri = self.path(chapter)
        parts = below(_cached_parts(path, path.stat().st_mtime), heading)
        link = f"{escape(uri)}#{nodes.make_id(heading)}"
        text = f'{chapter.split("-")[0]} <a href="{link}">{escape(heading)}</a>'
        return text, sum(part.words for part in parts), sum(part.lines for part in parts)

    def run(self, chapter: str) -> tuple[str, float]:
        """Link and measured seconds of a notebook."""
        path, uri = self.path(chapter)
        seconds = read_notebook(path)["metadata"].get("alike", {}).get("seconds")
        if seconds is None:
            raise ValueError(f"{chapter} was never measured; run `make execute NB={chapter}`")
        return f'<a href="{escape(uri)}">{escape(chapter)}</a> from top to bottom', seconds

    def exercise(self, number: str) -> tuple[str, int]:
        """Link and minutes of an exercise, by the number that it shows."""
        for doc in sorted(self.env.found_docs):
            path = Path(self.env.doc2path(doc))
            if path.suffix == ".ipynb" and chapter_of(doc).startswith(number.split(".")[0] + "-"):
                found = exercise_minutes(read_notebook(path))
                if number in found:
                    return self.exercise_link(chapter_of(doc), number, found[number])
        raise ValueError(f"no exercise {number!r} in this book")

    def exercise_link(self, chapter: str, number: str, minutes: int | None) -> tuple[str, int]:
        """The link, once the chapter is known."""
        if minutes is None:
            raise ValueError(f"exercise {number} does not say its minutes: write (5 min) into it")
        _, uri = self.path(chapter)
        link = f"{escape(uri)}#ex-{number.replace('.', '-')}"
        return f'<a href="{link}">{number}</a>', minutes

    def block(self, entry: Any) -> Block:
        """One row from one YAML entry."""
        kind = kind_of(entry)
        what, minutes = getattr(self, f"{kind}_block")(entry)
        does = entry.get("do", DOES[kind])
        return Block(kind, what, minutes, does, entry.get("late", ""))

    def note_block(self, entry: dict[str, Any]) -> tuple[str, int]:
        """Minutes from a chapter's note, for the sections `at`, which must fit into them."""
        chapter, _, label = entry["note"].partition("/")
        minutes = noted(self.path(chapter)[0], label)
        what, reading = self.read_block({"read": [f"{chapter}/{one}" for one in entry["at"]]})
        if reading > minutes:
            raise ValueError(
                f"{entry['note']}: the note gives {minutes} minutes, reading {reading}"
            )
        return what, minutes

    def read_block(self, entry: dict[str, Any]) -> tuple[str, int]:
        """Sections that are read together."""
        found = [self.read(name) for name in entry["read"]]
        words, lines = sum(one[1] for one in found), sum(one[2] for one in found)
        return "; ".join(one[0] for one in found), minutes_to_read(words, lines)

    def run_block(self, entry: dict[str, Any]) -> tuple[str, int]:
        """Notebooks that run one after the other."""
        found = [self.run(name) for name in entry["run"]]
        return "Run " + ", ".join(one[0] for one in found), ceil(sum(one[1] for one in found) / 60)

    def exercises_block(self, entry: dict[str, Any]) -> tuple[str, int]:
        """Exercises that are done together."""
        found = [self.exercise(number) for number in entry["exercises"]]
        return "Exercises " + ", ".join(one[0] for one in found), sum(one[1] for one in found)

    def talk_block(self, entry: dict[str, Any]) -> tuple[str, int]:
        """Talk, with minutes that somebody estimated."""
        return escape(entry["talk"]), int(entry["minutes"])

    def break_block(self, entry: dict[str, Any]) -> tuple[str, int]:
        """A break."""
        return escape(entry["break"]), int(entry["minutes"])


def plan_html(blocks: list[Block], minutes: int) -> str:
    """The table of a plan, with the sum."""
    rows, start = [], 0
    for block in blocks:
        rows.append(
            f'<tr class="{block.kind}"><td>{clock(start)}</td><th scope="row">{block.what}</th>'
            f"<td>{escape(block.does)}</td><td>{block.minutes}</td>"
            f"<td>{FROM[block.kind]}</td><td>{escape(block.late)}</td></tr>"
        )
        start += block.minutes
    heads = ("from", "what", "who does what", "minutes", "minutes come from", "when late")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    foot = (
        f'<tr><td>{clock(start)}</td><th scope="row">Sum</th><td></td><td>{start}</td>'
        f'<td colspan="2">of {minutes}; {minutes - start} in reserve</td></tr>'
    )
    return table_html("plan", head, "".join(rows), foot)


def table_html(name: str, head: str, rows: str, foot: str = "") -> str:
    """A table that scrolls in its own box."""
    return (
        f'<div class="pst-scrollable-table-container"><table class="table {name}">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody><tfoot>{foot}</tfoot>"
        "</table></div>"
    )


class PlanDirective(SphinxDirective):
    """``{plan}`` with ``:minutes:`` and a YAML list of blocks."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"minutes": directives.positive_int}

    def run(self) -> list[nodes.Node]:
        """The table, or a warning."""
        try:
            minutes = self.options["minutes"]
            entries = yaml.load("\n".join(self.content), Loader=yaml.BaseLoader)
            chapters = Chapters(self.env)
            blocks = [chapters.block(entry) for entry in entries]
            check_plan(blocks, minutes)
        except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            logger.warning("plan: %s", error, location=self.get_location(), type="alike")
            return []
        return [nodes.raw("", plan_html(blocks, minutes), format="html")]


class KitDirective(SphinxDirective):
    """``{kit}``: every chapter with its minutes, seconds, exercises, and its instructors' note."""

    def run(self) -> list[nodes.Node]:
        """A table; the page is read anew at every build."""
        self.env.note_reread()
        docs = [
            doc
            for doc in sorted(self.env.found_docs)
            if re.match(r"\d\d-", chapter_of(doc)) and self.env.doc2path(doc).endswith(".ipynb")
        ]
        heads = ("chapter", "to read", "to run", "exercises", "they say", "for instructors")
        head = "".join(f'<th scope="col">{name}</th>' for name in heads)
        rows = "".join(self.row(doc) for doc in docs)
        return [nodes.raw("", table_html("kit", head, rows), format="html")]

    def row(self, doc: str) -> str:
        """One chapter."""
        path = Path(self.env.doc2path(doc))
        notebook = read_notebook(path)
        uri = escape(self.env.app.builder.get_relative_uri(self.env.docname, doc))
        said = exercise_minutes(notebook)
        known = [minutes for minutes in said.values() if minutes is not None]
        seconds = notebook["metadata"].get("alike", {}).get("seconds", 0)
        has_note = any(part.heading == "For instructors" for part in parts_of(path))
        note = f'<a href="{uri}#for-instructors">note</a>' if has_note else "see its chapter"
        return (
            f'<tr><th scope="row"><a href="{uri}">{escape(chapter_of(doc))}</a></th>'
            f"<td>{minutes_of(path)} min</td><td>{seconds_text(seconds)}</td>"
            f"<td>{len(said)}</td><td>{f'{sum(known)} min' if known else '–'}</td>"
            f"<td>{note}</td></tr>"
        )


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("plan", PlanDirective)
    app.add_directive("kit", KitDirective)

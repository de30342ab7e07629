"""How long a page takes: the badge, the minutes of a reading path, the map of the book.

Minutes come from the words and code lines of the page, seconds and memory from the run that
``make execute`` stored in the notebook.  None of them is typed.
"""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from .facts import chapter_of

logger = logging.getLogger(__name__)

WORDS_PER_MINUTE = 200  # careful reading of a technical text
CODE_LINES_PER_MINUTE = 20
UNSEEN_CODE = {"remove-cell", "remove-input", "hide-input", "hide-cell"}


def count_words(markdown: str) -> int:
    """Words of prose; directive fences, options, comments and link targets do not count.

    >>> count_words("Two words\\n```{badge}\\n```\\n% a comment")
    2
    """
    text = re.sub(r"^(?:`{3,}|:{3,}|%|:\\w+:).*$", " ", markdown, flags=re.MULTILINE)
    text = re.sub(r"<[^>]+>|\]\([^)]*\)", " ", text)
    return len(re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", text))


def minutes_to_read(words: int, code_lines: int = 0) -> int:
    """Whole minutes, at least one.

    >>> minutes_to_read(2000, 100)
    15
    """
    return max(1, round(words / WORDS_PER_MINUTE + code_lines / CODE_LINES_PER_MINUTE))


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook's JSON."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notebook


def cell_source(cell: dict[str, Any]) -> str:
    """Source of a cell, whichever way the JSON stores it."""
    return "".join(cell["source"])


def minutes_of(path: Path) -> int:
    """Minutes to read a page, from its source file."""
    if path.suffix != ".ipynb":
        return minutes_to_read(count_words(path.read_text(encoding="utf-8")))
    cells = read_notebook(path)["cells"]
    words = sum(count_words(cell_source(c)) for c in cells if c["cell_type"] == "markdown")
    lines = sum(shown_lines(cell) for cell in cells if cell["cell_type"] == "code")
    return minutes_to_read(words, lines)


def shown_lines(cell: dict[str, Any]) -> int:
    """Lines of code that a reader sees without unfolding anything."""
    if UNSEEN_CODE & set(cell["metadata"].get("tags", [])):
        return 0
    return sum(bool(line.strip()) for line in cell_source(cell).splitlines())


def seconds_text(seconds: float) -> str:
    """Seconds in the unit that reads best.

    >>> seconds_text(48.3), seconds_text(0.4), seconds_text(150)
    ('48 s', '1 s', '2.5 min')
    """
    return f"{max(1, round(seconds))} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def memory_text(megabytes: float) -> str:
    """Memory in the unit that reads best.

    >>> memory_text(1234), memory_text(640.2)
    ('1.2 GB', '640 MB')
    """
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{round(megabytes)} MB"


def badge_parts(path: Path) -> list[str]:
    """What the badge says, piece by piece; ValueError when a notebook was never measured."""
    parts = [f"{minutes_of(path)} min to read"]
    if path.suffix != ".ipynb":
        return parts
    notebook = read_notebook(path)
    run = notebook["metadata"].get("alike", {})
    if "seconds" not in run or "memory_mb" not in run:
        raise ValueError(f"{path.name} was never measured; run `make execute NB={path.stem}`")
    cores = {1: "one CPU core", 2: "two CPU cores"}.get(
        run.get("cpu_cores", 2), f"{run.get('cpu_cores')} CPU cores"
    )
    gpu = run.get("gpu_seconds")
    parts.append(f"{seconds_text(run['seconds'])} on {cores}")
    if uses_network(notebook):
        parts.append(f"{seconds_text(gpu)} on a GPU" if gpu else "GPU: not measured yet")
    parts.append(f"{memory_text(run['memory_mb'])} of memory")
    return parts


def uses_network(notebook: dict[str, Any]) -> bool:
    """Does the code import a framework that would use a GPU?

    >>> uses_network({"cells": [{"cell_type": "code", "source": ["import torch"]}]})
    True
    """
    code = ["".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code"]
    return any(
        re.search(r"^(import|from) (torch|tensorflow|keras)", c, re.MULTILINE) for c in code
    )


class BadgeDirective(SphinxDirective):
    """``{badge}``: minutes to read, seconds to run, peak memory of this page."""

    def run(self) -> list[nodes.Node]:
        """A short list, or a warning."""
        path = Path(self.env.doc2path(self.env.docname))
        try:
            parts = badge_parts(path)
        except ValueError as error:
            logger.warning("%s", error, location=self.get_location(), type="alike")
            parts = [f"{minutes_of(path)} min to read"]
        items = "".join(f"<li>{escape(part)}</li>" for part in parts)
        html = f'<ul class="badge-line" aria-label="What this page takes">{items}</ul>'
        return [nodes.raw("", html, format="html")]


def standing(env: BuildEnvironment, chapter: str) -> str | None:
    """Docname of a chapter that is in this build, or None."""
    docs = [doc for doc in sorted(env.found_docs) if chapter_of(doc) == chapter]
    return docs[0] if docs else None


def path_text(minutes: list[int], planned: int) -> str:
    """Length of a reading path.

    >>> path_text([12, 20], 0), path_text([12], 2), path_text([], 2)
    ('32 min', '12 min so far, 2 chapters planned', 'planned')
    """
    if not minutes:
        return "planned"
    chapters = "1 chapter" if planned == 1 else f"{planned} chapters"
    return f"{sum(minutes)} min" + (f" so far, {chapters} planned" if planned else "")


class MinutesRole(SphinxRole):
    """``{minutes}`11-catalogue, 12-measuring```: the sum of the chapters that stand."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The text; pages that show it are read anew at every build."""
        self.env.note_reread()
        names = [name.strip() for name in self.text.split(",")]
        docs = [standing(self.env, name) for name in names]
        minutes = [minutes_of(Path(self.env.doc2path(doc))) for doc in docs if doc]
        text = path_text(minutes, len(names) - len(minutes))
        return [nodes.inline("", text, classes=["minutes"])], []


class MapDirective(SphinxDirective):
    """``{map}``: the parts and chapters of the book; what stands is linked, the rest is planned.

    YAML body: a list of ``{part, chapters: [{name, title, promise}]}``.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """A list of parts, each a list of chapters."""
        self.env.note_reread()
        try:
            parts = yaml.safe_load("\n".join(self.content))
            html = "".join(self.part_html(part) for part in parts)
        except (yaml.YAMLError, KeyError, TypeError) as error:
            logger.warning(
                "map: not a list of parts with chapters: %r",
                error,
                location=self.get_location(),
                type="alike",
            )
            return []
        return [nodes.raw("", f'<div class="book-map">{html}</div>', format="html")]

    def part_html(self, part: dict[str, Any]) -> str:
        """One part of the map."""
        chapters = "".join(self.chapter_html(chapter) for chapter in part["chapters"])
        return f"<section><h3>{escape(part['part'])}</h3><ul>{chapters}</ul></section>"

    def chapter_html(self, chapter: dict[str, str]) -> str:
        """One chapter of the map."""
        title, promise = escape(chapter["title"]), escape(chapter.get("promise", ""))
        doc = standing(self.env, chapter["name"])
        if doc is None:
            return (
                f'<li class="planned"><span class="title">{title}</span> '
                f'<span class="chip">planned</span> <span class="promise">{promise}</span></li>'
            )
        uri = escape(self.env.app.builder.get_relative_uri(self.env.docname, doc))
        minutes = minutes_of(Path(self.env.doc2path(doc)))
        return (
            f'<li><a class="title" href="{uri}">{title}</a> '
            f'<span class="chip">{minutes} min</span> '
            f'<span class="promise">{promise}</span></li>'
        )


def setup(app: Sphinx) -> None:
    """Register the role and the directives."""
    app.add_directive("badge", BadgeDirective)
    app.add_directive("map", MapDirective)
    app.add_role("minutes", MinutesRole())

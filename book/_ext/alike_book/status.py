"""The tables of the status page: every notebook's cost and checks, versions, budget, tests.

All of it is counted while the site is built: nothing is typed, nothing is kept.
"""

import ast
import base64
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .facts import facts_dir
from .freshness import Checks, checked_exercises, count_checks, day_text
from .reading import memory_text, read_notebook, seconds_text

logger = logging.getLogger(__name__)

SECONDS, MEMORY_MB, BOOK_SECONDS = 180, 4096, 30 * 60  # the budget, which the tests hold to
BROWSER = "pages in a browser"
# Test files by layer; a file that is not named here tests code by itself.
LAYERS = {
    "notebooks": ("test_notebooks",),
    "shape of the book": (
        "test_lint",
        "test_imports",
        "test_extension",
        "test_terms",
        "test_freshness",
        "test_status",
    ),
    BROWSER: (),  # whatever opens one
    "files that compare frameworks": ("tensorflow", "parity"),
}
UNIT = "functions of the package and tools"
Table = list[list[str]]


def image_bytes(notebook: dict[str, Any]) -> int:
    """Bytes of the figures that a notebook stores."""
    total = 0
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            for kind, data in output.get("data", {}).items():
                text = "".join(data) if isinstance(data, list) else data
                if kind == "image/svg+xml":
                    total += len(text.encode())
                elif kind.startswith("image/"):
                    total += len(base64.b64decode(text))
    return total


def notebook_row(path: Path, facts: Path, answers: Path) -> dict[str, Any]:
    """What the status page says of one notebook."""
    notebook = read_notebook(path)
    run = notebook["metadata"].get("alike", {})
    checks: Checks = count_checks(path, facts, answers)
    return {
        "date": run.get("date"),
        "seconds": run.get("seconds"),
        "memory": run.get("memory_mb"),
        "gpu": run.get("gpu_seconds"),
        "cells": len(notebook["cells"]),
        "facts": checks.facts,
        "outputs": checks.outputs,
        "asserts": checks.asserts,
        "answers": checks.answers,
        "exercises": len(checked_exercises(notebook)[1]),
        "images": round(image_bytes(notebook) / 1024),
    }


def shown(row: dict[str, Any]) -> list[str]:
    """A row as text; a dash for what was not measured."""

    def or_dash(value: Any, how: Callable[[Any], str]) -> str:
        return "–" if value is None else how(value)

    counts = [
        f"{row[name]:,}"
        for name in ("cells", "facts", "outputs", "asserts", "exercises", "answers", "images")
    ]
    return [
        or_dash(row["date"], day_text),
        or_dash(row["seconds"], seconds_text),
        or_dash(row["memory"], memory_text),
        or_dash(row["gpu"], seconds_text),
        *counts,
    ]


def total_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums, but the latest day and the largest memory."""

    def known(name: str) -> list[Any]:
        return [row[name] for row in rows if row[name] is not None]

    total: dict[str, Any] = {name: sum(known(name)) for name in rows[0] if name != "date"}
    total["date"] = max(known("date"), default=None)
    total["memory"] = max(known("memory"), default=None)
    total["gpu"] = sum(known("gpu")) or None
    return total


NOTEBOOK_HEAD = [
    "Page",
    "Computed",
    "Time",
    "Memory",
    "Time on a GPU",
    "Cells",
    "Results compared",
    "Outputs compared",
    "Assertions",
    "Exercises",
    "Answers tried",
    "Figures, KB",
]


def budget_table(rows: list[dict[str, Any]], names: list[str]) -> Table:
    """Each budget, the page that comes nearest, and the share that it uses."""
    slowest = max(range(len(rows)), key=lambda i: rows[i]["seconds"] or 0)
    largest = max(range(len(rows)), key=lambda i: rows[i]["memory"] or 0)
    total = sum(row["seconds"] or 0 for row in rows)

    def line(what: str, budget: str, used: str, share: float) -> list[str]:
        return [what, budget, used, f"{share:.0%}".replace("%", " %")]

    seconds, memory = rows[slowest]["seconds"] or 0, rows[largest]["memory"] or 0
    return [
        line(
            f"slowest page ({names[slowest]})",
            f"{SECONDS} s",
            seconds_text(seconds),
            seconds / SECONDS,
        ),
        line(
            f"most memory ({names[largest]})",
            f"{MEMORY_MB // 1024} GB",
            memory_text(memory),
            memory / MEMORY_MB,
        ),
        line(
            "the whole book",
            f"{BOOK_SECONDS // 60} min",
            seconds_text(total),
            total / BOOK_SECONDS,
        ),
    ]


def versions(text: str) -> Table:
    """Groups of a requirements file, each with its packages and versions.

    >>> versions("# The lessons\\nnumpy==2.4.6\\ntorch==2.13.0  # a note\\n")
    [['The lessons', 'numpy 2.4.6 · torch 2.13.0']]
    """
    groups: dict[str, list[str]] = {}
    group = "Packages"
    for line in text.splitlines():
        if line.startswith("# "):
            group = line[2:]
        pin = re.match(r"([\w.-]+)==([\w.+-]+)", line)
        if pin:
            groups.setdefault(group, []).append(f"{pin[1]} {pin[2]}")
    return [[name, " · ".join(pins)] for name, pins in groups.items()]


def count_tests(code: str) -> int:
    """Test functions of a file, those of classes, too.

    >>> count_tests("def test_a(): ...\\nclass TestB:\\n    def test_c(self): ...\\ndef help(): ...")
    2
    """
    return sum(
        isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        for node in ast.walk(ast.parse(code))
    )


def count_examples(code: str) -> int:
    """Functions and classes whose docstring holds an example that is run."""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Module)
    return sum(
        isinstance(node, kinds) and ">>> " in (ast.get_docstring(node) or "")
        for node in ast.walk(ast.parse(code))
    )


def layer_of(name: str, code: str) -> str:
    """Layer of a test file, from its name or from what it asks for.

    >>> layer_of("test_notebooks", ""), layer_of("test_site", "def test_page(browser): ...")
    ('notebooks', 'pages in a browser')
    """
    found = [layer for layer, marks in LAYERS.items() if any(mark in name for mark in marks)]
    if not found and re.search(r"\b(playwright|browser)\b", code):
        return BROWSER
    return found[0] if found else UNIT


def tests_table(root: Path) -> Table:
    """Layers of the tests, with the number of files and of test functions; examples last."""
    layers: dict[str, list[int]] = {UNIT: [], **{layer: [] for layer in LAYERS}}
    for path in sorted((root / "tests").glob("test_*.py")):
        code = path.read_text(encoding="utf-8")
        layers[layer_of(path.stem, code)].append(count_tests(code))
    lines = [[layer, str(len(counts)), f"{sum(counts):,}"] for layer, counts in layers.items()]
    code_files = [
        path
        for folder in ("helpers", "book/_ext")
        for path in sorted((root / folder).rglob("*.py"))
    ]
    examples = [count_examples(path.read_text(encoding="utf-8")) for path in code_files]
    lines.append(
        ["examples in docstrings", str(sum(n > 0 for n in examples)), f"{sum(examples):,}"]
    )
    total = [str(sum(int(line[i].replace(",", "")) for line in lines)) for i in (1, 2)]
    return [*lines, ["all", total[0], f"{int(total[1]):,}"]]


# ---------------------------------------------------------------- as HTML


def table_html(label: str, head: list[str], rows: Table, total: bool = False) -> str:
    """A table in a region of its own that scrolls, by keyboard, too; cells are HTML."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    lines = [
        "".join([f'<th scope="row">{first}</th>', *(f"<td>{cell}</td>" for cell in rest)])
        for first, *rest in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in (lines[:-1] if total else lines))
    foot = f"<tfoot><tr>{lines[-1]}</tr></tfoot>" if total else ""
    return (
        f'<div class="status-table" role="region" tabindex="0" aria-label="{escape(label)}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody>{foot}</table></div>"
    )


class StatusDirective(SphinxDirective):
    """``{status} notebooks``, ``budget``, ``versions`` or ``tests``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table, or a warning."""
        self.env.note_reread()
        tables = {
            "notebooks": self.notebooks,
            "budget": self.budget,
            "versions": self.versions,
            "tests": self.tests,
        }
        name = self.arguments[0]
        if name not in tables or not self.docs():
            why = f"no table {name!r}; there are {', '.join(tables)}"
            logger.warning(
                "status: %s",
                why if name not in tables else "no notebook in this book",
                location=self.get_location(),
                type="alike",
            )
            return []
        return [nodes.raw("", tables[name](), format="html")]

    def docs(self) -> list[str]:
        """Notebooks of this build, in the order of the book."""
        docs = [doc for doc in self.env.found_docs if self.env.doc2path(doc).endswith(".ipynb")]
        return sorted(docs, key=lambda doc: doc.rsplit("/", 1)[-1])

    def rows(self) -> list[dict[str, Any]]:
        """One row a notebook."""
        answers = Path(self.env.srcdir) / "tests" / "answers"
        return [
            notebook_row(Path(self.env.doc2path(doc)), facts_dir(self.env), answers)
            for doc in self.docs()
        ]

    def names(self) -> list[str]:
        """File names of the notebooks, which are short and never change."""
        return [doc.rsplit("/", 1)[-1] for doc in self.docs()]

    def notebooks(self) -> str:
        """Every notebook with its cost and checks, and the sums."""
        rows, builder = self.rows(), self.env.app.builder
        links = [
            f'<a href="{escape(builder.get_relative_uri(self.env.docname, doc))}">'
            f"{escape(name)}</a>"
            for doc, name in zip(self.docs(), self.names(), strict=True)
        ]
        lines = [[link, *shown(row)] for link, row in zip(links, rows, strict=True)]
        lines.append([f"all {len(rows)}", *shown(total_row(rows))])
        return table_html("Every notebook", NOTEBOOK_HEAD, lines, total=True)

    def budget(self) -> str:
        """How far from the limits the book runs."""
        head = ["What", "Budget", "Used", "Share"]
        return table_html("Budget", head, budget_table(self.rows(), self.names()))

    def versions(self) -> str:
        """The pinned packages."""
        path = Path(self.env.srcdir) / "requirements.txt"
        self.env.note_dependency(str(path))
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        return table_html("Versions", ["For", "Packages"], versions(text))

    def tests(self) -> str:
        """Test functions, layer by layer."""
        head = ["Layer", "Files", "Functions"]
        return table_html("Tests", head, tests_table(Path(self.env.srcdir)), total=True)


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("status", StatusDirective)

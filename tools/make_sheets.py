"""Sheets of exercises and quizzes, with and without answers:  python tools/make_sheets.py [chapter ...]

From the chapters' own cells.  A notebook sheet runs by itself: before its exercises stand the set-up
cell and every cell of the chapter that binds or changes a name which an exercise or its solution
needs, directly or through other such cells.  Sheets to print come from the built site, so
`make book` comes first.
"""

from __future__ import annotations

import argparse
import ast
import copy
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from bs4 import Tag

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "book" / "_ext")]

from alike_book.facts import fact_text, load_facts, split_target

from tools.execute import FACTS, named, write_whole
from tools.make_slides import SITE, inline_images, is_a, page_of, read_page

SHEETS = ROOT / "_build" / "sheets"
LOOKS = ROOT / "tools" / "slides"
MARK = re.compile(
    r"^`{3,}\{(exercise|solution)-(start|end)\}(.*)\n(?:.*\n)*?`{3,}\s*$", re.MULTILINE
)


@dataclass
class Exercise:
    """One exercise: its number, its words and cells, those of its solution."""

    number: str
    text: str = ""
    stub: list[str] = field(default_factory=list)
    solution_text: str = ""
    solution: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- the exercises of a notebook


def exercises(cells: list[Any]) -> list[Exercise]:
    """The exercises in their order."""
    found: list[Exercise] = []
    solving = False
    for kind, text in stream(cells):
        if kind == "exercise-start":
            found.append(Exercise(text))
        if kind.endswith("-start"):
            solving = kind == "solution-start"
        elif kind == "solution-end":
            solving = True  # what follows the last solution is no exercise
        elif found and kind == "code":
            (found[-1].solution if solving else found[-1].stub).append(text)
        elif found and kind == "text" and solving and not found[-1].solution:
            found[-1].solution_text += text
        elif found and kind == "text" and not solving:
            found[-1].text += text
    return found


def stream(cells: list[Any]) -> Iterator[tuple[str, str]]:
    """Code, text and marks in the order of the notebook."""
    for cell in cells:
        if cell.cell_type == "code":
            yield "code", cell.source
            continue
        place = 0
        for mark in MARK.finditer(cell.source):
            yield "text", cell.source[place : mark.start()]
            yield f"{mark[1]}-{mark[2]}", mark[3].strip()
            place = mark.end()
        yield "text", cell.source[place:]


# ---------------------------------------------------------------- which cells a sheet needs


def code_of(source: str) -> ast.Module:
    """The syntax tree of a cell, without magics."""
    return ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE))


def reads(statements: list[ast.stmt], bound: set[str]) -> set[str]:
    """Names that statements read before they bind them; `bound` grows by what they bind.

    >>> sorted(reads(ast.parse("a = b\\nfor c in a: d(c)").body, set()))
    ['b', 'd']
    """
    found: set[str] = set()
    for node in statements:
        inner = [
            part for name in ("body", "orelse", "finalbody") for part in getattr(node, name, [])
        ]
        if not inner or isinstance(node, ast.FunctionDef | ast.ClassDef):
            found |= free(node) - bound
            bound |= binds(node)
            continue
        head = [part for part in ast.iter_child_nodes(node) if part not in inner]
        found |= set().union(*(free(part) for part in head)) - bound
        bound |= set().union(*(stored(part) for part in head))
        found |= reads(inner, bound)
    return found


def free(tree: ast.AST) -> set[str]:
    """Names that a piece of code loads, without arguments, locals and the variables of loops inside."""
    own: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            own |= {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
        if isinstance(node, ast.FunctionDef):
            own |= stored(node)
        if isinstance(node, ast.comprehension):
            own |= stored(node)
    loaded = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    more = {
        node.target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    return {node.id for node in loaded} - own | more - own


def stored(tree: ast.AST) -> set[str]:
    """Names that a piece of code binds, anywhere in it."""
    return {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def binds(tree: ast.AST) -> set[str]:
    """Names that a cell binds at the top level."""
    found: set[str] = set()
    for node in [tree, *outside_functions(tree)]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(one.asname or one.name).split(".")[0] for one in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def changes(tree: ast.AST) -> set[str]:
    """Names whose objects a cell changes: ``a.b = …``, ``a[b] = …``, or a method called for its effect."""
    found: set[str] = set()
    for node in outside_functions(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.add(base(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found |= (
                {base(node.value.func)} if isinstance(node.value.func, ast.Attribute) else set()
            )
    return found - {""}


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the cell runs: the bodies of functions and classes are left out."""
    if isinstance(tree, ast.FunctionDef | ast.ClassDef | ast.Lambda):
        return
    for child in ast.iter_child_nodes(tree):
        yield child
        yield from outside_functions(child)


def base(node: ast.AST) -> str:
    """The name at the left of ``a.b[c].d``; "" when there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def needed_cells(before: list[str], wanted: set[str]) -> list[int]:
    """Places of the cells that a sheet needs, in order; the set-up cell is the first of them.

    >>> needed_cells(["import numpy as np", "a = 1", "b = 2", "a[0] = 1", "c = a", "a = 3"], {"c"})
    [0, 1, 3, 4]
    """
    trees = [code_of(source) for source in before]
    modules = set().union(
        *(
            binds(node)
            for tree in trees
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        )
    )
    chosen, open_names = {0}, [(name, len(trees)) for name in wanted]
    seen: set[tuple[str, int]] = set()
    while open_names:
        name, place = open_names.pop()
        if (name, place) in seen:
            continue
        seen.add((name, place))
        for number in makers(trees, name, place, name in modules):
            if number not in chosen:
                chosen.add(number)
                open_names += [(one, number) for one in reads(trees[number].body, set())]
                open_names += [(one, number + 1) for one in changes(trees[number]) - modules]
    return sorted(chosen)


def makers(trees: list[ast.Module], name: str, place: int, module: bool) -> Iterator[int]:
    """Cells before `place` that made what `name` stands for there: the last that binds it, and those
    after it that change it.  (A module is not changed by what is called on it.)"""
    for number in range(place - 1, -1, -1):
        if name in binds(trees[number]):
            yield number
            return
        if name in changes(trees[number]) and not module:
            yield number


# ---------------------------------------------------------------- words of a sheet


def plain_words(text: str, chapter: str) -> str:
    """Markdown without roles: facts become numbers, links become words.

    >>> plain_words("a {term}`lift`, {term}`two <one>`, {doc}`chapter 1 </a>`, {eq}`eq-1`", "x")
    'a lift, two, chapter 1, an equation of the chapter'
    """

    def role(match: re.Match[str]) -> str:
        name, body = match[1], match[2]
        if name == "fact":
            where, key, value_only = split_target(body, chapter)
            return fact_text(load_facts(FACTS / f"{where}.json")[key], value_only)
        if name in ("eq", "cite", "cite:t", "cite:p"):
            return {"eq": "an equation of the chapter"}.get(name, f"[{body}]")
        return re.sub(r"\s*<[^>]*>$", "", body)

    text = re.sub(r"\{([\w:]+)\}`([^`]+)`", role, text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


# ---------------------------------------------------------------- notebooks


def sheet(path: Path, solved: bool) -> Any | None:
    """A notebook with a chapter's exercises, with or without solutions; None when it has none."""
    cells = nbformat.read(path, as_version=4).cells
    found = exercises(cells)
    if not found:
        return None
    first = next(n for n, cell in enumerate(cells) if "{exercise-start}" in cell.source)
    before = [
        cell.source
        for cell in cells[:first]
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]  # those only record facts
    sources = [source for one in found for source in one.stub + one.solution]
    wanted = reads(code_of("\n".join(sources)).body, set())
    places = needed_cells(before, wanted)
    title = cells[0].source.splitlines()[0].lstrip("# ")
    made = [("markdown", opening(title, len(places), solved))]
    made += [("code", before[place]) for place in places]
    for one in found:
        made += exercise_cells(one, path.stem, solved)
    return notebook(made)


def opening(title: str, count: int, solved: bool) -> str:
    """The first cell of a sheet."""
    kind = "Exercises with solutions" if solved else "Exercises"
    return (
        f"# {title}\n\n**{kind}.** The next {count} code cells are the chapter's own, as far as the "
        "exercises need them. Run them once. Then give `answer` a value and let `check` look at it."
    )


def exercise_cells(one: Exercise, chapter: str, solved: bool) -> list[tuple[str, str]]:
    """The cells of one exercise."""
    cells = [("markdown", f"## Exercise {one.number}\n\n{plain_words(one.text, chapter)}")]
    cells += [("code", source) for source in one.stub]
    if solved:
        text = plain_words(one.solution_text, chapter)
        cells += [("markdown", f"### Solution {one.number}\n\n{text}".strip())]
        cells += [("code", source) for source in one.solution]
    return cells


def notebook(cells: list[tuple[str, str]]) -> Any:
    """A notebook of (kind, source) pairs, the same at every run."""
    made = nbformat.v4.new_notebook()
    for number, (kind, source) in enumerate(cells):
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        made.cells.append(new(source, id=f"sheet-{number}"))
    made.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    return made


# ---------------------------------------------------------------- pages to print


def printable(article: Tag, part: str, solved: bool) -> str:
    """The exercises or the quiz of a built page as HTML; "" when it has none."""
    section = article.select_one(f"#{part}")
    if section is None:
        return ""
    bare = copy.copy(section)
    for tag in bare.select("h2, .headerlink, button, script, style"):
        tag.decompose()
    for box in bare.select(".solution"):
        if not solved:
            box.decompose()
    for cell in bare.select("div.cell"):
        if cell.find_parent(class_="solution") is None:
            for output in cell.select(".cell_output"):
                output.decompose()
    for option in bare.select("details.option"):
        open_option(option, solved)
    for link in bare.select("a"):
        link.unwrap()
    return bare.decode_contents()


def open_option(option: Tag, solved: bool) -> None:
    """Turn a folded option of a quiz into a box to tick, or into one that says why."""
    summary = option.find("summary")
    assert isinstance(summary, Tag)
    mark = "☒ " if solved and is_a(option, "right") else "☐ "
    summary.insert(0, mark)
    summary.name, option.name = "p", "div"
    if not solved:
        option["class"] = "option"
        for reason in summary.find_next_siblings():
            reason.decompose()


def page_html(title: str, kind: str, body: str) -> str:
    """A page to print."""
    template = (LOOKS / "sheet.html").read_text(encoding="utf-8")
    filled = {"title": escape(title), "kind": escape(kind), "body": body}
    return re.sub(r"\{\{(\w+)\}\}", lambda match: filled[match[1]], template)


KINDS = (
    ("exercises", "Exercises", "exercises", False),
    ("solutions", "Solutions", "exercises", True),
    ("quiz", "Quiz", "quiz", False),
    ("quiz-answers", "Quiz with answers", "quiz", True),
)


def make(path: Path, folder: Path) -> tuple[str, list[str]]:
    """Write one chapter's sheets; return its title and the files' names."""
    page = page_of(path.stem, path)
    article = read_page(page)
    heading = article.find("h1")
    title = heading.get_text().rstrip("#") if heading else path.stem
    made = []
    for ending, kind, part, solved in KINDS:
        body = printable(article, part, solved)
        if body:
            made.append(f"{path.stem}-{ending}.html")
            write_whole(folder / made[-1], inline_images(page_html(title, kind, body), page))
    for ending, solved in (("exercises", False), ("solutions", True)):
        book = sheet(path, solved)
        if book is not None:
            made.append(f"{path.stem}-{ending}.ipynb")
            write_whole(folder / made[-1], nbformat.writes(book) + "\n")
    return title, made


def copy_assets(folder: Path) -> None:
    """Put looks and MathJax beside the sheets."""
    target = folder / "assets"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(LOOKS / "sheet.css", target / "sheet.css")
    for name in ("alike.css", "pygments.css"):
        shutil.copy(SITE / "_static" / name, target / name)
    shutil.copytree(SITE / "_static" / "mathjax", target / "mathjax", dirs_exist_ok=True)


def index_html(made: list[tuple[str, list[str]]]) -> str:
    """A page that lists the sheets."""
    rows = []
    for title, files in made:
        links = [f'<a href="{name}">{name.split("-", 1)[1]}</a>' for name in files]
        rows.append(f"<li><strong>{escape(title)}</strong><br>{' · '.join(links)}</li>")
    body = "<ul>" + "".join(rows) + "</ul>"
    return page_html("Sheets of Alike", "Exercises and quizzes, with and without answers", body)


def main(arguments: list[str] | None = None) -> None:
    """Make the sheets of the chapters that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("chapters", nargs="*", help="22-behaviour; default: all")
    parser.add_argument("--folder", type=Path, default=SHEETS)
    options = parser.parse_args(arguments)
    made = [make(path, options.folder) for path in named(options.chapters)]
    copy_assets(options.folder)
    write_whole(options.folder / "index.html", index_html(made))
    print(f"{sum(len(files) for _, files in made)} sheets: open {options.folder / 'index.html'}")


if __name__ == "__main__":
    main()

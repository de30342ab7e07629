"""When a page's numbers were computed, and how much of the page a test run looks at.

The day and the machine come from the run that ``tools/execute.py`` stored in the notebook; the
checks are counted in the notebook, its facts and its answers, by what ``make test`` compares.
"""

import ast
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .facts import facts_dir, load_facts
from .reading import cell_source, read_notebook

STATUS = "book/status"  # the page that says how everything is tested
# Not from the system, which may speak another language.
MONTHS = (
    *("", "January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
CORES = {1: "one CPU core", 2: "two CPU cores"}


@dataclass(frozen=True)
class Checks:
    """What a test run compares of one notebook."""

    facts: int = 0  # compared with a fresh run; those that only tell times are not
    outputs: int = 0  # printed outputs compared with a fresh run
    asserts: int = 0  # in the notebook's own code
    answers: int = 0  # right and wrong answers that the exercises' checkers are tried on


def count_facts(path: Path) -> int:
    """Facts that are compared; those marked volatile are only shown."""
    return sum(not fact.get("volatile") for fact in load_facts(path).values())


def count_outputs(notebook: dict[str, Any]) -> int:
    """Cells whose output is compared with a fresh run."""
    return sum(
        "nbval-check-output" in cell["metadata"].get("tags", []) for cell in notebook["cells"]
    )


def count_asserts(code: str) -> int:
    """Assertions of a piece of code; magic lines do not count, what is no Python has none.

    >>> count_asserts("%matplotlib inline\\nassert 1 + 1 == 2")
    1
    """
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in code.splitlines()]
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return 0
    return sum(isinstance(node, ast.Assert) for node in ast.walk(tree))


def checked_exercises(notebook: dict[str, Any]) -> tuple[str, set[str]]:
    """Name of the notebook's checker module and the exercises that it asks for.

    >>> cell = {"cell_type": "code", "source": "from helpers.check import ch31 as check\\n"
    ...         "check.ex_7(answer);"}
    >>> checked_exercises({"cells": [cell]})
    ('ch31', {'ex_7'})
    """
    module, asked = "", set()
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        for line in cell_source(cell).splitlines():
            if line.startswith("from helpers.check import "):
                module = line.split()[3]
            name = line.removeprefix("assert ").partition("(")[0]
            if name.startswith("check.ex_"):
                asked.add(name.removeprefix("check."))
    return module, asked


def count_answers(path: Path, exercises: set[str]) -> int:
    """Right and wrong answers to these exercises in a file of ``tests/answers``."""
    if not path.is_file():
        return 0
    total = 0
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        name = ast.unparse(node.targets[0])
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            if name in ("RIGHT", "WRONG") and key and ast.literal_eval(key) in exercises:
                total += len(value.elts) if name == "WRONG" and isinstance(value, ast.List) else 1
    return total


def count_checks(path: Path, facts: Path, answers: Path) -> Checks:
    """Count all checks of one notebook, given the folders of facts and answers."""
    notebook = read_notebook(path)
    module, exercises = checked_exercises(notebook)
    code = [cell_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return Checks(
        facts=count_facts(facts / f"{path.stem}.json"),
        outputs=count_outputs(notebook),
        asserts=sum(map(count_asserts, code)),
        answers=count_answers(answers / f"{module}.py", exercises) if module else 0,
    )


def day_text(iso: str) -> str:
    """A day as the book writes it; ValueError when it is no ISO date.

    >>> day_text("2026-11-06")
    '6 November 2026'
    """
    day = date.fromisoformat(iso)
    return f"{day.day} {MONTHS[day.month]} {day.year}"


def count_text(number: int, what: str) -> str:
    """A count with its noun.

    >>> count_text(1, "assertion"), count_text(1214, "number")
    ('1 assertion', '1,214 numbers')
    """
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def freshness_text(run: dict[str, Any], checks: Checks) -> str:
    """The sentence at the end of a page.

    >>> freshness_text({"date": "2026-11-06", "cpu_cores": 2}, Checks(5, 1, 2, 0))
    'Computed on 6 November 2026, on two CPU cores. Every test run computes this page anew, \
compares 5 recorded results and 1 printed output with those shown here, and holds 2 assertions. '
    """
    cores = CORES.get(run.get("cpu_cores", 2), f"{run.get('cpu_cores')} CPU cores")
    where = cores + (f" ({run['cpu']})" if run.get("cpu") else "")
    text = (
        f"Computed on {day_text(run['date'])}, on {where}. Every test run computes this page anew, "
        f"compares {count_text(checks.facts, 'recorded result')} and "
        f"{count_text(checks.outputs, 'printed output')} with those shown here, and holds "
        f"{count_text(checks.asserts, 'assertion')}. "
    )
    if checks.answers:
        tried = count_text(checks.answers, "right and wrong answer")
        text += f"The checkers of the exercises are tried on {tried}. "
    return text


def freshness_line(env: BuildEnvironment, run: dict[str, Any], checks: Checks) -> nodes.paragraph:
    """The paragraph, with a link to the page that says more, where there is one."""
    line = nodes.paragraph("", freshness_text(run, checks), classes=["freshness"])
    if STATUS in env.found_docs:
        line += addnodes.pending_xref(
            "",
            nodes.inline("", "What is tested, and what is not"),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{STATUS}",
            refexplicit=True,
            refwarn=True,
            refdoc=env.docname,
        )
        line += nodes.Text(".")
    return line


def add_line(app: Sphinx, doctree: nodes.document) -> None:
    """End every page that was computed with the line."""
    env = app.env
    path = Path(env.doc2path(env.docname))
    if path.suffix != ".ipynb" or not doctree.children:
        return
    run = read_notebook(path)["metadata"].get("alike", {})
    if "date" not in run:
        return
    facts, answers = facts_dir(env), Path(env.srcdir) / "tests" / "answers"
    module, _ = checked_exercises(read_notebook(path))
    for used in (facts / f"{path.stem}.json", answers / f"{module}.py"):
        if used.is_file():
            env.note_dependency(str(used))
    whole = doctree[0] if isinstance(doctree[0], nodes.section) else doctree
    whole += freshness_line(env, run, count_checks(path, facts, answers))


def setup(app: Sphinx) -> None:
    """Connect, early enough for the link to be resolved."""
    app.connect("doctree-read", add_line, priority=400)

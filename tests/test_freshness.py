"""What a page says of its age and its checks is what the files say."""

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
import site_checks as checks
from alike_book.freshness import Checks, count_answers, count_checks, day_text, freshness_text
from test_check import ANSWERS
from test_extension import SHARE, build
from test_site import SITE

from tools import execute

ROOT = execute.ROOT
RUN = {"seconds": 48.3, "memory_mb": 1234, "cpu_cores": 2, "date": "2026-11-06"}


def code(source: str, *tags: str) -> dict[str, Any]:
    metadata = {"tags": list(tags)}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": []}


def test_checks_are_counted_in_notebook_facts_and_answers(tmp_path: Path) -> None:
    cells = [
        code("from helpers.check import ch22 as check"),
        code("x = 1\nassert x\nassert x == 1", "nbval-check-output"),
        code("check.ex_1(answer);"),
        code("assert check.ex_1(answer)"),
        {"cell_type": "markdown", "source": "assert nothing", "metadata": {}},
    ]
    path = tmp_path / "22-behaviour.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}}))
    times = {**SHARE, "volatile": True}
    facts = {"chapter": "22-behaviour", "facts": {"a": SHARE, "b": times}}
    (tmp_path / "22-behaviour.json").write_text(json.dumps(facts))
    answers = 'RIGHT = {"ex_1": 1, "ex_2": 2}\nWRONG = {"ex_1": [2, 3, 4], "ex_2": [1, 2]}\n'
    (tmp_path / "ch22.py").write_text(answers)
    assert count_checks(path, tmp_path, tmp_path) == Checks(1, 1, 3, 4)


def test_answers_are_counted_as_the_tests_try_them() -> None:
    for name, known in ANSWERS.items():
        tried = sum(1 + len(known.WRONG[ex]) for ex in known.RIGHT)
        path = ROOT / "tests" / "answers" / f"{name}.py"
        assert count_answers(path, set(known.RIGHT)) == tried, name


def test_the_sentence_counts_and_dates() -> None:
    text = freshness_text(RUN | {"cpu": "Some CPU"}, Checks(1, 0, 2, 5))
    assert text.startswith("Computed on 6 November 2026, on two CPU cores (Some CPU). ")
    assert "1 recorded result and 0 printed outputs" in text and "2 assertions" in text
    assert "5 right and wrong answers" in text
    with pytest.raises(ValueError, match="Invalid isoformat"):
        day_text("yesterday")


def test_a_computed_page_ends_with_the_line_and_another_does_not(tmp_path: Path) -> None:
    html, warnings = build(tmp_path, "# Page\n\n## Part\n\nText.", alike=RUN)
    assert warnings == "" and "Computed on 6 November 2026" in html
    html, _ = build(tmp_path, "# Page", alike={})
    assert "freshness" not in html


def test_every_notebook_knows_its_day() -> None:
    for path in execute.notebooks():
        assert day_text(nbformat.read(path, as_version=4).metadata["alike"]["date"]), path.name


@pytest.mark.parametrize("path", execute.notebooks(), ids=lambda path: path.stem)
def test_every_computed_page_of_the_site_has_the_line(path: Path) -> None:
    page = SITE / path.relative_to(ROOT).with_suffix(".html")
    if not page.is_file():
        checks.missing("the site is not built: run `make book`")
    line = checks.soup(page).select("p.freshness")
    assert len(line) == 1 and line[0].a["href"].endswith("status.html")
    found = count_checks(path, execute.FACTS, ROOT / "tests" / "answers")
    assert f"compares {found.facts} recorded result" in line[0].text


def test_a_run_stores_its_day_and_processor(tmp_path: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    execute.tidy(notebook, {"seconds": 1.0, "memory_mb": 2.0})
    assert day_text(notebook.metadata["alike"]["date"]) and notebook.metadata["alike"]["cpu"]

"""The sheets: complete, the same questions with and without answers, and they run by themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import site_checks as checks
from bs4 import BeautifulSoup

from tools import execute, make_sheets

CHAPTERS = [path.stem for path in execute.notebooks()]
RUN = ["12-measuring", "23-factorization", "72-your-data"]


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """All sheets, made anew."""
    if not (make_sheets.SITE / "index.html").is_file():
        checks.missing("the site is not built: run `make book`")
    folder = tmp_path_factory.mktemp("sheets")
    make_sheets.main(["--folder", str(folder)])
    yield folder


def read(sheets: Path, chapter: str, ending: str) -> Any:
    """A sheet as a notebook."""
    return nbformat.read(sheets / f"{chapter}-{ending}.ipynb", as_version=4)


@pytest.mark.parametrize("chapter", RUN)
def test_a_sheet_with_solutions_runs_by_itself_and_every_check_is_right(chapter, sheets, tmp_path):
    book = read(sheets, chapter, "solutions")
    execute.run(book, tmp_path)
    said = "".join(o.text for c in book.cells for o in c.get("outputs", []) if "text" in o)
    count = len(make_sheets.exercises(book_cells(chapter)))
    assert said.count("✓") >= count and "✗" not in said


def book_cells(chapter: str) -> list[Any]:
    """The cells of a chapter."""
    (path,) = execute.BOOK.glob(f"*/{chapter}.ipynb")
    return nbformat.read(path, as_version=4).cells


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_is_on_both_sheets_and_solutions_on_one(chapter, sheets):
    found = make_sheets.exercises(book_cells(chapter))
    assert len(found) >= 2
    asked, solved = (read(sheets, chapter, ending) for ending in ("exercises", "solutions"))
    plain = "\n".join(cell.source for cell in asked.cells)
    full = "\n".join(cell.source for cell in solved.cells)
    for one in found:
        assert one.text.strip() and one.stub and one.solution, one.number
        assert f"## Exercise {one.number}\n" in plain and f"## Exercise {one.number}\n" in full
        assert one.solution[-1] in full and one.solution[-1] not in plain
    words = "\n".join(c.source for c in solved.cells if c.cell_type == "markdown")
    assert "{" + "fact}" not in words and "```{" not in words and "{term}" not in words


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_printed_sheets_hide_and_show_the_answers(chapter, sheets):
    pages = {path.stem: path for path in sheets.glob(f"{chapter}-*.html")}
    count = len(make_sheets.exercises(book_cells(chapter)))
    for ending, solutions in (("exercises", 0), ("solutions", count)):
        page = BeautifulSoup(pages[f"{chapter}-{ending}"].read_text("utf-8"), "html.parser")
        assert len(page.select(".exercise")) == count
        assert len(page.select(".solution")) == solutions
    if f"{chapter}-quiz" not in pages:
        assert chapter.endswith("-tensorflow")  # a twin has no quiz
        return
    asked, answered = (
        pages[f"{chapter}-{e}"].read_text("utf-8") for e in ("quiz", "quiz-answers")
    )
    assert "Right." not in asked and "☒" not in asked and 'class="option right"' not in asked
    assert answered.count("☒") >= 4 and asked.count("☐") == answered.count("☐") + answered.count(
        "☒"
    )


def test_printed_sheets_open_without_a_network(sheets):
    path = checks.find_browser()
    if path is None:
        pytest.skip("no Chromium found: install chromium (or Chrome)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=checks.FLAGS)
        for page in ("12-measuring-solutions", "22-behaviour-quiz-answers", "index"):
            seen = checks.visit(browser, (sheets / f"{page}.html").as_uri(), 390, "light")
            assert checks.page_faults(seen) == [], page
        browser.close()


# ---------------------------------------------------------------- which cells are taken


@pytest.mark.parametrize(
    "before, wanted, taken",
    [
        (["import x", "a = 1", "b = a"], {"b"}, [0, 1, 2]),
        (["import x", "a = 1", "a = 2"], {"a"}, [0, 2]),  # the last one counts
        (["import x", "a = []", "a.append(1)", "b = 1"], {"a"}, [0, 1, 2]),
        (["import x", "a = {}", "for k in 'ab':\n    a[k] = k"], {"a"}, [0, 1, 2]),
        (["import x", "k = 1", "def f(k):\n    return k"], {"f"}, [0, 2]),  # an argument
        (["import x", "k = 1", "a = [k for k in 'ab']"], {"a"}, [0, 2]),
        (["import x", "a = 1", "a += 1"], {"a"}, [0, 1, 2]),
        (["import x", "x.show()", "a = x.y"], {"a"}, [0, 2]),  # a module is not changed
        (["import x", "c = 1", "def f():\n    return c"], {"f"}, [0, 1, 2]),
    ],
)
def test_needed_cells(before, wanted, taken):
    assert make_sheets.needed_cells(before, wanted) == taken


def test_a_sheet_that_lacks_a_cell_does_not_run(tmp_path):
    """Otherwise the runs above would hold for nothing."""
    from nbclient.exceptions import CellExecutionError

    book = make_sheets.notebook([("code", "b = a + 1")])
    with pytest.raises(CellExecutionError, match="'a' is not defined"):
        execute.run(book, tmp_path)


def test_an_unknown_chapter_is_refused():
    with pytest.raises(SystemExit, match="no notebook '99-none'"):
        make_sheets.main(["99-none"])

"""The status page's tables are counted, not typed."""

import re
from pathlib import Path

import pytest
import site_checks as checks
from alike_book import status
from bs4 import BeautifulSoup
from test_extension import build
from test_notebooks import BOOK_SECONDS
from test_site import SITE

from tools import execute, lint

RUN = {"seconds": 90.0, "memory_mb": 2048, "cpu_cores": 2, "date": "2026-11-06"}


def test_the_tables_of_a_small_book(tmp_path: Path) -> None:
    page = "# Page\n\n```{status} notebooks\n```\n\n```{status} budget\n```\n"
    html, warnings = build(tmp_path, page, alike=RUN)
    assert warnings == ""
    tables = BeautifulSoup(html, "html.parser").select("div.status-table")
    cells = [cell.text for cell in tables[0].select("tbody td")]
    assert cells[:4] == ["6 November 2026", "90 s", "2.0 GB", "–"]
    assert tables[0].select_one("tfoot th").text == "all 1"
    assert "50 %" in tables[1].text and "4 GB" in tables[1].text
    assert all(table["tabindex"] == "0" and table["aria-label"] for table in tables)


def test_an_unknown_table_is_a_warning(tmp_path: Path) -> None:
    _, warnings = build(tmp_path, "# Page\n\n```{status} weather\n```", alike=RUN)
    assert "no table 'weather'; there are notebooks, budget, versions, tests" in warnings


def test_the_budget_is_the_one_that_the_tests_hold_to() -> None:
    assert (status.SECONDS, status.MEMORY_MB) == (lint.MAX_SECONDS, lint.MAX_MEMORY_MB)
    assert status.BOOK_SECONDS == BOOK_SECONDS


def test_test_functions_are_counted_by_layer(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_site.py").write_text(
        "def test_a(browser): ...\ndef test_b(): ...\ndef helper(): ...\n"
    )
    (tmp_path / "tests" / "test_metrics.py").write_text(
        "class TestC:\n    def test_d(self): ...\n"
    )
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "a.py").write_text(
        'def f():\n    """Say.\n\n    >>> 1\n    1\n    """\n'
    )
    table = {line[0]: line[1:] for line in status.tests_table(tmp_path)}
    assert table["pages in a browser"] == ["1", "2"] and table[status.UNIT] == ["1", "1"]
    assert table["examples in docstrings"] == ["1", "1"] and table["all"] == ["3", "4"]


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    path = SITE / "book" / "status.html"
    if not path.is_file():
        checks.missing("the site is not built: run `make book`")
    return checks.soup(path)


def test_every_notebook_stands_on_the_page(page: BeautifulSoup) -> None:
    rows = page.select('div.status-table[aria-label="Every notebook"] tbody th')
    assert [row.text for row in rows] == sorted(path.stem for path in execute.notebooks())
    columns = len(page.select('div.status-table[aria-label="Every notebook"] thead th'))
    assert columns == len(status.NOTEBOOK_HEAD)


def test_the_versions_are_the_pinned_ones(page: BeautifulSoup) -> None:
    pins = re.findall(
        r"^([\w.-]+)==(\S+)", (execute.ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    text = page.select_one('div.status-table[aria-label="Versions"]').text
    assert pins and all(f"{name} {version}" in text for name, version in pins)

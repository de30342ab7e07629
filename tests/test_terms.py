"""The glossary reaches every page: first uses are links, entries name the chapters that use them."""

import re
from pathlib import Path

import pytest
import site_checks as checks
from alike_book.terms import EVERYDAY, pattern_of, uses_in
from bs4 import BeautifulSoup
from test_extension import build
from test_site import SITE

GLOSSARY = """---
orphan: true
---
# Glossary

````{glossary}
basket
  What is bought together.

cold start
  No sale yet. Nothing is known.

cosine
MLP
  An angle, e.g. of two vectors. More.

never said
  Nobody uses it.
````
"""
PAGE = """# Page

A promise about the cosine.

## Part about the cosine

`cosine` in code, $cosine$ in maths, a [cosine link](https://example.org) and a basket.

Then the cosine, **and Cosines** again. {term}`Cold start <cold start>` is linked, cold start once.

> A quoted MLP, not an mlp.

```{quiz}
- question: Which cosine?
  options:
    - {text: a cosine, correct: true, why: The cosine.}
    - {text: b, why: No.}
```
"""


def pages(folder: Path, page: str = PAGE) -> tuple[BeautifulSoup, BeautifulSoup, str]:
    """A chapter and a glossary, built."""
    (folder / "book").mkdir(exist_ok=True)
    (folder / "book" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    html, warnings = build(folder, page)
    glossary = (folder / "out" / "glossary.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser"), BeautifulSoup(glossary, "html.parser"), warnings


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[BeautifulSoup, BeautifulSoup, str]:
    return pages(tmp_path_factory.mktemp("terms"))


def test_the_first_use_in_prose_becomes_a_link(built: tuple[BeautifulSoup, ...]) -> None:
    page, _, warnings = built
    assert warnings == ""
    links = page.select("a.term-link")
    assert [link.text for link in links] == ["cosine", "Cold start", "MLP"]
    assert links[0]["href"] == "glossary.html#term-cosine"
    assert links[0]["title"] == "An angle, e.g. of two vectors."
    assert links[0].parent.text.startswith("Then the cosine,")
    assert links[1]["title"] == "No sale yet." and links[2]["href"] == "glossary.html#term-MLP"


def test_entries_name_the_chapters_that_use_them(built: tuple[BeautifulSoup, ...]) -> None:
    _, glossary, _ = built
    used = {
        item.find_previous_sibling("dt")["id"]: item.select_one("p.used-in")
        for item in glossary.select("dl.glossary > dd")
    }
    assert used["term-never-said"] is None and used["term-basket"] is None  # a word of every day
    assert used["term-MLP"].text == "Used in 22"
    assert used["term-cold-start"].a["href"] == "22-behaviour.html"
    assert used["term-cold-start"].a["title"] == "Page"


def test_a_page_that_changes_changes_the_glossary(tmp_path: Path) -> None:
    pages(tmp_path, "# Page\n\nNothing.")
    _, glossary, _ = pages(tmp_path, "# Page\n\nNothing.\n\n## Part\n\nA never said word.")
    assert glossary.select_one("#term-never-said + dd p.used-in").text == "Used in 22"


@pytest.mark.parametrize(
    "term, text, found",
    [
        ("cold start", "a cold-start problem", ["cold-start"]),
        ("cold start", "scold starter", []),
        ("Dice", "dice are thrown", []),
        ("epoch", "Epochs and epoch-wise", ["Epochs"]),
        ("winner’s curse", "the winner's\ncurse", ["winner's\ncurse"]),
    ],
)
def test_what_counts_as_a_use(term: str, text: str, found: list[str]) -> None:
    assert re.compile(pattern_of(term))
    assert [match[0] for _, match in uses_in(text, (term,))] == found


# ---------------------------------------------------------------- the book itself


def site_page(name: str) -> BeautifulSoup:
    path = SITE / f"{name}.html"
    if not path.is_file():
        checks.missing("the site is not built: run `make book`")
    return checks.soup(path)


def entries() -> dict[str, BeautifulSoup]:
    """Anchor of each entry's last term -> its definition."""
    found = site_page("book/glossary").select("dl.glossary > dd")
    return {str(item.find_previous_sibling("dt")["id"]): item for item in found}


def test_no_entry_of_the_glossary_is_unused() -> None:
    unused = [anchor for anchor, item in entries().items() if not item.select("p.used-in a")]
    assert unused == [], "link these in a chapter, or take them out of book/glossary.md"


def test_words_of_every_day_are_entries() -> None:
    names = {term.contents[0] for term in site_page("book/glossary").select("dl.glossary > dt")}
    assert EVERYDAY <= {str(name) for name in names}


def test_no_page_links_a_term_twice_by_itself() -> None:
    """Otherwise it would look like a tree at Christmas."""
    for path in sorted((SITE / "book").glob("*/*.html")):
        page = site_page(str(path.relative_to(SITE).with_suffix("")))
        links = page.select("a.term-link:not(:has(.std-term))")
        anchors = [str(link["href"]).partition("#")[2] for link in links]
        assert len(anchors) == len(set(anchors)) <= 25, path.name
        assert all(link["title"] for link in links)

"""The printed book: one file with every chapter, its bookmarks, its links and its formulas."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import site_checks as checks
from bs4 import BeautifulSoup
from pypdf import PdfReader, PdfWriter
from test_site import SITE

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import make_pdf

MOST_BYTES = 60_000_000


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """The whole book, printed anew."""
    if make_pdf.find_browser() is None or not (SITE / "index.html").is_file():
        checks.missing("printing needs Chromium and the built site: run `make book`")
    target = tmp_path_factory.mktemp("pdf") / "alike.pdf"
    make_pdf.make_pdf(list(make_pdf.contents()), target)
    assert target.stat().st_size < MOST_BYTES
    return PdfReader(target)


def titles() -> list[str]:
    """The titles of all pages of the site."""
    names = [name for _, name in make_pdf.contents()]
    pages = [(SITE / f"{name}.html").read_text(encoding="utf-8") for name in names]
    heads = [re.search(r"<article.*?<h1>(.*?)<a ", page, re.DOTALL) for page in pages]
    return [head[1] for head in heads if head]


def bookmarks(outline: list[Any]) -> Iterator[Any]:
    """Every bookmark, however deep."""
    for entry in outline:
        yield from bookmarks(entry) if isinstance(entry, list) else [entry]


def plain(text: str) -> str:
    """Letters and digits alone: lines may break anywhere."""
    return re.sub(r"\W+", "", BeautifulSoup(text, "html.parser").get_text())


def test_every_chapter_is_bookmarked_and_there(book: PdfReader) -> None:
    """Each title is a bookmark, which leads to the page that bears it."""
    marks = {plain(mark.title): mark for mark in bookmarks(book.outline)}
    for title in map(plain, titles()):
        assert title in marks
        page = book.pages[book.get_destination_page_number(marks[title])]
        assert title in plain(page.extract_text()), title


def test_book_says_what_it_is(book: PdfReader) -> None:
    """Title, language, tags for screen readers, and a plausible number of pages."""
    root = book.trailer["/Root"]
    assert book.metadata is not None and book.metadata.title == make_pdf.TITLE
    assert root["/Lang"] == "en" and root["/MarkInfo"]["/Marked"]
    assert 10 * len(titles()) < len(book.pages) < 100 * len(titles())


def test_contents_tell_the_page(book: PdfReader) -> None:
    """The number beside a title in the contents is the page of its bookmark."""
    text = plain(book.pages[1].extract_text() + book.pages[2].extract_text())
    marks = {plain(mark.title): mark for mark in bookmarks(book.outline)}
    for title in map(plain, titles()[1:]):
        page = (book.get_destination_page_number(marks[title]) or 0) + 1
        assert f"{title}{page}" in text


def test_links_lead_somewhere(book: PdfReader) -> None:
    """Links inside end at a place in the book; the others at an address of the web."""
    places, inside = book.named_destinations, 0
    for page in book.pages:
        for note in (note.get_object() for note in page.get("/Annots", [])):
            action = note.get("/A", {})
            if "/URI" in action:
                assert re.match("https?:|mailto:", action["/URI"]), action["/URI"]
            else:
                inside += 1
                assert note.get("/Dest", action.get("/D")) in places, note
    assert inside > 100


def is_blank(page: Any) -> bool:
    """Whether a page shows no more than its number."""
    contents = page.get_contents()
    drawn = b"" if contents is None else contents.get_data()
    return len(re.findall(rb"\bBT\b", drawn)) < 2 and not re.search(rb"\bDo\b", drawn)


def test_no_page_is_blank(book: PdfReader) -> None:
    """Every page shows something."""
    assert [number for number, page in enumerate(book.pages, 1) if is_blank(page)] == []


def test_formulas_are_drawn(book: PdfReader) -> None:
    """The fonts of the mathematics are in the file."""
    fonts = [
        str(font.get_object().get("/FontDescriptor", {}).get("/FontName"))
        for page in book.pages
        for font in page["/Resources"].get("/Font", {}).values()
    ]
    assert any("MathJax_Main" in name for name in fonts), set(fonts)
    assert any("MathJax_Math" in name for name in fonts), set(fonts)


def test_blank_check_reports() -> None:
    """An empty page is found."""
    assert is_blank(PdfWriter().add_blank_page(100, 100))


def test_printing_reports(tmp_path: Path) -> None:
    """A raw formula, and a page that is missing, stop the printing."""
    with pytest.raises(ValueError, match="run `make book`"):
        make_pdf.read_chapter("", "book/no-such-page")
    chapter = make_pdf.read_chapter("", "book/glossary")
    chapter.article.append(BeautifulSoup('<p class="math">x</p>', "html.parser"))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = make_pdf.find_browser()
        browser = playwright.chromium.launch(executable_path=path, args=make_pdf.FLAGS)
        with pytest.raises(ValueError, match="not rendered: x"):
            html = make_pdf.whole_page([chapter], {})
            make_pdf.print_page(html, browser, tmp_path / "broken.pdf")
        browser.close()

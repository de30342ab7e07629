"""The slides: made from the built site, complete, nothing cut off, moved by keys, without network."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import site_checks as checks
from bs4 import BeautifulSoup

from tools import execute, make_slides

CHAPTERS = [path.stem for path in execute.notebooks()]
LEAST, MOST = 8, 16
SMALLEST = 11  # px of letters on a slide 720 px high
RAW = re.compile(r"\{[\w:-]+\}`|`{3}|\$|\bmissing fact\b|\.ipynb|<!--")
SHOWN = """() => {
  const slide = document.querySelector('.slide:not([hidden])');
  const body = slide.querySelector('.body');
  const bare = body.cloneNode(true);
  bare.querySelectorAll('pre, mjx-container').forEach(node => node.remove());
  const wide = [...body.querySelectorAll('.block, pre, .scroll, .output')]
    .some(box => box.scrollWidth > box.clientWidth + 2);
  return {
    place: document.querySelector('#place').textContent,
    text: bare.textContent,
    things: body.textContent.trim().length + 50 * body.querySelectorAll('img').length,
    cut: wide || [slide, body].some(box => box.scrollHeight > box.clientHeight + 2),
    letters: Math.min(...[body, ...body.querySelectorAll('p, li, td, pre')]
      .map(one => parseFloat(getComputedStyle(one).fontSize))),
    bare: [...body.querySelectorAll('.math')].filter(m => !m.querySelector('mjx-container')).length,
    dark: body.querySelectorAll('img:not([alt]), img[alt=""]').length,
    later: body.querySelectorAll('.later').length,
  };
}"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All decks, made anew."""
    if not (make_slides.SITE / "index.html").is_file():
        checks.missing("the site is not built: run `make book`")
    folder = tmp_path_factory.mktemp("slides")
    make_slides.main(["--folder", str(folder)])
    return folder


def opened(
    browser: Any, path: Path, width: int = 1280, height: int = 720
) -> tuple[Any, list[str]]:
    """A deck in a window, and the faults that the browser reports from now on."""
    tab, faults = browser.new_page(viewport={"width": width, "height": height}), []
    tab.on("request", lambda one: checks.is_inside(one.url) or faults.append(one.url))
    tab.on("requestfailed", lambda one: faults.append(f"missing: {one.url}"))
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(path.as_uri())
    tab.evaluate("MathJax.startup.promise.then(() => 1)")
    return tab, faults


def slide_faults(seen: dict[str, Any]) -> list[str]:
    """What is wrong with the slide that is shown."""
    raw = RAW.search(seen["text"])
    found = {
        "empty": seen["things"] < 20,
        "cut off": seen["cut"],
        f"raw text {raw[0] if raw else ''!r}": raw is not None,
        f"letters of {seen['letters']:.0f} px": seen["letters"] < SMALLEST,
        "a formula was not drawn": seen["bare"] > 0,
        "a figure without a description": seen["dark"] > 0,
    }
    return [f"{seen['place']}: {fault}" for fault, holds in found.items() if holds]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_deck_is_complete_and_nothing_is_cut_off(chapter, decks, browser):
    tab, faults = opened(browser, decks / f"{chapter}.html")
    count = tab.locator(".slide").count()
    assert LEAST <= count <= MOST
    for number in range(1, count + 1):
        while (seen := tab.evaluate(SHOWN))["later"]:  # step through what comes bit by bit
            tab.keyboard.press("ArrowRight")
        assert seen["place"] == f"{number} / {count}"
        faults += slide_faults(seen)
        tab.keyboard.press("ArrowRight")
    tab.close()
    assert faults == []


def test_the_speaker_has_the_note_of_every_chapter(decks):
    for chapter in CHAPTERS:
        page = BeautifulSoup((decks / f"{chapter}.html").read_text("utf-8"), "html.parser")
        assert "For instructors" in page.select_one(".notes").get_text(), chapter
        addresses = [tag.get("src") or tag.get("href") for tag in page.select("[src], link[href]")]
        wrong = [a for a in addresses if not a.startswith(("data:", "assets/"))]
        assert wrong == []
        assert not page.select('a[href]:not([href^="http"]):not([href="index.html"])')


def test_keys_buttons_notes_and_the_theme(decks, browser):
    tab, faults = opened(browser, decks / "22-behaviour.html")
    count = tab.locator(".slide").count()
    place = tab.locator("#place")
    tab.keyboard.press("End")
    assert place.inner_text() == f"{count} / {count}"
    assert tab.locator("#said").inner_text().startswith(f"{count} of {count}: Quiz")
    answer = tab.locator(".slide:not([hidden]) summary").first
    answer.focus()
    tab.keyboard.press(" ")  # opens the answer and does not leave the slide
    assert place.inner_text() == f"{count} / {count}"
    assert tab.locator(".slide:not([hidden]) details[open]").count() == 1
    tab.keyboard.press("Home")
    assert place.inner_text() == f"1 / {count}"
    notes = tab.locator(".slide:not([hidden]) .notes")
    assert not notes.is_visible()
    tab.keyboard.press("n")
    assert notes.is_visible() and "Misconceptions" in notes.inner_text()
    assert tab.locator("#notes").get_attribute("aria-pressed") == "true"
    before = tab.locator("html").get_attribute("data-theme")
    tab.get_by_role("button", name="Dark or light").click()
    assert tab.locator("html").get_attribute("data-theme") != before
    tab.get_by_role("button", name="Next slide").click()
    assert place.inner_text() == f"2 / {count}" and tab.url.endswith("#2")
    tab.keyboard.press("ArrowLeft")
    assert place.inner_text() == f"1 / {count}"
    tab.close()
    assert faults == []


def test_a_phone_scrolls_down_and_never_sideways(decks, browser):
    tab, faults = opened(browser, decks / "12-measuring.html", 390, 844)
    for _ in range(MOST):
        wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, tab.locator("#place").inner_text()
        tab.get_by_role("button", name="Next slide").click(force=True)
    tab.close()
    assert faults == []


def test_printing_gives_one_slide_a_page(decks, browser):
    tab, _ = opened(browser, decks / "72-your-data.html")
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", tab.pdf(prefer_css_page_size=True))
    assert len(pages) == tab.locator(".slide").count()
    tab.close()


# ------------------------------------------------------- the checks and the tool can say no

HUGE = "".join(f"<p>Line {number}</p>" for number in range(80))
BROKEN = {
    "cut off": HUGE,
    "letters of": '<p style="font-size: 8px">so small that nobody at the back can read it</p>',
    "empty": "<p> </p>",
    "raw text": "<p>a role {fact}`name` that nobody rendered</p>",
    "not drawn": '<p>so <span class="math">x^2</span> it is, and it is long</p>',
    "description": '<p>a picture of something that we know</p><img src="data:,">',
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_slide_is_noticed(fault, decks, browser):
    block = BeautifulSoup(f"<div>{BROKEN[fault]}</div>", "html.parser").div
    slide = make_slides.Slide("Broken", [(block, 0)])
    path = decks / "broken.html"
    path.write_text(make_slides.deck_html("Broken", [slide], path), encoding="utf-8")
    tab, _ = opened(browser, path)
    (found,) = slide_faults(tab.evaluate(SHOWN))
    assert fault in found
    tab.close()


def cell(kind: str, text: str = "## A\n\nWords.", **metadata: Any) -> Any:
    """A tagged Markdown cell."""
    metadata["slideshow"] = {"slide_type": kind}
    return nbformat.v4.new_markdown_cell(text, metadata=metadata)


def page(*texts: str) -> dict[int, list[Any]]:
    """The blocks of cells, as if they had been built."""
    marked = "".join(f"<!-- cell {number} -->{text}" for number, text in enumerate(texts))
    return make_slides.pieces_of(BeautifulSoup(f"<div>{marked}</div>", "html.parser").div)


TWO = "<p>before</p><section><h2>A</h2><p>one</p><p>two</p></section><h2>B</h2><p>three</p>"


def test_sections_fragments_and_notes_go_where_they_belong():
    cells = [
        cell("slide", slide_sections=["B"]),
        cell("fragment", "four"),
        cell("notes", "five"),
        cell("slide"),
    ]
    deck = make_slides.make_deck(
        "x", cells, page(TWO, "<p>four</p>", "<p>five</p>", TWO), "<b>!</b>"
    )
    assert [slide.title for slide in deck] == ["B", "A", "B"]
    assert [(b.get_text(), step) for b, step in deck[0].blocks] == [("three", 0), ("four", 1)]
    assert deck[0].notes == ["<b>!</b>", "<p>five</p>", "<p>before</p>"]
    assert deck[1].notes == ["<p>two</p>"]


@pytest.mark.parametrize(
    "cells, said",
    [
        ([cell("slid")], "slide_type 'slid'"),
        ([cell("slide", slide_sections=["C"])], "'C', which is no heading"),
        ([cell("fragment")], "needs a slide before it"),
    ],
)
def test_a_tag_that_cannot_be_followed_is_refused(cells, said):
    with pytest.raises(SystemExit, match=said):
        make_slides.make_deck("x", cells, page(TWO), "")


def test_without_a_site_the_tool_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(make_slides, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="run `make book` first"):
        make_slides.read_page(tmp_path / "x.html")

"""The built site in a real browser: light and dark, phone and desktop, served and from a folder.

`make book` builds the pages that are tested here.
"""

from pathlib import Path
from typing import Any

import pytest
import site_checks as checks
import yaml

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
PHONE, DESKTOP = 390, 1440


def toc_files(entry: Any) -> list[str]:
    """Every page named in the table of contents."""
    if isinstance(entry, list):
        return [name for one in entry for name in toc_files(one)]
    if not isinstance(entry, dict):
        return []
    own = [entry[key] for key in ("root", "file") if key in entry]
    return own + [name for value in entry.values() for name in toc_files(value)]


PAGES = toc_files(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", [*PAGES, "search", "genindex"])
def test_page_in_browser(page: str, browser: Any, address: str) -> None:
    """No request outside, no error, no bare formula, no sideways scrolling, the right theme."""
    faults = []
    for theme in ("light", "dark"):
        with checks.opened(browser, f"{address}/{page}.html", PHONE, theme) as (tab, seen):
            faults += described(seen, PHONE, theme)
            checks.widen(tab, seen, DESKTOP)
            faults += described(seen, DESKTOP, theme)
    assert faults == []


def described(seen: checks.Visit, width: int, theme: str) -> list[str]:
    """The faults of a visit, each with the width and the theme."""
    found = checks.page_faults(seen) + checks.theme_faults(seen, theme)
    return [f"{width} px, {theme}: {fault}" for fault in found]


@pytest.mark.parametrize("page", PAGES)
def test_page_from_folder(page: str, browser: Any, site: Path) -> None:
    """The same from a USB stick: opened as a file, without a server."""
    seen = checks.visit(browser, (site / f"{page}.html").as_uri(), PHONE, "light")
    assert checks.page_faults(seen) == []


@pytest.mark.parametrize("page", [*PAGES, "search", "genindex"])
def test_links_and_images(page: str, site: Path) -> None:
    """Every internal link and anchor leads somewhere; every image has a description."""
    path = site / f"{page}.html"
    assert checks.link_faults(path, site) + checks.alt_faults(path) == []


def test_some_page_has_mathematics(site: Path) -> None:
    """Otherwise the check of formulas would hold for nothing."""
    pages = [(site / f"{page}.html").read_text(encoding="utf-8") for page in PAGES]
    assert any('class="math' in page for page in pages)


def test_front_page_is_found(site: Path, browser: Any) -> None:
    """Opening the folder's index.html ends on the front page."""
    tab = browser.new_page()
    tab.goto((site / "index.html").as_uri(), wait_until="commit")
    tab.wait_for_url("**/book/index.html")
    tab.close()


# Each check is tried on a page that has the fault, and on one that has not.

BROKEN = {
    "outside": ('<img alt="x" src="https://example.org/x.png">', "asks another host"),
    "console": ("<script>throw new Error('planted')</script>", "planted"),
    "missing": ('<script src="nothing.js"></script>', "missing: "),
    "raw-inline": (r"<p>so \(x^2\) it is</p>", "raw mathematics"),
    "raw-block": ("<p>so $$x^2$$ it is</p>", "raw mathematics"),
    "bare": ('<span class="math">x^2</span>', "1 formulas were not rendered"),
    "failed-formula": (
        "<mjx-container><mjx-merror>?</mjx-merror></mjx-container>",
        "1 formulas with errors",
    ),
    "wide": ('<div style="width: 500px">wide</div>', "px wider than the window"),
}


def write_page(folder: Path, body: str) -> Path:
    """A small page with a fitting head."""
    path = folder / "page.html"
    head = '<meta name="viewport" content="width=device-width"><style>body{margin:0}</style>'
    page = f'<!doctype html><html data-theme="light"><head>{head}</head><body>{body}</body></html>'
    path.write_text(page, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", BROKEN)
def test_browser_check_reports(name: str, browser: Any, tmp_path: Path) -> None:
    """A planted fault is found."""
    body, expected = BROKEN[name]
    seen = checks.visit(browser, write_page(tmp_path, body).as_uri(), PHONE, "light")
    assert any(expected in fault for fault in checks.page_faults(seen))


def test_browser_check_accepts(browser: Any, tmp_path: Path) -> None:
    """A good page has no fault; mathematics inside code is meant to be raw."""
    body = (
        r"<p>good</p><pre>\(x\) $$</pre><span class=math><mjx-container>x</mjx-container></span>"
    )
    seen = checks.visit(browser, write_page(tmp_path, body).as_uri(), PHONE, "light")
    assert checks.page_faults(seen) == []
    assert checks.theme_faults(seen, "dark") == ["theme is 'light', wanted 'dark'"]


@pytest.mark.parametrize(
    "body, expected",
    [
        ('<a href="gone.html">x</a>', "broken link gone.html"),
        ('<a href="#gone">x</a>', "broken anchor #gone"),
        ('<a href="other.html#gone">x</a>', "broken anchor other.html#gone"),
        ('<a href="../outside.html">x</a>', "broken link ../outside.html"),
        ('<img alt="x" src="gone.png">', "broken link gone.png"),
    ],
)
def test_link_check_reports(body: str, expected: str, tmp_path: Path) -> None:
    """A link that leads nowhere is found; good ones beside it are not."""
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "outside.html").write_text("outside")
    (site / "other.html").write_text('<p id="here">x</p>')
    good = '<a href="other.html#here">x</a><a href="https://example.org">x</a><a href="#">x</a>'
    assert checks.link_faults(write_page(site, good + body), site) == [expected]


@pytest.mark.parametrize(
    "image",
    [
        '<img src="a.png">',
        '<img alt="" src="a.png">',
        '<img alt="_images/4f.png" src="a.png">',
    ],
)
def test_alt_check_reports(image: str, tmp_path: Path) -> None:
    """An image without a description is found; a described one is not."""
    path = write_page(tmp_path, image + '<img alt="A rising line" src="b.png">')
    assert checks.alt_faults(path) == ["image without alt text: a.png"]

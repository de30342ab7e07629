"""What a built page must not have; each function lists the faults that it finds.

The functions are tried on broken pages in ``test_site.py``: a check that cannot fail is none.
"""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host answers
]
# Text that a reader sees, without code: a formula left there was not rendered.
VISIBLE_TEXT = """() => {
  const copy = document.querySelector('article, main, body').cloneNode(true);
  copy.querySelectorAll('pre, code, script, style, mjx-container').forEach(node => node.remove());
  return copy.textContent;
}"""
MATHS = (
    "[...document.querySelectorAll('.math')].map(e => e.querySelectorAll('mjx-container').length)"
)
STATE = """() => ({
  wide: document.documentElement.scrollWidth - window.innerWidth,
  theme: document.documentElement.dataset.theme || '',
})"""


@dataclass
class Visit:
    """What happened when a page was opened."""

    url: str
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    text: str = ""
    formulas: list[int] = field(default_factory=list)
    math_errors: int = 0
    too_wide: int = 0
    theme: str = ""


def missing(reason: str) -> None:
    """Skip on a reader's machine, fail where tests must be complete."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def find_browser() -> str | None:
    """Path of a Chromium on this machine."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port; yields its address."""
    handler = partial(QuietHandler, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class QuietHandler(SimpleHTTPRequestHandler):
    """A file server without a log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def is_inside(url: str) -> bool:
    """Whether a request stays with the site."""
    parts = urlsplit(url)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname == "127.0.0.1"


def visit(browser, url: str, width: int, theme: str) -> Visit:  # type: ignore[no-untyped-def]
    """Open a page, wait for its mathematics, write down what happened."""
    with opened(browser, url, width, theme) as (_, seen):
        return seen


@contextmanager
def opened(browser, url: str, width: int, theme: str):  # type: ignore[no-untyped-def]
    """Open a page; yields it with what happened so far."""
    seen = Visit(url)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("requestfailed", lambda request: seen.failed.append(request.url))
    page.on("response", lambda answer: answer.status >= 400 and seen.failed.append(answer.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("console", lambda line: line.type == "error" and seen.errors.append(line.text))
    page.goto(url, wait_until="load")
    page.evaluate("window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => 1) : 1")
    look(page, seen)
    yield page, seen
    context.close()


def widen(page, seen: Visit, width: int) -> None:  # type: ignore[no-untyped-def]
    """Turn the phone into a desktop and look again."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(50)
    look(page, seen)


def look(page, seen: Visit) -> None:  # type: ignore[no-untyped-def]
    """Read the page as it stands."""
    state = page.evaluate(STATE)
    seen.text, seen.formulas = page.evaluate(VISIBLE_TEXT), page.evaluate(MATHS)
    seen.math_errors = page.locator("mjx-merror, [data-mjx-error]").count()
    seen.too_wide, seen.theme = state["wide"], state["theme"]


def outside_requests(seen: Visit) -> list[str]:
    """Requests to another host."""
    return [f"asks another host: {url}" for url in seen.requests if not is_inside(url)]


def console_faults(seen: Visit) -> list[str]:
    """Errors in the console and files that did not load."""
    return [f"console: {text}" for text in seen.errors] + [
        f"missing: {url}" for url in seen.failed
    ]


def math_faults(seen: Visit) -> list[str]:
    """Formulas that were not rendered."""
    faults = [
        f"raw mathematics {mark!r} in the text"
        for mark in (r"\(", r"\[", "$$")
        if mark in seen.text
    ]
    bare = seen.formulas.count(0)
    faults += [f"{bare} formulas were not rendered"] if bare else []
    return faults + ([f"{seen.math_errors} formulas with errors"] if seen.math_errors else [])


def width_faults(seen: Visit) -> list[str]:
    """A page wider than its window."""
    return [f"{seen.too_wide} px wider than the window"] if seen.too_wide > 0 else []


def theme_faults(seen: Visit, wanted: str) -> list[str]:
    """A page that does not follow the reader's light or dark."""
    return [] if seen.theme == wanted else [f"theme is {seen.theme!r}, wanted {wanted!r}"]


def page_faults(seen: Visit) -> list[str]:
    """All faults of a visit that hold for any page."""
    return [
        *outside_requests(seen),
        *console_faults(seen),
        *math_faults(seen),
        *width_faults(seen),
    ]


@cache
def soup(path: Path) -> BeautifulSoup:
    """A parsed page."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path: Path) -> frozenset[str]:
    """All ids of a page."""
    return frozenset(str(tag["id"]) for tag in soup(path).find_all(id=True))


def alt_faults(path: Path) -> list[str]:
    """Images without a description; a hashed file name or empty text is none."""
    faults = []
    for image in soup(path).find_all("img"):
        alt, source = str(image.get("alt") or "").strip(), str(image.get("src"))
        if not alt or alt.endswith((".png", ".svg", ".jpg")):
            faults.append(f"image without alt text: {source}")
    return faults


def link_faults(path: Path, site: Path) -> list[str]:
    """Links, images, scripts and styles of a page that lead nowhere inside the site."""
    faults = []
    for tag in soup(path).find_all(["a", "link", "img", "script", "source", "iframe"]):
        url = tag.get("href") or tag.get("src")
        if url and (fault := one_link(path, site, str(url))):
            faults.append(fault)
    return faults


def one_link(path: Path, site: Path, url: str) -> str | None:
    """What is wrong with one address, or None."""
    parts, path = urlsplit(url), path.resolve()
    if parts.scheme or parts.netloc:
        return None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    target = target / "index.html" if target.is_dir() else target
    if not target.is_file() or not target.is_relative_to(site.resolve()):
        return f"broken link {url}"
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and anchor not in anchors(target):
        return f"broken anchor {url}"
    return None

"""Print the whole book into one file:  python tools/make_pdf.py  ->  _build/alike.pdf

The chapters of the built site become one long page with a title and contents in front, everything
unfolded, every link between chapters a link inside it; Chromium prints that, with tags for screen
readers and bookmarks from the headings.  A second printing knows the page numbers of the contents.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from posixpath import normpath
from typing import Any

import yaml
from bs4 import BeautifulSoup, Tag
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from site_checks import FLAGS, find_browser

SITE = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "alike.pdf"
TITLE = "Alike: product similarity, from cosine to graph neural networks"
WIDTH = 672  # pixels of a line on A4 paper between the margins of print.css
# What only a screen can do, or what the front page of the site needs and a printed book does not.
UNPRINTED = "script, style[scoped], a.headerlink, button, input, .toctree-wrapper"
# Pieces of code that are as black as the rest: each would cost the file a tag for nothing.
PLAIN = ", ".join(f".highlight span.{kind}" for kind in ("n", "p", "w", "nn"))
FIT = """async width => {
  await MathJax.startup.promise;
  const box = document.querySelector('article').clientWidth;
  const wide = 'table, mjx-container[display="true"] > mjx-math, svg, img, pre';
  for (const part of document.querySelectorAll(wide)) {
    const room = part.parentElement.closest('div, section, figure, article').clientWidth || box;
    const need = Math.max(part.scrollWidth || 0, part.getBoundingClientRect().width);
    if (need > room + 1) part.style.zoom = Math.max(0.3, 0.99 * room / need);
  }
  await Promise.all([...document.images].map(image => image.decode()));
  const bare = [...document.querySelectorAll('.math:not(:has(mjx-container))')];
  return bare.map(part => 'not rendered: ' + part.textContent.slice(0, 60));
}"""


@dataclass
class Chapter:
    """A page of the site: its name in the table of contents, its part, its title, its article."""

    name: str
    part: str
    title: str
    article: Tag

    @property
    def key(self) -> str:
        """The id of the chapter in the printed book."""
        return "page-" + re.sub(r"\W+", "-", self.name)


def contents() -> Iterator[tuple[str, str]]:
    """Part and name of every page, in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    yield "", toc["root"]
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            yield part["caption"], chapter["file"]
            yield from ((part["caption"], page["file"]) for page in chapter.get("sections", []))


def read_chapter(part: str, name: str) -> Chapter:
    """A built page without what cannot be printed; ValueError where the site lacks it."""
    path = SITE / f"{name}.html"
    if not path.is_file():
        raise ValueError(f"{path} is not there: run `make book` first")
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    article = soup.select_one("article.bd-article")
    if article is None or article.h1 is None:
        raise ValueError(f"{path} has no article with a title")
    for part_of_screen in article.select(UNPRINTED):
        part_of_screen.decompose()
    for fold in article.find_all("details"):
        fold["open"] = ""
    for fallback in article.find_all("noscript"):
        fallback.unwrap()
    for piece in article.select(PLAIN):
        piece.unwrap()
    return Chapter(name, part, article.h1.get_text().strip(), article)


def join(chapters: list[Chapter]) -> None:
    """Make one page of many: every id once, links between chapters inside, headings a level down."""
    counts = Counter(str(tag["id"]) for one in chapters for tag in one.article.find_all(id=True))
    repeated = {name for name, count in counts.items() if count > 1}
    names = {chapter.name for chapter in chapters}
    for chapter in chapters:
        for tag in chapter.article.find_all(id=repeated.__contains__):
            tag["id"] = f"{chapter.key}-{tag['id']}"
        for tag in chapter.article.find_all("a", href=True):
            if address := new_address(chapter, str(tag["href"]), names, repeated):
                tag["href"] = address
            else:
                del tag["href"]
        for image in chapter.article.find_all("img", src=True):
            del image["loading"]
            if not re.match("[a-z]+:", str(image["src"])):
                image["src"] = "../html/" + inside(chapter, str(image["src"]))
        for tag in chapter.article.find_all(re.compile("^h[1-5]$")):
            tag.name = f"h{int(tag.name[1]) + 1}"


def inside(chapter: Chapter, address: str) -> str:
    """An address of a chapter, seen from the folder of the site."""
    return normpath(f"{Path(chapter.name).parent.as_posix()}/{address}")


def new_address(chapter: Chapter, address: str, names: set[str], repeated: set[str]) -> str:
    """Where a link leads in the printed book; empty for a file of the site that is not in it."""
    if re.match(r"[a-z]+:", address):
        return address
    path, _, anchor = address.partition("#")
    page = inside(chapter, path).removesuffix(".html") if path else chapter.name
    if page not in names:
        return ""
    key = "page-" + re.sub(r"\W+", "-", page)
    return f"#{key}-{anchor}" if anchor in repeated else f"#{anchor or key}"


def whole_page(chapters: list[Chapter], numbers: dict[str, int]) -> str:
    """The printed book as one page of HTML; numbers are those of the contents' pages."""
    front = (SITE / f"{chapters[0].name}.html").read_text(encoding="utf-8")
    styles = re.findall(r'<link [^>]*href="[./]*(_static/[^"?]+\.css)', front)
    links = "".join(f'<link rel="stylesheet" href="../html/{style}">' for style in styles)
    body, part = [], None
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            body.append(f'<h1 class="part">{escape(part)}</h1>' if part else "")
        body.append(f'<section class="chapter" id="{chapter.key}">{chapter.article}</section>')
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{TITLE}</title>{links}<style>{STYLE}</style>"
        f"<script>window.MathJax = {MATHJAX}</script>"
        '<script src="../html/_static/mathjax/tex-chtml.js"></script></head>'
        '<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">'
        f"{title_page()}{contents_page(chapters, numbers)}{''.join(body)}"
        "</div></div></main></body></html>"
    )


MATHJAX = (
    '{options: {processHtmlClass: "math", ignoreHtmlClass: "mathjax_ignore", enableMenu: false}}'
)
STYLE = """
.chapter, .front { break-before: page; }
.part { font: 26pt var(--alike-serif); padding-top: 80mm; text-align: center; break-before: page; }
.cover { padding-top: 70mm; text-align: center; }
.cover p.name { font: 40pt var(--alike-serif); }
.bd-main .bd-content .bd-article-container { max-width: none; padding: 0; }
.bd-main .bd-content { margin: 0 !important; }
.bd-article { padding: 0 !important; }
.bd-article h2 { border: 0; margin-top: 0; font-size: 22pt; }
.bd-article h3 { font-size: 15pt; }
.front ol { list-style: none; padding: 0; }
.front li { display: flex; justify-content: space-between; line-height: 1.5; font-size: 10pt; }
.front li.head { font-weight: 600; margin-top: 0.5rem; }
"""


def title_page() -> str:
    """The title."""
    name, _, rest = TITLE.partition(": ")
    return f'<div class="cover"><p class="name">{name}</p><p>{rest.capitalize()}</p></div>'


def contents_page(chapters: list[Chapter], numbers: dict[str, int]) -> str:
    """The contents: parts, chapters, pages."""
    lines, part = [], ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<li class="head">{escape(part)}</li>')
        number = numbers.get(chapter.key, 0) or ""
        lines.append(
            f'<li><a href="#{chapter.key}">{escape(chapter.title)}</a><span>{number}</span></li>'
        )
    return f'<section class="front"><h1>Contents</h1><ol>{"".join(lines)}</ol></section>'


def print_page(html: str, browser: Any, target: Path, final: bool = True) -> None:
    """Print one page of HTML, its formulas rendered, into a file beside the target, then move it.

    Only a final printing has tags and bookmarks, which take their time.

    ValueError where a formula stayed raw or something reaches beyond the paper.
    """
    source = ROOT / "_build" / "pdf" / "book.html"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(html, encoding="utf-8")
    tab = browser.new_page(viewport={"width": WIDTH, "height": 1000}, color_scheme="light")
    tab.set_default_timeout(300_000)
    tab.emulate_media(media="print")
    tab.goto(source.as_uri(), wait_until="load")
    faults = tab.evaluate(FIT, WIDTH)
    beyond = tab.evaluate("document.documentElement.scrollWidth") - WIDTH
    if faults or beyond > 1:
        raise ValueError(f"{faults[:3]}, and {max(beyond, 0)} px beyond the right edge")
    unfinished = target.with_suffix(".part")
    tab.pdf(
        path=unfinished,
        prefer_css_page_size=True,
        print_background=True,
        tagged=final,
        outline=final,
    )
    tab.close()
    unfinished.replace(target)


def page_numbers(path: Path, chapters: list[Chapter]) -> dict[str, int]:
    """The page on which each chapter starts, by the links' names in a printed book."""
    reader = PdfReader(path)
    places = reader.named_destinations
    return {
        chapter.key: 1 + (reader.get_destination_page_number(places[f"/{chapter.key}"]) or 0)
        for chapter in chapters
        if f"/{chapter.key}" in places
    }


def make_pdf(pages: list[tuple[str, str]], target: Path) -> Path:
    """Print these pages (part, name) into a file."""
    from playwright.sync_api import sync_playwright

    chapters = [read_chapter(part, name) for part, name in pages]
    join(chapters)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        print_page(whole_page(chapters, {}), browser, target, final=False)
        print_page(whole_page(chapters, page_numbers(target, chapters)), browser, target)
        browser.close()
    return target


if __name__ == "__main__":
    print(make_pdf(list(contents()), TARGET))

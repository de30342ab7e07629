"""Slides of every chapter, from the built site:  python tools/make_slides.py [chapter ...]

What a slide shows is said in the notebooks: a cell's ``slideshow.slide_type`` is ``slide`` (begins
one), ``subslide`` (begins one, under the same heading), ``fragment`` (is added to the slide, one step
later), ``notes`` (only the speaker sees it) or ``skip``.  Where a Markdown cell has several
headings, ``slide_sections`` in its metadata names those that become slides; "" is what precedes
the first.  A section shows its first paragraph, lists, tables and formulas; its other paragraphs
become the speaker's notes.  Long code that has an output is left out.  The pieces are taken from ``_build/html``, so `make book` comes first.
"""

from __future__ import annotations

import argparse
import base64
import copy
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup, Comment, Tag

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.execute import named, write_whole

SITE = ROOT / "_build" / "html"
SLIDES = ROOT / "_build" / "slides"
DECK = ROOT / "tools" / "slides"
KINDS = ("slide", "subslide", "fragment", "notes", "skip")
FULL = 250  # weight of a full slide, in words of prose
MOST_ROWS = 9  # of a leaderboard
MOST_LINES = 9  # of code that stands on a slide with its output
WRAPPERS = ("section", "exercise", "solution", "admonition")  # looked into for cells and headings
WHOLE = ("Predict first", "Exercises")  # tasks: every paragraph is shown
DROP = ".headerlink, script, style, button, .sd-summary-state-marker"

Pieces = dict[int, list[Tag]]


@dataclass
class Slide:
    """A heading, the blocks below it (with the step at which each appears), and the notes."""

    title: str
    blocks: list[tuple[Tag, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    steps: int = 0


# ---------------------------------------------------------------- reading a built page


@cache
def read_page(path: Path) -> Tag:
    """The article of a built page, not to be changed; SystemExit, with the remedy, without one."""
    if not path.is_file():
        raise SystemExit(f"{path.relative_to(ROOT)} is not there: run `make book` first")
    article = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").find("article")
    assert isinstance(article, Tag)
    return article


def pieces_of(article: Tag) -> Pieces:
    """The blocks of a page by the number of the notebook's cell that they came from."""
    pieces: Pieces = {}
    current = 0
    for node in flat(article):
        if isinstance(node, Comment):
            mark = re.fullmatch(r"\s*cell (\d+)\s*", node)
            current = int(mark[1]) if mark else current
            continue
        own = [name for name in node.get("class") or [] if name.startswith("tag_cell-")]
        current = int(own[0].rsplit("-", 1)[1]) if own else current
        pieces.setdefault(current, []).append(node)
    return pieces


def flat(node: Tag) -> Iterator[Tag | Comment]:
    """Blocks and comments in reading order, sections and boxes of exercises opened."""
    for child in node.children:
        if isinstance(child, Comment):
            yield child
        elif isinstance(child, Tag):
            names = {child.name, *(child.get("class") or [])}
            if names & set(WRAPPERS) and "dropdown" not in names:
                yield from flat(child)
            else:
                yield child


def sections(blocks: list[Tag]) -> list[tuple[str, list[Tag]]]:
    """Split the blocks of a cell at the headings; what precedes the first has the heading ""."""
    found: list[tuple[str, list[Tag]]] = [("", [])]
    for block in blocks:
        if block.name in ("h1", "h2", "h3", "h4"):
            found.append((heading_text(block), []))
        else:
            found[-1][1].append(block)
    return found


def heading_text(block: Tag) -> str:
    """Words of a heading, without the link sign."""
    bare = copy.copy(block)
    for link in bare.select(".headerlink"):
        link.decompose()
    return " ".join(bare.get_text().split())


def plain(heading: str) -> str:
    """Letters and digits of a heading: quotes and code look different in a source and on a page."""
    return " ".join(re.findall(r"\w+", heading))


# ---------------------------------------------------------------- what a slide shows


def kind_of(cell: Any, where: str) -> str:
    """The slide type of a cell, "skip" when it has none; SystemExit for a word we do not know."""
    kind = cell.metadata.get("slideshow", {}).get("slide_type") or "skip"
    if kind not in (*KINDS, "-"):
        raise SystemExit(f"{where}: slide_type {kind!r}; there are {', '.join(KINDS)}")
    return "skip" if kind == "-" else str(kind)


def make_deck(name: str, cells: list[Any], pieces: Pieces, note: str) -> list[Slide]:
    """All slides of a chapter; the first carries the instructors' note."""
    deck: list[Slide] = []
    title = ""
    for number, cell in enumerate(cells):
        where, blocks = f"{name}, cell {number}", pieces.get(number, [])
        kind = kind_of(cell, where)
        if cell.cell_type == "markdown":
            deck += markdown_slides(cell, kind, blocks, deck, title, where)
            title = ([one for one, _ in sections(blocks) if one] or [title])[-1]
        elif kind != "skip":
            code_slide(kind, blocks, deck, title, where)
    if deck and note:
        deck[0].notes.insert(0, note)
    return [part for slide in deck if slide.blocks for part in split(slide)]


def markdown_slides(
    cell: Any, kind: str, blocks: list[Tag], deck: list[Slide], title: str, where: str
) -> list[Slide]:
    """The slides that a Markdown cell begins; fragments and notes go to the last one before."""
    found = sections(blocks)
    if kind == "skip":
        return []
    if kind in ("fragment", "notes"):
        add(last(deck, where), [block for _, part in found for block in part], kind)
        return []
    named = cell.metadata.get("slide_sections")
    wanted = [plain(text) for text in named] if named is not None else None
    unknown = set(wanted or []) - {plain(text) for text, _ in found}
    if unknown:
        raise SystemExit(
            f"{where}: slide_sections names {min(unknown)!r}, which is no heading there"
        )
    new: list[Slide] = []
    for place, (text, part) in enumerate(found):
        shown = plain(text) in wanted if wanted is not None else bool(text) or len(found) == 1
        if shown and (text or part):
            new.append(Slide(text or title))
            show(new[-1], part, text)
        elif place == 0 and part and deck:
            add(deck[-1], part, "notes")
    return new


def last(deck: list[Slide], where: str) -> Slide:
    """The slide to add to."""
    if not deck:
        raise SystemExit(f"{where}: a fragment or a note needs a slide before it")
    return deck[-1]


def code_slide(kind: str, blocks: list[Tag], deck: list[Slide], title: str, where: str) -> None:
    """Show a code cell with its output: a figure without its code, a lesson with it."""
    if kind == "notes":
        raise SystemExit(f"{where}: a code cell cannot be a note")
    if kind != "fragment":
        deck.append(Slide(title))
    add(last(deck, where), blocks, kind)


def show(slide: Slide, part: list[Tag], heading: str) -> None:
    """Put a section on a slide: its first paragraph and what is no paragraph; the rest is said.

    Of several leaderboards the first is shown, of a quiz the first question, of a task every word.
    """
    words = [block for block in part if block.name == "p" and not is_a(block, "admonition-title")]
    boards = [block for block in part if is_a(block, "leaderboard")]
    for block in part:
        if block in boards[1:] or is_a(block, "admonition-title"):
            continue
        said = block in words[1:] and not leads(block) and heading not in WHOLE
        add(slide, [one_question(block)], "notes" if said else "slide")


def is_a(block: Tag, name: str) -> bool:
    """Whether an element has a class."""
    return name in (block.get("class") or [])


def leads(block: Tag) -> bool:
    """A paragraph that names the list below it: Goals, or one that ends with a colon."""
    return block.get_text().strip().rstrip(":") == "Goals" or block.get_text().strip().endswith(
        ":"
    )


def one_question(block: Tag) -> Tag:
    """The first question of a quiz."""
    if not is_a(block, "quiz"):
        return block
    quiz = copy.copy(block)
    for item in quiz.find_all("li", recursive=False)[1:]:
        item.decompose()
    return quiz


def add(slide: Slide, blocks: list[Tag], kind: str) -> None:
    """Add blocks to a slide, or their text to its notes."""
    if kind == "notes":
        slide.notes += [str(clean(block)) for block in blocks]
        return
    slide.steps += kind == "fragment"
    slide.blocks += [(clean(block), slide.steps) for block in blocks]


def clean(block: Tag) -> Tag:
    """A copy without what only a page needs; links inside the book become words."""
    bare = copy.copy(block)
    for tag in bare.select(DROP):
        tag.decompose()
    if is_a(bare, "tag_hide-input") or too_long(bare):
        for tag in bare.select("details.hide, .cell_input"):
            tag.decompose()
    for link in bare.select("a"):
        if not str(link.get("href", "")).startswith("http"):
            link.unwrap()
    for tag in [bare, *bare.select("[id]")]:
        tag.attrs.pop("id", None)
    for table in bare.select("figure.leaderboard table"):
        few_rows(table)
    return bare


def too_long(block: Tag) -> bool:
    """Whether a cell has an output and so much code that nobody at the back could read it."""
    lines = sum(
        len(pre.get_text().strip().splitlines()) for pre in block.select(".cell_input pre")
    )
    return lines > MOST_LINES and block.select_one(".cell_output") is not None


def few_rows(table: Tag) -> None:
    """Keep the best rows, the chapter's own, and the controls of a long leaderboard."""
    rows = table.select("tbody tr")
    ranks = [(is_a(row, "own"), is_a(row, "flagged")) for row in rows]
    order = sorted(range(len(rows)), key=lambda n: (n != 0, not ranks[n][1], not ranks[n][0], n))
    for place in order[MOST_ROWS:]:
        rows[place].decompose()


# ---------------------------------------------------------------- how much fits


def weight(block: Tag) -> float:
    """About how many words of prose take as much room."""
    if block.select_one("img"):
        return 75
    if is_a(block, "leaderboard"):
        return 150
    if block.select_one("table") or block.name == "table":
        return 13.0 * len(block.select("tr")) + 0.5 * len(block.get_text().split())
    if is_a(block, "math"):
        return 20.0 * (1 + block.get_text().count("\\\\"))
    lines = sum(pre.get_text().rstrip().count("\n") + 1 for pre in block.select("pre"))
    gaps = len(block.select("li, p, details"))
    return 8.0 * lines if lines else len(block.get_text().split()) + 5.0 * gaps


def split(slide: Slide) -> list[Slide]:
    """One slide, or several where there is too much for one; the notes stay with the first."""
    parts = [Slide(slide.title, notes=slide.notes)]
    filled = 0.0
    for block, step in slide.blocks:
        if filled and filled + weight(block) > FULL:
            parts.append(Slide(slide.title))
            filled = 0.0
        parts[-1].blocks.append((block, step))
        filled += weight(block)
    for part in parts:
        least = min((step for _, step in part.blocks), default=0)
        part.blocks = [(block, step - least) for block, step in part.blocks]
        part.steps = max((step for _, step in part.blocks), default=0)
    return parts


# ---------------------------------------------------------------- writing


def inline_images(html: str, page: Path) -> str:
    """Put the figures into the page itself."""

    def data(match: re.Match[str]) -> str:
        file = (page.parent / match[1]).resolve()
        kind = {"svg": "svg+xml", "jpg": "jpeg"}.get(file.suffix[1:], file.suffix[1:])
        return f'src="data:image/{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"'

    return re.sub(r'src="([^":]+\.(?:png|svg|jpg))"', data, html)


def slide_html(slide: Slide, number: int, count: int) -> str:
    """One ``<section>``."""
    blocks = "".join(
        f'<div class="block{" figure" if block.select_one("img") else ""}" data-step="{step}">{block}</div>'
        for block, step in slide.blocks
    )
    figures = sum(len(block.select("img")) for block, _ in slide.blocks)
    kind = "row" if figures > 1 else "beside" if figures and len(slide.blocks) > 1 else "stack"
    level = "h1" if number == 1 else "h2"
    notes = "".join(slide.notes) or "<p>No note for this slide.</p>"
    return (
        f'<section class="slide {kind}" id="{number}" aria-roledescription="slide" tabindex="-1" '
        f'aria-label="{number} of {count}: {escape(slide.title)}" data-steps="{slide.steps}">'
        f'<{level}>{escape(slide.title)}</{level}><div class="body">{blocks}</div>'
        f'<aside class="notes" aria-label="Speaker notes">{notes}</aside></section>\n'
    )


def deck_html(title: str, deck: list[Slide], page: Path) -> str:
    """The whole file of one chapter."""
    count = len(deck)
    slides = "".join(slide_html(slide, number, count) for number, slide in enumerate(deck, 1))
    template = (DECK / "deck.html").read_text(encoding="utf-8")
    filled = template.replace("{{title}}", escape(title)).replace("{{slides}}", slides)
    return inline_images(filled, page)


def instructors_note(article: Tag) -> str:
    """The folded note at the end of a chapter, as HTML; "" when it has none."""
    box = article.select_one(
        "#for-instructors details .sd-summary-content, #for-instructors .admonition"
    )
    if box is None:
        return ""
    bare = clean(box)
    for title in bare.select(".admonition-title"):
        title.decompose()
    return f"<h3>For instructors</h3>{bare.decode_contents()}"


def page_of(name: str, path: Path) -> Path:
    """Built page of a notebook."""
    return SITE / path.relative_to(ROOT).parent / f"{name}.html"


def make(path: Path, folder: Path) -> tuple[str, int]:
    """Write one chapter's slides; return its title and their number."""
    page = page_of(path.stem, path)
    article = read_page(page)
    cells = nbformat.read(path, as_version=4).cells
    note = instructors_note(article)
    plain = path.with_name(path.name.replace("-tensorflow", ""))
    if not note and plain != path:  # a twin is taught with its chapter's note
        note = instructors_note(read_page(page_of(plain.stem, plain)))
    deck = make_deck(path.stem, cells, pieces_of(article), note)
    title = deck[0].title if deck else path.stem
    write_whole(folder / f"{path.stem}.html", deck_html(title, deck, page))
    return title, len(deck)


def copy_assets(folder: Path) -> None:
    """Put the deck's script and looks, the site's looks, and MathJax beside the slides."""
    target = folder / "assets"
    target.mkdir(parents=True, exist_ok=True)
    for name in ("deck.js", "deck.css"):
        shutil.copy(DECK / name, target / name)
    for name in ("alike.css", "pygments.css"):
        shutil.copy(SITE / "_static" / name, target / name)
    shutil.copytree(SITE / "_static" / "mathjax", target / "mathjax", dirs_exist_ok=True)


def index_html(made: list[tuple[str, str, int]]) -> str:
    """A page that lists the decks."""
    items = "".join(
        f'<li><a href="{name}.html">{escape(title)}</a> <span>{count} slides</span></li>'
        for name, title, count in made
    )
    template = (DECK / "index.html").read_text(encoding="utf-8")
    return template.replace("{{items}}", items)


def main(arguments: list[str] | None = None) -> None:
    """Make the slides of the chapters that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("chapters", nargs="*", help="22-behaviour; default: all")
    parser.add_argument("--folder", type=Path, default=SLIDES)
    options = parser.parse_args(arguments)
    made = [(path.stem, *make(path, options.folder)) for path in named(options.chapters)]
    copy_assets(options.folder)
    write_whole(options.folder / "index.html", index_html(made))
    print(f"{sum(count for _, _, count in made)} slides: open {options.folder / 'index.html'}")


if __name__ == "__main__":
    main()

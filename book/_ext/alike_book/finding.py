"""Finding a page: what the search needs, and the description that other sites and readers see.

The search page ranks with BM25, as chapter 21 does, over the words that ``pages`` counted.  It
asks for no other file while it runs, so that it works from a folder, too.
"""

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx

from .facts import chapter_of
from .pages import HEADING, Page, first_sentence, pages, term_key, words_of
from .terms import is_chapter, uses_in

DATA, SCRIPT = "alike-search-data.js", "alike-search.js"
SYNONYMS = Path(__file__).with_name("synonyms.yml")
# Twins and pages beside the chapters stand below them; lists of words and works below both.
BESIDE, BACK = 0.7, 0.35
LISTS = ("index", "glossary", "references", "status")


def weight_of(docname: str) -> float:
    """How much a page counts against one with the same words.

    >>> weight_of("book/3-deep/31-mlp"), weight_of("book/3-deep/31-mlp-tensorflow")
    (1.0, 0.7)
    >>> weight_of("book/references")
    0.35
    """
    name = chapter_of(docname)
    if name in LISTS:
        return BACK
    return BESIDE if name.endswith("-tensorflow") or not is_chapter(docname) else 1.0


def synonyms() -> dict[str, str]:
    """What a reader may type, and how the book says it; several ways are parted by a bar."""
    table: dict[str, str] = yaml.safe_load(SYNONYMS.read_text(encoding="utf-8"))
    return table


def phrases(read: list[Page], terms: list[str]) -> dict[str, list[int]]:
    """How often each page uses a term of several words; a link by its author counts more."""
    longest = tuple(sorted((t for t in terms if len(words_of(t)) > 1), key=len, reverse=True))
    counts: dict[str, list[int]] = {}
    for place, page in enumerate(read):
        used = Counter(term for text in page.prose for term, _ in uses_in(text, longest))
        used.update({term: HEADING for term in longest if term_key(term) in page.linked})
        for term, count in used.items():
            counts.setdefault(term, []).extend((place, count))
    return counts


def search_data(found: dict[str, Page]) -> dict[str, Any]:
    """Pages, headings, terms, synonyms and word counts, small enough for one script."""
    docs = sorted(found)
    words: dict[str, list[int]] = {}
    for place, doc in enumerate(docs):
        for word, count in found[doc].words.items():
            words.setdefault(word, []).extend((place, count))
    return {
        "pages": [[doc, found[doc].title, found[doc].promise, weight_of(doc)] for doc in docs],
        "headings": [
            [place, *heading] for place, doc in enumerate(docs) for heading in found[doc].headings
        ],
        "terms": [
            [doc, anchor, term, first_sentence(text)]
            for doc in docs
            for term, (anchor, text) in found[doc].definitions.items()
        ],
        "synonyms": synonyms(),
        "phrases": phrases(
            [found[doc] for doc in docs], [term for doc in docs for term in found[doc].definitions]
        ),
        "words": words,
    }


def write_search_data(app: Sphinx) -> list[Any]:
    """Put the data beside the search script, before the search page is made."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(search_data(pages(app.env)), ensure_ascii=False, separators=(",", ":"))
    (folder / DATA).write_text(f"var alikeSearchData = {text};\n", encoding="utf-8")
    return []


def describe(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """A description in every page's head; the search's scripts on its page alone."""
    if pagename == "search":
        app.add_js_file(DATA, loading_method="defer")
        app.add_js_file(SCRIPT, loading_method="defer")
    page = pages(app.env).get(pagename)
    if page is None or not page.promise:
        return
    title, text = escape(page.title), escape(page.promise)
    context["metatags"] = context.get("metatags", "") + (
        f'<meta name="description" content="{text}">\n'
        f'<meta property="og:title" content="{title}">\n'
        f'<meta property="og:description" content="{text}">\n'
        '<meta property="og:type" content="article">\n'
    )


def setup(app: Sphinx) -> None:
    """Connect both."""
    app.connect("html-collect-pages", write_search_data)
    app.connect("html-page-context", describe)

"""What every page says, read once: for the search, the links to the glossary, the descriptions.

Collected when a page is read and kept in Sphinx's environment, so that a page that did not change
is not read again.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .quiz import quiz_option

# Where no word becomes a link, and no use is counted: code, headings, captions, what is folded.
NOT_PROSE = (
    nodes.FixedTextElement,
    nodes.literal,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.title,
    nodes.caption,
    nodes.reference,
    nodes.comment,
    nodes.table,
    nodes.term,
    nodes.topic,
    addnodes.pending_xref,
    quiz_option,
)
FOLDED = {"dropdown", "toggle", "cell_output"}  # classes of what waits for a click, or was printed
# A result's place in the list follows what its page says; the title counts most.
TITLE, HEADING, PROMISE = 12, 4, 4  # a word of the text counts once


@dataclass
class Page:
    """One page: its name, its first sentence, its words, the terms that its author linked."""

    title: str
    promise: str = ""
    headings: list[tuple[str, str]] = field(default_factory=list)  # (text, anchor)
    words: Counter[str] = field(default_factory=Counter)
    prose: list[str] = field(default_factory=list)
    linked: set[str] = field(default_factory=set)  # as term_key writes them
    definitions: dict[str, tuple[str, str]] = field(default_factory=dict)  # term: (anchor, text)


def pages(env: BuildEnvironment) -> dict[str, Page]:
    """The pages read so far, by docname."""
    if not hasattr(env, "alike_pages"):
        env.alike_pages = {}  # type: ignore[attr-defined]
    found: dict[str, Page] = env.alike_pages  # type: ignore[attr-defined]
    return found


def words_of(text: str) -> list[str]:
    """Words in lower case; the parts of a name with underscores count, too.

    >>> words_of("TF-IDF by top_k, 20 items")
    ['tf', 'idf', 'by', 'top_k', 'top', 'k', 'items']
    """
    found = []
    for word in re.findall(r"[^\W_]+(?:_[^\W_]+)*", text.lower()):
        found += [word, *word.split("_")] if "_" in word else [word]
    return [word for word in found if not word.isdigit()]


def first_sentence(text: str) -> str:
    """The first sentence of a text on one line.

    >>> first_sentence("A ranked list, e.g. of\\nten. It is short.")
    'A ranked list, e.g. of ten.'
    """
    line = " ".join(text.split())
    return re.split(r"(?<=[.!?])\s+(?=[A-Z{])", line)[0]


def inside(node: nodes.Node, kinds: tuple[type[nodes.Node], ...]) -> bool:
    """Whether a node stands anywhere within one of these kinds."""
    return any(isinstance(parent, kinds) for parent in parents(node))


def prose_texts(doctree: nodes.document) -> Iterator[nodes.Text]:
    """The text nodes of paragraphs below a page's opening that a reader sees unfolded."""
    for paragraph in list(doctree.findall(nodes.paragraph)):
        if within(paragraph, FOLDED) or depth(paragraph) < 2:
            continue
        for text in list(paragraph.findall(nodes.Text)):
            if not inside(text, NOT_PROSE) and "fact" not in text.parent["classes"]:
                yield text


def depth(node: nodes.Node) -> int:
    """How many sections a node stands in: one in the opening, below the title."""
    return sum(isinstance(parent, nodes.section) for parent in parents(node))


def parents(node: nodes.Node) -> Iterator[nodes.Element]:
    """The nodes around a node, from the inside out."""
    while node.parent is not None:
        node = node.parent
        yield node


def within(node: nodes.Node, classes: set[str]) -> bool:
    """Whether a node stands in one that has any of these classes."""
    return any(classes & set(parent.get("classes", [])) for parent in parents(node))


def term_key(term: str) -> str:
    """A term as it is compared: lower case, single blanks, a straight apostrophe.

    >>> term_key("Winner’s  curse")
    "winner's curse"
    """
    return " ".join(term.lower().replace("’", "'").split())


def linked_terms(doctree: nodes.document) -> set[str]:
    """Terms that the author linked, as ``term_key`` writes them."""
    return {
        term_key(node["reftarget"])
        for node in doctree.findall(addnodes.pending_xref)
        if node.get("reftype") == "term"
    }


def definitions(doctree: nodes.document) -> dict[str, tuple[str, str]]:
    """Terms that this page defines, with anchor and definition."""
    found = {}
    for item in doctree.findall(nodes.definition_list_item):
        if not isinstance(item.parent.parent, addnodes.glossary):
            continue
        text = " ".join(item[-1].astext().split())
        for term in item.findall(nodes.term):
            found[term.astext()] = (term["ids"][0], text)
    return found


def promise_of(doctree: nodes.document) -> str:
    """The first paragraph of a page: what it promises."""
    for node in doctree.findall(lambda node: isinstance(node, nodes.paragraph | nodes.raw)):
        text = re.sub(r"<[^>]+>", "", node.astext())
        if inside(node, (nodes.field_body,)):  # a notebook's metadata
            continue
        if isinstance(node, nodes.raw) and '<p class="lead"' not in node.astext():
            continue
        return " ".join(text.split())
    return ""


def count_page(page: Page, doctree: nodes.document) -> Counter[str]:
    """How often each word stands on the page, words of headings counting more."""
    words: Counter[str] = Counter()
    for node in doctree.findall(nodes.Text):
        if not within(node, {"cell_output"}) and not inside(
            node, (nodes.raw, nodes.comment, nodes.title, nodes.field_body)
        ):
            words.update(words_of(node.astext()))
    weighted = [(page.title, TITLE), (page.promise, PROMISE)]
    weighted += [(text, HEADING) for text, _ in page.headings]
    for text, weight in weighted:
        words.update({word: weight * n for word, n in Counter(words_of(text)).items()})
    return words


def read_page(app: Sphinx, doctree: nodes.document) -> None:
    """Note what a page says."""
    sections = list(doctree.findall(nodes.section))
    named = [
        (node[0].astext(), node["ids"][0])
        for node in sections
        if node["ids"] and isinstance(node[0], nodes.title)
    ]
    page = Page(named[0][0] if named else app.env.docname, promise_of(doctree), named[1:])
    page.words = count_page(page, doctree)
    if any(type(node).__name__ == "bibliography" for node in doctree.findall()):
        for name in app.config.bibtex_bibfiles:  # its list is made later, from these
            text = (Path(app.srcdir) / name).read_text(encoding="utf-8")
            page.words.update(words_of(re.sub(r"[{}\\]", "", text)))
    page.prose = [text.astext() for text in prose_texts(doctree)]
    page.linked, page.definitions = linked_terms(doctree), definitions(doctree)
    pages(app.env)[app.env.docname] = page


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop a page that changed or went."""
    pages(env).pop(docname, None)


def merge_pages(app: Sphinx, env: BuildEnvironment, docs: Any, other: BuildEnvironment) -> None:
    """Take over what a parallel reader found."""
    pages(env).update({doc: page for doc, page in pages(other).items() if doc in docs})


def setup(app: Sphinx) -> None:
    """Listen to the reading of pages."""
    app.connect("doctree-read", read_page, priority=300)  # before a line on tests is added
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)

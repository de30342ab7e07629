"""The glossary reaches every page: a term's first use is a link, its entry says who uses it.

A chapter may link a term itself, wherever it explains it best; otherwise its first use below the
opening becomes a link, once a page.  Words that also mean something every day are linked by
authors alone.
"""

import re
from collections.abc import Iterator
from functools import cache

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from .facts import chapter_of
from .pages import Page, first_sentence, pages, prose_texts, term_key

# Words of every day, and words that stand on every page: only an author knows which use is meant.
EVERYDAY = frozenset(
    {
        "basket",
        "catalogue",
        "chance",
        "code",
        "content",
        "degree",
        "edge",
        "entity",
        "factor",
        "fold",
        "gate",
        "household",
        "interval",
        "item",
        "kernel",
        "lift",
        "line",
        "look-alike",
        "node",
        "offset",
        "popularity",
        "precision",
        "protocol",
        "query",
        "recall",
        "residual",
        "seed",
        "similarity",
        "split",
        "threshold",
        "token",
        "tower",
        "type",
    }
)

Definition = tuple[str, str, str]  # docname, anchor, text


def all_definitions(env: BuildEnvironment) -> dict[str, Definition]:
    """Every term of the glossary."""
    return {
        term: (doc, anchor, text)
        for doc, page in pages(env).items()
        for term, (anchor, text) in page.definitions.items()
    }


def pattern_of(term: str) -> str:
    """How a term may be written: plural, hyphen or space; small letters also after a full stop.

    >>> bool(re.fullmatch(pattern_of("cold start"), "Cold-starts"))
    True
    >>> bool(re.fullmatch(pattern_of("Dice"), "dice"))
    False
    """
    parts = [re.escape(part).replace("’", "['’]") for part in re.split(r"[\s-]+", term)]
    if term[0].islower():
        parts[0] = f"[{term[0]}{term[0].upper()}]{parts[0][1:]}"
    return r"[\s-]+".join(parts) + r"(?:e?s)?"


@cache
def finder(longest_first: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all terms, a group for each."""
    whole = "|".join(f"({pattern_of(term)})" for term in longest_first)
    return re.compile(rf"(?<![\w-])(?:{whole})(?![\w-])")


def uses_in(text: str, terms: tuple[str, ...]) -> Iterator[tuple[str, re.Match[str]]]:
    """Terms that a text uses, with the place; of two that overlap, the one named first.

    >>> [term for term, _ in uses_in("A sparse autoencoder.", ("sparse autoencoder", "autoencoder"))]
    ['sparse autoencoder']
    """
    for match in finder(terms).finditer(text) if terms else ():
        yield terms[(match.lastindex or 1) - 1], match


def linkable(env: BuildEnvironment) -> tuple[str, ...]:
    """Terms that a page links by itself, the longest first."""
    terms = [term for term in all_definitions(env) if term not in EVERYDAY]
    return tuple(sorted(terms, key=len, reverse=True))


def is_chapter(docname: str) -> bool:
    """Whether a page is a chapter: its name starts with a two-digit number.

    >>> is_chapter("book/2-baselines/22-behaviour"), is_chapter("book/glossary")
    (True, False)
    """
    return bool(re.match(r"\d\d-", chapter_of(docname)))


def used_terms(page: Page, terms: tuple[str, ...]) -> set[str]:
    """Terms, as ``term_key`` writes them, that a page links itself or says in prose."""
    said = {term_key(term) for text in page.prose for term, _ in uses_in(text, terms)}
    return said | page.linked


def users_of(env: BuildEnvironment) -> dict[str, list[str]]:
    """Term, as ``term_key`` writes it -> chapters that use it, in the order of the book."""
    terms = linkable(env)
    users: dict[str, list[str]] = {}
    for doc in sorted(pages(env), key=chapter_of):
        if is_chapter(doc):
            for term in used_terms(pages(env)[doc], terms):
                users.setdefault(term, []).append(doc)
    return users


# ---------------------------------------------------------------- links from the chapters


def term_link(app: Sphinx, docname: str, text: str, where: Definition) -> nodes.reference:
    """A link to the glossary whose tooltip is the definition's first sentence."""
    doc, anchor, definition = where
    uri = f"{app.builder.get_relative_uri(docname, doc)}#{anchor}"
    return nodes.reference(
        "",
        text,
        internal=True,
        refuri=uri,
        classes=["term-link"],
        reftitle=first_sentence(definition),
    )


def link_first_uses(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn the first use of each term that the author did not link into a link."""
    known, terms = all_definitions(app.env), linkable(app.env)
    done = set(pages(app.env)[docname].linked)
    for node in prose_texts(doctree):
        text, place = node.astext(), 0
        pieces: list[nodes.Node] = []
        for term, match in uses_in(text, terms):
            if term_key(term) in done:
                continue
            done.add(term_key(term))
            pieces += [
                nodes.Text(text[place : match.start()]),
                term_link(app, docname, match[0], known[term]),
            ]
            place = match.end()
        if pieces:
            node.parent.replace(node, [*pieces, nodes.Text(text[place:])])


def explain_links(app: Sphinx, doctree: nodes.document) -> None:
    """Give the links that authors made the same tooltip and look."""
    texts = {anchor: text for _, anchor, text in all_definitions(app.env).values()}
    for link in doctree.findall(nodes.reference):
        anchor = link.get("refid") or str(link.get("refuri", "")).rpartition("#")[2]
        inner = link.children and link[0]
        if anchor in texts and isinstance(inner, nodes.inline) and "std-term" in inner["classes"]:
            link["reftitle"] = first_sentence(texts[anchor])
            link["classes"] = [*link["classes"], "term-link"]


# ---------------------------------------------------------------- links from the glossary


def used_in(app: Sphinx, docname: str, docs: list[str]) -> nodes.paragraph:
    """``Used in 12 · 22 · 35``, each number a link to the first page of that chapter."""
    first: dict[str, str] = {}
    for doc in docs:
        first.setdefault(chapter_of(doc)[:2], doc)
    line = nodes.paragraph("", "Used in ", classes=["used-in"])
    for place, (number, doc) in enumerate(first.items()):
        uri = app.builder.get_relative_uri(docname, doc)
        link = nodes.reference(
            "", number, internal=True, refuri=uri, reftitle=pages(app.env)[doc].title
        )
        line += [nodes.Text(" · " if place else ""), link]
    return line


def note_users(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Add to each entry of the glossary the chapters that use it."""
    users = users_of(app.env)
    for item in doctree.findall(nodes.definition_list_item):
        if not isinstance(item.parent.parent, addnodes.glossary):
            continue
        docs = [
            doc
            for term in item.findall(nodes.term)
            for doc in users.get(term_key(term.astext()), [])
        ]
        if docs:
            item[-1] += used_in(app, docname, sorted(set(docs), key=chapter_of))


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Before a page is written: its links, or the glossary's lines."""
    if is_chapter(docname):
        link_first_uses(app, doctree, docname)
    explain_links(app, doctree)
    if pages(app.env)[docname].definitions:
        note_users(app, doctree, docname)


def also_outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> set[str]:
    """The glossary follows every page, and every page follows the glossary."""
    glossaries = {doc for doc, page in pages(env).items() if page.definitions}
    touched = added | changed | removed
    if touched & glossaries:
        return set(env.all_docs) - removed
    return glossaries if touched else set()


def setup(app: Sphinx) -> None:
    """Connect."""
    app.connect("doctree-resolved", resolve)
    app.connect("env-get-outdated", also_outdated)

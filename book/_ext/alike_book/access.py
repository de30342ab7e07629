"""Pages for everybody: tables that can be read aloud, pictures that keep their place, less to load.

What docutils, pandas and the theme write is mended here, once, as each page is written.
"""

import re
import struct
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PNG_HEAD = struct.Struct(">8s4x4sII")  # signature, length, "IHDR", width, height
FRAME = re.compile(r'<table [^>]*class="dataframe".*?</table>', re.DOTALL)
BLANK_HEAD = re.compile(r"<th( [^>]*)?>(?:\s|<p>\s*</p>)*</th>")
HEAD = re.compile(r"<thead>.*?</thead>", re.DOTALL)
IMAGE = re.compile(r'<img (?![^>]*loading=)([^>]*?)src="([^"]+)"')
UNUSED = ("scripts/fontawesome.js", "scripts/*.map", "scripts/fontawesome*.txt", "styles/*.map")


def mend_table(html: str) -> str:
    """Say which cells of a pandas table are heads, and of what; an empty head is none.

    >>> mend_table("<thead><th></th><th>n</th></thead><tbody><th>milk</th></tbody>")
    '<thead><td></td><th scope="col">n</th></thead><tbody><th scope="row">milk</th></tbody>'
    """
    html = BLANK_HEAD.sub(r"<td\1></td>", html)
    html = HEAD.sub(lambda head: re.sub(r"<th(?=[ >])", '<th scope="col"', head[0]), html)
    return re.sub(r"<th(?=[ >])(?! scope)", '<th scope="row"', html)


def mend_citations(html: str) -> str:
    """Make the list of works a list of items; its old role for them is deprecated.

    >>> mend_citations('<div class="citation" role="doc-biblioentry">')
    '<div class="citation" role="listitem">'
    """
    return html.replace('role="doc-biblioentry"', 'role="listitem"')


def png_size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG file; None of anything else."""
    with path.open("rb") as file:
        head = file.read(PNG_HEAD.size)
    if len(head) < PNG_HEAD.size:
        return None
    signature, chunk, width, height = PNG_HEAD.unpack(head)
    return (width, height) if signature == b"\x89PNG\r\n\x1a\n" and chunk == b"IHDR" else None


def mend_images(html: str, sizes: dict[str, tuple[int, int]]) -> str:
    """Keep each picture's place before it is there, and load it when the reader comes near.

    >>> mend_images('<img alt="milk" src="../a.png" />', {"a.png": (400, 300)})
    '<img alt="milk" loading="lazy" width="400" height="300" src="../a.png" />'
    """

    def mend(found: re.Match[str]) -> str:
        size = sizes.get(found[2].rsplit("/", 1)[-1])
        room = (
            f'width="{size[0]}" height="{size[1]}" ' if size and "width=" not in found[0] else ""
        )
        return f'<img {found[1]}loading="lazy" {room}src="{found[2]}"'

    return IMAGE.sub(mend, html)


def image_sizes(images: dict[str, str], source: Path) -> dict[str, tuple[int, int]]:
    """Sizes of the PNG files of a build, by the names that they get in it."""
    found = {name: png_size(source / path) for path, name in images.items()}
    return {name: size for name, size in found.items() if size}


def mend_page(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Mend the body of a page, and leave MathJax out where there is no formula."""
    if app.builder.format != "html" or not context.get("body"):
        return
    body = BLANK_HEAD.sub(r"<td\1></td>", str(context["body"]))
    body = FRAME.sub(lambda table: mend_table(table[0]), body)
    sizes = image_sizes(app.builder.images, Path(app.srcdir))
    context["body"] = mend_images(mend_citations(body), sizes)
    if 'class="math' not in body:
        scripts = context["script_files"]
        context["script_files"] = [script for script in scripts if not is_mathjax(script)]


def is_mathjax(script: Any) -> bool:
    """Whether a script of a page is MathJax, or its settings."""
    body = getattr(script, "attributes", {}).get("body") or ""
    return "mathjax/" in str(getattr(script, "filename", script)) or "MathJax" in body


def drop_unused(app: Sphinx, error: Exception | None) -> None:
    """Take files of the theme away that no page asks for."""
    if error is None and app.builder.format == "html":
        static = Path(app.outdir) / "_static"
        for path in (path for pattern in UNUSED for path in static.glob(pattern)):
            path.unlink()


def setup(app: Sphinx) -> None:
    """Connect both."""
    app.connect("html-page-context", mend_page, priority=900)
    app.connect("build-finished", drop_unused)

"""Where each cell of a notebook ended up on its page, so that ``make slides`` finds it again.

A Markdown cell leaves no trace in the HTML: it opens with a comment ``<!-- cell 12 -->`` here.  A
code cell becomes ``<div class="cell tag_cell-12">``.  Readers see neither.
"""

import json
from typing import Any

from sphinx.application import Sphinx


def mark(notebook: dict[str, Any]) -> dict[str, Any]:
    """Number the cells of a notebook, from 0; the first opens the page and needs no mark.

    >>> cell = {"cell_type": "markdown", "metadata": {}, "source": "Two words."}
    >>> mark({"cells": [dict(cell), dict(cell)]})["cells"][1]["source"]
    '<!-- cell 1 -->\\n\\nTwo words.'
    """
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and number and source.strip():
            cell["source"] = f"<!-- cell {number} -->\n\n{source}"
        elif cell["cell_type"] == "code":
            tags = cell["metadata"].get("tags", [])
            cell["metadata"] = cell["metadata"] | {"tags": [*tags, f"cell-{number}"]}
    return notebook


def mark_cells(app: Sphinx, docname: str, source: list[str]) -> None:
    """Mark the cells of the notebook that Sphinx is about to read."""
    if str(app.env.doc2path(docname)).endswith(".ipynb"):
        source[0] = json.dumps(mark(json.loads(source[0])))


def setup(app: Sphinx) -> None:
    """Connect the mark."""
    app.connect("source-read", mark_cells)

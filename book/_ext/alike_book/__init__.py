"""The Sphinx extension of *Alike*: one module for each thing that a page can do.

It reads ``book/_facts/*.json``, the notebooks and the tests, and nothing else: no number that a
reader sees is typed on a page.  What it cannot find is a Sphinx warning, and our builds turn
warnings into errors.
"""

from typing import Any

from sphinx.application import Sphinx

from . import (
    access,
    facts,
    finding,
    freshness,
    leaderboard,
    offline,
    pages,
    plan,
    play,
    quiz,
    reading,
    slides,
    status,
    terms,
)

MODULES = (
    facts,
    leaderboard,
    reading,
    quiz,
    play,
    plan,
    slides,
    offline,
    pages,
    terms,
    finding,
    freshness,
    status,
    access,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the roles and directives; called by Sphinx."""
    app.add_config_value("alike_facts_dir", "book/_facts", "env")
    for module in MODULES:
        module.setup(app)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }

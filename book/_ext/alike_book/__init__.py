"""The Sphinx extension of *Alike*: facts, leaderboards, badges, quizzes, and an offline site.

It reads ``book/_facts/*.json`` and the notebooks, and nothing else: no number that a reader sees
is typed on a page.  What it cannot find is a Sphinx warning, and our builds turn warnings into
errors.
"""

from typing import Any

from sphinx.application import Sphinx

from . import access, facts, leaderboard, offline, quiz, reading


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the roles and directives; called by Sphinx."""
    app.add_config_value("alike_facts_dir", "book/_facts", "env")
    for module in (facts, leaderboard, reading, quiz, offline, access):
        module.setup(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}

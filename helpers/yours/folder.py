"""The folder that is written: its files, and the promise to overwrite nothing of anybody else."""

from __future__ import annotations

import json
from pathlib import Path

from helpers.yours.files import BadFile

FILES = ("report.html", "leaderboard.csv", "leaderboard.json", "neighbours.csv",
         "item_vectors.npy", "item_ids.csv", "README.txt")  # fmt: skip
MADE_BY = "python -m helpers (Alike, chapter 72)"


def check_folder(out: Path) -> list[str]:
    """Refuse to touch files of somebody else; say when an earlier report is replaced."""
    if out.exists() and not out.is_dir():
        raise BadFile(f"{out}: is a file, not a folder. Name another place with --out.")
    old = [name for name in FILES if (out / name).exists()]
    if not old:
        return []
    try:
        ours = json.loads((out / "leaderboard.json").read_text("utf-8"))["made_by"] == MADE_BY
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise BadFile(
            f"{out}: holds {old[0]}, which this program did not make, and would overwrite it. Name "
            "another folder with --out."
        )
    return [f"The earlier report in {out} was replaced."]

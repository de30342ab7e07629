"""Who bought what: a sparse user × item matrix together with the events that it sums up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from helpers.data.catalogue import (
    Catalogue,
    hash_order,
    positions,
    require_columns,
    require_known,
    such_rows,
)

__all__ = ["Interactions"]


@dataclass(frozen=True, eq=False)
class Interactions:
    """Events and their sums; rows are users (or households, baskets), columns are items.

    Attributes
    ----------
    matrix : csr_array of float32, shape (num_users, num_items); the summed weights.
    users, items : the caller's own ids of the rows and of the columns.
    events : one row per event with `user` and `item` (int32: row and column of the matrix),
        `weight` (float32) and, where given, `time` and `basket` as they came.
    """

    matrix: Any
    users: NDArray[Any]
    items: NDArray[Any]
    events: pd.DataFrame

    @classmethod
    def from_frame(
        cls,
        df: pd.DataFrame,
        *,
        user: str,
        item: str,
        weight: str | None = None,
        time: str | None = None,
        basket: str | None = None,
        catalogue: Catalogue | None = None,
    ) -> Interactions:
        """Make interactions of any frame with one row per event.

        Parameters
        ----------
        df : the events, in any order.
        user, item : names of the columns of ids, of any type that can be sorted.
        weight : name of a column of finite numbers >= 0; None counts each row as 1.
        time, basket : names of columns that are kept with the events.
        catalogue : fixes the columns; None takes the items of the frame in `hash_order`.

        Raises
        ------
        ValueError
            for a missing column, an empty frame, a missing id, a weight that is NaN, infinite,
            negative or no number, an item that the catalogue lacks.

        Examples
        --------
        >>> lines = pd.DataFrame({"who": ["ann", "ann", "bob"], "what": ["tea", "tea", "milk"]})
        >>> bought = Interactions.from_frame(lines, user="who", item="what")
        >>> bought.items.tolist()
        ['tea', 'milk']
        >>> bought.matrix.toarray()
        array([[2., 0.],
               [0., 1.]], dtype=float32)
        """
        names = {"user": user, "item": item, "weight": weight, "time": time, "basket": basket}
        given = {new: old for new, old in names.items() if old is not None}
        require_columns(df, list(given.values()), "interactions")
        for column in (user, item):
            require_known(df, column)
        users = _sorted_ids(df[user])
        items = _item_ids(df[item]) if catalogue is None else catalogue.ids
        if catalogue is not None:
            _require_listed(df, item, catalogue)
        events = pd.DataFrame({new: df[old].to_numpy() for new, old in given.items()})
        events["user"] = pd.Index(users).get_indexer(df[user]).astype(np.int32)
        events["item"] = pd.Index(items).get_indexer(df[item]).astype(np.int32)
        events["weight"] = _weights(df, weight)
        events = events[["user", "item", "weight", *(c for c in ("time", "basket") if c in given)]]
        return cls(_matrix(events, len(users), len(items)), users, items, events)

    @property
    def num_users(self) -> int:
        """Number of rows of the matrix.

        Examples
        --------
        >>> lines = pd.DataFrame({"who": ["ann", "bob"], "what": ["tea", "tea"]})
        >>> Interactions.from_frame(lines, user="who", item="what").num_users
        2
        """
        return len(self.users)

    @property
    def num_items(self) -> int:
        """Number of columns of the matrix.

        Examples
        --------
        >>> lines = pd.DataFrame({"who": ["ann", "bob"], "what": ["tea", "tea"]})
        >>> Interactions.from_frame(lines, user="who", item="what").num_items
        1
        """
        return len(self.items)

    @cached_property
    def popularity(self) -> NDArray[np.int64]:
        """Distinct users of each item, shape (num_items,).

        Examples
        --------
        >>> lines = pd.DataFrame({"who": [1, 1, 2], "what": ["tea", "tea", "tea"]})
        >>> Interactions.from_frame(lines, user="who", item="what").popularity
        array([2])
        """
        return np.bincount(self.matrix.indices, minlength=self.num_items).astype(np.int64)

    def user_index(self, ids: ArrayLike) -> NDArray[np.int64]:
        """Row of each user, shape (len(ids),); KeyError names an unknown id.

        Examples
        --------
        >>> lines = pd.DataFrame({"who": ["bob", "ann"], "what": ["tea", "tea"]})
        >>> Interactions.from_frame(lines, user="who", item="what").user_index(["bob"])
        array([1])
        """
        return positions(pd.Index(self.users), ids, "user")

    def item_index(self, ids: ArrayLike) -> NDArray[np.int64]:
        """Column of each item, shape (len(ids),); KeyError names an unknown id.

        Examples
        --------
        >>> lines = pd.DataFrame({"who": ["bob", "ann"], "what": ["tea", "milk"]})
        >>> Interactions.from_frame(lines, user="who", item="what").item_index(["milk", "tea"])
        array([1, 0])
        """
        return positions(pd.Index(self.items), ids, "item")

    def select(self, mask: ArrayLike) -> Interactions:
        """The events where the mask is true, on the same users and items.

        Parameters
        ----------
        mask : booleans, shape (len(events),).

        Raises
        ------
        ValueError
            when the mask does not hold one boolean per event.

        Examples
        --------
        >>> lines = pd.DataFrame({"who": [1, 2], "what": ["tea", "milk"], "week": [1, 9]})
        >>> bought = Interactions.from_frame(lines, user="who", item="what", time="week")
        >>> bought.select(bought.events["time"] < 5).matrix.toarray()
        array([[1., 0.],
               [0., 0.]], dtype=float32)
        """
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (len(self.events),):
            raise ValueError(
                f"mask: {chosen.dtype} of shape {chosen.shape}, but there are {len(self.events)} "
                "events; pass one boolean per row of events."
            )
        events = self.events[chosen].reset_index(drop=True)
        return replace(self, events=events, matrix=_matrix(events, *self.matrix.shape))


def _matrix(events: pd.DataFrame, num_users: int, num_items: int) -> Any:
    """Sum the weights in double precision, then keep what is not zero."""
    place = (events["user"].to_numpy(), events["item"].to_numpy())
    weight = events["weight"].to_numpy(dtype=np.float64)
    matrix = sparse.coo_array((weight, place), shape=(num_users, num_items)).tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix.astype(np.float32)


def _sorted_ids(column: pd.Series[Any]) -> NDArray[Any]:
    try:
        ids: NDArray[Any] = pd.Index(column.unique()).sort_values().to_numpy()
    except TypeError as error:
        raise ValueError(
            f"column {column.name!r}: ids of several types cannot be sorted; make them one type, "
            f"such as df[{column.name!r}].astype(str)."
        ) from error
    return ids


def _item_ids(column: pd.Series[Any]) -> NDArray[Any]:
    ids: NDArray[Any] = pd.Index(column.unique()).to_numpy()
    return ids[hash_order(ids)]


def _require_listed(df: pd.DataFrame, item: str, catalogue: Catalogue) -> None:
    unlisted = np.flatnonzero(~df[item].isin(catalogue.ids).to_numpy())
    if len(unlisted):
        raise ValueError(
            f"column {item!r}: row {df.index[unlisted[0]]} holds {df[item].iloc[unlisted[0]]!r}, "
            f"which the catalogue lacks ({such_rows(len(unlisted))}). Keep the others with "
            f"df[df[{item!r}].isin(catalogue.ids)]."
        )


def _weights(df: pd.DataFrame, weight: str | None) -> NDArray[np.float32]:
    if weight is None:
        return np.ones(len(df), dtype=np.float32)
    if not pd.api.types.is_numeric_dtype(df[weight]):
        raise ValueError(
            f"column {weight!r}: {df[weight].dtype}, not numbers; convert with pd.to_numeric."
        )
    values: NDArray[np.float64] = df[weight].to_numpy(dtype=np.float64, na_value=np.nan)
    for name, wrong in (("not finite", ~np.isfinite(values)), ("negative", values < 0)):
        bad = np.flatnonzero(wrong)
        if len(bad):
            raise ValueError(
                f"column {weight!r}: row {df.index[bad[0]]} is {values[bad[0]]}, which is {name} "
                f"({such_rows(len(bad))}). Drop or mend such rows; weights are finite and >= 0."
            )
    return values.astype(np.float32)

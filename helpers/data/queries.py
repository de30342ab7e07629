"""Shoppers' queries with graded answers; see ``data/queries/README.md``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from helpers.data.catalogue import Catalogue

__all__ = ["Queries", "load_queries"]

FOLDER = Path(__file__).resolve().parents[2] / "data" / "queries"
SPLITS = ("valid", "test")
TYPE = ["department", "category", "type"]  # what names a product type, as in tasks.substitutes
COLUMNS = {
    "queries.csv": ["id", "split", "kind", "language", "text"],
    "judgements.csv": ["id", *TYPE, "grade"],
}
GRADES = ("1", "2")


@dataclass(frozen=True, eq=False)
class Queries:
    """Queries of one split and the product types that answer them.

    Attributes
    ----------
    frame : one row per query: id, split, kind, language, text; index 0..num_queries-1.
    judgements : id, department, category, type, grade (2 asked for, 1 acceptable; a type that is
        not listed has grade 0). The index is the row of ``judgements.csv``, counted from 0.
    """

    frame: pd.DataFrame
    judgements: pd.DataFrame

    @property
    def texts(self) -> list[str]:
        """What the shoppers typed, in the order of ``frame``."""
        return list(self.frame["text"])

    def gains(self, catalogue: Catalogue) -> sparse.csr_array:
        """Grade of every product for every query, sparse (num_queries, num_items).

        A product has the grade of its type.

        Raises
        ------
        ValueError
            when a judged type is not in the catalogue.

        Examples
        --------
        >>> rows = {"department": ["D", "D"], "category": ["MILK", "TEA"], "type": ["WHITE", "T"]}
        >>> shop = Catalogue.from_frame(pd.DataFrame({"sku": [1, 2]} | rows), id="sku")
        >>> judged = pd.DataFrame([["q1", "D", "TEA", "T", 2]], columns=COLUMNS["judgements.csv"])
        >>> tea = Queries(pd.DataFrame({"id": ["q1"], "text": ["a cuppa"]}), judged)
        >>> dict(zip(shop.frame["type"], tea.gains(shop).toarray()[0].tolist()))["T"]
        2.0
        """
        products = pd.MultiIndex.from_frame(catalogue.frame[TYPE])
        types = products.unique()
        columns = types.get_indexer(pd.MultiIndex.from_frame(self.judgements[TYPE]))
        if (columns < 0).any():
            row = self.judgements.index[np.flatnonzero(columns < 0)[0]]
            name = " / ".join(self.judgements.loc[row, TYPE])
            raise _fault("judgements.csv", row, f"no product of the catalogue has type {name!r}")
        rows = pd.Index(self.frame["id"]).get_indexer(self.judgements["id"])
        grades = self.judgements["grade"].to_numpy(dtype=np.float32)
        by_type = _cells(grades, rows, columns, (len(self.frame), len(types)))
        items = np.arange(catalogue.num_items)
        ones = np.ones(len(items), dtype=np.float32)
        member = _cells(ones, types.get_indexer(products), items, (len(types), len(items)))
        return sparse.csr_array(by_type @ member)


def load_queries(split: str) -> Queries:
    """Queries of a shopper with the product types that answer them.

    Parameters
    ----------
    split : "valid", to choose on, or "test", to report on.

    Raises
    ------
    ValueError
        for another split, and for a table with a fault: the message names file, row and remedy.

    Examples
    --------
    >>> asked = load_queries("test")
    >>> asked.frame.loc[asked.frame["text"] == "nappies", ["kind", "language"]].values.tolist()
    [['synonym', 'en']]
    """
    if split not in SPLITS:
        raise ValueError(f"split: {split!r} is none of 'valid' and 'test'")
    queries, judgements = (_read(name) for name in COLUMNS)
    _check_queries(queries)
    _check_judgements(judgements, queries)
    chosen = queries[queries["split"] == split]
    kept = judgements[judgements["id"].isin(chosen["id"])]
    return Queries(chosen.reset_index(drop=True), kept.astype({"grade": int}))


def _read(name: str) -> pd.DataFrame:
    """A table with the columns it should have, all of them text."""
    try:
        table = pd.read_csv(FOLDER / name, encoding="utf-8", dtype=str, keep_default_na=False)
        return table[COLUMNS[name]]
    except (OSError, KeyError, ValueError) as error:  # pandas' and Unicode's are ValueErrors
        raise ValueError(
            f"data/queries/{name}: {error}. It must be UTF-8 with the columns "
            f"{', '.join(COLUMNS[name])}. Restore it with: git checkout data/queries/{name}"
        ) from error


def _check_queries(queries: pd.DataFrame) -> None:
    """Each query once, with words, in one of the two splits."""
    name = "queries.csv"
    for column in ("id", "text"):
        _refuse(name, queries, queries[column].duplicated(), f"the {column} comes twice", column)
        _refuse(name, queries, queries[column] == "", f"the {column} is empty", column)
    wrong = ~queries["split"].isin(SPLITS)
    _refuse(name, queries, wrong, "the split is neither 'valid' nor 'test'", "split")


def _check_judgements(judgements: pd.DataFrame, queries: pd.DataFrame) -> None:
    """Each type once for a query, grade 1 or 2; and each query with something to find."""
    name = "judgements.csv"
    strange = ~judgements["id"].isin(queries["id"])
    _refuse(name, judgements, strange, "queries.csv has no query of that id", "id")
    wrong = ~judgements["grade"].isin(GRADES)
    _refuse(name, judgements, wrong, "the grade is neither 1 nor 2 (leave a 0 out)", "grade")
    again = judgements.duplicated(["id", *TYPE])
    _refuse(name, judgements, again, "the query has a grade for that type already", "type")
    answered = judgements.loc[judgements["grade"] == "2", "id"]
    empty = ~queries["id"].isin(answered)
    _refuse("queries.csv", queries, empty, "no type of grade 2 in judgements.csv", "id")


def _refuse(name: str, table: pd.DataFrame, wrong: pd.Series[Any], what: str, column: str) -> None:
    """Raise for the first row that is marked."""
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise _fault(name, row, f"{what}: {table[column].iloc[row]!r}")


def _fault(name: str, row: int, what: str) -> ValueError:
    # two more: the first line of the file holds the names of the columns, and editors count from 1
    return ValueError(
        f"data/queries/{name}, line {row + 2}: {what}. Mend that line, or restore the file with: "
        f"git checkout data/queries/{name}"
    )


def _cells(
    values: NDArray[np.float32], rows: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]
) -> sparse.csr_array:
    return sparse.csr_array((values, (rows, columns)), shape=shape)

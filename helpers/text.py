"""The retailer's shelf language: tokens, and abbreviations spelled out."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pandas as pd

__all__ = ["abbreviations", "expand", "tokenize"]

TABLE = Path(__file__).resolve().parents[1] / "data" / "abbreviations.csv"
WORD = r"[a-z]+(?:'[a-z]+)?|[0-9]+(?:\.[0-9]+)?%?"


def tokenize(text: str) -> list[str]:
    """Lower-case words and numbers of a text, in order; everything else only separates.

    Examples
    --------
    >>> tokenize("FRZN SS PREMIUM ENTREES/DNRS/N")
    ['frzn', 'ss', 'premium', 'entrees', 'dnrs', 'n']
    >>> tokenize("2% Milk, 1.5 L")
    ['2%', 'milk', '1.5', 'l']
    """
    return re.findall(WORD, text.lower())


@cache
def abbreviations() -> dict[str, str]:
    """The reviewed table data/abbreviations.csv: abbreviation -> words, both in lower case.

    Raises
    ------
    ValueError
        when the table cannot be read as UTF-8 or lacks a column.

    Examples
    --------
    >>> abbreviations()["frzn"]
    'frozen'
    """
    try:
        table = pd.read_csv(TABLE, encoding="utf-8", dtype=str, keep_default_na=False)
        return dict(zip(table["abbreviation"].str.lower(), table["expansion"], strict=True))
    except (KeyError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{TABLE.name}: {error}; it must be UTF-8 with the columns abbreviation, expansion, "
            "example, note. Restore it with: git checkout data/abbreviations.csv"
        ) from error


def expand(raw: str) -> str:
    """Words of a product text with the abbreviations spelled out, joined by single spaces.

    An entry with punctuation, such as "w/", is looked for first, the longest before the others;
    what is not in the table stays. Expansions are not expanded again.

    Examples
    --------
    >>> expand("FRZN SS PREMIUM ENTREES/DNRS")
    'frozen single serve premium entrees dinners'
    """
    table = abbreviations()
    words = (table.get(token, token) for token in _pattern().findall(raw.lower()))
    return " ".join(" ".join(words).split())


@cache
def _pattern() -> re.Pattern[str]:
    """Entries that `tokenize` would cut apart, the longest first, then any word or number."""
    compound = sorted((a for a in abbreviations() if tokenize(a) != [a]), key=len, reverse=True)
    whole = [rf"(?<![a-z0-9]){re.escape(a)}(?![a-z0-9])" for a in compound]
    return re.compile("|".join([*whole, WORD]))

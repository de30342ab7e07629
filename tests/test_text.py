"""The abbreviation table is honest: each row is needed, is used, and says only words."""

import re

import pandas as pd
import pytest

from helpers import text
from helpers.data import load_groceries

TABLE = pd.read_csv(text.TABLE, dtype=str, keep_default_na=False)
ROWS = list(TABLE.itertuples(index=False))


@pytest.fixture(scope="module")
def sold() -> set[str]:
    products = load_groceries().products
    return set(products["category"]) | set(products["type"])


def test_table_is_sorted_without_repeats():
    assert list(TABLE.columns) == ["abbreviation", "expansion", "example", "note"]
    assert TABLE["abbreviation"].is_unique
    assert len(TABLE) > 300


def test_every_example_is_sold_and_is_changed_by_its_row(sold):
    for row in ROWS:
        assert row.example in sold, row
        assert f" {row.expansion} " in f" {text.expand(row.example)} ", row


def test_expansions_are_lower_case_words():
    for row in ROWS:
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", row.expansion), row
        assert row.expansion != row.abbreviation.lower(), row


def test_no_expansion_is_expanded_again():
    for row in ROWS:
        assert text.expand(row.expansion) == row.expansion, row


def test_expanding_twice_changes_nothing(sold):
    once = {raw: text.expand(raw) for raw in sold}
    again = {raw for raw, words in once.items() if text.expand(words) != words}
    assert not again


def test_entries_of_several_tokens_win_over_single_ones():
    assert text.expand("SV BEV: TEA") == "service beverage tea"
    assert text.expand("SGL SV/VEND MACH") == "single serve vending machine"
    assert text.expand("BEVERAGES W/O SW") == "beverages without sweetener"
    assert text.expand("SW GDS: MUFFINS") == "sweet goods muffins"


def test_what_is_not_in_the_table_stays():
    assert text.expand("Zyx 100% JUICE, 1.5 L") == "zyx 100% juice 1.5 l"
    assert text.expand("") == ""
    assert text.tokenize("--") == []


@pytest.mark.parametrize(
    "content", [b"abbreviation,expansion\nFRZN,gefr\xf6ren\n", b"short,long\nFRZN,frozen\n"]
)
def test_damaged_table_is_named(tmp_path, monkeypatch, content):
    damaged = tmp_path / "abbreviations.csv"
    damaged.write_bytes(content)
    monkeypatch.setattr(text, "TABLE", damaged)
    text.abbreviations.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"abbreviations.csv: .*must be UTF-8.*git checkout"):
            text.abbreviations()
    finally:
        text.abbreviations.cache_clear()

"""The judged queries: they fit the catalogue, their split follows its rule, faults are named."""

import shutil

import numpy as np
import pandas as pd
import pytest

from helpers import data
from helpers.data import queries
from helpers.data.catalogue import hash_order

ALL = pd.concat([data.load_queries(split).frame for split in queries.SPLITS]).sort_values("id")
JUDGED = pd.concat([data.load_queries(split).judgements for split in queries.SPLITS])
KINDS = {"plain", "misspelt", "brand", "attribute", "use", "negation", "synonym"}
KINDS |= {"spanish", "chinese"}


@pytest.fixture(scope="module")
def catalogue():
    return data.shop_catalogue(data.load_groceries())


def test_there_are_enough_queries_of_every_kind_in_both_splits():
    assert len(ALL) == 219 and len(JUDGED) == 1283
    table = pd.crosstab(ALL["kind"], ALL["split"])
    assert set(table.index) == KINDS
    assert table.to_numpy().min() >= 8
    assert table["valid"].sum() == 94 and table["test"].sum() == 125


def test_the_split_follows_its_rule():
    """Within a kind, in the order of a hash of the text: two of five are for choosing."""
    for _, rows in ALL.groupby("kind"):
        place = np.empty(len(rows), dtype=int)
        place[hash_order(rows["text"])] = np.arange(len(rows))
        assert (np.where(place % 5 < 2, "valid", "test") == rows["split"]).all()


def test_no_query_is_in_two_splits():
    texts = [{t.casefold() for t in data.load_queries(split).texts} for split in queries.SPLITS]
    assert not texts[0] & texts[1]


def test_language_goes_with_the_kind_and_the_letters():
    language = ALL["kind"].map({"spanish": "es", "chinese": "zh"}).fillna("en")
    assert (language == ALL["language"]).all()
    chinese = ALL["text"].str.fullmatch(r"[\u4e00-\u9fff]+")
    assert (chinese == (ALL["kind"] == "chinese")).all()
    assert ALL.loc[ALL["language"] == "en", "text"].str.isascii().all()


def test_every_query_has_a_product_that_was_asked_for_and_many_that_were_not(catalogue):
    for split in queries.SPLITS:
        gains = data.load_queries(split).gains(catalogue)
        assert gains.shape[1] == catalogue.num_items
        best = gains.max(axis=1).toarray().ravel()
        assert (best == 2).all()
        assert np.diff(gains.indptr).max() < 0.1 * catalogue.num_items


def test_a_product_has_the_grade_of_its_type(catalogue):
    asked = data.load_queries("valid")
    gains = asked.gains(catalogue).toarray()
    names = catalogue.frame[queries.TYPE].agg("|".join, axis=1).to_numpy()
    for row, query in enumerate(asked.frame["id"]):
        mine = asked.judgements[asked.judgements["id"] == query]
        grade = dict(zip(mine[queries.TYPE].agg("|".join, axis=1), mine["grade"], strict=True))
        assert [grade.get(name, 0) for name in names] == gains[row].tolist()


def test_the_files_are_tidy():
    for name, columns in queries.COLUMNS.items():
        content = (queries.FOLDER / name).read_bytes()
        assert b"\r" not in content and content.endswith(b"\n")
        table = pd.read_csv(queries.FOLDER / name, dtype=str, keep_default_na=False)
        assert list(table.columns) == columns
        assert table.map(lambda cell: cell == cell.strip() != "").all(axis=None)
    assert ALL["id"].tolist() == [f"q{n:03}" for n in range(1, len(ALL) + 1)]


def test_another_split_is_refused():
    with pytest.raises(ValueError, match="'train' is none of 'valid' and 'test'"):
        data.load_queries("train")


FAULTS = {
    "twice": ("queries.csv", "q002,test,plain,en,", "q001,test,plain,en,", "line 3: the id comes"),
    "words": ("queries.csv", "en,bananas", "en,peanut butter", "line 4: the text comes twice"),
    "empty": ("queries.csv", "en,bananas", "en,", "line 3: the text is empty"),
    "split": ("queries.csv", "q002,test", "q002,dev", "line 3: the split is neither.*'dev'"),
    "header": ("queries.csv", "id,split", "number,split", "must be UTF-8 with the columns id, sp"),
    "stranger": ("judgements.csv", "q002,PRODUCE", "q999,PRODUCE", "line 4: .*no query.*'q999'"),
    "grade": ("judgements.csv", "BANANAS,2", "BANANAS,3", "line 4: the grade is neither.*'3'"),
    "zero": ("judgements.csv", "BANANAS,2", "BANANAS,0", "line 4: .*leave a 0 out.*'0'"),
    "again": (
        "judgements.csv",
        "ORGANIC TROPICAL FRUIT,1",
        "ORGANIC TROPICAL FRUIT,1\nq002,PRODUCE,TROPICAL FRUIT,BANANAS,1",
        "line 6: the query has a grade for that type already: 'BANANAS'",
    ),
    "unanswered": ("judgements.csv", "BANANAS,2", "BANANAS,1", "line 3: no type of grade 2.*q002"),
}


def damage(tmp_path, monkeypatch, name, old, new):
    for each in queries.COLUMNS:
        shutil.copy(queries.FOLDER / each, tmp_path / each)
    text = (tmp_path / name).read_text("utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.setattr(queries, "FOLDER", tmp_path)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_file_line_and_remedy(tmp_path, monkeypatch, fault):
    name, old, new, message = FAULTS[fault]
    damage(tmp_path, monkeypatch, name, old, new)
    with pytest.raises(ValueError, match=rf"data/queries/.*{message}.*git checkout data/queries/"):
        data.load_queries("test")


def test_an_unknown_type_is_named_with_file_line_and_remedy(tmp_path, monkeypatch, catalogue):
    damage(tmp_path, monkeypatch, "judgements.csv", "FRUIT,BANANAS", "FRUIT,PLANTAINS")
    asked = data.load_queries("test")
    message = r"judgements.csv, line 4: no product.*'PRODUCE / TROPICAL FRUIT / PLANTAINS'.*git"
    with pytest.raises(ValueError, match=message):
        asked.gains(catalogue)


@pytest.mark.parametrize(
    "content", [None, b"", "id,split,kind,language,text\nq,é".encode("cp1252")]
)
def test_a_missing_or_broken_file_is_named(tmp_path, monkeypatch, content):
    damage(tmp_path, monkeypatch, "queries.csv", "id", "id")
    (tmp_path / "queries.csv").unlink()
    if content is not None:
        (tmp_path / "queries.csv").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"data/queries/queries.csv: .*must be UTF-8.*git checkout"
    ):
        data.load_queries("test")

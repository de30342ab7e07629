"""No model may see what it is asked: the splits, proved on the real shop."""

import numpy as np
import pandas as pd
import pytest

from helpers import data, tasks
from helpers.data import splits


@pytest.fixture(scope="module")
def groceries():
    return data.load_groceries()


@pytest.fixture(scope="module", params=["valid", "test"])
def part(request, groceries):
    return data.part(groceries, request.param)


def test_training_ends_before_truth_begins(part):
    last, first = part.train.events["time"].max(), part.truth.events["time"].min()
    assert last < first
    assert part.train_baskets.events["time"].max() < part.truth_baskets.events["time"].min()
    assert (last, first) == (splits.TRAIN_WEEKS[part.name][1], splits.TRUTH_WEEKS[part.name][0])


def test_no_basket_stands_on_both_sides(part):
    assert not set(part.train_baskets.users) & set(part.truth_baskets.users)
    assert not set(part.train.events["basket"]) & set(part.truth.events["basket"])


def test_nothing_is_lost_between_train_and_truth(groceries, part):
    lines = groceries.lines[groceries.lines["product"].isin(part.catalogue.ids)]
    for side, weeks in ((part.train, splits.TRAIN_WEEKS), (part.truth, splits.TRUTH_WEEKS)):
        assert len(side.events) == lines["week"].between(*weeks[part.name]).sum()


def test_the_catalogue_knows_nothing_of_later_weeks(groceries):
    early = groceries.lines[groceries.lines["week"] <= 40]
    buyers = early.groupby("product")["household"].nunique()
    catalogue = data.shop_catalogue(groceries)
    assert set(catalogue.ids) == set(buyers.index[buyers >= 20])
    changed = groceries.__class__(**{**vars(groceries), "lines": early})
    assert list(data.shop_catalogue(changed).ids) == list(catalogue.ids)


def test_column_order_tells_nothing_of_popularity(part):
    order = pd.Series(part.train.popularity).corr(
        pd.Series(np.arange(part.catalogue.num_items)), method="spearman"
    )
    assert abs(order) < 0.05  # about four standard errors of no correlation


def test_the_households_of_truth_baskets_are_theirs(groceries, part):
    owner = groceries.lines.drop_duplicates("basket").set_index("basket")["household"]
    assert (owner.loc[part.truth_baskets.users].to_numpy() == part.basket_households).all()


def test_cold_products_have_no_line_left(part):
    cold = tasks.cold_part(part)
    assert cold.train.matrix[:, cold.cold].sum() == 0
    assert cold.train_baskets.matrix[:, cold.cold].sum() == 0
    assert len(cold.cold) == round(0.15 * part.catalogue.num_items)
    warm = np.setdiff1d(np.arange(part.catalogue.num_items), cold.cold)
    assert (cold.train.matrix[:, warm] != part.train.matrix[:, warm]).nnz == 0


def test_unknown_part_and_column_are_refused(groceries, part):
    with pytest.raises(ValueError, match="'exam' is unknown: use one of"):
        data.part(groceries, "exam")
    with pytest.raises(ValueError, match="columns must lie in 0.."):
        data.without_sales(part, [part.catalogue.num_items])

"""Interactions and Catalogue: what goes in, what comes out, what bad input is told."""

import numpy as np
import pandas as pd
import pytest

from helpers.data import Catalogue, Interactions
from helpers.data.catalogue import hash_order

LINES = pd.DataFrame(
    {
        "who": ["ann", "ann", "bob", "ann"],
        "what": ["tea", "milk", "milk", "tea"],
        "pieces": [1.0, 2.0, 0.5, 3.0],
        "week": [1, 1, 2, 3],
        "trip": [10, 10, 11, 12],
    },
    index=[100, 101, 102, 103],
)
GOODS = pd.DataFrame({"sku": ["milk", "tea", "salt"], "price": [1, 2, 3]})


def make(df: pd.DataFrame = LINES, **more: object) -> Interactions:
    return Interactions.from_frame(df, user="who", item="what", weight="pieces", **more)


def changed(column: str, value: object) -> pd.DataFrame:
    """The lines with another value in row 102."""
    df = LINES.astype({column: object}) if not isinstance(value, float) else LINES.copy()
    df.loc[102, column] = value
    return df


def test_repeated_pairs_are_summed():
    bought = make()
    cell = bought.matrix[bought.user_index(["ann"])[0], bought.item_index(["tea"])[0]]
    assert cell == 4.0
    assert bought.matrix.dtype == np.float32
    assert bought.matrix.shape == (bought.num_users, bought.num_items) == (2, 2)


def test_events_hold_codes_and_what_was_given():
    events = make(time="week", basket="trip").events
    assert list(events.columns) == ["user", "item", "weight", "time", "basket"]
    assert events["user"].dtype == events["item"].dtype == np.int32
    assert events["basket"].tolist() == [10, 10, 11, 12]


def test_select_keeps_both_axes_and_leaves_the_source_alone():
    bought = make(time="week")
    late = bought.select(bought.events["time"] >= 2)
    assert late.matrix.shape == bought.matrix.shape
    assert late.matrix.sum() == 3.5
    assert len(bought.events) == 4
    assert late.popularity.sum() == 2


def test_zero_weight_is_no_purchase():
    bought = make(changed("pieces", 0.0))
    assert bought.matrix.nnz == 2
    assert bought.popularity.sum() == 2


def test_order_of_items_does_not_depend_on_order_of_rows():
    assert make().items.tolist() == make(LINES[::-1]).items.tolist()


def test_order_of_items_is_no_order_of_ids():
    order = hash_order(range(1000))
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.1


def test_catalogue_fixes_the_columns_even_of_unsold_products():
    catalogue = Catalogue.from_frame(GOODS, id="sku")
    bought = make(catalogue=catalogue)
    assert bought.items.tolist() == catalogue.ids.tolist()
    assert bought.num_items == len(catalogue) == 3
    assert bought.popularity[catalogue.index(["salt"])[0]] == 0


def test_catalogue_keeps_chosen_columns_and_numbers_its_rows():
    catalogue = Catalogue.from_frame(GOODS, id="sku", columns=["price"])
    assert list(catalogue.frame.columns) == ["sku", "price"]
    assert catalogue.frame.index.tolist() == [0, 1, 2]
    assert catalogue.frame["sku"].tolist() == catalogue.ids.tolist()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, r"column 'pieces': row 102 is nan, which is not finite \(1 such row\)\."),
        (np.inf, "column 'pieces': row 102 is inf, which is not finite"),
        (-1.0, "column 'pieces': row 102 is -1.0, which is negative"),
        ("two", "column 'pieces': object, not numbers; convert with pd.to_numeric"),
    ],
)
def test_bad_weight_names_the_row_and_the_remedy(value, message):
    with pytest.raises(ValueError, match=message):
        make(changed("pieces", value))


@pytest.mark.parametrize("column", ["who", "what"])
def test_missing_id_names_the_row(column):
    with pytest.raises(ValueError, match=rf"column '{column}': row 102 has no id.*dropna"):
        make(changed(column, None))


def test_missing_column_lists_the_columns():
    with pytest.raises(ValueError, match="no column 'when'; the columns are"):
        make(time="when")
    with pytest.raises(ValueError, match="catalogue: no column 'ean'"):
        Catalogue.from_frame(GOODS, id="ean")
    with pytest.raises(ValueError, match="catalogue: no column 'colour'"):
        Catalogue.from_frame(GOODS, id="sku", columns=["colour"])


def test_empty_frame_is_refused():
    with pytest.raises(ValueError, match="interactions: the frame has no rows"):
        make(LINES[:0])
    with pytest.raises(ValueError, match="catalogue: the frame has no rows"):
        Catalogue.from_frame(GOODS[:0], id="sku")


def test_unknown_id_is_named():
    with pytest.raises(KeyError, match="unknown user id 'eve'"):
        make().user_index(["ann", "eve"])
    with pytest.raises(KeyError, match="unknown item id 'rum'"):
        make().item_index(["rum"])
    with pytest.raises(KeyError, match="unknown product id 'rum'"):
        Catalogue.from_frame(GOODS, id="sku").index("rum")


def test_several_bad_weights_are_counted_in_the_plural():
    with pytest.raises(ValueError, match=rf"\({len(LINES)} such rows\)"):
        make(LINES.assign(pieces=-1.0))


def test_item_that_the_catalogue_lacks_is_named():
    catalogue = Catalogue.from_frame(GOODS, id="sku")
    with pytest.raises(ValueError, match="row 102 holds 'rum', which the catalogue lacks"):
        make(changed("what", "rum"), catalogue=catalogue)


def test_duplicated_product_is_named():
    twice = pd.concat([GOODS, GOODS[:1]], ignore_index=True)
    with pytest.raises(ValueError, match="id 'milk' comes twice, again in row 3"):
        Catalogue.from_frame(twice, id="sku")


def test_catalogue_needs_every_id():
    with pytest.raises(ValueError, match="column 'sku': row 3 has no id"):
        Catalogue.from_frame(GOODS.reindex(range(4)), id="sku")


def test_ids_of_several_types_are_refused():
    with pytest.raises(ValueError, match=r"ids of several types.*astype\(str\)"):
        make(changed("who", 7))


def test_mask_must_fit_the_events():
    with pytest.raises(ValueError, match="one boolean per row of events"):
        make().select([True])
    with pytest.raises(ValueError, match="one boolean per row of events"):
        make().select([0, 1, 2, 3])

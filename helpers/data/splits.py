"""Who may see what: weeks to learn from, weeks to choose on, weeks to report on.

The catalogue is fixed once, on the first forty weeks, so that no later week can decide which
products exist. Validation trains on weeks 1-40 and looks at 41-46; the test trains again on
weeks 1-46 and looks at 47-53.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.data.catalogue import Catalogue
from helpers.data.groceries import Groceries
from helpers.data.interactions import Interactions

CATALOGUE_WEEKS = (1, 40)
MIN_BUYERS = 20
TRAIN_WEEKS = {"valid": (1, 40), "test": (1, 46)}
TRUTH_WEEKS = {"valid": (41, 46), "test": (47, 53)}


@dataclass(frozen=True)
class Part:
    """What a model may learn from, and what it is asked afterwards.

    Attributes
    ----------
    name : "valid" or "test".
    catalogue : the products, in column order.
    train, truth : household x product, the same households in the same rows.
    train_baskets, truth_baskets : basket x product, each with its own rows.
    basket_households : the household of each row of ``truth_baskets``.
    coupons : coupon and product of every coupon that names products of the catalogue.
    cold : columns whose training lines were taken away, or None.
    """

    name: str
    catalogue: Catalogue
    train: Interactions
    truth: Interactions
    train_baskets: Interactions
    truth_baskets: Interactions
    basket_households: np.ndarray
    coupons: pd.DataFrame
    cold: np.ndarray | None = None


def in_weeks(lines: pd.DataFrame, weeks: tuple[int, int], column: str = "week") -> pd.Series:
    """Mark the lines of the weeks ``weeks[0]`` to ``weeks[1]``, both included.

    >>> in_weeks(pd.DataFrame({"week": [1, 5, 9]}), (2, 9)).tolist()
    [False, True, True]
    """
    return lines[column].between(*weeks)


def shop_catalogue(groceries: Groceries) -> Catalogue:
    """Keep the products with at least 20 different buyers in weeks 1-40.

    Fewer buyers than that and a co-occurrence is mostly noise; the bound is part of the protocol.
    """
    early = groceries.lines[in_weeks(groceries.lines, CATALOGUE_WEEKS)]
    buyers = early.groupby("product")["household"].nunique()
    known = groceries.products["product"].isin(buyers.index[buyers >= MIN_BUYERS])
    return Catalogue.from_frame(groceries.products[known], id="product")


def part(groceries: Groceries, name: str) -> Part:
    """Cut the shop's year into training and truth.

    Parameters
    ----------
    groceries : as returned by ``load_groceries``.
    name : "valid" (train 1-40, truth 41-46) or "test" (train 1-46, truth 47-53).

    Raises
    ------
    ValueError : for any other name.
    """
    if name not in TRAIN_WEEKS:
        raise ValueError(f"part {name!r} is unknown: use one of {sorted(TRAIN_WEEKS)}")
    catalogue = shop_catalogue(groceries)
    lines = groceries.lines[groceries.lines["product"].isin(catalogue.ids)]
    train, truth = (in_weeks(lines, weeks[name]) for weeks in (TRAIN_WEEKS, TRUTH_WEEKS))
    households = Interactions.from_frame(
        lines,
        user="household",
        item="product",
        time="week",
        basket="basket",
        catalogue=catalogue,
    )
    baskets = [
        Interactions.from_frame(
            lines[mask], user="basket", item="product", time="week", catalogue=catalogue
        )
        for mask in (train, truth)
    ]
    owner = lines[truth].drop_duplicates("basket").set_index("basket")["household"]
    return Part(
        name=name,
        catalogue=catalogue,
        train=households.select(households.events["time"].between(*TRAIN_WEEKS[name])),
        truth=households.select(households.events["time"].between(*TRUTH_WEEKS[name])),
        train_baskets=baskets[0],
        truth_baskets=baskets[1],
        basket_households=owner.loc[baskets[1].users].to_numpy(),
        coupons=groceries.coupons[groceries.coupons["product"].isin(catalogue.ids)],
    )


def without_sales(source: Part, columns: Sequence[int] | np.ndarray) -> Part:
    """Take every training line of some columns away, as if those products were new.

    The columns stay in the matrices, empty, so that scores keep their places.

    Raises
    ------
    ValueError : when a column is not one of the catalogue's.
    """
    cold = np.unique(np.asarray(columns, dtype=np.int64))
    if len(cold) and (cold[0] < 0 or cold[-1] >= source.catalogue.num_items):
        raise ValueError(f"columns must lie in 0..{source.catalogue.num_items - 1}")
    return replace(
        source,
        train=source.train.select(~source.train.events["item"].isin(cold)),
        train_baskets=source.train_baskets.select(~source.train_baskets.events["item"].isin(cold)),
        cold=cold,
    )

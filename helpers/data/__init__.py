"""Loaders, and the two shapes that everything else works on: Catalogue and Interactions."""

from helpers.data.cache import cached
from helpers.data.catalogue import Catalogue
from helpers.data.fashion import load_fashion
from helpers.data.groceries import Groceries, load_groceries, twelve
from helpers.data.interactions import Interactions
from helpers.data.movielens import load_movielens
from helpers.data.queries import Queries, load_queries
from helpers.data.splits import Part, part, shop_catalogue, without_sales
from helpers.data.weights import load_weights

__all__ = [
    "Catalogue",
    "Groceries",
    "Interactions",
    "Part",
    "Queries",
    "cached",
    "load_fashion",
    "load_groceries",
    "load_movielens",
    "load_queries",
    "load_weights",
    "part",
    "shop_catalogue",
    "twelve",
    "without_sales",
]

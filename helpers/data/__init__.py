"""Loaders, and the two shapes that everything else works on: Catalogue and Interactions."""

from helpers.data.cache import cached
from helpers.data.catalogue import Catalogue
from helpers.data.groceries import Groceries, load_groceries, twelve
from helpers.data.interactions import Interactions

__all__ = [
    "Catalogue",
    "Groceries",
    "Interactions",
    "cached",
    "load_groceries",
    "twelve",
]

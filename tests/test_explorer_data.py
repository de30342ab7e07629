"""The Explorer's data: whole, within its budget, and the neighbours that the book's models name."""

import doctest
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import sparse

from helpers import data, tasks
from helpers.metrics import recall_at_k
from helpers.models.factors import EASE, SVD
from helpers.similarity import normalize_rows
from tools import explorer_photos, explorer_products, make_explorer
from tools.make_explorer import FOLDER, NONE, SHARD, mean_overlap, pack, read_call, unpack

ROOT = Path(__file__).resolve().parents[1]
ASKED = np.arange(3, 8254, 1031)  # nine products from all over the catalogue
SLACK = 1e-4  # of a score: what single precision and another order of adding may change
FACTS = {  # method -> chapter and row of its type precision on the test weeks
    "cosine": ("22-behaviour", "item-cosine"),
    "jaccard": ("22-behaviour", "item-jaccard"),
    "lift": ("22-behaviour", "item-lift"),
    "svd": ("23-factorization", "svd-200-cosine"),
    "ease": ("23-factorization", "ease"),
    "item2vec": ("24-item2vec", "item2vec"),
    "mlp": ("31-mlp", "two-towers"),
    "autoencoder": ("32-autoencoder", "basket-dae"),
    "graph": ("36-graph", "lightgcn"),
}
PHOTO_FACTS = {
    "pixels": "raw-pixels",
    "pca": "pca-64-numbers",
    "autoencoder": "autoencoder",
    "simclr": "simclr",
    "efficientnet": "efficientnet-middle",
    "metric": "metric-network",
    "head": "metric-head-on-efficientnet",
}


@dataclass(frozen=True)
class Stored:
    """What lies in the files, unpacked; -1 stands for no neighbour."""

    told: dict[str, Any]
    lists: dict[str, np.ndarray]
    substitutes: np.ndarray
    complements: np.ndarray


def unpacked_lists(packed: str) -> np.ndarray:
    lists = unpack(packed, explorer_products.K)
    return np.where(lists == NONE, -1, lists)


@cache
def products() -> Stored:
    (told,) = read_call(FOLDER / "products.js", "products")
    shards = []
    for shard in range(-(-told["count"] // SHARD)):
        number, content = read_call(FOLDER / f"neighbours-{shard}.js", "neighbours")
        assert number == shard
        shards.append(content)
    lists = {
        key: np.vstack([unpacked_lists(shard["methods"][key]) for shard in shards])
        for key in (method["key"] for method in told["methods"])
    }
    pairs = [
        np.vstack([unpacked_lists(shard[name]) for shard in shards])
        for name in ("substitutes", "complements")
    ]
    return Stored(told, lists, *pairs)


@cache
def photos() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    (told,) = read_call(FOLDER / "photos.js", "photos")
    return told, {key: unpacked_lists(packed) for key, packed in told["neighbours"].items()}


@cache
def shop() -> explorer_products.Shop:
    return explorer_products.load_shop()


def fact(chapter: str, name: str) -> tuple[float, float]:
    """Value and tolerance of a committed fact."""
    path = ROOT / "book" / "_facts" / f"{chapter}.json"
    found = json.loads(path.read_text(encoding="utf-8"))["facts"][name]
    return found["value"], found["tolerance"]


def check_lists(lists: np.ndarray, count: int, full: bool = True) -> None:
    """Raise ValueError unless each row names others of `count` things, each once, gaps last."""
    rows = np.arange(count)[:, None]
    if lists.shape != (count, explorer_products.K):
        raise ValueError(f"shape {lists.shape}")
    if lists.min() < (0 if full else -1) or lists.max() >= count:
        raise ValueError("a neighbour that is not there")
    if (lists == rows).any():
        raise ValueError("a thing that is its own neighbour")
    ordered = np.sort(lists, axis=1)
    if ((np.diff(ordered) == 0) & (ordered[:, 1:] >= 0)).any():
        raise ValueError("a neighbour named twice")
    if (np.diff((lists < 0).astype(int)) < 0).any():
        raise ValueError("a gap before a neighbour")


# --- the files --------------------------------------------------------------------------------


@pytest.mark.parametrize("module", [make_explorer, explorer_products, explorer_photos])
def test_examples_of_the_maker_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0


def test_packing_goes_there_and_back() -> None:
    numbers = np.arange(60000, 60040).reshape(-1, 10)
    assert np.array_equal(unpack(pack(numbers), 10), numbers)
    assert np.array_equal(unpack(pack(np.array([0, 255]), "u1"), kind="u1").ravel(), [0, 255])
    for wrong in (np.array([-1]), np.array([65536])):
        with pytest.raises(ValueError, match="does not fit"):
            pack(wrong)


def test_a_file_cut_short_is_noticed(tmp_path: Path) -> None:
    whole = (FOLDER / "products.js").read_text(encoding="ascii")
    short = tmp_path / "products.js"
    for content in (whole[:-200], "", "<!doctype html>"):
        short.write_text(content, encoding="ascii")
        with pytest.raises(ValueError, match="cut short"):
            read_call(short, "products")
    with pytest.raises(ValueError, match="missing"):
        read_call(tmp_path / "neighbours-0.js", "neighbours")
    short.write_text(whole, encoding="ascii")
    assert read_call(short, "products")[0]["count"] == products().told["count"]


def test_the_day_stays_when_nothing_else_changes(tmp_path: Path) -> None:
    path = tmp_path / "products.js"
    new = {"count": 2, "made": "2026-02-02"}
    assert make_explorer.with_old_day(path, "products", new) == new
    make_explorer.save(path, make_explorer.call("products", new | {"made": "2026-01-01"}).encode())
    assert make_explorer.with_old_day(path, "products", new)["made"] == "2026-01-01"
    more = new | {"count": 3}
    assert make_explorer.with_old_day(path, "products", more) == more


def test_sizes_are_within_the_budget() -> None:
    size = {path.name: path.stat().st_size for path in make_explorer.written()}
    shards = [bytes_ for name, bytes_ in size.items() if name.startswith("neighbours-")]
    assert len(shards) == -(-products().told["count"] // SHARD)
    assert size["products.js"] + sum(shards) <= 3.5 * 2**20
    assert size["products.js"] + max(shards) <= 600_000  # what the page needs for one product
    assert size["photos.js"] + size[photos()[0]["sprite"]] <= 2_000_000
    assert len(size) == len(shards) + 3  # and nothing of an earlier run


def test_columns_say_what_the_catalogue_says() -> None:
    told, frame = products().told, shop().frame
    assert told["count"] == len(frame)
    assert told["ids"].split("\n") == list(frame["product"].astype(str))
    assert np.array_equal(unpack(told["buyers"]).ravel(), shop().part.train.popularity)
    names = told["names"].split("\n")
    assert len(names) == len(set(names)) == len(frame) and min(map(len, names)) > 3
    twelve = data.twelve()
    places = shop().part.catalogue.index(twelve["product"])
    assert [names[place] for place in places] == list(twelve["nickname"])
    levels = {"departments": ("department", "u1"), "categories": ("category", "<u2")}
    levels["types"] = ("type", "<u2")
    columns: list[str] = []
    for words, (column, kind) in levels.items():
        columns.append(column)
        place = unpack(told[column], kind=kind).ravel()
        assert len(place) == len(frame) and place.max() + 1 == len(told[words])
        groups = frame.groupby(columns).ngroup().to_numpy()
        assert len(np.unique(np.stack([place, groups]), axis=1).T) == len(told[words])
    bananas = names.index("bananas")
    kind = told["types"][unpack(told["type"]).ravel()[bananas]]
    assert "banana" in kind


def test_each_method_tells_where_it_comes_from() -> None:
    for method in [*products().told["methods"], *photos()[0]["methods"]]:
        assert (ROOT / "book" / f"{method['chapter']}.ipynb").exists()
        assert re.fullmatch(r"[A-Z][^.!?]*\.", method["note"]), method["note"]
    assert set(products().told["relations"]) == {"substitutes", "complements"}


# --- lists of neighbours ----------------------------------------------------------------------


def test_lists_name_others_each_once() -> None:
    stored, count = products(), products().told["count"]
    for lists in stored.lists.values():
        check_lists(lists, count)
    for lists in (stored.substitutes, stored.complements):
        check_lists(lists, count, full=False)
    told, by_photo = photos()
    for lists in by_photo.values():
        check_lists(lists, told["count"])


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [(0, 8254, "not there"), (0, -1, "not there"), (3, 0, "own"), (1, None, "twice")],
)
def test_a_wrong_list_is_noticed(place: int, value: int | None, complaint: str) -> None:
    lists = products().lists["cosine"].copy()
    lists[0, place] = lists[0, 0] if value is None else value
    with pytest.raises(ValueError, match=complaint):
        check_lists(lists, len(lists))


def test_methods_differ_and_overlap_is_what_the_lists_say() -> None:
    for told, lists in ((products().told, products().lists), photos()):
        table = np.array(told["overlap"])
        assert np.allclose(table, table.T) and np.allclose(table.diagonal(), 1)
        assert (table[~np.eye(len(table), dtype=bool)] < 0.98).all()
        first, *_, last = lists.values()
        assert abs(mean_overlap(first, last) - table[0, -1]) < 1e-4


def test_same_type_is_what_the_lists_say_and_the_book_found() -> None:
    stored, told = products(), products().told
    kind = unpack(told["type"]).ravel()
    truth = tasks.mates(kind)
    for place, (key, lists) in enumerate(stored.lists.items()):
        found = float(np.nanmean(recall_at_k(lists, truth, 10, capped=True)))
        assert abs(found - told["sameType"][place]) < 1e-4
        if key in FACTS:
            chapter, row = FACTS[key]
            value, tolerance = fact(chapter, f"substitutes/test/{row}/type-precision@10")
            assert abs(found - value) <= tolerance, key
    chance = fact("21-content", "chance_type")[0]
    assert min(told["sameType"]) > 20 * chance


def test_content_and_fusion_find_the_coupons_that_the_book_found() -> None:
    truth = tasks.same_coupon(shop().part)
    found = {
        key: float(np.nanmean(recall_at_k(products().lists[key], truth, 10, capped=True)))
        for key in ("content", "fusion")
    }
    row = "substitutes/test/content-knn-one-hot/coupon-recall@10"
    value, tolerance = fact("21-content", row)
    assert abs(found["content"] - value) <= tolerance
    # the chapter joined the blocks for the validation weeks: six weeks less to learn from
    assert abs(found["fusion"] - fact("37-fusion", "coupon_joined")[0]) <= 0.02


def test_no_method_names_only_what_sells() -> None:
    told, buyers = products().told, unpack(products().told["buyers"]).ravel()
    best = np.argsort(-buyers)[:100]
    for place, lists in enumerate(products().lists.values()):
        assert told["medianBuyers"][place] == np.median(buyers[lists])
        assert len(np.unique(lists)) > 0.8 * len(lists)
        assert np.isin(lists, best).mean() < 0.15


def same_scores(table: np.ndarray, asked: np.ndarray, lists: np.ndarray) -> bool:
    """Whether the lists have the ten best scores, place by place; so equal ones may swap."""
    table = np.array(table, dtype=float)
    table[np.arange(len(asked)), asked] = -np.inf
    best = -np.sort(-table, axis=1)[:, : lists.shape[1]]
    return bool(np.allclose(np.take_along_axis(table, lists, axis=1), best, rtol=SLACK, atol=1e-7))


def from_counts(key: str) -> np.ndarray:
    """Cosine, Jaccard or lift of the asked products with all, by the formulas of chapter 22."""
    held = sparse.csr_array(shop().part.train_baskets.matrix != 0).astype(float)
    times = held.sum(axis=0)
    both = (held[:, ASKED].T @ held).toarray()
    ours = times[ASKED][:, None]
    below = {"cosine": np.sqrt(ours * times), "jaccard": ours + times - both, "lift": ours * times}
    return both / below[key]


@pytest.mark.parametrize("key", ["cosine", "jaccard", "lift"])
def test_counted_neighbours_are_those_of_the_formulas(key: str) -> None:
    lists, table = products().lists[key][ASKED], from_counts(key)
    assert same_scores(table, ASKED, lists)
    lists[0, 9] = np.argmin(table[0])
    assert not same_scores(table, ASKED, lists)


def test_fitted_neighbours_are_those_of_the_models() -> None:
    rows = normalize_rows(SVD(200).fit(shop().part.train).item_vectors)
    assert same_scores(rows[ASKED] @ rows.T, ASKED, products().lists["svd"][ASKED])
    table = EASE(1000.0).fit(shop().part.train).table
    assert same_scores(table[:, ASKED].T, ASKED, products().lists["ease"][ASKED])


def test_pairs_keep_their_promises() -> None:
    stored, kind = products(), unpack(products().told["type"]).ravel()
    homes = sparse.csr_array(shop().part.train.matrix != 0).astype(float).T
    for lists, same in ((stored.substitutes, True), (stored.complements, False)):
        row, place = np.nonzero(lists >= 0)
        assert ((kind[lists[row, place]] == kind[row]) == same).all()
        shared = homes[row].multiply(homes[lists[row, place]]).sum(axis=1)
        assert shared.min() >= explorer_products.LEAST
        assert (lists >= 0).any(axis=1).mean() > 0.8
    names = stored.told["names"].split("\n")
    buns, dogs = names.index("hot dog buns, 11 oz"), names.index("premium hot dogs, 1 lb")
    assert dogs in stored.complements[buns] and buns in stored.complements[dogs]


# --- photographs ------------------------------------------------------------------------------


def shown() -> tuple[np.ndarray, np.ndarray]:
    """The photographs and kinds that should be in the sprite."""
    images, labels, _ = data.load_fashion("test")
    each = [np.flatnonzero(labels == k)[: explorer_photos.EACH] for k in range(10)]
    places = np.sort(np.concatenate(each))
    return images[places], labels[places]


def test_the_sprite_holds_the_photographs() -> None:
    told, (images, labels) = photos()[0], shown()
    side, columns = told["side"], told["columns"]
    sheet = np.asarray(Image.open(FOLDER / told["sprite"]))
    assert sheet.shape == (-(-told["count"] // columns) * side, columns * side)
    for number in (0, columns - 1, columns, told["count"] - 1):
        top, left = side * (number // columns), side * (number % columns)
        assert np.array_equal(sheet[top : top + side, left : left + side], images[number])
    assert np.array_equal(unpack(told["kind"], kind="u1").ravel(), labels)
    assert len(told["kinds"]) == 10


def test_photographs_have_the_neighbours_of_their_vectors() -> None:
    told, lists = photos()
    images, labels = shown()
    asked = np.arange(7, len(images), 211)
    rows = normalize_rows(images.reshape(len(images), -1) / 255.0)
    assert same_scores(rows[asked] @ rows.T, asked, lists["pixels"][asked])
    for place, (key, each) in enumerate(lists.items()):
        found = (labels[each] == labels[:, None]).mean()
        assert abs(found - told["sameKind"][place]) < 1e-4
        # chapter 33 asks among 10,000: with a fifth of them, neighbours are somewhat farther
        name = f"look_alike/test/{PHOTO_FACTS[key]}/precision@10"
        assert -0.06 < found - fact("33-images", name)[0] < 0.02, key

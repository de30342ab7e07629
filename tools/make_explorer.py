"""Fit the book's models and write what the Explorer shows:  python tools/make_explorer.py

The files lie in book/_static/explorer/ and are committed: small scripts that hand their content to
a function of the page, since a page opened as a file may load scripts but read no data. Lists of
neighbours are little-endian 16-bit numbers in base64; 65535 stands for "none".
"""

import base64
import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from helpers import text
from helpers.data.fashion import SIDE
from tools import explorer_photos, explorer_products

IntArray = NDArray[np.int64]
FOLDER = ROOT / "book" / "_static" / "explorer"
SHARD = 256  # products in one file of neighbours
NONE = 65535
DAY = "made"  # the one entry that may differ when nothing else has changed


# --- packing ----------------------------------------------------------------------------------


def pack(numbers: IntArray, kind: str = "<u2") -> str:
    """Whole numbers as base64 of little-endian bytes, row by row.

    Raises
    ------
    ValueError : a number that the kind cannot hold.

    >>> pack(np.array([[1, 258]]))
    'AQACAQ=='
    """
    highest = np.iinfo(kind).max
    if numbers.size and not 0 <= numbers.min() <= numbers.max() <= highest:
        raise ValueError(f"{numbers.min()}..{numbers.max()} does not fit into 0..{highest}")
    return base64.b64encode(numbers.astype(kind).tobytes()).decode("ascii")


def unpack(packed: str, columns: int = 1, kind: str = "<u2") -> IntArray:
    """The numbers of `pack`, in rows of so many columns.

    >>> unpack("AQACAQ==", 2).tolist()
    [[1, 258]]
    """
    numbers = np.frombuffer(base64.b64decode(packed, validate=True), dtype=kind)
    return numbers.astype(np.int64).reshape(-1, columns)


def pack_lists(lists: IntArray) -> str:
    """Lists of neighbours, with -1 for none."""
    return pack(np.where(lists < 0, NONE, lists))


def call(name: str, *content: Any) -> str:
    """The text of a script that hands `content` to the page's function of that name.

    >>> call("photos", {"side": 28})
    'alikeExplorer.photos({"side":28});\\n'
    """
    told = ",".join(json.dumps(part, separators=(",", ":")) for part in content)
    return f"alikeExplorer.{name}({told});\n"


def read_call(path: Path, name: str) -> list[Any]:
    """What the script at `path` hands over.

    Raises
    ------
    ValueError : the file is missing, cut short or of another kind.
    """
    script = path.read_text(encoding="ascii") if path.exists() else ""
    begin, end = f"alikeExplorer.{name}(", ");\n"
    if not (script.startswith(begin) and script.endswith(end)):
        raise ValueError(f"{path.name} is missing, cut short or no call of {name}: make explorer")
    return list(json.loads(f"[{script[len(begin) : -len(end)]}]"))


def save(path: Path, content: bytes) -> None:
    """Write to a temporary name, then move."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".tmp")
    beside.write_bytes(content)
    os.replace(beside, path)


def with_old_day(path: Path, name: str, content: dict[str, Any]) -> dict[str, Any]:
    """Keep the day of the file that is there if nothing else in it would change."""
    try:
        (old,) = read_call(path, name)
    except ValueError:
        return content
    return content | {DAY: old[DAY]} if old == content | {DAY: old.get(DAY)} else content


# --- what is counted about lists --------------------------------------------------------------


def mean_overlap(a: IntArray, b: IntArray) -> float:
    """The share of the places of each list of `a` whose neighbour is anywhere in `b`'s list.

    >>> mean_overlap(np.array([[1, 2], [0, -1]]), np.array([[2, 3], [2, 1]]))
    0.25
    """
    shared = (a[:, :, None] == b[:, None, :]) & (a[:, :, None] >= 0)
    return float(shared.any(axis=2).mean())


def overlaps(lists: dict[str, IntArray]) -> list[list[float]]:
    """`mean_overlap` of each pair of methods, in four digits."""
    return [[round(mean_overlap(a, b), 4) for b in lists.values()] for a in lists.values()]


def share_of_mates(lists: IntArray, labels: IntArray) -> float:
    """Neighbours with the label of the asked, over the smaller of ten and the mates there are.

    The mean over those with a mate: type precision@10 of the task `substitutes`.

    >>> share_of_mates(np.array([[1, 2], [0, 2], [0, 1]]), np.array([5, 5, 7]))
    1.0
    """
    mates = np.bincount(labels)[labels] - 1
    same = ((labels[lists] == labels[:, None]) & (lists >= 0)).sum(axis=1)
    asked = mates > 0
    return float((same[asked] / np.minimum(mates[asked], lists.shape[1])).mean())


def codes_of(frame: pd.DataFrame, levels: list[str]) -> tuple[list[str], IntArray]:
    """What the last of the columns says in plain words, once for each distinct row; and the places.

    Two departments may use one word: they get two places.

    >>> codes_of(pd.DataFrame({"d": ["B", "A", "B"], "c": ["FRZN"] * 3}), ["d", "c"])
    (['frozen', 'frozen'], array([1, 0, 1]))
    """
    place = frame.groupby(levels).ngroup().to_numpy()
    words = frame.groupby(levels)[levels[-1]].first()
    return [text.expand(word.lower()) for word in words], place


# --- the files --------------------------------------------------------------------------------


def products_call(found: explorer_products.Products) -> dict[str, Any]:
    """What products.js hands over."""
    frame = found.frame
    departments, department = codes_of(frame, ["department"])
    categories, category = codes_of(frame, ["department", "category"])
    types, kind = codes_of(frame, ["department", "category", "type"])
    lists = found.neighbours
    return {
        "count": len(frame),
        "shardSize": SHARD,
        "methods": described(explorer_products.METHODS),
        "relations": explorer_products.RELATIONS,
        "departments": departments,
        "department": pack(department, "u1"),
        "categories": categories,
        "category": pack(category),
        "types": types,
        "type": pack(kind),
        "names": "\n".join(found.names),
        "ids": "\n".join(frame["product"].astype(str)),
        "buyers": pack(found.buyers),
        "weeks": "–".join(map(str, found.weeks)),
        DAY: datetime.date.today().isoformat(),
        "overlap": overlaps(lists),
        "sameType": [round(share_of_mates(each, kind), 4) for each in lists.values()],
        "medianBuyers": [float(np.median(found.buyers[each])) for each in lists.values()],
    }


def described(methods: Any) -> list[dict[str, str]]:
    """What the page tells about each method."""
    return [{key: getattr(m, key) for key in ("key", "name", "chapter", "note")} for m in methods]


def neighbours_call(found: explorer_products.Products, shard: int) -> dict[str, Any]:
    """What neighbours-<shard>.js hands over."""
    rows = slice(shard * SHARD, (shard + 1) * SHARD)
    return {
        "methods": {key: pack_lists(lists[rows]) for key, lists in found.neighbours.items()},
        "substitutes": pack_lists(found.substitutes[rows]),
        "complements": pack_lists(found.complements[rows]),
    }


def photos_call(found: explorer_photos.Photos) -> dict[str, Any]:
    """What photos.js hands over."""
    labels = found.kind.astype(np.int64)
    return {
        "count": len(labels),
        "side": SIDE,
        "columns": explorer_photos.COLUMNS,
        "sprite": explorer_photos.SPRITE,
        "kinds": list(found.kinds),
        "kind": pack(labels, "u1"),
        "methods": described(explorer_photos.METHODS),
        "neighbours": {key: pack_lists(lists) for key, lists in found.neighbours.items()},
        "overlap": overlaps(found.neighbours),
        "sameKind": [round(share_of_mates(each, labels), 4) for each in found.neighbours.values()],
    }


def write_products() -> None:
    """products.js and the neighbours in shards."""
    found = explorer_products.find(lambda name: told(f"products: {name}"))
    for shard in range(-(-len(found.frame) // SHARD)):
        script = call("neighbours", shard, neighbours_call(found, shard))
        save(FOLDER / f"neighbours-{shard}.js", script.encode("ascii"))
    content = with_old_day(FOLDER / "products.js", "products", products_call(found))
    save(FOLDER / "products.js", call("products", content).encode("ascii"))


def write_photos() -> None:
    """photos.js and the sprite."""
    found = explorer_photos.find(lambda name: told(f"photographs: {name}"))
    save(FOLDER / explorer_photos.SPRITE, found.sprite)
    save(FOLDER / "photos.js", call("photos", photos_call(found)).encode("ascii"))


def written() -> list[Path]:
    """The data files in the folder, which holds the page's own scripts, too."""
    patterns = ("products.js", "neighbours-*.js", "photos.*")
    return sorted(path for pattern in patterns for path in FOLDER.glob(pattern))


def told(what: str) -> None:
    """A line on the terminal."""
    print(f"{time.perf_counter() - BEGAN:5.0f} s  {what}", flush=True)


def main() -> None:
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    torch.set_num_threads(1)
    before = time.time()
    with threadpool_limits(1):  # sums in one order, so that a second run gives the same bytes
        write_products()
        write_photos()
    for path in written():
        if path.stat().st_mtime < before:  # of an earlier run: more shards, another sprite
            path.unlink()
    size = sum(path.stat().st_size for path in written())
    told(f"{size / 1e6:.1f} MB in {FOLDER.relative_to(ROOT)}")


BEGAN = time.perf_counter()

if __name__ == "__main__":
    main()

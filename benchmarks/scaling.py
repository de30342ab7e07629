"""Measure how the cost of each family grows; write data/scaling.csv.

    python benchmarks/scaling.py               (half an hour on one core)
    python benchmarks/scaling.py EASE LightGCN (only these; their old lines are replaced)

Two questions, each with the other side held still: what more interactions cost (households drawn
with replacement as new households, and for each its baskets with replacement, so that rows are no
copies), and what a larger catalogue costs (products merged at random into coarser ones, or split
at random into finer ones; the lines stay).  Every point runs in a process of its own with one
thread: CPU seconds of the fit, the memory that the fit adds at its peak, and the milliseconds of
one household's (or basket's) list and of one product's neighbours.  A point that the two before
it say would take more than LIMIT_SECONDS or LIMIT_MB is not run, one that takes longer is ended,
and both say so.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy counts the cores
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
import pandas as pd
import psutil
from scipy import sparse

from helpers import data
from helpers.data import Interactions
from helpers.similarity import cooccurrence, lift, top_k_scores

TARGET = ROOT / "data" / "scaling.csv"
SCALES = (1 / 16, 1 / 4, 1, 4, 16)  # of the book's interactions
CATALOGUES = (1 / 4, 1 / 2, 1, 2)  # of the book's products
LIMIT_SECONDS, LIMIT_MB = 150, 12_000
GRAPH_BATCH = 16_384  # triples; each batch passes messages over the whole graph
STARTING = 30  # seconds that a process may take to import, resample and compile
SHORT = 4.0  # seconds; a shorter fit is measured three times and the least counts
COLUMNS = (
    "family", "neural", "reads", "lines_scale", "items_scale", "num_rows", "num_items", "lines",
    "cpu_seconds", "memory_mb", "list_ms", "neighbours_ms", "status", "machine", "date",
)  # fmt: skip

Fit = Callable[[Interactions, Any], Any]


def popularity(log: Interactions, _: Any) -> Any:
    from helpers.models.baselines import Popularity

    return Popularity().fit(log)


def item_cosine(log: Interactions, _: Any) -> Any:
    from helpers.models.behaviour import ItemKNN, two_dials

    return ItemKNN(lambda X: two_dials(cooccurrence(X), 0.5, 0.5), neighbours=100).fit(log)


def item_lift(log: Interactions, _: Any) -> Any:
    from helpers.models.behaviour import ItemKNN

    return ItemKNN(lambda X: lift(cooccurrence(X), X.shape[0], 10.0), neighbours=100).fit(log)


def content_knn(log: Interactions, attributes: Any) -> Any:
    from helpers.models.content import ContentKNN

    return ContentKNN(attributes, power=8, average=True).fit(log)


def svd(log: Interactions, _: Any) -> Any:
    from helpers.models.factors import SVD

    return SVD(256, power=0.5).fit(log)


def als(log: Interactions, _: Any) -> Any:
    from helpers.models.factors import ALS

    return ALS(32).fit(log)


def bpr(log: Interactions, _: Any) -> Any:
    from helpers.models.factors import BPR

    return BPR(32, epochs=10).fit(log)


def ease(log: Interactions, _: Any) -> Any:
    from helpers.models.factors import EASE

    return EASE(100.0).fit(log)


class Vectors:
    """A table of item vectors; a basket is the sum of what it holds."""

    def __init__(self, vectors: Any, outer: Any) -> None:
        self.item_vectors, self.outer = vectors, outer

    def complete(self, baskets: Any) -> Any:
        return (baskets @ self.item_vectors) @ self.outer.T

    def similar(self, items: Any, k: int) -> Any:
        from helpers.models.factors import nearest_vectors

        return nearest_vectors(self.item_vectors, items, k)


def item2vec(log: Interactions, _: Any) -> Any:
    from helpers.models.vectors import noise_shares, pair_table, sgns_slope, train_table

    table = pair_table(log.matrix, power=0.5)
    noise = noise_shares(table.sum(axis=0), 0.5)
    U, V, _, _ = train_table(table, sgns_slope(table, noise, 5), 128, epochs=1)
    return Vectors(U.numpy(), V.numpy())


def two_towers(log: Interactions, _: Any) -> Any:
    from helpers.models.towers import TwoTowerModel

    return TwoTowerModel(epochs=1).fit(log)


def autoencoder(log: Interactions, _: Any) -> Any:
    from helpers.models.autoencoders import MultDAE

    return MultDAE(epochs=1).fit(log)


def transformer(log: Interactions, _: Any) -> Any:
    from helpers.models.transformers import BasketTransformer

    return BasketTransformer(epochs=1).fit(log)


def lightgcn(log: Interactions, _: Any) -> Any:
    import torch

    from helpers.models import graphs

    X, rng = log.matrix.sorted_indices(), np.random.default_rng(0)
    network = graphs.LightGCN(graphs.normalised(graphs.two_sided(X)), X.shape[0], 64, 2)
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    triples = [torch.from_numpy(t.astype(np.int64)) for t in graphs.draw_triples(X, rng)]
    for batch in zip(*(t.split(GRAPH_BATCH) for t in triples), strict=True):
        adam.zero_grad()
        graphs.triple_loss(network, *batch, decay=1e-4).backward()
        adam.step()
    with torch.no_grad():
        users, items = network()
    return GraphVectors(users.numpy(), items.numpy())


class GraphVectors:
    """A vector for each household and product; the score is their dot product."""

    def __init__(self, user_vectors: Any, item_vectors: Any) -> None:
        self.user_vectors, self.item_vectors = user_vectors, item_vectors

    def scores(self, users: Any) -> Any:
        return self.user_vectors[users] @ self.item_vectors.T

    def similar(self, items: Any, k: int) -> Any:
        from helpers.models.factors import nearest_vectors

        return nearest_vectors(self.item_vectors, items, k)


# name: (what it reads, has a network, how it learns)
FAMILIES: dict[str, tuple[str, bool, Fit]] = {
    "Popularity": ("households", False, popularity),
    "Content kNN": ("households", False, content_knn),
    "Item cosine": ("baskets", False, item_cosine),
    "Lift": ("baskets", False, item_lift),
    "SVD": ("baskets", False, svd),
    "ALS": ("households", False, als),
    "BPR": ("households", False, bpr),
    "EASE": ("baskets", False, ease),
    "Item2vec, an epoch": ("baskets", True, item2vec),
    "Two towers, an epoch": ("households", True, two_towers),
    "Mult-DAE, an epoch": ("households", True, autoencoder),
    "Transformer, an epoch": ("baskets", True, transformer),
    "LightGCN, an epoch": ("households", True, lightgcn),
}


# --- the data of a point -----------------------------------------------------------------------


def book_lines() -> tuple[dict[str, Any], sparse.csr_array]:
    """Household, basket and item of each training line (weeks 1-46), and product attributes."""
    source = data.part(data.load_groceries(), "test")
    events = source.train_baskets.events
    owner = source.train.events.drop_duplicates("basket").set_index("basket")["user"]
    basket = events["user"].to_numpy()
    household = owner.loc[source.train_baskets.users].to_numpy()  # of each basket
    lines = {"basket": basket, "item": events["item"].to_numpy(), "household": household}
    return lines, attributes_of(source.catalogue)


def attributes_of(catalogue: Any) -> sparse.csr_array:
    """(num_items, words): a one for each attribute that a product has."""
    columns = ["department", "category", "type", "brand", "manufacturer", "size"]
    frame = catalogue.frame[columns]
    words = [pd.get_dummies(frame[c].astype(str)).to_numpy(np.float32) for c in frame]
    return sparse.csr_array(np.hstack(words))


def resample(
    basket: Any, item: Any, household: Any, scale: float, seed: int = 0
) -> tuple[Any, Any, Any]:
    """Draw scale times as many households, each with as many baskets, all with replacement.

    Parameters
    ----------
    basket, item : (num_lines,) the basket of each line (its number) and its product.
    household : (num_baskets,) the household of each basket.

    Returns
    -------
    basket, item, household : the same three for the drawn ones, with new numbers.

    >>> b, i, h = resample(np.array([0, 0, 1]), np.array([5, 6, 7]), np.array([0, 1]), 2)
    >>> len(h), set(i.tolist()) <= {5, 6, 7}
    (4, True)
    """
    rng = np.random.default_rng(seed)
    by_home = np.argsort(household, kind="stable")
    many = np.bincount(household)
    first = np.concatenate([[0], np.cumsum(many)[:-1]])
    homes = rng.choice(np.flatnonzero(many), max(round(scale * (many > 0).sum()), 2))
    new_home = np.repeat(np.arange(len(homes)), many[homes])
    old = homes[new_home]
    drawn = by_home[first[old] + np.floor(rng.random(len(old)) * many[old]).astype(np.int64)]
    by_basket = np.argsort(basket, kind="stable")
    size = np.bincount(basket, minlength=len(household))
    begin = np.concatenate([[0], np.cumsum(size)[:-1]])
    new_basket = np.repeat(np.arange(len(drawn)), size[drawn])
    place = np.arange(len(new_basket)) - np.repeat(
        np.cumsum(size[drawn]) - size[drawn], size[drawn]
    )
    return new_basket, item[by_basket[begin[drawn][new_basket] + place]], new_home


def other_catalogue(item: Any, num_items: int, scale: float, seed: int = 0) -> tuple[Any, int]:
    """Merge products at random (scale < 1) or let each line pick one of `scale` finer ones.

    >>> other_catalogue(np.array([0, 1, 2, 3]), 4, 0.5)[1], other_catalogue(np.array([0]), 4, 2)[1]
    (2, 8)
    """
    rng = np.random.default_rng(seed)
    if scale > 1:
        return item + num_items * rng.integers(int(scale), size=len(item)), int(scale) * num_items
    fewer = round(scale * num_items)
    return rng.permutation(num_items)[item] % fewer, fewer


def make_log(rows: Any, item: Any, num_rows: int, num_items: int) -> Interactions:
    """Interactions straight from numbers: the frame's checks are not what is measured."""
    ones = np.ones(len(rows), dtype=np.float32)
    matrix = sparse.csr_array((ones, (rows, item)), shape=(num_rows, num_items))
    matrix.sum_duplicates()
    return Interactions(matrix, np.arange(num_rows), np.arange(num_items), pd.DataFrame())


# --- one point ---------------------------------------------------------------------------------


def peak_mb(reset: bool = False) -> float:
    """The largest memory of this process, in MB, since the last reset (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def least(call: Callable[[], Any], times: int) -> float:
    """CPU milliseconds of the quickest of some calls."""
    found = []
    for _ in range(times):
        start = time.process_time()
        call()
        found.append(1000 * (time.process_time() - start))
    return min(found)


def measure_point(family: str, lines_scale: float, items_scale: float, source: Path) -> None:
    """Fit one family once (three times where it is short) and print what it cost, as JSON."""
    import torch

    torch.set_num_threads(1)
    stored = np.load(source)
    book_items = int(stored["num_items"])
    basket, item, household = (stored[name] for name in ("basket", "item", "household"))
    if lines_scale != 1:
        basket, item, household = resample(basket, item, household, lines_scale)
    attributes = sparse.load_npz(source.with_name("attributes.npz"))
    if items_scale != 1:
        item, num_items = other_catalogue(item, book_items, items_scale)
        attributes = attributes[np.arange(num_items) % book_items]
    else:
        num_items = book_items
    reads, neural, fit = FAMILIES[family]
    rows = basket if reads == "baskets" else household[basket]
    num_rows = len(household) if reads == "baskets" else int(household.max()) + 1
    log = make_log(rows, item, num_rows, num_items)
    lines = len(item)
    del basket, item, household, rows, stored
    some = np.arange(2048)
    small = make_log(some // 8, some * 7 % 160, 256, 160)
    fit(small, attributes[:160])  # compile and import before the clock runs
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what was freed before must not hide what the fit takes
    before = peak_mb(reset=True)
    start = time.process_time()
    model = fit(log, attributes)
    seconds = [time.process_time() - start]
    memory = peak_mb() - before
    while seconds[0] < SHORT and len(seconds) < 3:
        start = time.process_time()
        fit(log, attributes)
        seconds.append(time.process_time() - start)
    one = log.matrix[[7]]

    def one_list() -> Any:
        known = model.complete(one) if hasattr(model, "complete") else model.scores(np.array([7]))
        return top_k_scores(np.ascontiguousarray(known), 20)

    answer = {
        "family": family, "neural": neural, "reads": reads, "lines_scale": lines_scale,
        "items_scale": items_scale, "num_rows": num_rows, "num_items": num_items, "lines": lines,
        "cpu_seconds": round(min(seconds), 4), "memory_mb": round(memory, 1),
        "list_ms": round(least(one_list, 40), 3),
        "neighbours_ms": round(least(lambda: model.similar(np.array([7]), 20), 40), 3),
        "status": "measured",
    }  # fmt: skip
    print("POINT " + json.dumps(answer))


# --- all points --------------------------------------------------------------------------------


def cpu_seconds(pid: int) -> float:
    """What a process has used so far; 0 when it is gone."""
    try:
        used = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(used.user + used.system)


def run_point(family: str, lines_scale: float, items_scale: float, source: Path) -> dict[str, Any]:
    """Start a fresh process for one point; a process that fails says why in `status`."""
    command = [sys.executable, __file__, "--point", family, str(lines_scale), str(items_scale)]
    started = subprocess.Popen(
        ["nice", "-n", "10", *command, str(source)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while started.poll() is None:
        if cpu_seconds(started.pid) > LIMIT_SECONDS + STARTING:  # foreseen too low
            started.kill()
            started.communicate()
            return skipped(family, lines_scale, items_scale, "too long")
        time.sleep(0.5)
    said, complained = started.communicate()
    found = [line for line in said.splitlines() if line.startswith("POINT ")]
    if found:
        return dict(json.loads(found[-1].removeprefix("POINT ")))
    print(complained[-600:], flush=True)
    return skipped(family, lines_scale, items_scale, "failed")


def skipped(family: str, lines_scale: float, items_scale: float, why: str) -> dict[str, Any]:
    reads, neural, _ = FAMILIES[family]
    return {
        "family": family, "neural": neural, "reads": reads, "lines_scale": lines_scale,
        "items_scale": items_scale, "status": why,
    }  # fmt: skip


def foreseen(points: list[dict[str, Any]], scale: float, axis: str) -> str:
    """Why the next point is not run, from the last two that were; "" when it may run."""
    if len(points) < 2:
        return ""
    old, new = points[-2:]
    for column, limit, why in (
        ("cpu_seconds", LIMIT_SECONDS, "too long"),
        ("memory_mb", LIMIT_MB, "too big"),
    ):
        power = np.log(max(new[column], 0.01) / max(old[column], 0.01)) / np.log(
            new[axis] / old[axis]
        )
        if new[column] * (scale / new[axis]) ** max(power, 0) > limit:
            return why
    return ""


def measure_family(family: str, source: Path) -> list[dict[str, Any]]:
    """All points of one family, smallest first."""
    lines = []
    for axis, scales in (("lines_scale", SCALES), ("items_scale", CATALOGUES)):
        measured: list[dict[str, Any]] = []
        for scale in scales:
            known = [p for p in lines if p["lines_scale"] == p["items_scale"] == 1]
            pair = (scale, 1.0) if axis == "lines_scale" else (1.0, scale)
            if scale == 1 and axis == "items_scale" and known:
                measured += [p for p in known if p["status"] == "measured"]
                continue
            why = foreseen(measured, scale, axis)
            point = skipped(family, *pair, why) if why else run_point(family, *pair, source)
            if point["status"] == "measured":
                measured.append(point)
            shown = [point.get(key) for key in ("cpu_seconds", "memory_mb", "list_ms", "status")]
            print(family, *pair, *shown, flush=True)
            lines.append(point)
    return lines


def machine() -> str:
    """The processor, in words that name no host."""
    try:
        text = Path("/proc/cpuinfo").read_text()
        return text.split("model name")[1].split(":")[1].splitlines()[0].strip()
    except (OSError, IndexError):
        return platform.machine()


def main(names: list[str]) -> None:
    chosen = names or list(FAMILIES)
    with tempfile.TemporaryDirectory(prefix="alike-scaling-") as folder:
        source = Path(folder) / "lines.npz"
        lines, attributes = book_lines()
        np.savez(source, num_items=attributes.shape[0], **lines)
        sparse.save_npz(source.with_name("attributes.npz"), attributes)
        for family in chosen:
            found = pd.DataFrame(measure_family(family, source), columns=list(COLUMNS))
            found["machine"] = machine()
            found["date"] = datetime.now(UTC).strftime("%Y-%m-%d")
            if TARGET.exists():
                old = pd.read_csv(TARGET)
                found = pd.concat([old[old["family"] != family], found])
            for column in ("num_rows", "num_items", "lines"):
                found[column] = found[column].astype("Int64")
            found.to_csv(TARGET, index=False)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--point"]:
        measure_point(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))
    else:
        main(sys.argv[1:])

"""Measure how good each family is when it has seen less; write data/density.csv.

    python benchmarks/density.py       (about five minutes on one core)

Training baskets of weeks 1-40 are kept at random, all products staying in the catalogue; the
question is `complete_basket` of weeks 41-46.  Settings are the chapters', the same at every share.
One line a family and share: how many lines a product has on average, and HR@20 with its interval.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import numpy as np
import pandas as pd
import scaling

from helpers import data, stats, tasks
from helpers.models.baselines import Random

TARGET = ROOT / "data" / "density.csv"
SHARES = (1 / 256, 1 / 64, 1 / 16, 1 / 4, 1)
EPOCHS = 5  # of item2vec


def item2vec(log: Any, _: Any) -> Any:
    """Chapter 24's: damped pairs, ratios instead of logarithms, a loud product in hand."""
    from helpers.models.behaviour import ItemKNN
    from helpers.models.vectors import noise_shares, pair_table, sgns_slope, train_table

    table = pair_table(log.matrix, 0.5)
    noise = noise_shares(np.bincount(log.matrix.indices, minlength=log.num_items), 0.5)
    U, V, _, _ = train_table(table, sgns_slope(table, noise, 5), 128, epochs=EPOCHS)
    ratios = np.exp(np.minimum(U.numpy() @ V.numpy().T, 15))
    heard = ratios * (table.sum(axis=1)[:, None] ** 0.25).astype(np.float32)
    return ItemKNN(lambda X: heard).fit(log)


def families() -> dict[str, scaling.Fit]:
    """Each family with its chapter's settings: from interactions and attributes to a model."""
    from helpers.models.content import ContentKNN
    from helpers.models.factors import EASE, SVD

    return {
        "Chance": lambda log, _: Random().fit(log),
        "Popularity": scaling.popularity,
        "Content kNN": lambda log, rows: ContentKNN(rows, power=8, average=True).fit(log),
        "Item cosine": scaling.item_cosine,
        "SVD": lambda log, _: SVD(256, power=0.5).fit(log),
        "EASE": lambda log, _: EASE(100.0).fit(log),
        "Item2vec": item2vec,
    }


def main() -> None:
    valid = data.part(data.load_groceries(), "valid")
    attributes = scaling.attributes_of(valid.catalogue)
    log, lines = valid.train_baskets, []
    order = np.random.default_rng(0).permutation(log.num_users)
    for share in SHARES:
        kept = np.zeros(log.num_users, dtype=bool)
        kept[order[: round(share * log.num_users)]] = True
        few = log.select(kept[log.events["user"].to_numpy()])
        few = replace(few, matrix=few.matrix[np.flatnonzero(kept)], users=few.users[kept])
        for name, fit in families().items():
            scores = tasks.complete_basket(fit(few, attributes), valid)
            found = stats.bootstrap(scores.metrics["hr@20"], scores.groups)
            per_item = few.matrix.nnz / few.num_items
            lines.append([name, share, per_item, found.value, found.low, found.high, found.n])
            print(*lines[-1], flush=True)
    columns = ["family", "share", "per_item", "value", "low", "high", "n"]
    table = pd.DataFrame(lines, columns=columns).round(5)
    table.assign(protocol=scores.protocol).to_csv(TARGET, index=False)


if __name__ == "__main__":
    main()

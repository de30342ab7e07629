"""Train LightGCN as published on a published split, and hold it against the published table.

    python benchmarks/lightgcn.py path/to/gowalla
    python benchmarks/lightgcn.py path/to/gowalla --epochs 100 --layers 2

The folder holds ``train.txt`` and ``test.txt``, a line for each user: "user item item ...".  The
folder's name (gowalla, yelp2018, amazon-book) chooses the numbers of He et al. (2020), table 4, for
three layers.  They are for the best of the epochs that were looked at *on the test set*, as in the
authors' code; that flatters, and is done here only to compare like with like.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch

from helpers.data.adjacency_lists import load_lists
from helpers.models.graphs import LightGCN, normalised, train_triples, two_sided
from helpers.similarity import top_k_scores
from helpers.train import find_device

K = 20
PUBLISHED = {  # recall@20 and ndcg@20, three layers
    "gowalla": (0.1830, 0.1554),
    "yelp2018": (0.0649, 0.0530),
    "amazon-book": (0.0411, 0.0315),
}


def recall_and_ndcg(ranked: Any, truth: Any) -> tuple[float, float]:
    """Means over the users with a truth, by the authors' definitions.

    Recall divides by the number of true items, even above k; the ideal order of NDCG holds
    min(k, number of true items) ones.
    """
    asked = np.flatnonzero(np.diff(truth.indptr))
    hits = np.stack([truth[[user]].toarray()[0][ranked[user]] > 0 for user in asked])
    size, discount = np.diff(truth.indptr)[asked], 1 / np.log2(np.arange(2, hits.shape[1] + 2))
    ideal = np.cumsum(discount)[np.minimum(size, hits.shape[1]) - 1]
    return float(np.mean(hits.sum(axis=1) / size)), float(np.mean(hits @ discount / ideal))


def rank_all(network: LightGCN, train: Any, k: int = K) -> Any:
    """The k best items of each user among all that are not in training: (num_users, k)."""
    with torch.no_grad():
        P, Q = (side.cpu().numpy() for side in network())
    blocks = np.array_split(np.arange(len(P)), -(-len(P) // 512))
    return np.vstack([top_k_scores(P[b] @ Q.T, k, exclude=train[b])[0] for b in blocks])


def run(folder: Path, layers: int, epochs: int, every: int, seed: int = 0) -> tuple[float, float]:
    """Train with the published setting; print the metrics now and then, and return the best."""
    train, test = load_lists(folder)
    print(f"{train.shape[0]} users, {train.shape[1]} items, {train.nnz} + {test.nnz} edges")
    torch.manual_seed(seed)
    A = normalised(two_sided(train))
    network = LightGCN(A, train.shape[0], dim=64, layers=layers).to(find_device())
    best, k = (0.0, 0.0), min(K, train.shape[1])

    def validate() -> float:
        nonlocal best
        seen.append(1)
        if len(seen) % every and len(seen) < epochs:
            return float(len(seen))
        found = recall_and_ndcg(rank_all(network, train, k), test)
        best = max(best, found)
        print(f"epoch {len(seen)}: recall@{k} {found[0]:.4f}, ndcg@{k} {found[1]:.4f}", flush=True)
        return float(len(seen))

    seen: list[int] = []
    train_triples(
        network, train, epochs, rate=1e-3, batch=2048, decay=1e-4, seed=seed, validate=validate
    )
    return best


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--every", type=int, default=20, help="epochs between two looks")
    options = parser.parse_args()
    best = run(options.folder, options.layers, options.epochs, options.every)
    wanted = PUBLISHED.get(options.folder.resolve().name.lower())
    if wanted is None:
        return 0
    close = all(abs(a - b) <= 0.005 for a, b in zip(best, wanted, strict=True))
    print(f"best {best[0]:.4f} / {best[1]:.4f}, published {wanted[0]:.4f} / {wanted[1]:.4f}")
    print("within .005" if close else "NOT within .005")
    return 0 if close else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Chapter 12: right answers to its exercises, and the mistakes that people make."""

import math

import numpy as np

from helpers.metrics import gains_at_k, per_query, precision_at_k


def ndcg(hits, num_relevant, k):
    discount = 1 / np.log2(np.arange(2, k + 2))
    hits = np.pad(np.asarray(hits, dtype=float), (0, k))[:k]
    return float(hits @ discount / discount[: min(num_relevant, k)].sum())


def ndcg_of_returned(hits, num_relevant, k):
    discount = 1 / np.log2(np.arange(2, k + 2))
    hits = np.pad(np.asarray(hits, dtype=float), (0, k))[:k]
    return float(hits @ discount / (np.sort(hits)[::-1] @ discount))


def ndcg_uncapped(hits, num_relevant, k):
    discount = 1 / np.log2(np.arange(2, 100))
    return float(np.asarray(hits) @ discount[: len(hits)] / discount[:num_relevant].sum())


def r_precision(ranked, truth):
    gains, num_relevant, k = gains_at_k(ranked, truth)
    inside = np.arange(k) < num_relevant[:, None]
    return per_query(((gains > 0) & inside).sum(axis=1), num_relevant)


def zero_for_empty(ranked, truth):
    return np.nan_to_num(r_precision(ranked, truth))


RIGHT = {
    "ex_1": [1 / 2, 2 / 3, 1 / 2, 1 / 3],
    "ex_2": 8 / 15,
    "ex_3": ndcg,
    "ex_4": 2.8016 * 0.12 / math.sqrt(2100),
    "ex_5": r_precision,
    "ex_6": lambda place, num_items: 1 + 100 * (place - 1) / (num_items - 1),
}
WRONG = {
    "ex_1": [[1 / 2, 2 / 3, 1 / 2, 1 / 2], [1 / 2, 1 / 2, 1 / 2, 1 / 3], 0.5],
    "ex_2": [0.6, 1 - 0.8**3, "often"],
    "ex_3": [ndcg_of_returned, ndcg_uncapped, 0.5],
    "ex_4": [0.12 / math.sqrt(2100), 1.96 * 0.12 / math.sqrt(2100), 12],
    "ex_5": [zero_for_empty, lambda r, t: precision_at_k(r, t, 4), 0.5],
    "ex_6": [lambda r, n: 100 * r / n, lambda r, n: r * 101 / n, 7],
}

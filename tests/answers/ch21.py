"""Chapter 21: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np

from helpers.check import ch21 as check
from helpers.similarity import tfidf


def by_sums(X: Any) -> Any:
    X = np.asarray(X, dtype=float)
    return X * (np.log((1 + len(X)) / (1 + X.sum(axis=0))) + 1)


def unsmoothed(X: Any) -> Any:
    X = np.asarray(X, dtype=float)
    return X * (np.log(len(X) / (X > 0).sum(axis=0)) + 1)


def any_of(postings: Any, query: str) -> Any:
    return sorted({p for word in query.split() for p in postings.get(word, [])})


def known_only(postings: Any, query: str) -> Any:
    lists = [set(postings[word]) for word in query.split() if word in postings]
    return sorted(set.intersection(*lists))


def all_of(postings: Any, query: str) -> Any:
    return sorted(set.intersection(*[set(postings.get(word, [])) for word in query.split()]))


RIGHT = {
    "ex_1": 0.267,
    "ex_2": np.log(2) / 12,
    "ex_3": lambda X: tfidf(X).toarray(),
    "ex_4": all_of,
    "ex_5": [[9, 1, 1], [9, 0, 0], [1, 1, 1]],
    "ex_6": check.PRICE_ADDED,
}
WRONG = {
    "ex_1": [1 / 14, 1 / np.sqrt(10)],
    "ex_2": [np.inf, 0.2 * np.log(2)],
    "ex_3": [by_sums, unsmoothed],
    "ex_4": [any_of, known_only],
    "ex_5": [[[1, 1, 0], [1, 1, 0], [0, 1, 1]], [[9, 1, 1], [1, 1, 1], [9, 0, 0]]],
    "ex_6": [0.089, 0.0082],
}

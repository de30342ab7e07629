"""Chapter 23: right answers to its exercises, and the mistakes that people make."""

from typing import Any

import numpy as np

from helpers.check import ch23


def column_of(G: Any, j: int, lam: float) -> Any:
    others = np.delete(np.arange(len(G)), j)
    weights = np.zeros(len(G))
    weights[others] = np.linalg.solve(
        G[np.ix_(others, others)] + lam * np.eye(len(others)), G[others, j]
    )
    return weights


def without_the_place(G: Any, j: int, lam: float) -> Any:
    return np.delete(column_of(G, j, lam), j)


def with_itself(G: Any, j: int, lam: float) -> Any:
    return np.linalg.solve(G + lam * np.eye(len(G)), G[:, j])


def wrong_axis(G: Any, lam: float) -> Any:
    return ch23.weights(G, lam).T


def with_diagonal(G: Any, lam: float) -> Any:
    P = np.linalg.inv(G + lam * np.eye(len(G)))
    return -P / P.diagonal()


def in_lists(S: Any, k: int) -> Any:
    S = np.array(S, dtype=float)
    np.fill_diagonal(S, -np.inf)
    return np.bincount(np.argsort(-S, axis=1)[:, :k].ravel(), minlength=len(S))


def with_own(S: Any, k: int) -> Any:
    return np.bincount(np.argsort(-S, axis=1)[:, :k].ravel(), minlength=len(S))


def of_columns(S: Any, k: int) -> Any:
    return in_lists(S.T, k)


RIGHT = {
    "ex_1": (1 / 4, 1 / 3),
    "ex_2": column_of,
    "ex_3": ch23.weights,
    "ex_4": {"scores": False, "dot": True, "cosine": True},
    "ex_5": 18,
    "ex_6": in_lists,
}
WRONG = {
    "ex_1": [(1 / 3, 2 / 5), (1 / 4, 1 / 6)],
    "ex_2": [without_the_place, with_itself],
    "ex_3": [wrong_axis, with_diagonal],
    "ex_4": [
        {"scores": False, "dot": True, "cosine": False},
        {"scores": True, "dot": True, "cosine": True},
    ],
    "ex_5": [9, 0.9],
    "ex_6": [with_own, of_columns, lambda S, k: in_lists(S, 1)],
}

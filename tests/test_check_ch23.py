"""The checkers of chapter 23 take the solution, and refuse silence and typical mistakes."""

from typing import Any

import numpy as np
import pytest

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
    ch23.ex_1: (1 / 4, 1 / 3),
    ch23.ex_2: column_of,
    ch23.ex_3: ch23.weights,
    ch23.ex_4: {"scores": False, "dot": True, "cosine": True},
    ch23.ex_5: 18,
    ch23.ex_6: in_lists,
}
WRONG = [
    (ch23.ex_1, (1 / 3, 2 / 5)),
    (ch23.ex_1, (1 / 4, 1 / 6)),
    (ch23.ex_2, without_the_place),
    (ch23.ex_2, with_itself),
    (ch23.ex_3, wrong_axis),
    (ch23.ex_3, with_diagonal),
    (ch23.ex_4, {"scores": False, "dot": True, "cosine": False}),
    (ch23.ex_4, {"scores": True, "dot": True, "cosine": True}),
    (ch23.ex_5, 9),
    (ch23.ex_5, 0.9),
    (ch23.ex_6, with_own),
    (ch23.ex_6, of_columns),
    (ch23.ex_6, lambda S, k: in_lists(S, 1)),
]


@pytest.mark.parametrize("checker", RIGHT)
def test_the_solution_is_accepted(checker: Any) -> None:
    assert checker(RIGHT[checker])


@pytest.mark.parametrize("checker", RIGHT)
@pytest.mark.parametrize("nothing", [None, ...])
def test_silence_is_refused(checker: Any, nothing: Any) -> None:
    assert not checker(nothing)


@pytest.mark.parametrize(("checker", "answer"), WRONG)
def test_typical_mistakes_are_refused(checker: Any, answer: Any) -> None:
    assert not checker(answer)

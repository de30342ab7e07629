"""The checkers of chapter 22 take the solution, and refuse silence and typical mistakes."""

from typing import Any

import numpy as np
import pytest

from helpers.check import ch22


def dice(counts: Any) -> Any:
    times = counts.diagonal()
    return 2 * counts.toarray() / (times[:, None] + times)


def jaccard(counts: Any) -> Any:
    times = counts.diagonal()
    return counts.toarray() / (times[:, None] + times - counts.toarray())


def what_else(counts: Any) -> Any:
    table = counts.toarray() / counts.diagonal()[:, None]
    np.fill_diagonal(table, 0)
    return table


def wrong_axis(counts: Any) -> Any:
    table = counts.toarray() / counts.diagonal()
    np.fill_diagonal(table, 0)
    return table


def with_itself(counts: Any) -> Any:
    return counts.toarray() / counts.diagonal()[:, None]


def votes(X: Any, owner: Any) -> Any:
    groups = [X[owner == name] for name in np.unique(owner)]
    return sum((group.T @ group > 0).astype(int) for group in groups)


def households(X: Any, owner: Any) -> Any:
    held = np.array([X[owner == name].max(axis=0) for name in np.unique(owner)])
    return held.T @ held


RIGHT = {
    ch22.ex_1: (1.0, 1.2),
    ch22.ex_2: dice,
    ch22.ex_3: what_else,
    ch22.ex_4: {"dot": True, "cosine": False, "jaccard": False},
    ch22.ex_5: votes,
    ch22.ex_6: np.log(2) / 10,
}
WRONG = [
    (ch22.ex_1, (1.0, 1.25)),
    (ch22.ex_1, (1.0, 1.0)),
    (ch22.ex_2, jaccard),
    (ch22.ex_2, lambda counts: dice(counts) / 2),
    (ch22.ex_3, wrong_axis),
    (ch22.ex_3, with_itself),
    (ch22.ex_4, {"dot": True, "cosine": True, "jaccard": False}),
    (ch22.ex_4, {"dot": True, "cosine": False, "jaccard": True}),
    (ch22.ex_5, households),
    (ch22.ex_5, lambda X, owner: X.T @ X),
    (ch22.ex_6, 0.05),
    (ch22.ex_6, np.exp(-0.5)),
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

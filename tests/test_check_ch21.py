"""The checkers of chapter 21 take the solution, wait for an answer, and refuse typical mistakes."""

from typing import Any

import numpy as np
import pytest

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
    1: 0.267,
    2: np.log(2) / 12,
    3: lambda X: tfidf(X).toarray(),
    4: all_of,
    5: [[9, 1, 1], [9, 0, 0], [1, 1, 1]],
    6: check.PRICE_ADDED,
}
WRONG = {
    1: [1 / 14, 1 / np.sqrt(10)],
    2: [np.inf, 0.2 * np.log(2)],
    3: [by_sums, unsmoothed],
    4: [any_of, known_only],
    5: [[[1, 1, 0], [1, 1, 0], [0, 1, 1]], [[9, 1, 1], [1, 1, 1], [9, 0, 0]]],
    6: [0.089, 0.0082],
}


@pytest.mark.parametrize("number", RIGHT)
def test_solution_is_accepted(number: int) -> None:
    assert getattr(check, f"ex_{number}")(RIGHT[number])


@pytest.mark.parametrize("number", RIGHT)
def test_no_answer_is_kindly_refused(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert not getattr(check, f"ex_{number}")(None)
    assert "nothing to check yet" in capsys.readouterr().out


@pytest.mark.parametrize("number, place", [(n, i) for n in WRONG for i in (0, 1)])
def test_typical_mistake_gets_a_hint(
    number: int, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not getattr(check, f"ex_{number}")(WRONG[number][place])
    assert "hint" in capsys.readouterr().out

"""The checkers of chapter 12 accept the solution, and neither silence nor the usual mistakes."""

import math

import numpy as np
import pytest

from helpers.check import ch12
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


@pytest.mark.parametrize("name", RIGHT)
def test_the_solution_is_accepted(name, capsys):
    assert getattr(ch12, name)(RIGHT[name])
    assert capsys.readouterr().out.startswith("✓")


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("nothing", [None, ...])
def test_silence_is_no_answer(name, nothing, capsys):
    assert not getattr(ch12, name)(nothing)
    assert "nothing to check yet" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "wrong"), [(n, w) for n, ws in WRONG.items() for w in ws])
def test_the_usual_mistakes_get_a_hint(name, wrong, capsys):
    assert not getattr(ch12, name)(wrong)
    assert "hint" in capsys.readouterr().out

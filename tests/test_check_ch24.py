"""The checkers of chapter 24 take the solution, and refuse silence and typical mistakes."""

from typing import Any

import numpy as np
import pytest

from helpers.check import ch24


def slope(x: Any, c: float, q: float) -> Any:
    return (c + q) / (1 + np.exp(-x)) - c


def soft(x: Any) -> Any:
    return np.logaddexp(0, x)


def loss(u: Any, v: Any, noise: Any, k: float) -> Any:
    return soft(-(u * v).sum(1)).mean() + k * soft(u @ noise.T).mean()


def solve(vectors: Any, a: int, b: int, c: int, leave_out: bool = True) -> int:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    score = unit @ (unit[b] - unit[a] + unit[c])
    if leave_out:
        score[[a, b, c]] = -np.inf
    return int(np.argmax(score))


RIGHT = {
    ch24.ex_1: float(np.log(2.4)),
    ch24.ex_2: -float(np.log(2)),
    ch24.ex_3: slope,
    ch24.ex_4: loss,
    ch24.ex_5: (380 / 418, 20 * 19**0.5 / (20 * 19**0.5 + 38)),
    ch24.ex_6: solve,
}
WRONG = [
    (ch24.ex_1, 2.4),
    (ch24.ex_1, float(np.log(4))),
    (ch24.ex_2, float(np.log(2))),
    (ch24.ex_2, 0.0),
    (ch24.ex_3, lambda x, c, q: -slope(x, c, q)),
    (ch24.ex_3, lambda x, c, q: slope(x, q, c)),
    (ch24.ex_4, lambda u, v, n, k: soft(-(u * v).sum(1)).mean() + k * soft(-u @ n.T).mean()),
    (ch24.ex_4, lambda u, v, n, k: soft(-(u * v).sum(1)).mean() + soft(u @ n.T).mean()),
    (ch24.ex_5, (400 / 476, 0.5)),
    (ch24.ex_5, (380 / 418, 380 / 418)),
    (ch24.ex_6, lambda v, a, b, c: solve(v, a, b, c, leave_out=False)),
    (ch24.ex_6, lambda v, a, b, c: c),
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

"""Answers of chapter 12: measuring."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from helpers.check import close, exercise, say
from helpers.stats import queries_needed


@exercise
def ex_1(answer: Any) -> bool:
    """Four metrics of the ranking 4, 2, 7, 1 when 1, 2 and 9 are relevant."""
    if np.shape(answer) != (4,):
        return say(False, "give four numbers: precision@4, recall@4, reciprocal rank, AP")
    right = [1 / 2, 2 / 3, 1 / 2, 1 / 3]
    hints = (
        "precision@4: two of the four places hold a relevant product",
        "recall@4: divide by all three relevant products, product 9 included",
        "reciprocal rank: at which place does the first hit stand?",
        "average precision: precision at places 2 and 4, divided by all three relevant products",
    )
    wrong = [h for a, r, h in zip(answer, right, hints, strict=True) if not close(a, r, 1e-3)]
    return say(not wrong, wrong[0] if wrong else "")


@exercise
def ex_2(answer: Any) -> bool:
    """Chance of a hit: two relevant of ten, three drawn."""
    if close(answer, 0.6, 1e-3):
        return say(False, "3 · 2/10 is the expected number of hits; two hits at once count once")
    if close(answer, 1 - 0.8**3, 1e-3):
        return say(False, "the three products are different: after one miss only nine are left")
    hint = "first work out the chance that all three places miss: 8/10 times …"
    return say(close(answer, 8 / 15, 1e-3), hint)


@exercise
def ex_3(answer: Callable[..., float]) -> bool:
    """NDCG whose ideal comes from the truth."""
    if not callable(answer):
        return say(False, "give the function itself: answer = ndcg")
    second = 1 / np.log2(3)
    if close(answer([1, 0, 0], 3, 3), 1.0):
        return say(False, "one of three was found and it still scores 1: what is `ideal` made of?")
    if not close(answer([1, 0, 0], 3, 3), 1 / (1 + second + 0.5)):
        return say(False, "the best list has a hit at each of the first num_relevant places")
    hint = "five relevant products do not fit into two places: cap the ideal list at k"
    return say(close(answer([0, 1], 5, 2), second / (1 + second)), hint)


@exercise
def ex_4(answer: Any) -> bool:
    """The smallest difference that 2,100 households show, sd 0.12."""
    if not 0 < float(answer) < 1:
        return say(False, "a difference in a score between 0 and 1, so a number between 0 and 1")
    n = queries_needed(0.12, float(answer))
    hint = f"for a difference of {answer:.4g}, queries_needed asks for {n:,}; you have 2,100"
    return say(abs(n - 2100) <= 25, hint)


@exercise
def ex_5(answer: Callable[..., Any]) -> bool:
    """Precision at R, for each query its own R."""
    if not callable(answer):
        return say(False, "give the function itself: answer = r_precision")
    ranked = np.array([[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]])
    truth = sparse.csr_array([[1.0, 0, 0, 1], [0, 0, 0, 0], [0, 2.0, 0, 0]])
    found = np.asarray(answer(ranked, truth), dtype=float)
    if found.shape != (3,):
        return say(False, f"one number for each of the 3 queries, not shape {found.shape}")
    if not np.isnan(found[1]):
        return say(False, "a query without truth has no score: nan")
    if not close(found[0], 0.5):
        return say(False, "R = 2: only places 1 and 2 count, whatever stands behind them")
    return say(close(found[2], 0.0), "R = 1 and place 1 is wrong: 0; a gain of 2 is still one hit")


@exercise
def ex_6(answer: Callable[..., float]) -> bool:
    """Expected place among 100 sampled rivals."""
    if not callable(answer):
        return say(False, "give a function of (place, num_items)")
    if not close(answer(1, 5000), 1.0):
        return say(False, "nobody is ahead of the product at place 1: its expected place is 1")
    if not close(answer(101, 101), 101.0):
        return say(False, "with 101 products all others are drawn: last stays last, place 101")
    hint = "each better product is drawn with chance 100 / (N - 1), and there are r - 1 of them"
    return say(close(answer(501, 8001), 1 + 100 * 500 / 8000), hint)

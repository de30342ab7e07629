"""Checkers of chapter 24, item vectors."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: float) -> bool:
    """in · out from milk to saffron at the optimum, k = 1, noise by baskets."""
    if close(answer, 2.4, 1e-2):
        return say(False, "that is the ratio; the dot product is its logarithm")
    if close(answer, np.log(1 / 3 * 12), 1e-2):
        return say(False, "P(saffron | milk) counts partners, not baskets: milk has 5 partners")
    return say(
        close(answer, np.log(2.4), 1e-2), "ln of (1/5) over (1/12): partners of milk, baskets"
    )


@exercise
def ex_2(answer: float) -> bool:
    """How much gensim's in · out moves when k goes from 5 to 10."""
    if close(answer, np.log(2), 1e-3):
        return say(False, "more noise pairs make every pair look less true: mind the sign")
    return say(close(answer, -np.log(2), 1e-3), "the optimum there is ln ratio - ln k")


@exercise
def ex_3(answer: Callable[[Any, float, float], Any]) -> bool:
    """The derivative of c softplus(-x) + q softplus(x)."""
    x = np.array([-2.0, 0.0, 1.5])
    right = 5.0 / (1 + np.exp(-x)) - 3.0
    found = answer(x, 3.0, 2.0)
    if close(found, -right):
        return say(False, "that is the way down; the derivative points uphill")
    return say(close(found, right), "softplus'(x) is sigmoid(x), and softplus'(-x) brings a minus")


@exercise
def ex_4(answer: Callable[[Any, Any, Any, float], Any]) -> bool:
    """The mended loss: noise must be pushed away, and averaged."""
    rng = np.random.default_rng(0)
    u, v, noise = rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(4, 2))
    soft = np.logaddexp
    right = soft(0, -(u * v).sum(1)).mean() + 5 * soft(0, u @ noise.T).mean()
    found = answer(u, v, noise, 5.0)
    if close(found, soft(0, -(u * v).sum(1)).mean() + 5 * soft(0, -u @ noise.T).mean()):
        return say(False, "noise is still pulled closer: a high score of noise must cost")
    if close(found, soft(0, -(u * v).sum(1)).mean() + soft(0, u @ noise.T).mean()):
        return say(False, "k is lost: noise weighs k times as much as a true pair")
    return say(close(found, right), "mean of softplus(-true) + k times mean of softplus(noise)")


@exercise
def ex_5(answer: tuple[float, float]) -> bool:
    """Share of all ordered pairs that one basket of 20 has beside 19 of 2; power 1 and 1/2."""
    full, damped = 380 / (380 + 38), 20 * 19**0.5 / (20 * 19**0.5 + 38)
    if close(answer[0], 20 * 20 / (20 * 20 + 19 * 4), 1e-3):
        return say(False, "a product is no partner of itself: n (n - 1) pairs")
    return say(
        close(answer, (full, damped), 1e-3),
        "each of n products has (n - 1) ** power partners: 20 * 19 beside 19 * 2, then the root",
    )


@exercise
def ex_6(answer: Callable[[Any, int, int, int], int]) -> bool:
    """b - a + c by cosine, the three given products left out."""
    vectors = np.array([[1, 0.1], [1, 1], [2, 0.3], [1, 0.5], [2, 3], [-1, 0]])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = int(answer(vectors, 0, 1, 2))
    score = unit @ (unit[1] - unit[0] + unit[2])
    if found == int(np.argmax(score)) and found in (0, 1, 2):
        return say(False, "the answer is one of the three given products: leave those out")
    score[[0, 1, 2]] = -np.inf
    return say(
        found == int(np.argmax(score)), "unit vectors, b - a + c, then the best of the rest"
    )

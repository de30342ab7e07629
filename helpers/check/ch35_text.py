"""Checkers of chapter 35, second half: Transformer, words (exercises 35.8 to 35.14)."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from helpers.check import close, exercise, say


@exercise
def ex_8(answer: list[str]) -> bool:
    """The longest pieces from the left of "bagels"."""
    if list(answer) == ["ba", "##gels"]:
        return say(False, "fewer letters left over is not the rule: the longest first piece wins")
    if list(answer) == ["bag", "els"]:
        return say(False, "a piece inside a word is written with ## in front")
    return say(list(answer) == ["bag", "##els"], "take the longest piece that opens the word")


@exercise
def ex_9(answer: tuple[str, str]) -> bool:
    """Places (1, 8) against (3, 3): A wins at k = 2, B at k = 60."""
    if tuple(answer) == ("B", "A"):
        return say(False, "a small k makes the first place count most; who has a first place?")
    return say(tuple(answer) == ("A", "B"), "compare 1/(k+1) + 1/(k+8) with 2/(k+3)")


@exercise
def ex_10(answer: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """Mean pooling that leaves the padding out."""
    states = torch.arange(12.0).reshape(2, 3, 2)
    real = torch.tensor([[True, True, False], [True, True, True]])
    found = answer(states, real)
    if close(found, states.mean(dim=1)):
        return say(False, "that still counts the padding")
    if close(found, (states * real[:, :, None]).mean(dim=1)):
        return say(False, "the sum is right, the number to divide by is not")
    return say(close(found, [[1.0, 2.0], [8.0, 9.0]]), "sum the real places, divide by how many")


@exercise
def ex_11(answer: Callable[..., float]) -> bool:
    """What one word adds to a text's BM25 score."""
    asked = [(1, 2, 4 / 3, 1, 3), (3, 10, 5, 4, 100)]
    found = [answer(*each) for each in asked]

    def term(count: int, length: float, mean: float, holders: int, texts: int, one: int) -> float:
        rare = np.log(one + (texts - holders + 0.5) / (holders + 0.5))
        return float(rare * count / (count + 1.5 * (0.25 + 0.75 * length / mean)))

    if close(found, [term(*each, one=0) for each in asked]):
        return say(False, "Lucene adds one inside the logarithm, so that it is never negative")
    if close(found, [2.5 * term(*each, one=1) for each in asked]):
        return say(False, "our formula has no k1 + 1 above the line")
    return say(close(found, [term(*each, one=1) for each in asked]), "rarity times saturation")


@exercise
def ex_12(answer: int) -> bool:
    """LoRA of rank 4 on four maps of six layers of width 384."""
    if close(answer, 36864):
        return say(False, "both halves count: one matrix down, one up")
    if close(answer, 3538944):
        return say(False, "those are the frozen weights")
    return say(close(answer, 73728), "layers * maps * (384 * 4 + 4 * 384)")


@exercise
def ex_13(answer: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """Attention shares in which padding gets nothing."""
    scores = torch.tensor([[1.0, 2.0, 3.0]])
    real = torch.tensor([[True, True, False]])
    found = answer(scores, real)
    right = torch.tensor([[1.0, 2.0]]).softmax(dim=1)
    if close(found, (scores * real).softmax(dim=1)):
        return say(False, "a score of zero is no refusal: e to the power of zero is one")
    if close(found, scores.softmax(dim=1) * real):
        return say(False, "now the shares no longer add up to one")
    return say(
        close(found[:, :2], right) and close(found[:, 2], [0.0]), "before the softmax: -inf"
    )


@exercise
def ex_14(answer: float) -> bool:
    """Seconds for 1,000 texts of 12 pieces, 7e9 weights, 1e11 operations a second."""
    if close(answer, 840, 1):
        return say(False, "a weight costs two operations: a product and a sum")
    if close(answer, 140, 1):
        return say(False, "that is for 1,000 pieces; each text has twelve")
    return say(close(answer, 1680, 1), "2 * weights * pieces / operations a second")

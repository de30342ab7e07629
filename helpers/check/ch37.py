"""Checkers of chapter 37, Fusion."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: float) -> bool:
    """The factor of a price gap of three that adds as much as two different kinds."""
    if close(answer, 2 / 9):
        return say(False, "the factor is squared, too: take the root")
    if close(answer, 1 / 3):
        return say(False, "two different kinds add one for each of their two columns")
    return say(close(answer, 2**0.5 / 3), "set (3 c) squared equal to what the kinds add")


@exercise
def ex_2(answer: float) -> bool:
    """Logs -1, -4, -2, trusted with 0, ln 2, ln 5."""
    if close(answer, -19):
        return say(False, "the shares have to add up to one")
    if close(answer, -(4 * np.log(2) + 2 * np.log(5)), 1e-3):
        return say(False, "trust becomes shares by a softmax")
    return say(close(answer, -2.375), "shares are e to the trust, divided by their sum")


@exercise
def ex_3(answer: Callable[..., Any]) -> bool:
    """Joined rows whose dot products are cosine plus w times cosine."""
    a, b = np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([[1.0, 0.0, 0.0], [3.0, 4.0, 0.0]])
    rows = np.asarray(answer(a, b, 4.0))
    if rows.ndim != 2 or len(rows) != 2:
        return say(False, "give one joined row for each row")
    found = float(rows[0] @ rows[1])
    if close(found, 0.8 + 16 * 0.6):
        return say(False, "both sides carry the weight: take its root")
    if close(found, float(a[0] @ a[1] + 4 * b[0] @ b[1])):
        return say(False, "those are dot products; rows of length one make cosines")
    return say(close(found, 0.8 + 4 * 0.6), "length one, then the root of the weight")


@exercise
def ex_4(answer: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """The loss that asks along rows and along columns."""
    a = torch.tensor([[1.0, 0.0], [1.0, 0.2], [0.3, 1.0]])
    b = torch.tensor([[0.5, 1.0], [1.0, 0.1], [-1.0, 1.0]])
    scores, own = normalize(a) @ normalize(b).T / 0.1, torch.arange(3)
    rows, columns = cross_entropy(scores, own), cross_entropy(scores.T, own)
    found = answer(a, b)
    if close(found, rows, 1e-4) or close(found, columns, 1e-4):
        return say(False, "that is one direction only")
    if close(found, rows + columns, 1e-4):
        return say(False, "both directions are there; the mean is half of their sum")
    return say(close(found, (rows + columns) / 2, 1e-4), "transpose the scores for the way back")


@exercise
def ex_5(answer: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """Shares of the sources that are there."""
    trust = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    here = torch.tensor([[True, True, False], [True, False, True]])
    found = answer(trust, here)
    if close(found, trust.softmax(dim=-1) * here, 1e-5):
        return say(False, "the shares of the others do not add up to one")
    if close(found, (trust * here).softmax(dim=-1), 1e-5):
        return say(False, "trust of zero is no refusal: e to the power of zero is one")
    right = trust.masked_fill(~here, -torch.inf).softmax(dim=-1)
    return say(close(found, right, 1e-5), "before the softmax: minus infinity")


@exercise
def ex_6(answer: tuple[float, float]) -> bool:
    """Four pairs with equal cosines; then two of them of one kind."""
    first, second = answer
    if close([first, second], [np.log(4), np.log(3)]):
        return say(False, "only the two of a kind lose a rival; the others still have three")
    if close([first, second], [2 * np.log(4), np.log(3) + np.log(4)]):
        return say(False, "the loss is the mean of both directions, not their sum")
    right = [np.log(4), (np.log(3) + np.log(4)) / 2]
    return say(close([first, second], right), "with equal scores a choice among n costs ln n")


@exercise
def ex_7(answer: float) -> bool:
    """NDCG@20 of the fused ridge on the other cold shelf, half-life of ten weeks."""
    if close(answer, 0.0926, 0.0005):
        return say(False, "that is a half-life of forty weeks")
    return say(close(answer, 0.0902, 0.0015), "fused_scores(shelf, histories(shelf, 10.0))")

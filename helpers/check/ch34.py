"""Checkers of chapter 34, sequences."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: float) -> bool:
    """P(jam | tea): of three steps from a basket with tea, two lead to one with jam."""
    if close(answer, 1 / 2, 1e-3):
        return say(False, "divide by the steps from a basket with tea, not by what they lead to")
    if close(answer, 1 / 3, 1e-3):
        return say(False, "jam in the same basket does not count; it must lie in the next one")
    return say(close(answer, 2 / 3, 1e-3), "three steps start with tea; how many end with jam?")


@exercise
def ex_2(answer: float) -> bool:
    """The next state: 1/4 of the proposal 4/5 and 3/4 of the old 2/5."""
    if close(answer, 7 / 10, 1e-3):
        return say(False, "the gate keeps the old state; the proposal gets what is left")
    if close(answer, 11 / 10, 1e-3):
        return say(False, "that adds the whole proposal; a GRU mixes, an LSTM's memory adds")
    return say(close(answer, 1 / 2, 1e-3), "(1 - keep) * proposal + keep * old")


@exercise
def ex_3(answer: Callable[[Any, float], Any]) -> bool:
    """The fading sum of baskets, one recurrence."""
    baskets, keep = np.array([[1.0, 0, 0], [1, 1, 0], [0, 0, 1]]), 0.5
    right, found = np.array([0.75, 0.5, 1.0]), answer(baskets, keep)
    if close(found, right / 2):
        return say(False, "the last basket must count whole: fade the old state alone")
    if close(found, [1.25, 0.5, 0.25]):
        return say(False, "the other way round: the oldest basket has faded most")
    return say(close(found, right), "for each basket: state = keep * state + basket")


@exercise
def ex_4(answer: Callable[[Any, Any], Any]) -> bool:
    """The state after the last real step of each padded row."""
    padded = np.arange(24.0).reshape(3, 4, 2)
    lengths = np.array([4, 1, 2])
    found = answer(padded, lengths)
    if close(found, padded[:, -1]):
        return say(False, "that still reads the padding of the short rows")
    if close(found, padded[np.arange(3), lengths % 4]):
        return say(False, "one too far: a row of length 1 ends at place 0")
    return say(close(found, padded[np.arange(3), lengths - 1]), "row n ends at lengths[n] - 1")


@exercise
def ex_5(answer: tuple[int, int]) -> bool:
    """Weights of torch's GRU and LSTM with 64 inputs and 64 numbers in the state."""
    gru, lstm = answer
    if close((gru, lstm), (24768, 33024)):
        return say(False, "torch has two shifts for each gate: one beside W, one beside U")
    if close((gru, lstm), (33280, 24960)):
        return say(False, "the other way round: the LSTM has four sets, the GRU three")
    return say(close((gru, lstm), (24960, 33280)), "sets * (64 * 64 + 64 * 64 + 64 + 64)")


@exercise
def ex_6(answer: int) -> bool:
    """The first whole number of steps after which 0.95 ** steps is below one half."""
    if close(answer, 13):
        return say(False, "0.95 ** 13 is still 0.513")
    if close(answer, 10):
        return say(False, "keeping is multiplied, not subtracted: 0.95 ** 10 is 0.599")
    return say(close(answer, 14), "ln(1/2) / ln(0.95), rounded up")


@exercise
def ex_7(answer: int) -> bool:
    """The last week that the features of the ranker's own lesson may use, before the test."""
    if close(answer, 46):
        return say(False, "weeks 41 to 46 are what it must predict in its lesson")
    if close(answer, 53):
        return say(False, "those are the test weeks")
    return say(close(answer, 40), "it trains on 1-46 and keeps six weeks to learn from")

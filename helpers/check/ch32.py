"""Checkers of chapter 32, autoencoders, and of its TensorFlow twin (from ex_7 on)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.check import close, exercise, say


@exercise
def ex_1(answer: float) -> bool:
    """Weight of milk for itself with p = 2/3: (1 - 2a)² + 2 * 2a² is least."""
    if close(answer, 1 / 3, 1e-3):
        return say(False, "that is the answer for p = 1/2; now p / (1 - p) = 2")
    if close(answer, 1 / 2, 1e-3):
        return say(False, "without noise one half would do; the noise adds p / (1 - p) (a² + b²)")
    return say(close(answer, 1 / 4, 1e-3), "minimise (1 - 2a)² + 2 (a² + a²)")


@exercise
def ex_2(answer: float) -> bool:
    """KL divergence of N(1, variance 4) from the standard normal."""
    if close(answer, (1 + 2 - np.log(2) - 1) / 2, 1e-3):
        return say(False, "the formula takes the variance, 4, not the standard deviation")
    if close(answer, 4 - np.log(4), 1e-3):
        return say(False, "one half is missing")
    return say(close(answer, (4 - np.log(4)) / 2, 1e-3), "(1 + 4 - ln 4 - 1) / 2")


@exercise
def ex_3(answer: Callable[[Any, Any], Any]) -> bool:
    """The multinomial log-likelihood of rows, without the constant."""
    logits = np.array([[1.0, 0.0, -1.0], [0.0, 2.0, 0.0]])
    held = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right, found = (held * np.log(share)).sum(axis=1), answer(logits, held)
    if close(found, -right):
        return say(False, "that is the loss; the log-likelihood is not above zero")
    if close(found, (held * share).sum(axis=1)):
        return say(False, "take the logarithm of the softmax")
    return say(close(found, right), "sum over products of held times log softmax, row by row")


@exercise
def ex_4(answer: Callable[[Any, Any, Any], Any]) -> bool:
    """The mended draw: mean + exp(log_variance / 2) * noise."""
    mean, log_variance = np.array([1.0, -2.0]), np.array([0.0, 2.0])
    noise = np.array([0.5, 1.0])
    found = answer(mean, log_variance, noise)
    if close(found, mean + np.exp(log_variance) * noise):
        return say(False, "exp(log_variance) is the variance; noise is scaled by its root")
    if close(found, mean + log_variance / 2 * noise):
        return say(False, "half the logarithm is still a logarithm: exponentiate it")
    return say(close(found, mean + np.exp(log_variance / 2) * noise), "mean + deviation * noise")


@exercise
def ex_5(answer: Callable[[Any, float], Any]) -> bool:
    """The weights of a full linear denoising autoencoder, all cells asked for."""
    X = np.array([[1.0, 1, 0], [1, 0, 1], [1, 1, 1], [0, 1, 0]])
    G = X.T @ X
    found = answer(X, 0.75)
    if close(found, np.linalg.solve(G + 0.75 * np.diag(np.diag(G)), G)):
        return say(False, "the penalty is p / (1 - p), not p")
    if close(found, np.linalg.solve(G + 3 * np.eye(3), G)):
        return say(False, "the penalty is charged by the diagonal of G: popular products pay more")
    right = np.linalg.solve(G + 3 * np.diag(np.diag(G)), G)
    return say(close(found, right), "(G + p / (1 - p) * diagonal of G)⁻¹ G")


@exercise
def ex_6(answer: tuple[float, float]) -> bool:
    """The extra of 100 drawn of 8,000 others; the share of the whole that is computed."""
    extra, share = answer
    if close(extra, 80, 1e-3):
        return say(False, "a logit is a logarithm: add ln 80")
    if close(extra, -np.log(80), 1e-3):
        return say(False, "each drawn product speaks for more than one: the extra is positive")
    return say(
        close(extra, np.log(80), 1e-3) and close(share, 354 / 8254, 1e-3),
        "ln(8000 / 100), and (254 + 100) of 8,254 columns",
    )


@exercise
def ex_7(answer: str) -> bool:
    """Which of the two stores a Dense kernel transposed."""
    word = answer.strip().lower()
    if word == "keras":
        return say(False, "a Keras kernel is (inputs, outputs): x @ kernel")
    return say(word == "torch", "torch's Linear holds (outputs, inputs) and computes x @ weight.T")


@exercise
def ex_8(answer: float) -> bool:
    """Adam's first step for a gradient of 0.001 at a rate of 0.01."""
    if close(answer, -0.00001, 1e-7):
        return say(False, "that is plain descent; Adam divides by the root of the mean square")
    if close(answer, 0.01, 1e-5):
        return say(False, "downhill: mind the sign")
    return say(close(answer, -0.01, 1e-5), "the first step of Adam is the rate, whatever the size")

"""Attention: the formula, heads, norms, positions, and the block made of them (chapter 35)."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

FloatArray = NDArray[np.floating[Any]]
BoolArray = NDArray[np.bool_]


# --- the formula -------------------------------------------------------------------------------


def softmax(scores: FloatArray) -> FloatArray:
    """Exponentials that add up to one along the last axis; minus infinity becomes zero.

    >>> softmax(np.log([[1.0, 3.0]]))
    array([[0.25, 0.75]])
    """
    grown = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def attend(
    Q: FloatArray, K: FloatArray, V: FloatArray, may: BoolArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Mix the rows of V: each query by the softmax of its scaled dot products with the keys.

    Parameters
    ----------
    Q : (..., n, d).   K : (..., m, d).   V : (..., m, dv).
    may : (..., n, m), whether a query may look at a key; every query needs one at least.

    Returns
    -------
    mixed : (..., n, dv).   weights : (..., n, m), rows that add up to one.

    References
    ----------
    Vaswani et al. (2017), "Attention is all you need", NeurIPS, equation 1.

    >>> X = np.array([[1.0, 0.0], [0.0, 1.0]]) * (2**0.5 * np.log(3)) ** 0.5
    >>> attend(X, X, np.eye(2))[1]  # the scores are ln 3 and 0
    array([[0.75, 0.25],
           [0.25, 0.75]])
    """
    scores = Q @ np.swapaxes(K, -1, -2) / np.sqrt(Q.shape[-1])
    weights = softmax(scores if may is None else np.where(may, scores, -np.inf))
    return np.asarray(weights @ V), weights


def attend_with_heads(
    X: FloatArray,
    W: FloatArray,
    b: FloatArray,
    Wo: FloatArray,
    bo: FloatArray,
    heads: int,
    may: BoolArray | None = None,
) -> FloatArray:
    """Self-attention in several heads, each in its own slice of the columns.

    Parameters
    ----------
    X : (n, d).   W, b : (3 d, d), (3 d,), for queries, keys and values, on top of each other.
    Wo, bo : (d, d), (d,), which mix the heads.   heads : must divide d.

    Source: Vaswani et al. (2017), section 3.2.2; the layout is that of nn.MultiheadAttention.

    >>> X, W = np.ones((2, 2)), np.vstack([np.eye(2)] * 3)
    >>> attend_with_heads(X, W, np.zeros(6), np.eye(2), np.zeros(2), heads=2)  # all alike
    array([[1., 1.],
           [1., 1.]])
    """
    n, d = X.shape
    Q, K, V = (X @ W.T + b).reshape(n, 3, heads, d // heads).transpose(1, 2, 0, 3)
    mixed = attend(Q, K, V, may)[0]  # (heads, n, d / heads)
    return np.asarray(mixed.transpose(1, 0, 2).reshape(n, d) @ Wo.T + bo)


def layer_norm(X: FloatArray, gain: Any = 1.0, shift: Any = 0.0, tiny: float = 1e-5) -> FloatArray:
    """Rows with mean 0 and spread 1, then a gain and a shift for each column.

    Source: Ba, Kiros & Hinton (2016), "Layer normalization", arXiv:1607.06450.

    >>> layer_norm(np.array([[1.0, 3.0]])).round(3)
    array([[-1.,  1.]])
    """
    spread = np.sqrt(X.var(axis=-1, keepdims=True) + tiny)
    return np.asarray((X - X.mean(axis=-1, keepdims=True)) / spread * gain + shift)


def sinusoids(steps: int, dim: int) -> FloatArray:
    """Positions as sines and cosines of slower and slower waves, (steps, dim), dim even.

    Source: Vaswani et al. (2017), section 3.5.

    >>> sinusoids(2, 4)[0]  # position 0: all sines 0, all cosines 1
    array([0., 1., 0., 1.])
    """
    wave = np.arange(steps)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    return np.stack([np.sin(wave), np.cos(wave)], axis=-1).reshape(steps, dim)


# --- the block ---------------------------------------------------------------------------------


class Attention(nn.Module):
    """Multi-head self-attention; the last weights are kept in `seen`, to be looked at.

    Parameters
    ----------
    dim : numbers in a row.   heads : must divide dim.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inside = nn.Linear(dim, 3 * dim)
        self.outside = nn.Linear(dim, dim)
        self.seen: Tensor

    def forward(self, x: Tensor, may: Tensor, askers: int | None = None) -> Tensor:
        """Mix rows (batch, n, dim); `may` says who looks at whom; only the first `askers` ask."""
        batch, n, dim = x.shape
        split = (batch, n, 3, self.heads, dim // self.heads)
        q, k, v = self.inside(x).view(split).permute(2, 0, 3, 1, 4)
        scores = q[:, :, :askers] @ k.transpose(2, 3) / math.sqrt(dim // self.heads)
        weights = torch.softmax(scores.masked_fill(~may[:, :, :askers], -torch.inf), dim=-1)
        self.seen = weights.detach()
        mixed: Tensor = self.outside((weights @ v).transpose(1, 2).reshape(batch, -1, dim))
        return mixed


class Block(nn.Module):
    """One layer of a Transformer: attention, then a small network row by row, each added on.

    Parameters
    ----------
    dim, heads : as in `Attention`.   drop : share of the numbers that rest while it learns.

    Source: Vaswani et al. (2017), with the norm before each part (Xiong et al., 2020, "On layer
    normalization in the Transformer architecture", ICML).
    """

    def __init__(self, dim: int, heads: int, drop: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(dim), nn.LayerNorm(dim)])
        self.attention = Attention(dim, heads)
        self.feed = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.drop = nn.Dropout(drop)

    def forward(self, x: Tensor, may: Tensor, askers: int | None = None) -> Tensor:
        mixed = self.attention(self.norms[0](x), may, askers)
        x = x[:, :askers] + self.drop(mixed)
        y: Tensor = x + self.drop(self.feed(self.norms[1](x)))
        return y

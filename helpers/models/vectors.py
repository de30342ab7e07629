"""Item vectors from baskets: skip-gram with negative sampling, and GloVe (chapter 24)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from helpers.train import progress

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Slope = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
    Vectors = tuple[Tensor, Tensor, Tensor, Tensor]

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


def pair_table(baskets: sparse.csr_array, power: float = 1.0) -> sparse.csr_array:
    """Count ordered pairs of different products, where a basket of n may say (n-1)**power words.

    With power 1 every pair of a basket counts one; with power 0 each product of a basket shares
    one vote among its n - 1 partners.  These are the expected numbers of `draw_pairs`.

    Parameters
    ----------
    baskets : csr (num_baskets, num_items); non-zero where the basket holds the product.

    Returns
    -------
    csr_array (num_items, num_items), symmetric, without a diagonal.

    >>> baskets = sparse.csr_array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]])
    >>> pair_table(baskets).toarray()[0]
    array([0., 2., 1., 1., 1.])
    >>> pair_table(baskets, power=0.5).toarray()[0]  # a basket of five: 4 ** -0.5 each
    array([0. , 1.5, 0.5, 0.5, 0.5])
    """
    held = sparse.csr_array(baskets != 0).astype(float)
    partners = np.maximum(np.diff(held.indptr) - 1.0, 1)
    table = sparse.csr_array(held.T @ sparse.diags_array(partners ** (power - 1)) @ held)
    table.setdiag(0)
    table.eliminate_zeros()
    return table


def draw_pairs(
    baskets: sparse.csr_array, rng: np.random.Generator, power: float = 1.0
) -> tuple[IntArray, IntArray]:
    """Let each product of each basket draw (n-1)**power partners from the same basket.

    A fractional number is rounded up or down at random, so that its mean is right.

    Returns
    -------
    centres, partners : (num_pairs,) columns, in random order.

    >>> centres, partners = draw_pairs(sparse.csr_array([[0, 1, 1]]), np.random.default_rng(0))
    >>> sorted(zip(centres.tolist(), partners.tolist()))
    [(1, 2), (2, 1)]
    """
    size = np.repeat(np.diff(baskets.indptr), np.diff(baskets.indptr))
    start = np.repeat(baskets.indptr[:-1], np.diff(baskets.indptr))
    wanted = np.where(size > 1, np.maximum(size - 1.0, 1) ** power, 0)
    line = np.repeat(np.arange(len(size)), np.floor(wanted + rng.random(len(size))).astype(int))
    step = 1 + np.floor(rng.random(len(line)) * (size[line] - 1)).astype(int)
    partner = start[line] + (line - start[line] + step) % size[line]
    order = rng.permutation(len(line))
    return baskets.indices[line[order]], baskets.indices[partner[order]]


def noise_shares(times: FloatArray, exponent: float) -> FloatArray:
    """How often each product is drawn as noise: proportional to its count to the exponent.

    >>> noise_shares(np.array([1.0, 4.0]), 0.5)
    array([0.33333333, 0.66666667])
    """
    share = np.asarray(times, dtype=float) ** exponent
    return share / share.sum()  # type: ignore[no-any-return]


def log_ratio(table: sparse.csr_array, noise: FloatArray) -> sparse.csr_array:
    """ln P(j | i) / noise_j of the pairs that were seen: what in · out learns.

    With noise in proportion to the pairs of each product this is PMI.

    Source: Levy & Goldberg (2014), equation 7, with the noise distribution left open.

    >>> table = sparse.csr_array([[0.0, 2.0], [2.0, 0.0]])
    >>> log_ratio(table, np.array([0.5, 0.5])).toarray().round(3)  # ln 2
    array([[0.   , 0.693],
           [0.693, 0.   ]])
    """
    pairs, each = table.tocoo(), table.sum(axis=1)
    value = np.log(pairs.data / (each[pairs.row] * noise[pairs.col]))
    return sparse.csr_array((value, (pairs.row, pairs.col)), shape=table.shape)


def sgns_loss(u: Tensor, v: Tensor, noise: Tensor, k: float) -> Tensor:
    """The loss of a batch: true pairs should score high, pairs with noise low.

    Parameters
    ----------
    u, v : (batch, dim) in-vectors of the centres, out-vectors of their partners.
    noise : (shared, dim) out-vectors of products drawn as noise, shared by the whole batch.
    k : how many noise pairs weigh against each true one.

    The score is u · v - ln k, so that vectors of zeros say "as often as noise".

    Source: Mikolov et al. (2013), equation 4; there without ln k, and with k new draws a pair.
    """
    from torch.nn.functional import softplus

    true, fake = (u * v).sum(1) - math.log(k), u @ noise.T - math.log(k)
    return softplus(-true).mean() + k * softplus(fake).mean()


def train_pairs(
    baskets: sparse.csr_array,
    noise: FloatArray,
    dim: int = 64,
    *,
    k: float = 5,
    shared: int = 64,
    epochs: int = 3,
    rate: float = 0.02,
    power: float = 1.0,
    batch: int = 8192,
    seed: int = 0,
    device: Any = "cpu",
) -> tuple[Tensor, Tensor]:
    """Learn in- and out-vectors from drawn pairs, batch by batch (`sgns_loss`, Adam)."""
    import torch
    from torch.nn.functional import embedding as look_up

    rng, dice = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    size, chance = (len(noise), dim), torch.tensor(noise)
    U, V = ((0.1 * torch.randn(size, generator=dice)).to(device) for _ in range(2))
    adam = torch.optim.Adam([U.requires_grad_(), V.requires_grad_()], lr=rate)
    fade = torch.optim.lr_scheduler.LinearLR(adam, 1, 0.1, total_iters=epochs)
    for _ in progress(range(epochs), epochs, "epoch"):
        centres, partners = (torch.tensor(side) for side in draw_pairs(baskets, rng, power))
        for i, j in zip(centres.split(batch), partners.split(batch), strict=True):  # type: ignore[no-untyped-call]
            drawn = torch.multinomial(chance, shared, replacement=True, generator=dice)
            u, v = look_up(i.to(device), U), look_up(j.to(device), V)
            loss = sgns_loss(u, v, look_up(drawn.to(device), V), k)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        fade.step()
    return U.detach(), V.detach()


def sgns_slope(table: sparse.csr_array, noise: FloatArray, k: float) -> Slope:
    """The gradient of the whole skip-gram loss at each cell of a table of pairs.

    A cell with count c, expected to be drawn q times as noise, and z = x - ln k has the loss
    c softplus(-z) + q softplus(z), whose derivative is (c + q) sigmoid(z) - c.
    """
    import torch

    each = torch.tensor(k * table.sum(axis=1), dtype=torch.float32)
    share = torch.tensor(noise, dtype=torch.float32)

    def slope(x: Tensor, count: Tensor, i: Tensor, j: Tensor) -> Tensor:
        expected = (each[i, None] * share[j]).to(x.device)
        true = torch.sigmoid(x - math.log(k))  # in place: a strip has millions of cells
        return true.mul_(expected.add_(count)).sub_(count)

    return slope


def glove_slope(cap: float) -> Slope:
    """The gradient of GloVe's loss at each cell: weight(count) (x - ln count).

    Source: Pennington, Socher & Manning (2014), equations 8 and 9: (count / cap) to 3/4,
    which is its root times the root of its root.
    """
    import torch

    def slope(x: Tensor, count: Tensor, i: Tensor, j: Tensor) -> Tensor:
        root = torch.clamp(count / cap, max=1).sqrt_()
        error = x - torch.log(torch.clamp(count, min=1e-9))
        return error.mul_(root).mul_(root.sqrt())

    return slope


def strips(num: int, side: int, dice: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut a square table into strips, by turns some rows of all columns and the reverse.

    >>> import torch
    >>> [(len(i), len(j)) for i, j in strips(5, 3, torch.Generator())]
    [(3, 5), (5, 3), (2, 5), (5, 2)]
    """
    import torch

    rows, columns = (torch.randperm(num, generator=dice).split(side) for _ in range(2))  # type: ignore[no-untyped-call]
    for some_rows, some_columns in zip(rows, columns, strict=True):
        yield some_rows, torch.arange(num)
        yield torch.arange(num), some_columns


def train_table(
    table: sparse.csr_array,
    slope: Slope,
    dim: int = 64,
    *,
    epochs: int = 6,
    rate: float = 0.03,
    side: int = 512,
    biased: bool = False,
    seed: int = 0,
    device: Any = "cpu",
) -> Vectors:
    """Fit x_ij = u_i · v_j (+ b_i + c_j) to all cells of a table, square by square.

    Parameters
    ----------
    table : csr (num_items, num_items) of pair counts.
    slope : gradient of the loss for each cell, from `sgns_slope` or `glove_slope`.
    biased : learn b and c; otherwise they stay zero.

    Returns
    -------
    U, V (num_items, dim), b, c (num_items,) on `device`.
    """
    import torch
    from torch.nn.functional import embedding as look_up

    dice, num = torch.Generator().manual_seed(seed), table.shape[0]
    counts = torch.from_numpy(table.astype(np.float32).toarray())
    U, V = ((0.1 * torch.randn(num, dim, generator=dice)).to(device) for _ in range(2))
    b, c = (torch.zeros((num, 1), device=device) for _ in range(2))
    learned = [p.requires_grad_() for p in (U, V, b, c)[: 4 if biased else 2]]
    adam = torch.optim.Adam(learned, lr=rate)
    fade = torch.optim.lr_scheduler.LinearLR(adam, 1, 0.02, total_iters=epochs)
    for _ in progress(range(epochs), epochs, "epoch"):
        for i, j in strips(num, side, dice):
            here, there = i.to(device), j.to(device)
            x = look_up(here, U) @ look_up(there, V).T
            if biased:
                x = x + look_up(here, b) + look_up(there, c).T
            count = (counts[i] if len(i) < num else counts[j].T).to(device)
            adam.zero_grad()
            x.backward(slope(x.detach(), count, i, j))  # type: ignore[no-untyped-call]
            adam.step()
        fade.step()
    return U.detach(), V.detach(), b.detach()[:, 0], c.detach()[:, 0]

"""Item vectors: the optimum, the gradients, gensim, the device, the seed."""

from typing import Any

import numpy as np
import pytest
import torch
from one_device import OneDevice
from scipy import sparse

from helpers.models import vectors

TOY = sparse.csr_array(
    np.array([[1, 1, 1, 1, 0], [1, 0, 1, 1, 0], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 1]])
)
NOISE = vectors.noise_shares(TOY.sum(axis=0), 1.0)


def test_drawn_pairs_have_the_counted_table_as_their_mean() -> None:
    baskets = sparse.csr_array(sparse.vstack([TOY] * 3000))
    for power in (1.0, 0.5):
        i, j = vectors.draw_pairs(baskets, np.random.default_rng(0), power)
        drawn = np.zeros((5, 5))
        np.add.at(drawn, (i, j), 1 / 3000)
        assert np.allclose(drawn, vectors.pair_table(TOY, power).toarray(), atol=0.06)
        assert np.trace(drawn) == 0


def test_the_whole_table_reaches_the_hand_formula() -> None:
    table = vectors.pair_table(TOY)
    U, V, _, _ = vectors.train_table(
        table, vectors.sgns_slope(table, NOISE, 2.0), 5, epochs=600, side=3
    )
    seen = table.toarray() > 0
    target = vectors.log_ratio(table, NOISE).toarray()
    assert target[2, 3] == pytest.approx(np.log(2.4))
    assert np.abs((U @ V.T).numpy() - target)[seen].max() < 0.01


def test_drawn_pairs_reach_it_within_their_own_noise() -> None:
    baskets = sparse.csr_array(sparse.vstack([TOY] * 400))
    U, V = vectors.train_pairs(baskets, NOISE, 5, k=1, shared=100, epochs=40, rate=0.05)
    table = vectors.pair_table(TOY)
    target = vectors.log_ratio(table, NOISE).toarray()
    assert np.abs((U @ V.T).numpy() - target)[table.toarray() > 0].max() < 0.25


def test_gradient_of_the_loss_against_finite_differences() -> None:
    dice = torch.Generator().manual_seed(0)
    inputs = [torch.randn(3, 4, generator=dice, dtype=torch.float64) for _ in range(3)]
    for tensor in inputs:
        tensor.requires_grad_()
    assert torch.autograd.gradcheck(lambda *x: vectors.sgns_loss(*x, 5.0), inputs)


def test_slope_of_a_cell_is_the_derivative_of_the_loss() -> None:
    table = vectors.pair_table(TOY)
    counts = torch.tensor(table.toarray())
    expected = torch.tensor(3.0 * table.sum(axis=1)[:, None] * NOISE)
    x = torch.randn(5, 5, dtype=torch.float64, requires_grad=True)
    soft, shift = torch.nn.functional.softplus, float(np.log(3))
    (counts * soft(shift - x) + expected * soft(x - shift)).sum().backward()
    all_of_it = torch.arange(5)
    slope = vectors.sgns_slope(table, NOISE, 3.0)(x.detach(), counts, all_of_it, all_of_it)
    assert torch.allclose(slope, x.grad, atol=1e-5)


def test_slope_of_glove_is_the_derivative_of_its_loss() -> None:
    counts = torch.tensor(vectors.pair_table(TOY).toarray())
    x = torch.randn(5, 5, dtype=torch.float64, requires_grad=True)
    weight = torch.clamp(counts / 2, max=1) ** 0.75
    (weight * (x - torch.log(counts.clamp(min=1e-9))) ** 2 / 2).sum().backward()
    slope = vectors.glove_slope(2.0)(x.detach(), counts, torch.arange(5), torch.arange(5))
    assert torch.allclose(slope, x.grad)
    assert (slope[counts == 0] == 0).all(), "pairs never seen teach GloVe nothing"


def test_glove_reaches_the_logarithm_of_the_counts() -> None:
    table = vectors.pair_table(TOY)
    found = vectors.train_table(
        table, vectors.glove_slope(1.0), 5, epochs=600, side=3, biased=True
    )
    U, V, b, c = (tensor.numpy() for tensor in found)
    seen = table.toarray() > 0
    assert np.abs(U @ V.T + b[:, None] + c - np.log(table.toarray() + ~seen))[seen].max() < 0.01


def one_step_of_gensim(before_in: Any, before_out: Any, rate: float) -> tuple[Any, Any]:
    """gensim sees one basket (a, b), and c as the only noise that can be drawn."""
    word2vec = pytest.importorskip("gensim.models").Word2Vec
    model = word2vec(
        [["a", "b"], ["c", "c"]], sg=1, window=9, shrink_windows=False, min_count=1, sample=0,
        workers=1, vector_size=4, negative=1, epochs=1, seed=1,
    )  # fmt: skip
    place = [model.wv.key_to_index[name] for name in "abc"]
    model.wv.vectors[place], model.syn1neg[place] = before_in, before_out
    model.cum_table = np.where(np.arange(3) >= place[2], 2**31 - 1, 0).astype(np.uint32)
    model.train([["a", "b"]], total_examples=1, epochs=1, start_alpha=rate, end_alpha=rate)
    return model.wv.vectors[place], model.syn1neg[place]


def test_one_step_is_the_step_of_gensim() -> None:
    before_in, before_out = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    ours_in, ours_out = torch.tensor(before_in), torch.tensor(before_out)
    for i, j in [(1, 0), (0, 1)]:
        U, V = ours_in.clone().requires_grad_(), ours_out.clone().requires_grad_()
        vectors.sgns_loss(U[[i]], V[[j]], V[[2]], 1).backward()
        ours_in, ours_out = ours_in - 0.1 * U.grad, ours_out - 0.1 * V.grad
    theirs_in, theirs_out = one_step_of_gensim(before_in, before_out, 0.1)
    step = np.abs(ours_in.numpy() - before_in).max()
    assert np.abs(ours_in.numpy() - theirs_in).max() < 0.01 * step
    assert np.abs(ours_out.numpy() - theirs_out).max() < 0.01 * step


def train_both(seed: int = 0, device: str = "cpu") -> list[Any]:
    table = vectors.pair_table(TOY)
    slope = vectors.sgns_slope(table, NOISE, 2.0)
    return [
        *vectors.train_pairs(TOY, NOISE, 3, epochs=2, seed=seed, device=device),
        *vectors.train_table(table, slope, 3, epochs=2, side=3, seed=seed, device=device),
        *vectors.train_table(
            table, vectors.glove_slope(1.0), 3, epochs=2, side=3, biased=True, device=device
        ),
    ]


def test_a_seed_fixes_everything_and_another_changes_it() -> None:
    first, second, other = train_both(), train_both(), train_both(seed=1)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], other[0])


def test_no_tensor_is_left_behind_on_another_device() -> None:
    """The meta device knows shapes only; it stands for a GPU that this machine lacks."""
    with OneDevice():
        found = train_both(device="meta")
    assert {tensor.device.type for tensor in found} == {"meta"}


def test_a_tensor_left_behind_would_be_noticed() -> None:
    here, there = torch.ones(2, 2), torch.ones(2, 2, device="meta")
    with OneDevice(), pytest.raises(RuntimeError, match="mixes"):
        here @ there

"""Fusion: joined blocks, kernels, ridge, gates, towers, and the pool of candidates."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics.pairwise import cosine_similarity
from torch.nn.functional import scaled_dot_product_attention

from helpers.models import fusion as f

DICE = np.random.default_rng(0)


# --- one vector


def test_joined_rows_multiply_to_the_weighted_sum_of_cosines() -> None:
    a, b = DICE.normal(size=(7, 4)), sparse.csr_array(abs(DICE.normal(size=(7, 3))))
    joined = f.join_blocks([a, b], [0.5, 2.0])
    wanted = 0.5 * cosine_similarity(a) + 2.0 * cosine_similarity(b.toarray())
    np.testing.assert_allclose(joined @ joined.T, wanted, atol=1e-6)


def test_a_block_without_weight_says_nothing() -> None:
    a, b = DICE.normal(size=(5, 4)), DICE.normal(size=(5, 3))
    joined = f.join_blocks([a, b], [1.0, 0.0])
    np.testing.assert_allclose(joined @ joined.T, cosine_similarity(a), atol=1e-6)


def test_the_unit_of_a_block_does_not_matter() -> None:
    a, b = DICE.normal(size=(5, 4)), DICE.normal(size=(5, 3))
    np.testing.assert_allclose(f.join_blocks([a, b], [1, 1]), f.join_blocks([a, 100 * b], [1, 1]))


def test_price_adds_the_discount_and_divides_by_the_pieces() -> None:
    lines = pd.DataFrame(
        {
            "product": [1, 1, 1, 2],
            "quantity": [1, 2, 1, 4],
            "sales_value": [2.0, 3.0, 9.0, 4.0],
            "retail_disc": [0.0, 1.0, 0.0, 0.0],
            "coupon_match_disc": [0.0, 0.0, 0.0, 4.0],
        }
    )
    np.testing.assert_allclose(f.shelf_price(lines, [2, 1]), [2.0, 2.0])
    assert np.isnan(f.shelf_price(lines, [3])).all()


# --- kernels


def test_the_kernel_is_positive_definite_and_falls_with_the_price_gap() -> None:
    everybody = np.arange(12)
    kernel = f.fused_kernel(DICE.normal(size=(12, 4)), DICE.normal(size=12))
    assert np.linalg.eigvalsh(kernel(everybody, everybody)).min() > -1e-5
    same = f.fused_kernel(np.ones((3, 2)), np.array([0.0, 1.0, 2.0]))(everybody[:1], everybody[:3])
    assert same[0, 0] == pytest.approx(1) and same[0, 0] > same[0, 1] > same[0, 2] > 0.5


@pytest.mark.parametrize("strength", [0.3, 1.0, 5.0])
def test_ridge_is_scikit_learns(strength: float) -> None:
    kernel = f.fused_kernel(DICE.normal(size=(9, 4)), DICE.normal(size=9))
    warm, cold, bought = np.arange(6), np.arange(6, 9), DICE.normal(size=(6, 2))
    theirs = KernelRidge(alpha=strength, kernel="precomputed").fit(kernel(warm, warm), bought)
    ours = bought.T @ f.kernel_ridge(kernel, np.arange(9).astype(str), warm, cold, strength)
    np.testing.assert_allclose(ours.T, theirs.predict(kernel(cold, warm)), atol=1e-4)


def test_twins_may_be_merged_without_changing_the_answer() -> None:
    rows = DICE.normal(size=(4, 3))[[0, 0, 1, 2, 3]]
    kernel, warm, cold = f.fused_kernel(rows, np.zeros(5)), np.arange(4), np.array([4])
    merged = f.kernel_ridge(kernel, np.array(list("aabcd")), warm, cold)
    apart = f.kernel_ridge(kernel, np.array(list("vwxyz")), warm, cold)
    np.testing.assert_allclose(merged, apart, atol=1e-5)


# --- the gate


def test_a_gate_is_attention_over_its_sources() -> None:
    torch.manual_seed(0)
    gate, logs, signals = f.GatedFusion(3, 2), torch.randn(5, 7, 3), torch.randn(5, 7, 2)
    state = torch.relu(gate.look(torch.cat([logs, signals], dim=-1)))
    keys, bias = gate.trust.weight.expand(5, 7, 3, 16), gate.trust.bias.expand(5, 7, 1, 3)
    mixed = scaled_dot_product_attention(state[:, :, None], keys, logs[..., None], bias, scale=1.0)
    wanted = mixed[..., 0, 0] + gate.add(state)[..., 0]
    assert torch.allclose(gate(logs, signals)[0], wanted, atol=1e-5)


def test_a_missing_source_gets_no_share_and_its_number_is_not_read() -> None:
    torch.manual_seed(0)
    gate, logs, signals = f.GatedFusion(3, 2), torch.randn(4, 6, 3), torch.randn(4, 6, 2)
    here = torch.tensor([True, False, True]).expand(4, 6, 3)
    scores, shares = gate(logs, signals, here)
    assert shares[..., 1].abs().max() == 0
    assert torch.allclose(shares.sum(dim=-1), torch.ones(4, 6))
    assert torch.equal(scores, gate(logs + 99 * ~here, signals, here)[0])


def test_a_learned_blank_stands_in_and_gets_a_gradient() -> None:
    torch.manual_seed(0)
    gate = f.GatedFusion(2, 1, blanks=True)
    logs, signals = torch.randn(3, 4, 2), torch.randn(3, 4, 1)
    here = torch.tensor([True, False])
    scores, shares = gate(logs, signals, here)
    assert shares.min() > 0
    scores.sum().backward()
    assert gate.blank.grad is not None
    assert gate.blank.grad[0] == 0 and gate.blank.grad[1] != 0


def planted(queries: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The signal says which of two sources is right about the wanted candidate."""
    dice = torch.Generator().manual_seed(seed)
    logs = torch.randn(queries, 8, 2, generator=dice)
    says = (torch.rand(queries, 1, 1, generator=dice) < 0.5).float().expand(queries, 8, 1)
    wanted = torch.where(says[:, 0, 0] > 0, logs[..., 0].argmax(dim=1), logs[..., 1].argmax(dim=1))
    return logs, says, wanted


def test_a_gate_learns_whom_to_trust() -> None:
    torch.manual_seed(0)
    gate = f.GatedFusion(2, 1)
    curve = f.train_gate(gate, *planted(1500, 0), epochs=60, rate=0.02)
    logs, says, wanted = planted(400, 1)
    hit = gate(logs, says)[0].argmax(dim=1) == wanted
    blind = gate(logs, torch.full_like(says, 0.5))[0].argmax(dim=1) == wanted
    assert curve[-1]["loss"] < curve[0]["loss"] / 2
    assert hit.float().mean() > 0.85 > blind.float().mean() + 0.1


def test_queries_without_an_answer_are_left_out_and_dropout_keeps_one_source() -> None:
    torch.manual_seed(0)
    logs, says, wanted = planted(256, 0)
    wanted[::2] = -1
    logs[::2] = torch.nan
    gate = f.GatedFusion(2, 1)
    curve = f.train_gate(gate, logs, says, wanted, epochs=2, drop=0.9)
    assert all(np.isfinite(row["loss"]) for row in curve)


# --- towers


def test_the_loss_is_the_formula() -> None:
    a, b = (torch.from_numpy(DICE.normal(size=(5, 3))) for _ in range(2))
    scores = cosine_similarity(a, b) / 0.1
    rows = np.diag(scores) - np.log(np.exp(scores).sum(axis=1))
    columns = np.diag(scores) - np.log(np.exp(scores).sum(axis=0))
    assert f.symmetric_loss(a, b).item() == pytest.approx(-(rows.mean() + columns.mean()) / 2)
    assert f.symmetric_loss(a, b).item() == pytest.approx(f.symmetric_loss(b, a).item())


def test_rows_of_one_kind_are_no_rivals() -> None:
    same = torch.ones(4, 2)
    kinds = torch.tensor([0, 0, 1, 2])
    wanted = (np.log(3) + np.log(4)) / 2
    assert f.symmetric_loss(same, same).item() == pytest.approx(np.log(4))
    assert f.symmetric_loss(same, same, kinds=kinds).item() == pytest.approx(wanted)


def test_towers_find_a_planted_map_and_not_a_shuffled_one() -> None:
    left = DICE.normal(size=(600, 8)).astype(np.float32)
    right = left @ DICE.normal(size=(8, 6)).astype(np.float32)
    found = {}
    for name, rows in (("paired", right), ("shuffled", DICE.permutation(right))):
        towers = f.align(left[:500], rows[:500], epochs=30, dim=6, drop=0.0, batch=50).eval()
        with torch.no_grad():
            a, b = towers(torch.from_numpy(left[500:]), torch.from_numpy(right[500:]))
        scores = cosine_similarity(a, b)
        found[name] = (scores.argmax(axis=1) == np.arange(100)).mean()
    assert found["paired"] > 0.7 and found["shuffled"] < 0.1


def test_the_same_seed_gives_the_same_towers() -> None:
    rows = DICE.normal(size=(40, 4)).astype(np.float32)
    one, two = (f.align(rows, rows, epochs=1, seed=3, dim=2, batch=10) for _ in range(2))
    assert torch.equal(one.left.weight, two.left.weight)


# --- the pool


def test_the_pool_answers_by_basket_and_in_any_order() -> None:
    held = sparse.csr_array(np.array([[1.0, 0, 0, 1], [0, 1, 0, 0]]))
    model = f.Pooled(held, np.array([[1, 2], [2, 0]]), np.array([[0.1, 0.9], [0.5, 0.6]]))
    table = model.complete(held[[1, 0]])
    assert np.argsort(-table, axis=1)[:, :2].tolist() == [[0, 2], [2, 1]]
    assert (table[0, [1, 3]] < -1e8).all()
    with pytest.raises(KeyError):
        model.complete(sparse.csr_array(np.array([[0.0, 0, 1, 0]])))

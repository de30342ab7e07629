"""Attention and Transformers: parity with torch, sets, masks, causality, memory, the device."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from one_device import OneDevice
from scipy import sparse
from torch import nn

from helpers import data
from helpers.data import Interactions
from helpers.models import attention as at
from helpers.models import transformers as tr
from helpers.models.autoencoders import multinomial_loss

ROOT = Path(__file__).resolve().parents[1]


def shop(baskets: int = 300, products: int = 40, seed: int = 0) -> Interactions:
    """Baskets of two to six products of one of five shelves, by ten households."""
    rng, lines = np.random.default_rng(seed), []
    for basket in range(baskets):
        shelf = rng.integers(5)
        for what in rng.choice(np.arange(products)[shelf::5], rng.integers(2, 7), replace=False):
            lines.append((basket, basket % 10, int(what), 1 + basket // 30))
    frame = pd.DataFrame(lines, columns=["basket", "who", "what", "week"])
    return Interactions.from_frame(frame, user="basket", item="what", time="week")


LOG = shop()
HISTORY = Interactions.from_frame(
    LOG.events.assign(who=LOG.events["user"] % 10), user="who", item="item", time="time"
)


def set_encoder(layers: int = 2, items: int = 30, dim: int = 16) -> tr.SetEncoder:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(items, dim))
    network = tr.SetEncoder(vectors, np.arange(items), layers=layers).eval()
    network.asker.data.normal_()
    return network


# --- the formula and the block -------------------------------------------------------------------


def pencil() -> Any:
    return np.sqrt(np.sqrt(2) * np.log(2)) * np.array([[1.0, 0], [0, 1], [1, 1]])


def test_the_pencil_example() -> None:
    X = pencil()
    mixed, weights = at.attend(X, X, X)
    assert np.allclose(weights, np.array([[2, 1, 2], [1, 2, 2], [2, 2, 4]]) / [[5], [5], [8]])
    assert np.allclose(mixed / X[0, 0], [[4 / 5, 3 / 5], [3 / 5, 4 / 5], [3 / 4, 3 / 4]])
    may = np.array([[True, True, False]] + [[True] * 3] * 2)
    assert np.allclose(at.attend(X, X, X, may)[1][0], [2 / 3, 1 / 3, 0])


def test_softmax_survives_large_numbers() -> None:
    assert np.allclose(at.softmax(np.array([1e4, 1e4, -np.inf])), [0.5, 0.5, 0])


@pytest.mark.parametrize("heads", [1, 2, 6])
@pytest.mark.parametrize("masked", [False, True])
def test_heads_are_those_of_torch(heads: int, masked: bool) -> None:
    torch.manual_seed(heads)
    theirs = nn.MultiheadAttention(12, heads, batch_first=True).double()
    x = torch.randn(1, 7, 12, dtype=torch.float64)
    forbid = torch.ones(7, 7, dtype=torch.bool).triu(1) if masked else None
    expected = theirs(x, x, x, attn_mask=forbid)[0][0].detach().numpy()
    weights = (theirs.in_proj_weight, theirs.in_proj_bias, *theirs.out_proj.parameters())
    may = None if forbid is None else ~forbid.numpy()
    ours = (w.detach().numpy() for w in weights)
    found = at.attend_with_heads(x[0].numpy(), *ours, heads=heads, may=may)
    assert np.allclose(found, expected, rtol=0, atol=1e-12)


def test_attention_module_is_that_of_torch_with_padding_and_gradients() -> None:
    torch.manual_seed(0)
    ours, theirs = at.Attention(12, 3).double(), nn.MultiheadAttention(12, 3, batch_first=True)
    theirs = theirs.double()
    pairs = [
        (theirs.in_proj_weight, ours.inside.weight),
        (theirs.in_proj_bias, ours.inside.bias),
        *zip(theirs.out_proj.parameters(), ours.outside.parameters(), strict=True),
    ]
    with torch.no_grad():
        for to, source in pairs:
            to.copy_(source)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    real = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    expected, weights = theirs(x, x, x, key_padding_mask=~real, average_attn_weights=False)
    found = ours(x, real[:, None, None])
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    assert torch.allclose(ours.seen, weights, rtol=0, atol=1e-12)
    found.square().sum().backward(), expected.square().sum().backward()
    for a, b in pairs:
        assert a.grad is not None and b.grad is not None
        assert torch.allclose(a.grad, b.grad, rtol=0, atol=1e-9)


def test_layer_norm_and_positions() -> None:
    x = torch.randn(3, 8, dtype=torch.float64)
    norm = nn.LayerNorm(8).double()
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    gain, shift = norm.weight.detach().numpy(), norm.bias.detach().numpy()
    assert np.allclose(at.layer_norm(x.numpy(), gain, shift), norm(x).detach(), atol=1e-12)
    waves = at.sinusoids(50, 16)
    assert np.allclose(waves[10] @ waves[13], waves[30] @ waves[33])
    assert np.allclose((waves**2).sum(axis=1), 8)
    slow = [[np.sin(t / 10000 ** (2 * i / 16)) for i in range(8)] for t in range(50)]
    assert np.allclose(waves[:, ::2], slow)


def test_block_is_torchs_encoder_layer_with_gradients() -> None:
    torch.manual_seed(0)
    block = at.Block(12, 3, 0.0).double()
    layer = nn.TransformerEncoderLayer(
        12, 3, 24, 0.0, "gelu", batch_first=True, norm_first=True
    ).double()
    nn.init.normal_(block.norms[0].weight), nn.init.normal_(block.norms[1].bias)
    pairs = [
        (layer.self_attn.in_proj_weight, block.attention.inside.weight),
        (layer.self_attn.in_proj_bias, block.attention.inside.bias),
        *zip(layer.self_attn.out_proj.parameters(), block.attention.outside.parameters()),
        *zip(layer.linear1.parameters(), block.feed[0].parameters()),
        *zip(layer.linear2.parameters(), block.feed[2].parameters()),
        *zip(layer.norm1.parameters(), block.norms[0].parameters()),
        *zip(layer.norm2.parameters(), block.norms[1].parameters()),
    ]
    with torch.no_grad():
        for to, source in pairs:
            to.copy_(source)
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    found, expected = block(x, torch.ones(1, 1, 5, 5, dtype=torch.bool)), layer(x)
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)
    found.square().sum().backward(), expected.square().sum().backward()
    assert all(torch.allclose(a.grad, b.grad, rtol=0, atol=1e-9) for a, b in pairs)


def test_the_residual_lets_everything_through_when_the_parts_are_silent() -> None:
    block = at.Block(8, 2, 0.0)
    for part in (block.attention.outside, block.feed[2]):
        nn.init.zeros_(part.weight), nn.init.zeros_(part.bias)
    x = torch.randn(1, 4, 8)
    assert torch.equal(block(x, torch.ones(1, 1, 1, 4, dtype=torch.bool)), x)


def test_only_the_first_asks_and_gets_the_same() -> None:
    torch.manual_seed(0)
    block, x = at.Block(8, 2, 0.0), torch.randn(2, 5, 8)
    may = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])[:, None, None]
    assert torch.allclose(block(x, may)[:, :1], block(x, may, askers=1), atol=1e-6)


# --- sets ------------------------------------------------------------------------------------------


def test_a_basket_is_a_set() -> None:
    network, real = set_encoder(), torch.ones(1, 4, dtype=torch.bool)
    state = network(torch.tensor([[3, 14, 15, 9]]), real)
    assert torch.allclose(state, network(torch.tensor([[15, 9, 3, 14]]), real), atol=1e-5)
    assert not torch.allclose(state, network(torch.tensor([[15, 9, 3, 13]]), real), atol=1e-3)


def test_padding_is_not_seen() -> None:
    network, rows = set_encoder(), sparse.csr_array(np.eye(30, dtype="f4")[[3, 5]])
    wide = sparse.csr_array(np.vstack([rows.toarray(), np.ones((1, 30))]).astype("f4"))
    with torch.no_grad():
        together, alone = tr.encode_sets(network, wide), tr.encode_sets(network, rows)
    assert torch.allclose(together[:2], alone, atol=1e-5)


def test_an_empty_basket_has_a_state() -> None:
    with torch.no_grad():
        state = tr.encode_sets(set_encoder(), sparse.csr_array((1, 30), dtype="f4"))
    assert torch.isfinite(state).all()


def test_hidden_and_shown_are_the_basket_and_neither_is_empty() -> None:
    rows = sparse.csr_array(LOG.matrix > 0).astype("f4")
    shown, hidden = tr.hide_some(rows, 0.1, 0.7, np.random.default_rng(0))
    assert (shown + hidden != rows).nnz == 0 and shown.multiply(hidden).nnz == 0
    assert np.diff(shown.indptr).min() >= 1 and np.diff(hidden.indptr).min() >= 1
    one = tr.hide_some(rows, 0, 0, np.random.default_rng(0))[1]
    assert (np.diff(one.indptr) == 1).all()


def test_batches_hold_every_row_once() -> None:
    found = tr.batches_by_size(np.arange(1000) % 37, 32, np.random.default_rng(0))
    assert sorted(np.concatenate(found)) == list(range(1000))


def test_with_all_negatives_the_sampled_softmax_is_the_full_one() -> None:
    network, rng = set_encoder(), np.random.default_rng(0)
    wanted = sparse.csr_array(np.eye(30, dtype="f4")[[4, 7]])
    states = torch.randn(2, 16)
    full = multinomial_loss(network.logits(states, torch.arange(30)), wanted, np.arange(30))
    assert torch.allclose(tr.sampled_softmax(network, states, wanted, rng, 10**6), full, atol=1e-6)


def test_the_contrast_against_a_plain_loop() -> None:
    network, states = set_encoder(), torch.randn(3, 16)
    wanted = sparse.csr_array(np.eye(30, dtype="f4")[[4, 7, 9]])
    found = tr.in_batch_softmax(network, states, wanted, np.random.default_rng(0)).item()
    logits = network.logits(states, torch.tensor([4, 7, 9])) - network.share[[4, 7, 9]]
    slow = -torch.log_softmax(logits, dim=1).diagonal().mean().item()
    assert found == pytest.approx(slow, abs=1e-6)


def test_it_learns_shelves_and_a_seed_gives_the_same_twice() -> None:
    def fit(seed: int) -> tr.BasketTransformer:
        model = tr.BasketTransformer(8, epochs=10, heads=2, seed=seed, batch=32, rate=0.02)
        return model.fit(LOG)

    model, given = fit(0), sparse.csr_array(np.eye(40, dtype="f4"))
    answer = model.complete(given)
    shelf = LOG.items % 5
    mine = answer[shelf[:, None] == shelf].sum() / answer.sum()
    assert mine > 0.6 and np.allclose(answer.sum(axis=1), 1, atol=1e-5)
    assert model.curve[-1]["loss"] < model.curve[0]["loss"]
    assert np.array_equal(answer, fit(0).complete(given))
    assert not np.array_equal(answer, fit(1).complete(given))
    assert model.similar(np.array([3]), 4)[0].shape == (1, 4)


# --- memory ----------------------------------------------------------------------------------------


def test_without_a_crowd_the_memory_is_bayes_rule() -> None:
    counts = np.random.default_rng(0).integers(1, 9, size=(4, 6)).astype("f4")
    log = Interactions(sparse.csr_array(counts), np.arange(4), np.arange(6), HISTORY.events)
    memory = tr.HouseholdMemory(crowd=0.0, sharp=1.0).fit(log)
    share = counts / counts.sum(axis=1, keepdims=True)
    likely = share[:, 1] * share[:, 4]
    basket = sparse.csr_array(np.eye(6, dtype="f4")[[1]] + np.eye(6, dtype="f4")[[4]])
    assert np.allclose(memory.weights(basket)[0], likely / likely.sum(), atol=1e-5)
    expected = likely / likely.sum() @ share
    assert np.allclose(memory.complete(basket)[0], expected, atol=1e-5)


def test_an_empty_basket_gets_the_mean_household() -> None:
    memory = tr.HouseholdMemory().fit(HISTORY)
    empty = sparse.csr_array((1, HISTORY.num_items))
    assert np.allclose(memory.complete(empty)[0], memory.values.mean(axis=0), atol=1e-6)


# --- histories -------------------------------------------------------------------------------------


def test_later_purchases_against_a_loop() -> None:
    history = tr.first_purchases(HISTORY)
    users, items, weeks = history
    places = np.arange(0, len(users), 3)
    found = tr.later_purchases(history, places, 2, HISTORY.num_items).toarray()
    for row, place in enumerate(places):
        soon = (users == users[place]) & (weeks > weeks[place]) & (weeks <= weeks[place] + 2)
        assert set(np.flatnonzero(found[row])) == set(items[soon])


def test_the_future_stays_out() -> None:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(30, 16))
    network = tr.HistoryEncoder(vectors, np.ones(30), 2, steps=6).eval()
    items, real = torch.tensor([[0, 0, 3, 14, 15, 9]]), torch.tensor([[False] * 2 + [True] * 4])
    other = torch.tensor([[0, 0, 3, 14, 15, 26]])
    a, b = network(items, real), network(other, real)
    assert torch.allclose(a[:, :5], b[:, :5], atol=1e-6)
    assert not torch.allclose(a[:, 5], b[:, 5], atol=1e-3)


def test_what_is_filled_up_before_a_history_is_not_seen() -> None:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(30, 16))
    network = tr.HistoryEncoder(vectors, np.ones(30), 2, steps=5).eval()
    real = torch.tensor([[False, False, True, True, True]])
    a = network(torch.tensor([[0, 0, 3, 14, 15]]), real)[:, 2:]
    b = network(torch.tensor([[8, 9, 3, 14, 15]]), real)[:, 2:]
    assert torch.allclose(a, b, atol=1e-6)


def test_a_household_without_a_history_gets_popularity() -> None:
    log = HISTORY.select(HISTORY.events["user"].to_numpy() != 2)
    model = tr.HistoryTransformer(8, epochs=2).fit(log)
    popular = torch.softmax(model.network.start.detach(), 0).numpy()
    found = model.scores(np.array([1, 2, 3]))
    assert np.allclose(found[1], popular, atol=1e-6)
    assert not np.allclose(found[0], popular, atol=1e-4)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_ten_histories_can_be_learned_by_heart() -> None:
    model = tr.HistoryTransformer(32, epochs=200, drop=0.0, rate=0.02, asked=20, horizon=30).fit(
        HISTORY
    )
    history = tr.first_purchases(HISTORY)
    first = np.searchsorted(history[0], np.arange(10)) + 12
    wanted = tr.later_purchases(history, first, 30, HISTORY.num_items).toarray() > 0
    with torch.no_grad():
        states = tr.encode_histories(model.network, history, first)[0][:, -1]
        logits = model.network.logits(states, torch.arange(HISTORY.num_items))
    popular = np.exp(model.network.share.numpy())
    right, crowd = (torch.softmax(logits, 1).numpy() * wanted).sum(1), (popular * wanted).sum(1)
    assert (1 - right).sum() < 0.5 * (1 - crowd).sum()


# --- stored weights, and the device ----------------------------------------------------------------


class SmallPart:
    train_baskets = LOG


def test_the_recipe_in_small_sees_its_loss_fall(recipes: Any) -> None:
    made = recipes.make_baskets(SmallPart, width=8, epochs=6, heads=2, batch=32, rate=0.01)
    assert made["curve"][-1] < 0.95 * made["curve"][0]
    assert made["vectors"].dtype == np.float16


@pytest.mark.parametrize("name", ["baskets-valid", "baskets-0", "baskets-1", "baskets-2"])
def test_stored_networks_fit_and_learned(name: str) -> None:
    kept = data.load_weights(name)
    curve = kept.pop("curve")
    network = tr.SetEncoder(kept["vectors"], np.ones(len(kept["vectors"])))
    network.load_state_dict({key: torch.from_numpy(w) for key, w in kept.items()})
    assert curve[-1] < 0.95 * curve[0] and all(np.isfinite(w).all() for w in kept.values())


def test_every_variant_of_the_ablation_learns(recipes: Any, monkeypatch: Any) -> None:
    import ablation

    small = {"width": 8, "batch": 32}
    for change in ablation.VARIANTS.values():
        settings = {**change, **small, "epochs": 3}
        settings["heads"] = min(settings.get("heads", 2), 2)
        if settings.get("start") == "ease":
            continue  # needs more products than directions; its vectors are tested below
        model = ablation.Variant(**settings).fit(LOG)
        assert model.curve[-1]["loss"] < model.curve[0]["loss"]
    vectors = ablation.ease_vectors(LOG, 8)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_tensor_stays_behind_on_another_device() -> None:
    network = set_encoder().to("meta")
    items, real = (torch.zeros(2, 4, dtype=t, device="meta") for t in (torch.int64, torch.bool))
    causal = tr.HistoryEncoder(np.ones((30, 16)), np.ones(30), steps=4).to("meta")
    wanted = sparse.csr_array(np.eye(30, dtype="f4")[[4, 7]])
    with OneDevice():
        states, rng = network(items, real), np.random.default_rng(0)
        loss = tr.sampled_softmax(network, states, wanted, rng, sample=5)
        loss = loss + tr.in_batch_softmax(network, states, wanted, rng)
        loss = loss + causal(items, real).sum()
        loss.backward()  # type: ignore[no-untyped-call]
    assert loss.device.type == "meta"
    assert all(weight.grad is not None for weight in network.parameters())

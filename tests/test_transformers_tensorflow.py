"""The Keras twin of the set encoder, as the notebook shows it, against torch's."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from helpers.models import transformers as tr
from helpers.models.autoencoders import candidates, multinomial_loss
from helpers.models.sequences import mean_rows

RNG = np.random.default_rng(0)
ROWS = sparse.csr_array((RNG.random((40, 60)) < 0.1).astype(np.float32))
ROWS = ROWS[np.diff(ROWS.indptr) > 1]
COLUMNS = np.arange(60)


@pytest.fixture(scope="module")
def shown(define: Any) -> dict[str, Any]:
    """Take the definitions out of the notebook, as a reader sees them there."""
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    space = {"keras": keras, "tf": tf, "np": np, "mean_rows": mean_rows, "candidates": candidates}
    space |= {name: getattr(tr, name) for name in ("batches_by_size", "hide_some", "pad_sets")}
    return define("35-transformer-tensorflow", space, ("SHAPES",))


def encoder(drop: float = 0.0) -> tr.SetEncoder:
    """A torch encoder of two blocks, none of whose weights is zero or one."""
    torch.manual_seed(0)
    vectors = np.random.default_rng(1).normal(size=(60, 16))
    network = tr.SetEncoder(vectors, ROWS.sum(axis=0), layers=2, drop=drop).eval()
    with torch.no_grad():
        for w in network.parameters():
            w.add_(0.1 * torch.randn_like(w))
    return network


def test_keras_gives_the_same_states_gradients_and_step(shown: dict[str, Any]) -> None:
    tf, network = shown["tf"], encoder()
    twin, wanted = shown["twin_of"](network), mean_rows(ROWS)
    logits = network.logits(tr.encode_sets(network, ROWS), torch.from_numpy(COLUMNS))
    with tf.GradientTape() as tape:
        found = twin.logits(twin(*tr.pad_sets(ROWS)), COLUMNS)
        loss = shown["cross_entropy"](wanted.toarray(), found)
    np.testing.assert_allclose(found.numpy(), logits.detach().numpy(), atol=1e-5)

    multinomial_loss(logits, wanted, COLUMNS).backward()  # type: ignore[no-untyped-call]
    slopes = shown["whole_slopes"](tape, loss, twin.trainable_weights)
    theirs = shown["in_keras_layout"]((n, w.grad) for n, w in network.named_parameters())
    for mine, other in zip(slopes, theirs, strict=True):
        np.testing.assert_allclose(mine.numpy(), other, atol=1e-4)

    shown["TorchAdam"](0.01).apply(slopes, twin.trainable_weights)
    torch.optim.Adam(network.parameters(), lr=0.01).step()
    stepped = shown["in_keras_layout"](network.named_parameters())
    names = [name for name, _ in network.named_parameters()]
    for name, mine, other in zip(names, twin.get_weights(), stepped, strict=True):
        if name.endswith("inside.bias"):  # the keys' bias has no gradient but rounding
            mine, other = (np.delete(w, slice(16, 32)) for w in (mine, other))
        np.testing.assert_allclose(mine, other, atol=1e-4, err_msg=name)


def test_the_bias_of_the_keys_changes_nothing(shown: dict[str, Any]) -> None:
    twin = shown["twin_of"](encoder())
    states = twin(*tr.pad_sets(ROWS)).numpy()
    for part, moves in ((0, True), (1, False), (2, True)):
        bias = twin.blocks[0].attention.inside.bias
        kept = bias.numpy()
        bias.assign(kept + np.repeat(np.eye(3)[part], 16))
        assert (np.abs(twin(*tr.pad_sets(ROWS)).numpy() - states).max() > 1e-3) == moves
        bias.assign(kept)


def test_neither_order_nor_padding_changes_a_state(shown: dict[str, Any]) -> None:
    network = encoder()
    twin, wrong = shown["twin_of"](network), shown["twin_of"](network, kind=shown["Unmasked"])
    items, real = tr.pad_sets(ROWS)
    states = twin(items, real).numpy()
    order = np.random.default_rng(2).permutation(items.shape[1])
    np.testing.assert_allclose(twin(items[:, order], real[:, order]), states, atol=1e-5)
    more = np.pad(items, [(0, 0), (0, 6)], constant_values=7), np.pad(real, [(0, 0), (0, 6)])
    np.testing.assert_allclose(twin(*more), states, atol=1e-5)
    assert np.abs(wrong(*more) - wrong(items, real)).max() > 0.01  # so the test can fail


def test_the_librarys_attention_is_ours(shown: dict[str, Any]) -> None:
    tf, twin = shown["tf"], shown["twin_of"](encoder())
    items, real = tr.pad_sets(ROWS)
    x, ours = tf.gather(twin.vectors, items), twin.blocks[1].attention
    library = shown["as_library"](ours)
    expected = ours(x, real[:, None, None]).numpy()
    np.testing.assert_allclose(library(x, x, attention_mask=real[:, None]), expected, atol=1e-5)
    turned = library(x, x, attention_mask=~real[:, None])
    assert np.abs(turned - expected).max() > 0.01


def test_training_without_dropout_is_the_same_in_both(shown: dict[str, Any]) -> None:
    rows = sparse.csr_array((np.random.default_rng(3).random((900, 60)) < 0.1).astype(np.float32))
    network = encoder()
    twin = shown["twin_of"](network)
    theirs = [row["loss"] for row in tr.train_sets(network, rows, 3)]
    assert abs(shown["train_twin"](twin, rows, 3) - np.mean(theirs)) < 1e-4
    states = network.eval()(*map(torch.from_numpy, tr.pad_sets(ROWS))).detach().numpy()
    np.testing.assert_allclose(twin(*tr.pad_sets(ROWS)), states, atol=1e-3)

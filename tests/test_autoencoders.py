"""Autoencoders: the loss, the divergence, the noise, the device, and the twin in Keras."""

from typing import Any

import numpy as np
import pytest
import torch
from one_device import OneDevice
from scipy import sparse

from helpers.models import autoencoders as ae

ROWS = sparse.csr_array((np.random.default_rng(0).random((40, 60)) < 0.1).astype(np.float32))
TIMES = ROWS.sum(axis=0).astype(float)


class Log:
    """Rows where a model's fit expects interactions."""

    matrix, popularity = ROWS, TIMES


def test_the_loss_is_cross_entropy_against_shares_times_the_size() -> None:
    logits = torch.randn(40, 60, generator=torch.Generator().manual_seed(0))
    held = torch.from_numpy(ROWS.toarray())
    size = held.sum(dim=1).clamp(min=1)
    cross = torch.nn.functional.cross_entropy(logits, held / size[:, None], reduction="none")
    ours = ae.multinomial_loss(logits, ROWS, np.arange(60))
    assert torch.allclose(ours, (cross * size).mean(), rtol=1e-5)


def test_divergence_against_torch_distributions() -> None:
    mean, log_variance = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    normal = torch.distributions.Normal
    closed = torch.distributions.kl_divergence(
        normal(mean, (log_variance / 2).exp()), normal(torch.zeros(1), torch.ones(1))
    ).sum(dim=1)
    assert torch.allclose(ae.gaussian_kl(mean, log_variance), closed, atol=1e-5)
    assert (closed >= 0).all()


def test_the_drawn_shop_stands_for_the_whole() -> None:
    torch.manual_seed(0)
    network, rng = ae.Coder(TIMES, 8), np.random.default_rng(0)
    unit, held = ae.as_tensor(ae.unit_rows(ROWS[:3])), ROWS[:3]
    everything = torch.arange(60)
    full = ae.multinomial_loss(network(unit, everything)[0], held, everything.numpy()).item()
    drawn = []
    for _ in range(300):
        columns, extra = ae.candidates(held, 10, rng)
        logits = network(unit, torch.from_numpy(columns))[0] + torch.from_numpy(extra)
        drawn.append(ae.multinomial_loss(logits, held, columns).item())
    assert np.mean(drawn) == pytest.approx(full, rel=0.01)
    columns, extra = ae.candidates(held, 10**6, rng)
    assert sorted(columns.tolist()) == list(range(60)) and (extra == 0).all()


def test_noise_keeps_the_mean() -> None:
    rows = sparse.csr_array(np.ones((1, 20000), dtype=np.float32))
    noisy = ae.drop_cells(rows, 0.75, np.random.default_rng(0))
    assert noisy.mean() == pytest.approx(1, abs=0.05) and set(noisy.data) == {4.0}


@pytest.mark.parametrize("model", [ae.MultDAE, ae.MultVAE])
def test_a_seed_gives_the_same_model_twice_and_training_helps(model: Any) -> None:
    found = [model(8, epochs=5, beta=0.1, seed=0).fit(Log()) for _ in range(2)]
    assert np.array_equal(found[0].scores(np.arange(5)), found[1].scores(np.arange(5)))
    assert found[0].curve[-1]["loss"] < found[0].curve[0]["loss"]
    assert np.allclose(found[0].complete(ROWS[:2]).sum(axis=1), 1, atol=1e-5)


def test_asked_only_for_the_hidden_and_from_an_svd() -> None:
    model = ae.MultDAE(8, epochs=3, hidden_only=True, from_svd=True, rows=30).fit(Log())
    assert len(model.curve) == 3 and model.item_vectors.shape == (60, 8)
    assert model.similar(np.array([3]), 4)[0].shape == (1, 4)


def test_early_stopping_keeps_the_best_epoch() -> None:
    marks = iter([1.0, 3.0, 2.0, 1.0, 0.0])
    model = ae.MultDAE(4, epochs=5).fit(Log(), lambda model: next(marks))
    assert [row["epoch"] for row in model.curve] == [1, 2, 3, 4]


@pytest.mark.parametrize("kind", [ae.Coder, ae.GaussianCoder])
def test_no_tensor_stays_behind_on_another_device(kind: Any) -> None:
    network = kind(TIMES, 8).to("meta")
    with OneDevice():
        logits, kl = network(torch.zeros(4, 60, device="meta"), torch.arange(60, device="meta"))
        loss = ae.multinomial_loss(logits, ROWS[:4], np.arange(60)) + kl.mean()
        loss.backward()  # type: ignore[no-untyped-call]
    assert all(weight.grad is not None for weight in network.parameters())
    assert loss.device.type == "meta" and ae.gaussian_kl(logits, logits).device.type == "meta"
    assert ae.as_tensor(ROWS, "meta").device.type == "meta"


def test_keras_computes_the_same_outputs_gradients_and_step() -> None:
    tf, keras = pytest.importorskip("tensorflow"), pytest.importorskip("keras")
    torch.manual_seed(0)
    network, unit, held = ae.Coder(TIMES, 8), ae.unit_rows(ROWS), ROWS.toarray()
    encode, decode = keras.layers.Dense(8, "tanh"), keras.layers.Dense(60)
    twin = keras.Sequential([keras.Input((60,)), encode, decode])
    weights = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    encode.set_weights([weights["encoder"], weights["shift"]])
    decode.set_weights([weights["decoder"].T, weights["start"]])
    with tf.GradientTape() as tape:
        found = twin(unit.toarray())
        share = tf.nn.log_softmax(found)
        loss = -tf.reduce_mean(tf.reduce_sum(held * share, axis=1))
    slopes = tape.gradient(loss, twin.trainable_variables)
    logits, _ = network(ae.as_tensor(unit), torch.arange(60))
    assert np.allclose(found.numpy(), logits.detach().numpy(), atol=1e-5)
    ae.multinomial_loss(logits, ROWS, np.arange(60)).backward()
    turned = [network.encoder, network.shift, network.decoder, network.start]
    for ours, theirs in zip(slopes, turned, strict=True):
        slope = theirs.grad.numpy()
        assert np.allclose(ours, slope.T if ours.shape != slope.shape else slope, atol=1e-4)
    keras.optimizers.Adam(0.01, epsilon=1e-8 * 0.001**0.5).apply_gradients(
        zip(slopes, twin.trainable_variables, strict=True)
    )
    torch.optim.Adam(network.parameters(), lr=0.01).step()
    for ours, theirs in zip(twin.trainable_variables, turned, strict=True):
        value = theirs.detach().numpy()
        assert np.allclose(ours, value.T if ours.shape != value.shape else value, atol=1e-4)

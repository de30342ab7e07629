"""Two towers: the ridge start, the losses, seeds, and no tensor left on another device."""

import ast
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from one_device import OneDevice
from scipy import sparse
from torch.nn.functional import cross_entropy

from helpers.data import Interactions
from helpers.models import towers

ROWS = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]], dtype=np.float32)
X = sparse.csr_array(ROWS)  # nobody bought the last product
ATTRIBUTES = np.array([[0, 2], [0, 3], [1, 2], [1, 3]])


def log() -> Interactions:
    lines = pd.DataFrame(np.argwhere(ROWS), columns=["who", "what"])
    return Interactions.from_frame(lines, user="who", item="what")


def trained(seed: int = 0) -> towers.TwoTowerModel:
    return towers.TwoTowerModel(width=3, factors=2, epochs=3, seed=seed).fit(log())


def test_a_seed_fixes_everything_and_another_changes_it() -> None:
    first, second, other = trained(), trained(), trained(1)
    users = np.arange(4)
    assert np.array_equal(first.scores(users), second.scores(users))
    assert not np.array_equal(first.scores(users), other.scores(users))


def test_validation_sees_the_model_after_each_epoch_and_the_best_is_kept() -> None:
    seen: list[Any] = []

    def validate(model: towers.TwoTowerModel) -> float:
        seen.append(model.scores(np.arange(4)))
        return -float(len(seen))  # the first epoch is the best

    model = towers.TwoTowerModel(width=3, factors=2, epochs=9).fit(log(), validate)
    assert len(seen) == len(model.curve) == 3
    assert np.array_equal(model.scores(np.arange(4)), seen[0])


def test_the_bias_starts_at_log_popularity() -> None:
    network = towers.TwoTowers(np.arange(4)[:, None], width=3)
    towers.start_towers(network, X, factors=2)
    share = ROWS.sum(axis=0)[:3] / ROWS.sum()
    assert network.bias[:3, 0].detach().numpy() == pytest.approx(np.log(share) / 1.1, rel=1e-3)


def test_a_product_without_a_sale_is_described_but_never_refused() -> None:
    network = towers.TwoTowers(np.arange(4)[:, None], width=3)
    towers.start_towers(network, X, factors=2)
    before = network.outer[3].detach().clone()
    towers.train_towers(network, X, 2)
    assert torch.equal(before, network.outer[3].detach())
    network = towers.TwoTowers(ATTRIBUTES, width=3)
    towers.start_towers(network, X, factors=2)
    assert network.look_up(network.bias)[3].abs() > 0.1


def test_without_the_correction_the_loss_in_the_batch_is_cross_entropy_of_torch() -> None:
    u, v = torch.randn(2, 5, 3, dtype=torch.float64)
    ours = towers.in_batch_loss(u, v, torch.zeros(5), temperature=0.5)
    assert ours == pytest.approx(cross_entropy(u @ v.T / 0.5, torch.arange(5)))


def test_the_correction_takes_the_share_of_each_opponent_off() -> None:
    u, v = torch.zeros(2, 2, 3)
    share = torch.tensor([0.8, 0.2])
    # the scores are -ln share: opponents weigh 1 / 0.8 and 1 / 0.2
    wanted = -np.log([1.25 / 6.25, 5 / 6.25]).mean()
    assert towers.in_batch_loss(u, v, share.log()).item() == pytest.approx(wanted)


def test_no_tensor_is_left_behind_on_another_device() -> None:
    """The meta device knows shapes only; it stands for a GPU that this machine lacks."""
    network = towers.TwoTowers(ATTRIBUTES, width=3).to("meta")
    rows, pairs = torch.empty(5, 4, device="meta"), torch.empty(2, 6, 3, device="meta")
    with OneDevice():
        value = towers.softmax_loss(network(rows), rows)
        value.backward()  # type: ignore[no-untyped-call]
        other = towers.in_batch_loss(*pairs, torch.empty(6, device="meta"))
    assert {value.device.type, other.device.type, network.bias.device.type} == {"meta"}
    assert all(p.grad is not None for p in network.parameters())


def of_the_twin(*names: str) -> dict[str, Any]:
    """Take definitions out of the notebook in TensorFlow, as a reader sees them there."""
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    path = Path(__file__).resolve().parents[1] / "book/3-deep/31-mlp-tensorflow.ipynb"
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    wanted = [
        node for node in ast.parse("\n".join(cells)).body if getattr(node, "name", "") in names
    ]
    space: dict[str, Any] = {"keras": keras, "tf": tf}
    exec(compile(ast.Module(wanted, []), str(path), "exec"), space)  # noqa: S102
    return space


def test_keras_gives_the_same_scores_gradients_and_step() -> None:
    twin = of_the_twin("KerasTowers", "keras_loss", "copy_weights")
    tf, keras = twin["tf"], twin["keras"]
    torch.manual_seed(0)
    ours = towers.TwoTowers(ATTRIBUTES, width=3, drop=0.0)
    torch.nn.init.normal_(ours.bias)
    theirs = twin["KerasTowers"](ATTRIBUTES, 3, drop=0.0)
    twin["copy_weights"](ours, theirs)
    scores = ours(torch.from_numpy(ROWS))
    np.testing.assert_allclose(theirs(ROWS).numpy(), scores.detach().numpy(), atol=1e-5)

    towers.softmax_loss(scores, torch.from_numpy(ROWS)).backward()  # type: ignore[no-untyped-call]
    with tf.GradientTape() as tape:
        loss = twin["keras_loss"](ROWS, theirs(ROWS))
    # whole tables: Keras' Adam squares the slices of a repeated row one by one
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, theirs.trainable_weights)]
    tables = (ours.inner, ours.outer, ours.bias)
    for found, table in zip(gradients, tables, strict=True):
        np.testing.assert_allclose(found.numpy(), table.grad.numpy(), atol=1e-6)

    torch.optim.Adam(ours.parameters(), lr=0.01).step()
    adam = keras.optimizers.Adam(0.01, epsilon=1e-8 * (1 - 0.999) ** 0.5)
    adam.apply(gradients, theirs.trainable_weights)
    for found, table in zip(theirs.trainable_weights, tables, strict=True):
        np.testing.assert_allclose(found.numpy(), table.detach().numpy(), atol=1e-5)

"""Picture networks: gradients, invariances, stored weights and their recipes, the device."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from one_device import OneDevice

from helpers import data
from helpers.data import weights
from helpers.models import encoders as e

ROOT = Path(__file__).resolve().parents[1]
STORED = [
    "metric",
    "metric-without-0",
    "metric-without-1",
    "metric-without-2",
    "simclr",
    "autoencoder",
    "efficientnet",
]


@pytest.fixture(scope="module")
def few() -> Any:
    images, labels, _ = data.load_fashion("valid")
    return images[:256], labels[:256]


def test_a_shift_moves_and_mirrors_but_loses_nothing_inside(few: Any) -> None:
    x = torch.zeros(50, 1, 28, 28)
    x[:, 0, 14, 10] = 1
    moved = e.shifted(x, 2, torch.Generator().manual_seed(0))
    rows, columns = np.nonzero(moved[:, 0].sum(0).numpy())
    assert (moved.sum((1, 2, 3)) == 1).all()
    assert set(rows) <= set(range(12, 17)) and set(columns) <= {*range(8, 13), *range(15, 20)}
    assert len(set(columns)) > 5


def test_erasing_blacks_out_one_square_at_most(few: Any) -> None:
    white = torch.ones(100, 1, 28, 28)
    lost = (e.erased(white, 10, torch.Generator().manual_seed(0)) == 0).sum((1, 2, 3))
    assert lost.max() == 100 and lost.min() >= 25


def test_pairs_loss_against_a_plain_loop() -> None:
    a, b = torch.randn(2, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    both = torch.nn.functional.normalize(torch.cat([a, b])).numpy()
    total = 0.0
    for i in range(6):
        scores = both @ both[i] / 0.2
        others = np.delete(scores, i)
        total += np.log(np.exp(others).sum()) - scores[(i + 3) % 6]
    assert e.pairs_loss(a, b).item() == pytest.approx(total / 6)


def test_gradients_against_finite_differences() -> None:
    torch.manual_seed(0)
    network = e.with_kinds(torch.nn.Linear(5, 4), 4, 3).double()
    x = torch.randn(6, 5, dtype=torch.float64, requires_grad=True)
    kind = torch.tensor([0, 1, 2, 0, 1, 2])
    assert torch.autograd.gradcheck(lambda x: e.class_loss(network, x, kind), x)
    pair = [torch.randn(3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(e.pairs_loss, pair)


def test_class_loss_ignores_lengths(few: Any) -> None:
    network = e.with_kinds(torch.nn.Linear(4, 4, bias=False), 4, 3)
    x, kind = torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    assert torch.allclose(e.class_loss(network, x, kind), e.class_loss(network, 7 * x, kind))


def test_embedding_does_not_depend_on_the_batch(few: Any) -> None:
    torch.manual_seed(0)
    network = e.picture_network(4, 8)
    x = e.as_input(few[0])
    alone = np.concatenate([e.embed(network, x[n : n + 1]) for n in range(3)])
    assert np.allclose(e.embed(network, x)[:3], alone, atol=1e-5)


def test_a_seed_fixes_the_training_and_another_changes_it(few: Any) -> None:
    def vectors(seed: int) -> Any:
        torch.manual_seed(seed)
        dice, network = torch.Generator().manual_seed(seed), e.picture_network(4, 8)
        x = e.as_input(few[0])
        e.train_encoder(
            network,
            lambda i: e.pairs_loss(*(network(e.shifted(x[i], 2, dice)) for _ in range(2))),
            len(x), 1, dice=dice, size=32,
        )  # fmt: skip
        return e.embed(network, x)

    assert np.array_equal(vectors(0), vectors(0)) and not np.allclose(vectors(0), vectors(1))


@pytest.mark.parametrize("name", ["make_metric", "make_simclr", "make_autoencoder"])
def test_a_recipe_in_small_sees_its_loss_fall(recipes: Any, name: str) -> None:
    made = getattr(recipes, name)(part="valid", width=4, epochs=3)
    assert made["curve"][-1] < 0.95 * made["curve"][0]
    assert {w.dtype for key, w in made.items() if key != "curve"} == {np.dtype(np.float16)}


def test_stored_vectors_are_those_of_the_borrowed_network(recipes: Any) -> None:
    kept, images = data.load_weights("efficientnet"), data.load_fashion("test")[0][:20]
    grid = e.on_grid(e.block_maps(recipes.pretrained(), images, (10,))[10], 3)
    here = (grid - kept["mean"]) @ kept["axes"].T
    there = kept["test"][:20] * kept["step"]
    cosine = (here * there).sum(1) / np.linalg.norm(here, axis=1) / np.linalg.norm(there, axis=1)
    assert cosine.min() > 0.99


@pytest.mark.parametrize("name", STORED)
def test_stored_weights_load_and_learned_something(name: str) -> None:
    kept = data.load_weights(name)
    assert all(np.isfinite(w).all() for w in kept.values())
    if "curve" in kept:
        assert kept["curve"][-1] < 0.8 * kept["curve"][0]


def test_stored_weights_are_small() -> None:
    sizes = [file.stat().st_size for file in (ROOT / "data/models").glob("*.safetensors")]
    assert sum(sizes) < 25e6


@pytest.mark.parametrize("content", [None, b"", b"altered"])
def test_damaged_weights_are_named(tmp_path: Path, monkeypatch: Any, content: Any) -> None:
    (tmp_path / "SHA256SUMS").write_text((weights.FOLDER / "SHA256SUMS").read_text())
    if content is not None:
        (tmp_path / "metric.safetensors").write_bytes(content)
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"metric.safetensors is missing.*git checkout"):
        data.load_weights("metric")


def test_expansion_moves_a_query_towards_its_neighbours() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 4)) + [3, 0, 0, 0]
    wider = e.expand_queries(rows, 5)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    assert np.allclose(np.linalg.norm(wider, axis=1), 1, atol=1e-6)
    assert (wider @ wider.T).mean() > (unit @ unit.T).mean()


def test_no_tensor_is_left_behind_on_another_device() -> None:
    """The meta device knows shapes only; it stands for a GPU that this machine lacks."""
    network = e.with_kinds(e.picture_network(4, 8), 8).to("meta")
    painter = e.picture_autoencoder(4, 8).to("meta")
    head = e.with_kinds(e.head_network(8, 16, 8), 8).to("meta")
    x, kind = (torch.ones(s, device="meta", dtype=t) for s, t in
               (((6, 1, 28, 28), torch.float32), ((6,), torch.int64)))  # fmt: skip
    with OneDevice():
        losses = [
            e.class_loss(network, x, kind),
            e.pairs_loss(network["body"](x), network["body"](x)),
            e.class_loss(head, torch.ones(6, 8, device="meta"), kind),
            painter["back"](painter["code"](x)).mean(),
        ]
        for loss in losses:
            loss.backward()
    assert {loss.device.type for loss in losses} == {"meta"}


def test_a_tensor_left_behind_would_be_noticed() -> None:
    network = e.picture_network(4, 8).to("meta")
    with OneDevice(), pytest.raises(RuntimeError, match="mixes"):
        e.pairs_loss(network(torch.ones(2, 1, 28, 28, device="meta")), torch.ones(2, 8))

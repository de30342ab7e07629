"""The Keras twin of LightGCN, as the notebook shows it, against torch's."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from helpers.models import graphs

X = sparse.csr_array((np.random.default_rng(0).random((40, 60)) < 0.1).astype(np.float32))
X = X[np.diff(X.indptr) > 0].sorted_indices()
A = graphs.normalised(graphs.two_sided(X))
WAYS = ("by_edges", "told", "told_by_rows")


@pytest.fixture(scope="module")
def shown(define: Any) -> dict[str, Any]:
    """Take the definitions out of the notebook, as a reader sees them there."""
    keras, tf = pytest.importorskip("keras"), pytest.importorskip("tensorflow")
    space = {"keras": keras, "tf": tf, "np": np, "sparse": sparse, "A": A}
    space |= {"draw_triples": graphs.draw_triples}
    return define("36-graph-tensorflow", space)


def network() -> graphs.LightGCN:
    torch.manual_seed(0)
    return graphs.LightGCN(A, X.shape[0], dim=8, layers=3)


def triples() -> list[Any]:
    return [part.astype(np.int64) for part in graphs.draw_triples(X, np.random.default_rng(0))]


@pytest.mark.parametrize("way", WAYS)
def test_keras_gives_the_same_vectors_gradient_and_step(shown: dict[str, Any], way: str) -> None:
    theirs = network()
    twin = shown["twin_of"](theirs, shown[way])
    for mine, other in zip(twin.vectors(), theirs(), strict=True):
        np.testing.assert_allclose(mine.numpy(), other.detach().numpy(), atol=1e-5)

    loss = graphs.triple_loss(theirs, *map(torch.from_numpy, triples()), decay=1e-4)
    loss.backward()  # type: ignore[no-untyped-call]
    slope, their_slope = shown["slope_of"](twin, triples()), theirs.table.grad.numpy()
    assert shown["triple_loss_tf"](twin, *triples()).numpy() == pytest.approx(
        loss.item(), abs=1e-6
    )
    assert np.abs(their_slope).max() > 1e-5  # an edge of the graph, not rounding
    np.testing.assert_allclose(slope, their_slope, atol=1e-4 * np.abs(their_slope).max())

    shown["TorchAdam"](0.01).apply([shown["tf"].constant(slope)], twin.trainable_weights)
    torch.optim.Adam(theirs.parameters(), lr=0.01).step()
    np.testing.assert_allclose(twin.table.numpy(), theirs.table.detach().numpy(), atol=1e-4)


def test_the_gradient_by_hand_is_right_for_symmetric_tables_only(shown: dict[str, Any]) -> None:
    tf = shown["tf"]
    E = tf.constant(np.random.default_rng(1).normal(size=(A.shape[0], 4)).astype(np.float32))
    for table, right in ((A, True), (graphs.normalised(graphs.two_sided(X), 1, 0), False)):
        slopes = []
        for way in WAYS:
            with tf.GradientTape() as tape:
                tape.watch(E)
                total = tf.reduce_sum(shown[way](shown["as_tf"](table))(E) ** 2)
            slopes.append(tape.gradient(total, E).numpy())
        expected = 2 * (table.T @ (table @ E.numpy()))
        np.testing.assert_allclose(slopes[0], expected, atol=1e-4)
        assert np.allclose(slopes[1], expected, atol=1e-4) == right
        assert np.allclose(slopes[2], expected, atol=1e-4) == right


def test_out_of_order_only_compressed_rows_are_wrong(shown: dict[str, Any]) -> None:
    tf, table = shown["tf"], shown["as_tf"](A)
    mixed = shown["listed_twice"](table)
    E = np.random.default_rng(2).normal(size=(A.shape[0], 4)).astype(np.float32)
    np.testing.assert_allclose(shown["by_edges"](mixed)(E), A @ E, atol=1e-5)
    assert np.abs(shown["by_rows"](mixed)(E) - A @ E).max() > 0.01
    np.testing.assert_allclose(shown["by_rows"](tf.sparse.reorder(mixed))(E), A @ E, atol=1e-5)
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.sparse.to_dense(mixed)
    ones = shown["listed_twice"](shown["as_tf"](graphs.two_sided(X)))
    sums = shown["by_rows"](ones)(np.ones((A.shape[0], 1), np.float32))
    np.testing.assert_allclose(sums[:, 0], graphs.two_sided(X).sum(axis=1))  # notices nothing


def test_both_trainings_are_the_same_in_both(shown: dict[str, Any]) -> None:
    theirs = network()
    twin = shown["twin_of"](theirs, shown["told_by_rows"])
    batches = list(shown["triples"](X, batch=20))
    assert len(batches) > 9
    losses = shown["train_twin"](twin, batches, shown["triple_loss_tf"], 0.01)
    their_loss = graphs.train_triples(theirs, X, 1, rate=0.01, batch=20)[0]["loss"]
    assert np.mean(losses) == pytest.approx(their_loss, abs=1e-5)

    twin = shown["twin_of"](theirs, shown["told_by_rows"])
    losses = shown["train_twin"](twin, shown["lists"](X, 3, 0, 10), shown["list_loss"], 0.005)
    curve = graphs.train_lists(theirs, X, 3, batch=10)
    means = np.reshape(losses, (3, -1)).mean(axis=1)
    np.testing.assert_allclose(means, [row["loss"] for row in curve], atol=1e-5)
    np.testing.assert_allclose(twin.table.numpy(), theirs.table.detach().numpy(), atol=1e-3)


def test_the_graph_convolution_is_the_formula(shown: dict[str, Any]) -> None:
    x = np.random.default_rng(3).normal(size=(A.shape[0], 5)).astype(np.float32)
    layer = shown["KerasGCN"](shown["told_by_rows"](shown["as_tf"](A)), 3)
    layer(x)
    layer.bias.assign(np.array([1.0, -1.0, 0.0]))
    expected = np.maximum(A @ (x @ layer.dense.kernel.numpy()) + [1, -1, 0], 0)
    np.testing.assert_allclose(layer(x).numpy(), expected, atol=1e-5)

"""Graphs: the symmetric product, parity with the library, walks, filters, lists, devices."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from one_device import OneDevice
from scipy import sparse

from helpers.data.adjacency_lists import load_lists
from helpers.models import graphs

ROWS = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 1]], dtype=np.float32)
X = sparse.csr_array(ROWS)
A = graphs.normalised(graphs.two_sided(X))


def benchmark() -> Any:
    path = Path(__file__).resolve().parents[1] / "benchmarks/lightgcn.py"
    spec = importlib.util.spec_from_file_location("benchmark_lightgcn", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def network(layers: int = 2, dim: int = 3) -> graphs.LightGCN:
    torch.manual_seed(0)
    return graphs.LightGCN(A, 4, dim, layers)


def test_the_slope_of_the_symmetric_product_holds_against_finite_differences() -> None:
    table = graphs.as_torch(A).double()
    E = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    apply: Any = graphs.SymmetricProduct.apply
    assert torch.autograd.gradcheck(lambda E: apply(table, E), E)
    assert torch.autograd.gradcheck(lambda E: graphs.propagate(table, E, 3), E)


def test_a_table_that_is_not_symmetric_fails_the_same_check() -> None:
    means = graphs.as_torch(graphs.normalised(graphs.two_sided(X), 1, 0)).double()
    E = torch.randn(8, 2, dtype=torch.float64, requires_grad=True)
    apply: Any = graphs.SymmetricProduct.apply
    assert not torch.autograd.gradcheck(lambda E: apply(means, E), E, raise_exception=False)


def test_no_layer_is_matrix_factorisation() -> None:
    one = network(layers=0)
    users, items = one()
    assert torch.equal(torch.cat([users, items]), one.table)


@pytest.mark.filterwarnings("ignore")
def test_values_loss_and_gradients_of_the_library() -> None:
    geometric = pytest.importorskip("torch_geometric.nn")
    ours = network(layers=3)
    theirs = geometric.LightGCN(8, 3, num_layers=3)
    with torch.no_grad():
        theirs.embedding.weight.copy_(ours.table)
    coo = graphs.two_sided(X).tocoo()
    edges = torch.from_numpy(np.stack([coo.row, coo.col]).astype(np.int64))
    users, items, others = (
        torch.tensor([0, 2, 3]),
        torch.tensor([0, 1, 2]),
        torch.tensor([2, 3, 1]),
    )
    good, bad = (theirs(edges, torch.stack([users, side + 4])) for side in (items, others))
    nodes = torch.cat([users, items + 4, others + 4])
    # the library leaves the half of the decay out
    wanted = theirs.recommendation_loss(good, bad, node_id=nodes, lambda_reg=0.1 / 2)
    found = graphs.triple_loss(ours, users, items, others, 0.1)
    assert torch.allclose(torch.cat(ours()), theirs.get_embedding(edges), atol=1e-6)
    assert found.item() == pytest.approx(wanted.item(), abs=1e-6)
    for loss in (found, wanted):
        loss.backward()
    assert ours.table.grad is not None
    assert torch.allclose(ours.table.grad, theirs.embedding.weight.grad, atol=1e-6)
    once = geometric.LGConv()(ours.table.detach(), edges)
    assert torch.allclose(once, graphs.as_torch(A) @ ours.table.detach(), atol=1e-6)


def test_rows_of_a_walk_add_up_to_one_and_hushing_divides_by_popularity() -> None:
    table = graphs.walk_table(X)
    assert table.sum(axis=1) == pytest.approx(np.ones(4))
    hushed = graphs.walk_table(X, 0.5)
    assert hushed == pytest.approx(table / np.sqrt(ROWS.sum(axis=0)))


def test_messages_do_not_care_how_nodes_are_numbered() -> None:
    order = np.random.default_rng(0).permutation(8)
    E = torch.randn(8, 3)
    moved = graphs.as_torch(sparse.csr_array(A[order][:, order]))
    before = graphs.propagate(graphs.as_torch(A), E, 3)[order]
    assert torch.allclose(graphs.propagate(moved, E[order], 3), before, atol=1e-6)


def test_triples_hold_each_edge_once_and_never_a_held_opponent() -> None:
    users, items, others = graphs.draw_triples(X, np.random.default_rng(0))
    pairs = sorted([user, item] for user, item in zip(users.tolist(), items.tolist(), strict=True))
    assert pairs == np.argwhere(ROWS).tolist()
    assert not ROWS[users, others].any()


def test_training_lowers_both_losses() -> None:
    for train, start in ((graphs.train_triples, False), (graphs.train_lists, True)):
        one = network()
        if start:
            graphs.start_at_svd(one, 1.0)
        curve = train(one, X, 30, rate=0.05)
        assert curve[-1]["loss"] < curve[0]["loss"]


def test_along_a_singular_vector_a_message_multiplies_by_its_value() -> None:
    one = network(layers=1, dim=2)
    graphs.start_at_svd(one, 1.0)
    once = graphs.as_torch(A) @ one.table.detach()
    s = np.linalg.svd(A.toarray()[:4, 4:])[1][:2]
    assert torch.allclose(once, one.table.detach() * torch.tensor(s), atol=1e-4)


def test_rewiring_keeps_every_degree() -> None:
    rng = np.random.default_rng(0)
    big = sparse.csr_array((rng.random((60, 40)) < 0.2).astype(np.float32))
    other = graphs.rewired(big, rng)
    assert other.nnz == big.nnz and other.max() == 1
    assert np.array_equal(other.sum(axis=0), big.sum(axis=0))
    assert np.array_equal(other.sum(axis=1), big.sum(axis=1))
    assert other.multiply(big).sum() < 0.5 * big.nnz


def test_walks_cross_edges_and_the_dials_turn_them() -> None:
    rng = np.random.default_rng(0)
    graph = sparse.csr_array((rng.random((50, 50)) < 0.2).astype(float))
    graph = sparse.csr_array(graph.maximum(graph.T)).sorted_indices()
    back = {}
    for p in (0.1, 1.0, 10.0):
        walks = graphs.biased_walks(graph, 12, p, 1.0, rng)
        assert (graph[walks[:, :-1].ravel(), walks[:, 1:].ravel()] > 0).all()
        back[p] = (walks[:, 2:] == walks[:, :-2]).mean()
    assert back[0.1] > 2 * back[1.0] > 4 * back[10.0]


def test_no_tensor_is_left_behind_on_another_device() -> None:
    """The meta device knows shapes only; its graph is dense, for it knows no sparse tables."""
    one = network()
    one.A = torch.empty(8, 8)
    one = one.to("meta")
    users, items, others = (torch.empty(5, dtype=torch.int64, device="meta") for _ in range(3))
    with OneDevice():
        value = graphs.triple_loss(one, users, items, others, 0.1)
        value.backward()  # type: ignore[no-untyped-call]
    assert value.device.type == "meta" and one.table.grad is not None


def write(folder: Path, train: str, test: str) -> Path:
    (folder / "train.txt").write_text(train)
    (folder / "test.txt").write_text(test)
    return folder


def test_lists_are_read(tmp_path: Path) -> None:
    train, test = load_lists(write(tmp_path, "0 1 2\n1 0 0\n2\n", "0 3\n\n1 1\n"))
    assert train.toarray().tolist() == [[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert test.toarray().tolist() == [[0, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_damaged_lists_name_the_file_and_the_line(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"train\.txt is missing"):
        load_lists(tmp_path)
    with pytest.raises(ValueError, match=r"test\.txt, line 2: 'x' is no whole number"):
        load_lists(write(tmp_path, "0 1\n", "0 1\n1 x\n"))
    with pytest.raises(ValueError, match=r"train\.txt, line 1: '-1' is no"):
        load_lists(write(tmp_path, "0 -1\n", "0 1\n"))
    with pytest.raises(ValueError, match=r"train\.txt, line 3: user 0 is on line 1, too"):
        load_lists(write(tmp_path, "0 1\n1 1\n0 2\n", "0 1\n"))


def test_metrics_of_the_yardstick_by_pencil() -> None:
    ranked = np.array([[0, 1, 2], [2, 1, 0], [0, 1, 2]])
    truth = sparse.csr_array([[1, 0, 1, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]])
    recall, ndcg = benchmark().recall_and_ndcg(ranked, truth)
    first = (1 + 1 / 2) / (1 + 1 / np.log2(3))  # hits at places 1 and 3, of two true items
    assert recall == pytest.approx((2 / 2 + 3 / 5) / 2)  # divided by all true items, above k, too
    assert ndcg == pytest.approx((first + 1) / 2)


def test_the_yardstick_learns_an_invented_split(tmp_path: Path) -> None:
    """Two groups of users, each with its own items: what is held out lies in the own group."""
    rng = np.random.default_rng(0)
    train, test = [], []
    for user in range(60):
        own = 30 * (user % 2) + rng.permutation(30)[:16]
        train.append(" ".join(map(str, [user, *own[:12]])))
        test.append(" ".join(map(str, [user, *own[12:]])))
    folder = write(tmp_path, "\n".join(train), "\n".join(test))
    recall, ndcg = benchmark().run(folder, layers=3, epochs=60, every=30)
    assert recall > 0.8  # by chance: 20 of the 48 other items, .42
    assert ndcg > 0.3

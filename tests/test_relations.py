"""Edges of several kinds: parity with PyTorch Geometric, sampling, echoes, what is hidden stays so."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Tensor

from helpers.models import relations as r


def graph(seed: int, nodes: int = 12) -> sparse.csr_array:
    cells = np.random.default_rng(seed).random((nodes, nodes)) < 0.3
    np.fill_diagonal(cells, False)
    return sparse.csr_array(cells.astype(np.float32))


def edge_list(A: sparse.csr_array) -> Tensor:
    receives, sends = A.nonzero()
    return torch.from_numpy(np.stack([sends, receives]))


def exact_means(A: sparse.csr_array) -> Tensor:
    table = A.toarray().astype(float)
    return torch.from_numpy(table / np.maximum(table.sum(axis=1, keepdims=True), 1))


# --- the layer is the library's


def test_layer_is_rgcn_with_the_same_gradients() -> None:
    from torch_geometric.nn import RGCNConv

    torch.manual_seed(0)
    graphs, x = [graph(0), graph(1), graph(2)], torch.randn(12, 5, dtype=torch.float64)
    ours = r.RelationLayer(5, 3, relations=3).double()
    theirs = RGCNConv(5, 3, num_relations=3).double()
    with torch.no_grad():
        theirs.root.copy_(ours.own.weight.T)
        theirs.bias.copy_(ours.own.bias)
        theirs.weight.copy_(torch.stack([m.weight.T for m in ours.near]))
    edges = [edge_list(A) for A in graphs]
    kinds = torch.cat([torch.full((e.shape[1],), k) for k, e in enumerate(edges)])
    a = ours(x, [exact_means(A) @ x for A in graphs])
    b = theirs(x, torch.cat(edges, dim=1), kinds)
    a.square().sum().backward()
    b.square().sum().backward()
    assert torch.allclose(a, b, atol=1e-6, rtol=0)
    assert torch.allclose(ours.own.weight.grad.T, theirs.root.grad, atol=1e-6, rtol=1e-6)
    for k, matrix in enumerate(ours.near):
        assert torch.allclose(matrix.weight.grad.T, theirs.weight.grad[k], atol=1e-6, rtol=1e-6)


def test_layer_with_one_relation_is_graphsage_with_the_same_gradients() -> None:
    from torch_geometric.nn import SAGEConv

    torch.manual_seed(0)
    A, x = graph(3), torch.randn(12, 5, dtype=torch.float64)
    ours, theirs = r.RelationLayer(5, 3, relations=1).double(), SAGEConv(5, 3).double()
    with torch.no_grad():
        theirs.lin_r.weight.copy_(ours.own.weight)
        theirs.lin_l.bias.copy_(ours.own.bias)
        theirs.lin_l.weight.copy_(ours.near[0].weight)
    a, b = ours(x, [exact_means(A) @ x]), theirs(x, edge_list(A))
    a.square().sum().backward()
    b.square().sum().backward()
    assert torch.allclose(a, b, atol=1e-6, rtol=0)
    assert torch.allclose(ours.near[0].weight.grad, theirs.lin_l.weight.grad, atol=1e-6)
    assert torch.allclose(ours.own.weight.grad, theirs.lin_r.weight.grad, atol=1e-6)


# --- means and draws


def test_row_means_are_means_and_lonely_nodes_stay_at_zero() -> None:
    A = sparse.csr_array(np.array([[1.0, 1, 0], [0, 0, 0], [0, 0, 5]]))
    x = np.array([[2.0], [4.0], [7.0]])
    assert (r.row_means(A) @ x).ravel().tolist() == [3.0, 0.0, 7.0]


def test_draws_are_neighbours_and_all_equally_likely() -> None:
    A = graph(4)
    nodes = np.repeat(np.arange(12), 500)
    drawn = r.sample_neighbours(A, nodes, 4, np.random.default_rng(0))
    for node in range(12):
        mine = drawn[nodes == node].ravel()
        neighbours = A.indices[A.indptr[node] : A.indptr[node + 1]]
        if len(neighbours) == 0:
            assert set(mine) == {12}
            continue
        share = np.bincount(mine, minlength=13)[neighbours] / len(mine)
        assert set(mine) == set(neighbours)
        assert abs(share - 1 / len(neighbours)).max() < 0.05


def test_the_mean_of_draws_is_the_mean_of_neighbours() -> None:
    A, x = graph(5), np.random.default_rng(1).normal(size=(12, 2))
    padded = np.vstack([x, np.zeros(2)])
    drawn = r.sample_neighbours(A, np.arange(12), 20_000, np.random.default_rng(0))
    assert np.allclose(padded[drawn].mean(axis=1), r.row_means(A) @ x, atol=0.05)


def test_a_graph_without_any_edge_can_be_asked() -> None:
    empty = sparse.csr_array((3, 3))
    drawn = r.sample_neighbours(empty, np.arange(3), 2, np.random.default_rng(0))
    assert drawn.tolist() == [[3, 3]] * 3


# --- the walk


def test_walk_is_the_sum_that_it_says(seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    history = rng.random((3, 6))
    sold = np.array([1.0, 1, 0, 1, 1, 0])
    history[:, sold == 0] = 0
    colours = np.array([0, 0, 0, 1, 1, 1])
    got = r.walk(history, {"c": r.attribute_table(colours)}, {"c": 2.0}, sold)
    for item in range(6):
        mates = np.flatnonzero((colours == colours[item]) & (sold > 0))
        assert got[:, item] == pytest.approx(2 * history[:, mates].mean(axis=1))


def test_sparse_and_dense_histories_walk_alike() -> None:
    history = np.random.default_rng(0).random((3, 4)).round()
    tables = {"c": r.attribute_table([0, 1, 1, 0])}
    dense = r.walk(history, tables, {"c": 1.0}, np.ones(4))
    assert np.allclose(dense, r.walk(sparse.csr_array(history), tables, {"c": 1.0}, np.ones(4)))


def test_a_value_that_nobody_sells_scores_zero() -> None:
    got = r.walk(
        np.array([[1.0, 0]]), {"c": r.attribute_table([0, 1])}, {"c": 1.0}, np.array([1.0, 0])
    )
    assert got.tolist() == [[1.0, 0.0]]


# --- labels


def test_no_product_hears_its_own_label() -> None:
    labels = np.eye(5)
    A = r.attribute_table([0, 0, 1, 1, 2])
    heard = r.count_others(A, labels, product_to_product=False)
    assert np.diag(heard).tolist() == [0.0] * 5
    assert heard[0].tolist() == [0, 1, 0, 0, 0]
    assert heard[4].sum() == 0  # a lonely maker is a dead end


def test_silence_says_nothing() -> None:
    prior = np.array([0.25, 0.75])
    assert r.log_shares(np.zeros((1, 2)), prior) == pytest.approx(np.zeros((1, 2)))


# --- the network


def network(shared: bool = False) -> r.AttributeNetwork:
    torch.manual_seed(0)
    codes = torch.tensor([[0, 0], [0, 1], [1, 1], [1, 0]])
    return r.AttributeNetwork(codes, num_users=3, dim=2, width=4, shared=shared).eval()


@pytest.mark.parametrize("shared", [False, True])
def test_what_a_silent_product_would_send_changes_nothing(shared: bool) -> None:
    net, sends = network(shared), torch.tensor([0.0, 1, 1, 1])
    sent = torch.randn(4, 2)
    other = sent.clone()
    other[0] = 100.0
    items = torch.arange(4)
    assert torch.equal(net(sent, sends, items), net(other, sends, items))


def test_the_echo_is_real_when_a_product_sends() -> None:
    net, sends = network(), torch.ones(4)
    sent = torch.randn(4, 2)
    other = sent.clone()
    other[0] = 100.0
    assert not torch.equal(
        net(sent, sends, torch.tensor([0])), net(other, sends, torch.tensor([0]))
    )


def test_products_with_the_same_attributes_get_the_same_vector() -> None:
    torch.manual_seed(0)
    net = r.AttributeNetwork(torch.tensor([[0, 0], [0, 0], [1, 1]]), 3, 2, 4).eval()
    vectors = net.vectors(torch.randn(3, 2), torch.ones(3), torch.arange(3))
    assert torch.equal(vectors[0], vectors[1])


def test_network_learns_who_buys_what() -> None:
    torch.manual_seed(0)
    codes = torch.tensor([[0], [0], [1], [1]])
    net = r.AttributeNetwork(codes, num_users=2, dim=2, width=8)
    bought = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        scores = net(bought, torch.ones(4), torch.arange(4))
        loss = -(bought * scores.flatten().log_softmax(0).view_as(scores)).sum() / bought.sum()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        found = net.eval()(bought, torch.tensor([1.0, 0, 1, 0]), torch.tensor([1, 3]))
    assert found.argmax(dim=1).tolist() == [0, 1]

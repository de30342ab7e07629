"""The shopping graph, and methods that pass messages over it (chapter 36)."""

import warnings
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn.functional import embedding, softplus

from helpers.data import Interactions
from helpers.models.factors import nearest_vectors, truncated_svd, weighted
from helpers.models.towers import softmax_loss
from helpers.similarity import dense
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


def two_sided(X: Any) -> Any:
    """The graph of households and products as one square table; households come first.

    Parameters
    ----------
    X : csr (num_users, num_items); what is stored is an edge.

    Returns
    -------
    csr_array (nodes, nodes) of float32 ones and zeros, symmetric; nodes = num_users + num_items.

    >>> two_sided(sparse.csr_array([[1, 0], [5, 1]])).toarray().astype(int)[:2]
    array([[0, 0, 1, 0],
           [0, 0, 1, 1]])
    """
    edges = weighted(X, np.sign).astype(np.float32)
    return sparse.csr_array(sparse.block_array([[None, edges], [edges.T, None]]))


def normalised(A: Any, before: float = 0.5, after: float = 0.5) -> Any:
    """Divide each edge by the degrees of its ends: D^-before A D^-after.

    (1, 0) makes each node take the mean of its neighbours; (0.5, 0.5) stays symmetric.

    Parameters
    ----------
    A : csr (nodes, nodes) of weights >= 0.  A node without edges keeps its empty row.

    References
    ----------
    Kipf & Welling (2017), "Semi-supervised classification with graph convolutional networks",
    ICLR, equation 2 (0.5, 0.5).

    >>> star = sparse.csr_array([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]])
    >>> normalised(star, 1, 0).toarray()[0]
    array([0. , 0.5, 0.5])
    >>> normalised(star).toarray()[0].round(3)  # 1 / sqrt(2 * 1)
    array([0.   , 0.707, 0.707])
    """
    degree = np.maximum(A.sum(axis=1), 1e-12)
    table = sparse.diags_array(degree**-before) @ A @ sparse.diags_array(degree**-after)
    return sparse.csr_array(table).astype(A.dtype)


def as_torch(A: Any, device: Any = "cpu") -> Tensor:
    """A scipy table as a torch one: compressed rows, sorted, numbered with 32 bits.

    >>> as_torch(sparse.csr_array([[0.0, 2.0]])).to_dense()
    tensor([[0., 2.]])
    """
    A = sparse.csr_array(A).sorted_indices()
    rows, columns = (torch.from_numpy(part.astype(np.int32)) for part in (A.indptr, A.indices))
    values = torch.from_numpy(A.data.astype(np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its compressed tables a beta
        table = torch.sparse_csr_tensor(rows, columns, values, size=A.shape)
    return table.to(device)


class SymmetricProduct(torch.autograd.Function):
    """A @ E for a symmetric sparse A that is not learned; the gradient is A @ g, for A' = A.

    Torch would work out A' for every backward pass; here there is nothing to work out.

    >>> A = as_torch(sparse.csr_array([[0.0, 2.0], [2.0, 0.0]]))
    >>> E = torch.tensor([[1.0], [3.0]], requires_grad=True)
    >>> SymmetricProduct.apply(A, E)[0].backward()
    >>> E.grad.ravel()
    tensor([0., 2.])
    """

    @staticmethod
    def forward(ctx: Any, A: Tensor, E: Tensor) -> Tensor:
        ctx.A = A
        return A @ E

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[None, Tensor]:
        return None, ctx.A @ slopes[0]


def propagate(A: Tensor, E: Tensor, layers: int) -> Tensor:
    """The mean of E, A E, A A E, ...: what a node is, its neighbours are, theirs are.

    Parameters
    ----------
    A : sparse (nodes, nodes), symmetric.   E : (nodes, dim).   layers : how many products; 0: E.

    References
    ----------
    He et al. (2020), "LightGCN: simplifying and powering graph convolution network for
    recommendation", SIGIR, equations 3 and 4 with equal weights.

    >>> A = as_torch(sparse.csr_array([[0.0, 1.0], [1.0, 0.0]]))
    >>> propagate(A, torch.tensor([[4.0], [0.0]]), 1).ravel()
    tensor([2., 2.])
    """
    total = E
    for _ in range(layers):
        E = SymmetricProduct.apply(A, E)  # type: ignore[no-untyped-call]
        total = total + E
    return total / (layers + 1)


class LightGCN(nn.Module):
    """A vector for each node, passed over the graph; nothing else is learned.

    Parameters
    ----------
    A : scipy table (nodes, nodes), symmetric and normalised, households first.
    num_users : how many of the nodes are households.   dim : length of the vectors.
    layers : messages are passed so many times; 0 is plain matrix factorisation.

    >>> A = normalised(two_sided(sparse.csr_array([[1.0, 0.0, 1.0]])))
    >>> users, items = LightGCN(A, num_users=1, dim=4, layers=2)()
    >>> tuple(users.shape), tuple(items.shape)
    ((1, 4), (3, 4))
    """

    def __init__(self, A: Any, num_users: int, dim: int, layers: int) -> None:
        super().__init__()
        self.num_users, self.layers = num_users, layers
        self.register_buffer("A", as_torch(A), persistent=False)
        self.table = nn.Parameter(0.1 * torch.randn(A.shape[0], dim))

    def forward(self) -> tuple[Tensor, Tensor]:
        nodes = propagate(self.A, self.table, self.layers)  # type: ignore[arg-type]
        return nodes[: self.num_users], nodes[self.num_users :]


def mean_bpr_loss(u: Tensor, v: Tensor, w: Tensor) -> Tensor:
    """Mean of -ln sigmoid(u.v - u.w): what was bought should score above what was not.

    Parameters
    ----------
    u, v, w : (batch, dim) households, products that they have, products that they have not.

    Source: Rendle et al. (2009), "BPR: Bayesian personalized ranking from implicit feedback".

    >>> mean_bpr_loss(torch.ones(1, 2), torch.zeros(1, 2), torch.zeros(1, 2)).item()  # ln 2
    0.6931471824645996
    """
    return softplus((u * w).sum(1) - (u * v).sum(1)).mean()


def triple_loss(
    network: LightGCN, users: Tensor, items: Tensor, others: Tensor, decay: float
) -> Tensor:
    """`mean_bpr_loss` of a batch plus decay / 2 times the squares of its own rows, a triple.

    Parameters
    ----------
    users, items, others : (batch,) integers: a household, a product it has, one it has not.

    The decay is for the vectors before any message, as in the code of He et al. (2020).
    """
    P, Q = network()
    loss = mean_bpr_loss(embedding(users, P), embedding(items, Q), embedding(others, Q))
    rows = torch.cat([users, items + network.num_users, others + network.num_users])
    return loss + decay * embedding(rows, network.table).square().sum() / 2 / len(users)


def draw_triples(X: Any, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Each edge once, in random order, with a product that the household does not have.

    Parameters
    ----------
    X : csr (num_users, num_items) with sorted indices; no row may be full.

    Returns
    -------
    users, items, others : (num_edges,).

    >>> [part.tolist() for part in draw_triples(sparse.csr_array([[1, 0]]), np.random.default_rng(0))]
    [[0], [0], [1]]
    """
    users = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    edges = users * X.shape[1] + X.indices
    order = rng.permutation(len(edges))
    others, wrong = np.zeros_like(edges), np.arange(len(edges))
    while len(wrong):
        others[wrong] = rng.integers(X.shape[1], size=len(wrong))
        drawn = users[wrong] * X.shape[1] + others[wrong]
        place = np.minimum(np.searchsorted(edges, drawn), len(edges) - 1)
        wrong = wrong[edges[place] == drawn]
    return users[order], X.indices[order], others[order]


def train_triples(
    network: LightGCN,
    X: Any,
    epochs: int,
    *,
    rate: float = 0.01,
    batch: int = 8192,
    decay: float = 1e-4,
    seed: int = 0,
    validate: Any = None,
) -> list[dict[str, float]]:
    """Train with `triple_loss`, as the paper does: every edge once an epoch (Adam).

    Parameters
    ----------
    X : csr (num_users, num_items), the edges to learn.
    """
    rng, device = np.random.default_rng(seed), network.table.device
    adam = torch.optim.Adam(network.parameters(), lr=rate)

    def batches() -> Any:
        triples = [torch.from_numpy(part.astype(np.int64)) for part in draw_triples(X, rng)]
        return zip(*(part.to(device).split(batch) for part in triples), strict=True)  # type: ignore[no-untyped-call]

    def loss(some: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        return triple_loss(network, *some, decay)

    return train_network(network, adam, batches, loss, epochs, validate)


def start_at_svd(network: LightGCN, strength: float = 64.0) -> None:
    """Begin at the singular vectors of the normalised graph, times their values and `strength`.

    Along singular vector k one message multiplies by the singular value s_k (from 1 to 0).
    """
    A, num_users = network.A.cpu(), network.num_users
    numbers = (A.values().numpy(), A.col_indices().numpy(), A.crow_indices().numpy())  # type: ignore[operator]
    B = sparse.csr_array(numbers, shape=tuple(A.shape))[:num_users, num_users:]  # type: ignore[arg-type]
    U, s, Vt = truncated_svd(B, network.table.shape[1])
    with torch.no_grad():
        network.table.copy_(torch.from_numpy(strength * np.vstack([U, Vt.T]) * s))


def train_lists(
    network: LightGCN,
    X: Any,
    epochs: int,
    *,
    rate: float = 0.005,
    batch: int = 64,
    decay: float = 1e-6,
    seed: int = 0,
    validate: Any = None,
) -> list[dict[str, float]]:
    """Train with the softmax over all products (`softmax_loss`): every household once an epoch.

    Parameters
    ----------
    X : csr (num_users, num_items) of ones, the edges to learn.
    """
    rng, device = np.random.default_rng(seed), network.table.device
    adam = torch.optim.Adam(network.parameters(), lr=rate)

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(X.shape[0]), -(-X.shape[0] // batch))

    def loss(some: IntArray) -> Tensor:
        P, Q = network()
        wanted = torch.from_numpy(dense(X[some])).to(device)
        wrong = softmax_loss(P[torch.from_numpy(some).to(device)] @ Q.T, wanted)
        return wrong + decay * network.table.square().sum() / 2

    return train_network(network, adam, batches, loss, epochs, validate)


class NodeVectors:
    """Answers from vectors of nodes: `network` gives those of households and of products."""

    def __init__(self, network: Any, graph: Any) -> None:
        self.network, self.graph = network, graph

    def scores(self, users: IntArray) -> FloatArray:
        P, Q = self.vectors()
        return np.asarray(P[users] @ Q.T)

    def complete(self, baskets: Any) -> FloatArray:
        """A basket is a household that the graph does not know: messages from its products."""
        Q, times = self.item_vectors, np.maximum(self.graph.sum(axis=1), 1)[-baskets.shape[1] :]
        rows = weighted(baskets, np.sign).astype(np.float32) @ sparse.diags_array(times**-0.5)
        return np.asarray(dense(rows) @ Q @ Q.T)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.item_vectors, items, k)

    def vectors(self) -> tuple[FloatArray, FloatArray]:
        """(num_users, dim) and (num_items, dim), after the messages."""
        with torch.no_grad():
            P, Q = self.network()
        return np.asarray(P.cpu().numpy()), np.asarray(Q.cpu().numpy())

    @property
    def item_vectors(self) -> FloatArray:
        return self.vectors()[1]


class LightGCNModel(NodeVectors):
    """LightGCN, started at an SVD of its graph and trained with the softmax over all products.

    Parameters
    ----------
    layers, dim : see `LightGCN`.   epochs, seed, device : as elsewhere.
    strength : length of the start, see `start_at_svd`.
    settings : for `train_lists`.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 2, 3], "what": ["tea", "milk"] * 2 + ["rope"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = LightGCNModel(layers=1, dim=2).fit(log)
    >>> given = sparse.csr_array(np.eye(3, dtype=np.float32)[log.item_index(["tea"])])
    >>> milk, rope = model.complete(given)[0, log.item_index(["milk", "rope"])]
    >>> bool(milk > rope)
    True
    """

    def __init__(
        self,
        layers: int = 2,
        dim: int = 32,
        epochs: int = 4,
        strength: float = 64.0,
        seed: int = 0,
        device: Any = "cpu",
        **settings: Any,
    ) -> None:
        self.layers, self.dim, self.epochs, self.strength = layers, dim, epochs, strength
        self.seed, self.device, self.settings = seed, device, settings

    def fit(self, interactions: Interactions, edges: Any = None, validate: Any = None) -> Self:
        """Learn the purchases; messages pass over `edges`, by default over the same purchases."""
        torch.manual_seed(self.seed)
        X = weighted(interactions.matrix, np.sign).astype(np.float32)
        self.graph = two_sided(X if edges is None else edges)
        A, size = normalised(self.graph), (X.shape[0], self.dim, self.layers)
        self.network = LightGCN(A, *size).to(self.device)
        start_at_svd(self.network, self.strength)
        check = None if validate is None else lambda: validate(self)
        settings = {"seed": self.seed, "validate": check} | self.settings
        self.curve = train_lists(self.network, X, self.epochs, **settings)
        return self


def walk_table(X: Any, beta: float = 0.0) -> FloatArray:
    """From product i to a random buyer, to a random product of hers: P(j), over d_j ** beta.

    Parameters
    ----------
    X : csr (num_users, num_items); what is stored is an edge.
    beta : how much a popular product at the end of the walk is hushed; 0: rows add up to one.

    Returns
    -------
    dense (num_items, num_items).

    References
    ----------
    Cooper et al. (2014), "Random walks in recommender systems", WWW (P3alpha); Paudel et al.
    (2017), "Updatable, accurate, diverse, and scalable recommendations", TiiS 7(1) (RP3beta).

    >>> walk_table(sparse.csr_array([[1, 1], [0, 1]]))  # tea, milk of Ann; milk of Bob
    array([[0.5 , 0.5 ],
           [0.25, 0.75]], dtype=float32)
    """
    X = weighted(X, np.sign).astype(np.float32)
    rows, columns = (np.maximum(X.sum(axis=axis), 1) for axis in (1, 0))
    to_buyers = sparse.diags_array(1 / columns) @ X.T
    table = dense(sparse.csr_array(to_buyers @ sparse.diags_array(1 / rows) @ X))
    table *= columns**-beta
    return np.asarray(table)


def low_pass_table(X: Any, factors: int, strength: float = 0.3) -> FloatArray:
    """Products to products through the smooth part of the graph; nothing is trained.

    One message there and back, B'B, plus `strength` times the projection on the strongest
    singular vectors of B, the normalised edges, read off in the scale of popularity.

    Returns
    -------
    dense (num_items, num_items).

    References
    ----------
    Shen et al. (2021), "How powerful is graph convolution for recommendation?", CIKM (GF-CF).

    >>> low_pass_table(sparse.csr_array([[1, 1], [0, 1]]), 1, 0.0).round(2)
    array([[0.5 , 0.35],
           [0.35, 0.75]], dtype=float32)
    """
    X = weighted(X, np.sign).astype(np.float32)
    rows, columns = (np.maximum(X.sum(axis=axis), 1) for axis in (1, 0))
    B = sparse.csr_array(sparse.diags_array(rows**-0.5) @ X @ sparse.diags_array(columns**-0.5))
    V = truncated_svd(B, factors)[2].T
    table = dense(sparse.csr_array(B.T @ B))
    table += strength * (V / np.sqrt(columns)[:, None]) @ (V.T * np.sqrt(columns))
    return np.asarray(table)


def biased_walks(
    graph: Any, length: int, p: float, q: float, rng: np.random.Generator
) -> IntArray:
    """One walk from each node that has an edge, all at once.

    The next node is drawn in proportion to the edge's weight, times 1/p where the walk would
    return to the node before, 1 where the next node is a neighbour of the one before, and 1/q
    where it is not.  A draw is refused in proportion until one is accepted.

    Parameters
    ----------
    graph : csr (nodes, nodes), symmetric, weights > 0, sorted indices.
    length : nodes in a walk.   p, q : > 0; both 1 are the walks of DeepWalk.

    Returns
    -------
    (num_walks, length) nodes.

    References
    ----------
    Grover & Leskovec (2016), "node2vec: scalable feature learning for networks", KDD,
    section 3.2; Perozzi et al. (2014), "DeepWalk", KDD.

    >>> ring = sparse.csr_array([[0.0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
    >>> biased_walks(ring, 3, 1e9, 1.0, np.random.default_rng(0))[:, 2]  # never back: go on
    array([2, 3, 0, 1])
    """
    nodes, total = graph.shape[0], np.concatenate([[0.0], np.cumsum(graph.data, dtype=float)])
    edges = np.repeat(np.arange(nodes), np.diff(graph.indptr)) * nodes + graph.indices
    start = np.flatnonzero(np.diff(graph.indptr))
    walks = np.tile(start[:, None], length)
    largest = max(1 / p, 1.0, 1 / q)
    for step in range(1, length):
        open_walks = np.arange(len(start))
        while len(open_walks):
            here = walks[open_walks, step - 1]
            low, high = total[graph.indptr[here]], total[graph.indptr[here + 1]]
            place = np.searchsorted(total, low + rng.random(len(here)) * (high - low), "right") - 1
            there = graph.indices[np.minimum(place, graph.indptr[here + 1] - 1)]
            bias = np.full(len(here), largest)
            if step > 1:
                before = walks[open_walks, step - 2]
                key = before * nodes + there
                known = edges[np.minimum(np.searchsorted(edges, key), len(edges) - 1)] == key
                bias = np.where(there == before, 1 / p, np.where(known, 1.0, 1 / q))
            accepted = rng.random(len(here)) * largest < bias
            walks[open_walks[accepted], step] = there[accepted]
            open_walks = open_walks[~accepted]
    return walks


def rewired(X: Any, rng: np.random.Generator, rounds: int = 30) -> Any:
    """The same number of edges at every node, but who bought what is chance.

    In each round all edges are paired; two edges exchange their products unless one of the new
    edges is there already.

    Parameters
    ----------
    X : csr (num_users, num_items), binary.

    References
    ----------
    Maslov & Sneppen (2002), "Specificity and stability in topology of protein networks", Science.

    >>> Y = rewired(sparse.csr_array(np.eye(4)), np.random.default_rng(0))
    >>> Y.sum(axis=0).tolist(), Y.sum(axis=1).tolist()
    ([1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0])
    """
    num_items = X.shape[1]
    users, items = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr)), X.indices.astype(np.int64)
    for _ in range(rounds):
        one, two = rng.permutation(len(items))[: len(items) // 2 * 2].reshape(2, -1)
        new = np.stack([users[one] * num_items + items[two], users[two] * num_items + items[one]])
        _, place, times = np.unique(new, return_inverse=True, return_counts=True)
        free = (times[place].reshape(new.shape) == 1) & ~np.isin(new, users * num_items + items)
        one, two = one[free.all(axis=0)], two[free.all(axis=0)]
        items[one], items[two] = items[two], items[one]
    ones = np.ones(len(items), dtype=np.float32)
    return sparse.csr_array((ones, (users, items)), shape=X.shape)

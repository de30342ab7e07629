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
from helpers.models.factors import nearest_vectors, weighted
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


def bpr_loss(u: Tensor, v: Tensor, w: Tensor) -> Tensor:
    """Mean of -ln sigmoid(u.v - u.w): what was bought should score above what was not.

    Parameters
    ----------
    u, v, w : (batch, dim) households, products that they have, products that they have not.

    Source: Rendle et al. (2009), "BPR: Bayesian personalized ranking from implicit feedback".

    >>> bpr_loss(torch.ones(1, 2), torch.zeros(1, 2), torch.zeros(1, 2)).item()  # ln 2
    0.6931471824645996
    """
    return softplus((u * w).sum(1) - (u * v).sum(1)).mean()


def triple_loss(
    network: LightGCN, users: Tensor, items: Tensor, others: Tensor, decay: float
) -> Tensor:
    """`bpr_loss` of a batch, plus decay times half the squared length of its own rows, a triple.

    Parameters
    ----------
    users, items, others : (batch,) integers: a household, a product it has, one it has not.

    The decay is for the vectors before any message, as in the code of He et al. (2020).
    """
    P, Q = network()
    loss = bpr_loss(embedding(users, P), embedding(items, Q), embedding(others, Q))
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

"""Graphs with several kinds of edges: means by relation, sampling, GraphSAGE, R-GCN (chapter 36)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn.functional import dropout

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


def attribute_table(values: Sequence[Any]) -> sparse.csr_array:
    """Edges from things to the values of one attribute, sorted: (things, values), float32.

    >>> attribute_table(["tea", "milk", "tea"]).toarray().astype(int).tolist()
    [[0, 1], [1, 0], [0, 1]]
    """
    _, codes = np.unique(np.asarray(values), return_inverse=True)
    rows = np.arange(len(codes))
    return sparse.csr_array((np.ones(len(codes), dtype=np.float32), (rows, codes)))


def row_means(A: Any) -> Any:
    """Divide every row by its sum, so that A @ X is the mean of the neighbours' rows.

    Parameters
    ----------
    A : sparse (nodes, others), weights >= 0.  A row without edges stays zero.

    >>> row_means(sparse.csr_array([[1.0, 3.0], [0.0, 0.0]])).toarray().tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    size = np.asarray(A.sum(axis=1)).ravel()
    share = np.divide(1, size, out=np.zeros(len(size)), where=size > 0)
    return sparse.csr_array(sparse.diags_array(share) @ A).astype(np.float32)


def walk(
    history: Any, tables: Mapping[str, Any], weights: Mapping[str, float], sold: FloatArray
) -> FloatArray:
    """Two steps from products to products: through each attribute, then a weighted sum.

    A value of an attribute gets the mean of what the household bought among its products, sold
    ones only; a product gets the weighted sum over its values.

    Parameters
    ----------
    history : (households, items).   tables : relation -> (items, values).
    weights : relation -> number.   sold : (items,), one where a product may send, else zero.

    Returns
    -------
    (households, items)

    A household bought one of two teas; the third tea is new:

    >>> tea = {"type": sparse.csr_array([[1.0], [1.0], [1.0]])}
    >>> walk(np.array([[1.0, 0, 0]]), tea, {"type": 2.0}, np.array([1.0, 1, 0])).tolist()
    [[1.0, 1.0, 1.0]]
    """
    total = np.zeros(history.shape, dtype=np.float32)
    for relation, weight in weights.items():
        A = tables[relation]
        mean = (history @ A) @ sparse.diags_array(1 / np.maximum(A.T @ sold, 1))
        step = mean @ A.T
        total += weight * (step.toarray() if sparse.issparse(step) else step)
    return total


def sample_neighbours(A: Any, nodes: IntArray, fan_out: int, rng: np.random.Generator) -> IntArray:
    """Draw `fan_out` neighbours of each node, with replacement, all equally likely.

    Parameters
    ----------
    A : csr (nodes, others).   nodes : (n,) rows of A.

    Returns
    -------
    (n, fan_out) columns of A; a node without neighbours gets the column that does not exist,
    ``A.shape[1]``: give your table of features a last row of zeros.

    References
    ----------
    Hamilton, Ying & Leskovec (2017), "Inductive representation learning on large graphs", NeurIPS.

    >>> A = sparse.csr_array([[0, 0, 1], [0, 0, 0]])
    >>> sample_neighbours(A, np.array([0, 1]), 2, np.random.default_rng(0)).tolist()
    [[2, 2], [3, 3]]
    """
    start, size = A.indptr[nodes], np.diff(A.indptr)[nodes]
    place = start[:, None] + (rng.random((len(nodes), fan_out)) * size[:, None]).astype(np.int64)
    padded = np.append(A.indices, A.shape[1])
    drawn: IntArray = padded[np.where(size[:, None] > 0, place, len(A.indices))]
    return drawn


class RelationLayer(nn.Module):
    """What a node is, plus the mean of each kind of neighbours, each through its own matrix.

    With one relation this is GraphSAGE's mean layer, with several the R-GCN layer.

    Parameters
    ----------
    width, out : length of the vectors that come in and go out.   relations : how many kinds.

    References
    ----------
    Hamilton et al. (2017), algorithm 1 with the mean; Schlichtkrull et al. (2018), "Modeling
    relational data with graph convolutional networks", ESWC, equation 2 with c = number of
    neighbours.

    >>> layer = RelationLayer(1, 1, relations=1)
    >>> for weight in layer.parameters():
    ...     _ = nn.init.ones_(weight)
    >>> layer(torch.tensor([[2.0]]), [torch.tensor([[5.0]])]).item()  # 2 + 5 + bias 1
    8.0
    """

    def __init__(self, width: int, out: int, relations: int) -> None:
        super().__init__()
        self.own = nn.Linear(width, out)
        self.near = nn.ModuleList(nn.Linear(width, out, bias=False) for _ in range(relations))

    def forward(self, own: Tensor, means: Sequence[Tensor]) -> Tensor:
        total: Tensor = self.own(own)
        for matrix, mean in zip(self.near, means, strict=True):
            total = total + matrix(mean)
        return total


def count_others(A: Any, labels: FloatArray, product_to_product: bool) -> FloatArray:
    """How often each label stands among the neighbours of a node, the node itself left out.

    Parameters
    ----------
    A : (nodes, nodes) without edges from a node to itself, if `product_to_product`; else
        (nodes, values of an attribute), and neighbours are those that share a value.
    labels : (nodes, kinds), one where the label is known, a row of zeros elsewhere.

    Returns
    -------
    (nodes, kinds)

    Two teas share a maker; each sees the other's label, not its own:

    >>> one_maker = sparse.csr_array([[1.0], [1.0]])
    >>> count_others(one_maker, np.array([[1.0, 0.0], [0.0, 1.0]]), False).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if product_to_product:
        return np.asarray(A @ labels)
    return np.asarray(A @ (A.T @ labels) - labels)


def log_shares(counts: FloatArray, prior: FloatArray, strength: float = 1.0) -> FloatArray:
    """Logarithm of smoothed shares, relative to the prior: what a neighbourhood says of a label.

    Parameters
    ----------
    counts : (nodes, kinds).   prior : (kinds,) shares, > 0.
    strength : how many imagined neighbours follow the prior.

    >>> log_shares(np.array([[1.0, 0.0]]), np.array([0.5, 0.5])).round(3)  # ln 1.5, ln 0.5
    array([[ 0.405, -0.693]])
    """
    shares = (counts + strength * prior) / (counts.sum(axis=1, keepdims=True) + strength)
    return np.log(shares / prior)  # type: ignore[no-any-return]


class AttributeNetwork(nn.Module):
    """An R-GCN in two steps: products tell their attributes, attributes tell a product.

    Parameters
    ----------
    codes : (items, relations), the value that each product has of each attribute.
    num_users : how many scores a product gets.   dim : length of what a product sends.
    width : length of the vectors inside.   shared : one matrix for all kinds of edges.

    >>> network = AttributeNetwork(torch.tensor([[0, 0], [0, 1]]), num_users=3, dim=2, width=4)
    >>> network(torch.ones(2, 2), torch.tensor([1.0, 0.0]), torch.tensor([1])).shape
    torch.Size([1, 3])
    """

    def __init__(
        self, codes: Tensor, num_users: int, dim: int, width: int, shared: bool = False
    ) -> None:
        super().__init__()
        self.codes, self.shared = codes, shared
        values = (codes.amax(dim=0) + 1).tolist()
        self.values = nn.ParameterList(0.05 * torch.randn(number, width) for number in values)
        kinds = 1 if shared else len(values)
        self.up = nn.ModuleList(nn.Linear(dim, width, bias=False) for _ in range(kinds))
        self.down = RelationLayer(width, width, kinds)
        self.user, self.size = nn.Linear(width, num_users), nn.Linear(width, 1)

    def vectors(self, sent: Tensor, sends: Tensor, items: Tensor) -> Tensor:
        messages = []
        for relation, own in enumerate(self.values):
            code = self.codes[:, relation]
            total = own.new_zeros(len(own), sent.shape[1])
            total = total.index_add(0, code, sent * sends[:, None])
            number = own.new_zeros(len(own)).index_add(0, code, sends).clamp(min=1)
            up = self.up[0 if self.shared else relation](total / number[:, None])
            messages.append(torch.relu(own + up)[code[items]])
        if self.shared:
            messages = [torch.stack(messages).mean(dim=0)]
        return torch.relu(self.down(torch.zeros_like(messages[0]), messages))

    def forward(self, sent: Tensor, sends: Tensor, items: Tensor) -> Tensor:
        h = dropout(self.vectors(sent, sends, items), 0.3, self.training)
        y: Tensor = self.user(h) + self.size(h)
        return y

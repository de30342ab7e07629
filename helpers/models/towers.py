"""Two towers: a vector for the household, one for the product, and their dot product (ch. 31)."""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding_bag

from helpers.data import Interactions
from helpers.models.factors import nearest_vectors, truncated_svd
from helpers.similarity import normalize_rows
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


def history_rows(X: sparse.csr_array) -> sparse.csr_array:
    """What a household tower reads: log(1 + count), each row of length one, as float32.

    >>> history_rows(sparse.csr_array([[0.0, 5.0]])).toarray()
    array([[0., 1.]], dtype=float32)
    """
    return sparse.csr_array(normalize_rows(X.log1p())).astype(np.float32)


def softmax_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Minus the mean log-probability of the wanted products, of all products of the shop.

    Parameters
    ----------
    logits, wanted : (rows, products); wanted holds ones and zeros.

    >>> round(softmax_loss(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]])).item(), 3)  # ln 2
    0.693
    """
    return -(wanted * torch.log_softmax(logits, dim=1)).sum() / wanted.sum()


def in_batch_loss(u: Tensor, v: Tensor, log_share: Tensor, temperature: float = 1.0) -> Tensor:
    """Softmax among the products of the batch: row i of u belongs to row i of v.

    Parameters
    ----------
    u, v : (pairs, width).
    log_share : (pairs,) how often product i is drawn into a batch, as a logarithm; it is taken off
        the scores, so that frequent opponents are not punished for being frequent.  Zeros switch
        the correction off.

    Source: Yi et al. (2019), "Sampling-bias-corrected neural modeling", RecSys, section 3.

    >>> u = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> round(in_batch_loss(u, u, torch.zeros(2)).item(), 3)  # ln(1 + 1 / e)
    0.313
    """
    logits = u @ v.T / temperature - log_share
    return cross_entropy(logits, torch.arange(len(u), device=u.device))


class TwoTowers(nn.Module):
    """Household row -> vector; product -> vector and bias; the score is dot product plus bias.

    Parameters
    ----------
    bag : (num_items, words) integers: the rows of the tables that are added for each product.
        One column that counts from 0 gives every product a row of its own (ids); a column for each
        attribute describes it by what it shares with others.
    width : length of the vectors.   drop : share of a household's row that training hides.

    >>> towers = TwoTowers(np.array([[0], [1]]), width=3).eval()
    >>> tuple(towers(torch.ones(5, 2)).shape)  # five households, two products
    (5, 2)
    """

    def __init__(self, bag: IntArray, width: int, drop: float = 0.5) -> None:
        super().__init__()
        rows = int(bag.max()) + 1
        self.register_buffer("bag", torch.from_numpy(bag.astype(np.int64)))
        self.inner = nn.Parameter(0.01 * torch.randn(rows, width))
        self.outer = nn.Parameter(0.01 * torch.randn(rows, width))
        self.bias = nn.Parameter(torch.zeros(rows, 1))
        self.drop = nn.Dropout(drop)

    def look_up(self, table: Tensor) -> Tensor:
        found: Tensor = embedding_bag(self.bag, table, mode="sum")  # type: ignore[arg-type]
        return found

    def households(self, rows: Tensor) -> Tensor:
        vectors: Tensor = self.drop(rows) @ self.look_up(self.inner)
        return vectors

    def forward(self, rows: Tensor) -> Tensor:
        return self.households(rows) @ self.look_up(self.outer).T + self.look_up(self.bias)[:, 0]


def bag_matrix(bag: IntArray) -> sparse.csr_array:
    """The bag as a matrix of products x table rows, a one for each row that is added.

    >>> bag_matrix(np.array([[0, 2], [1, 2]])).toarray().astype(int).tolist()
    [[1, 0, 1], [0, 1, 1]]
    """
    starts = np.arange(0, bag.size + 1, bag.shape[1])
    ones = np.ones(bag.size, dtype=np.float32)
    return sparse.csr_array((ones, bag.ravel(), starts), shape=(len(bag), int(bag.max()) + 1))


def start_towers(network: TwoTowers, X: sparse.csr_array, factors: int) -> None:
    """Begin where counting ends: vectors of a truncated SVD, biases of log popularity.

    Both are spread over the rows of each product's bag by ridge regression; products that nobody
    bought have no say.
    """
    from sklearn.linear_model import Ridge  # type: ignore[import-untyped]

    times = np.diff(sparse.csc_array(X).indptr)
    sold = times > 0
    _, s, Vt = truncated_svd(history_rows(X), factors)
    wanted = np.column_stack([Vt.T * np.sqrt(s), np.log(np.maximum(times, 1) / times.sum())])
    ridge = Ridge(alpha=0.1, fit_intercept=False, solver="lsqr")
    words = sparse.csr_matrix(bag_matrix(network.bag.cpu().numpy()))  # type: ignore[operator]
    found = torch.from_numpy(ridge.fit(words[sold], wanted[sold]).coef_.T.astype(np.float32))
    with torch.no_grad():
        for table in (network.inner, network.outer):
            table[:, :factors] = found[:, :factors].to(table.device)
        network.bias.copy_(found[:, factors:])


def train_towers(
    network: TwoTowers,
    X: sparse.csr_array,
    epochs: int,
    *,
    rate: float = 3e-3,
    batch: int = 250,
    seed: int = 0,
    validate: Any = None,
) -> list[dict[str, float]]:
    """Train towers to find all that a household holds from a part of it (`softmax_loss`, Adam).

    Products that nobody bought are left out of the softmax: they were not refused.
    """
    rng, device = np.random.default_rng(seed), network.outer.device
    sold = np.flatnonzero(np.diff(sparse.csc_array(X).indptr))
    history, held = history_rows(X), sparse.csr_array((X != 0).astype(np.float32)[:, sold])
    adam = torch.optim.Adam(network.parameters(), lr=rate)

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(X.shape[0]), -(-X.shape[0] // batch))

    def loss(some: IntArray) -> Tensor:
        rows, wanted = (torch.from_numpy(M[some].toarray()).to(device) for M in (history, held))
        return softmax_loss(network(rows)[:, sold], wanted)

    return train_network(network, adam, batches, loss, epochs, validate)


class TwoTowerModel:
    """Two towers, started at an SVD and trained with the softmax over all products.

    Parameters
    ----------
    bag : see `TwoTowers`; None gives every product a row of its own.
    width, drop, epochs, rate, seed, device : as elsewhere.   factors : of the SVD.

    References
    ----------
    Covington, Adams & Sargin (2016), "Deep neural networks for YouTube recommendations", RecSys,
    section 3: a household is the sum of what it holds, the loss a softmax over the products.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 2, 3], "what": ["tea", "milk"] * 2 + ["rope"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = TwoTowerModel(width=4, factors=2, epochs=40, rate=0.05).fit(log)
    >>> given = sparse.csr_array(np.eye(3, dtype=np.float32)[log.item_index(["tea"])])
    >>> milk, rope = model.complete(given)[0, log.item_index(["milk", "rope"])]
    >>> bool(milk > rope)
    True
    """

    network_class = TwoTowers

    def __init__(
        self,
        bag: IntArray | None = None,
        width: int = 64,
        factors: int = 32,
        epochs: int = 5,
        rate: float = 3e-3,
        drop: float = 0.65,
        seed: int = 0,
        device: Any = "cpu",
    ) -> None:
        self.bag, self.width, self.factors = bag, width, factors
        self.epochs, self.rate, self.drop = epochs, rate, drop
        self.seed, self.device = seed, device

    def fit(self, interactions: Interactions, validate: Any = None) -> Self:
        torch.manual_seed(self.seed)
        self.matrix = interactions.matrix
        bag = np.arange(self.matrix.shape[1])[:, None] if self.bag is None else self.bag
        self.network = self.network_class(bag, self.width, self.drop).to(self.device)
        start_towers(self.network, self.matrix, self.factors)
        check = None if validate is None else lambda: validate(self)
        settings: dict[str, Any] = {"rate": self.rate, "seed": self.seed, "validate": check}
        self.curve = train_towers(self.network, self.matrix, self.epochs, **settings)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.complete(self.matrix[users])

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        self.network.eval()
        rows = torch.from_numpy(history_rows(baskets).toarray()).to(self.device)
        with torch.no_grad():
            return np.asarray(self.network(rows).cpu().numpy())

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.item_vectors, items, k)

    @property
    def item_vectors(self) -> FloatArray:
        """(num_items, width), what the product tower gives."""
        with torch.no_grad():
            return np.asarray(self.network.look_up(self.network.outer).cpu().numpy())

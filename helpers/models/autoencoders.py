"""Autoencoders that fill rows in: Mult-DAE and Mult-VAE (chapter 32)."""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from helpers.data import Interactions
from helpers.models.factors import nearest_vectors, truncated_svd
from helpers.similarity import normalize_rows
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]


def as_tensor(rows: sparse.csr_array, device: Any = "cpu") -> Tensor:
    """Give sparse rows to torch.

    >>> as_tensor(sparse.csr_array([[0.0, 2.0]])).to_dense().tolist()
    [[0.0, 2.0]]
    """
    cells = rows.tocoo()
    places = torch.from_numpy(np.stack([cells.row, cells.col]).astype(np.int64))
    values = torch.from_numpy(cells.data.astype(np.float32))
    found = torch.sparse_coo_tensor(places, values, cells.shape, check_invariants=False)
    return found.to(device)


def unit_rows(rows: sparse.csr_array) -> sparse.csr_array:
    """Rows of length one, as float32.

    >>> unit_rows(sparse.csr_array([[3.0, 4.0]])).toarray()
    array([[0.6, 0.8]], dtype=float32)
    """
    return sparse.csr_array(normalize_rows(rows)).astype(np.float32)


def drop_cells(rows: sparse.csr_array, drop: float, rng: np.random.Generator) -> sparse.csr_array:
    """Hide each cell with probability `drop`; what stays is scaled up to keep the mean.

    Source: Srivastava et al. (2014), "Dropout", JMLR 15, section 10 (the inverted form).

    >>> rows = sparse.csr_array([[1.0, 1.0, 1.0, 1.0]])
    >>> drop_cells(rows, 0.5, np.random.default_rng(0)).toarray()
    array([[2., 0., 0., 0.]])
    """
    rows = rows.copy()
    rows.data = rows.data * (rng.random(rows.nnz) >= drop) / np.float32(1 - drop)
    rows.eliminate_zeros()
    return rows


def candidates(
    held: sparse.csr_array, sample: int, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Columns that stand for the whole shop: all that a batch holds, and `sample` of the rest.

    Each drawn column speaks for (rest / sample) columns: the logarithm of that number is to be
    added to its logit, so that the sum of exponentials has the right mean.

    Returns
    -------
    columns : those of the batch in ascending order, then the drawn ones.
    extra : what to add to the logit of each.

    >>> held = sparse.csr_array([[0.0, 1.0, 0.0, 0.0, 0.0]])
    >>> columns, extra = candidates(held, 2, np.random.default_rng(0))
    >>> int(columns[0]), extra.round(2)  # two speak for four: ln 2
    (1, array([0.  , 0.69, 0.69], dtype=float32))
    """
    named = np.unique(held.indices)
    rest = np.setdiff1d(np.arange(held.shape[1]), named)
    drawn = rng.choice(rest, min(sample, len(rest)), replace=False)
    speaks_for = max(len(rest) / max(len(drawn), 1), 1)
    extra = np.repeat([0, np.log(speaks_for)], [len(named), len(drawn)])
    return np.concatenate([named, drawn]), extra.astype(np.float32)


def multinomial_loss(logits: Tensor, wanted: sparse.csr_array, columns: IntArray) -> Tensor:
    """Minus the log-likelihood of what each row should hold, if drawn by softmax(logits).

    Parameters
    ----------
    logits : (rows, len(columns)).   wanted : csr (rows, num_items); a stored one counts once.
    columns : the column of each logit; must name all that is wanted.

    Source: Liang et al. (2018), "Variational autoencoders for collaborative filtering", eq. 2.

    >>> wanted = sparse.csr_array([[0.0, 1.0]])
    >>> round(multinomial_loss(torch.zeros(1, 2), wanted, np.array([1, 0])).item(), 3)  # ln 2
    0.693
    """
    cells, place = wanted.tocoo(), np.zeros(wanted.shape[1], dtype=np.int64)
    place[columns] = np.arange(len(columns))
    row, column = (
        torch.from_numpy(np.asarray(x, dtype=np.int64)).to(logits.device)
        for x in (cells.row, place[cells.col])
    )
    weight = torch.from_numpy(cells.data).to(logits.device)
    return -(torch.log_softmax(logits, dim=1)[row, column] * weight).sum() / len(logits)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of normal distributions from the standard normal, summed over the columns.

    Source: Kingma & Welling (2014), "Auto-encoding variational Bayes", appendix B.

    >>> round(gaussian_kl(torch.tensor([[1.0]]), torch.tensor([[0.0]])).item(), 2)  # mean² / 2
    0.5
    """
    return (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1) / 2


class Coder(nn.Module):
    """Unit rows -> code -> a logit for each product (Mult-DAE, one hidden layer).

    Parameters
    ----------
    popularity : (num_items,) rows that hold each product; where the logits start.
    width : numbers in the code.
    """

    def __init__(self, popularity: FloatArray, width: int) -> None:
        super().__init__()
        share = (popularity + 1) / (popularity + 1).sum()
        self.encoder = nn.Parameter(0.05 * torch.randn(len(share), width))
        self.shift = nn.Parameter(torch.zeros(width))
        self.decoder = nn.Parameter(0.02 * torch.randn(len(share), width))
        self.start = nn.Parameter(torch.from_numpy(np.log(share).astype(np.float32)))

    def code(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        found: Tensor = torch.tanh(torch.sparse.mm(rows, self.encoder) + self.shift)
        return found, found.new_zeros(len(found))

    def forward(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        code, kl = self.code(rows)
        return code @ self.decoder[columns].T + self.start[columns], kl


class GaussianCoder(Coder):
    """The same, with a code drawn from a normal distribution while it trains (Mult-VAE)."""

    def __init__(self, popularity: FloatArray, width: int) -> None:
        super().__init__(popularity, width)
        self.split = nn.Linear(width, 2 * width)

    def code(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.split(super().code(rows)[0]).chunk(2, dim=1)
        kl = gaussian_kl(mean, log_variance)
        if not self.training:
            return mean, kl
        return mean + torch.randn_like(mean) * (log_variance / 2).exp(), kl


def train_coder(
    network: Coder,
    X: sparse.csr_array,
    epochs: int,
    *,
    rate: float = 3e-3,
    decay: float = 1e-5,
    drop: float = 0.5,
    batch: int = 250,
    rows: int | None = None,
    sample: int = 1000,
    hidden_only: bool = False,
    beta: float = 0.0,
    ramp: int = 1,
    seed: int = 0,
    validate: Any = None,
    patience: int = 2,
) -> list[dict[str, float]]:
    """Train a coder to give back rows of which it sees a part; the curve of `train_network`.

    Parameters
    ----------
    X : csr (num_rows, num_items); stored cells count as held.
    rows : rows shown in an epoch, drawn anew for each; None shows all.
    drop, sample : see `drop_cells` and `candidates`.
    hidden_only : the loss asks for the dropped cells alone, and the rest, made one long again,
        is all that is shown.
    beta, ramp : weight of the KL divergence, reached in equal steps after `ramp` epochs.
    rate : of Adam; it falls in equal steps to zero at the end of `epochs`.
    """
    rng, device, step = np.random.default_rng(seed), network.start.device, 0
    held = sparse.csr_array(X != 0).astype(np.float32)
    unit = unit_rows(held)
    adam = torch.optim.Adam(network.parameters(), lr=rate, weight_decay=decay, fused=True)
    per_epoch = -(-(rows or X.shape[0]) // batch)

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(X.shape[0])[:rows], per_epoch)

    def loss(some: IntArray) -> Tensor:
        nonlocal step
        adam.param_groups[0]["lr"] = rate * (1 - step / (epochs * per_epoch))
        step += 1
        columns, extra = candidates(held[some], sample, rng)
        shown, wanted = drop_cells(unit[some], drop, rng), held[some]
        if hidden_only:
            shown, wanted = unit_rows(shown), wanted - wanted.multiply(shown != 0)
        logits, kl = network(as_tensor(shown, device), torch.from_numpy(columns).to(device))
        logits = logits + torch.from_numpy(extra).to(device)
        weight = beta * min(1, step / (ramp * per_epoch))
        return multinomial_loss(logits, wanted, columns) + weight * kl.mean()  # type: ignore[no-any-return]

    return train_network(network, adam, batches, loss, epochs, validate, patience)


def complete_rows(network: Coder, rows: sparse.csr_array) -> FloatArray:
    """The softmax of the logits for each row: what share of it should be which product."""
    network.eval()
    device = network.start.device
    unit = unit_rows(sparse.csr_array(rows != 0).astype(np.float32))
    everything = torch.arange(len(network.start), device=device)
    with torch.no_grad():
        logits, _ = network(as_tensor(unit, device), everything)
        return np.asarray(torch.softmax(logits, dim=1).cpu().numpy())


def svd_rows(X: sparse.csr_array, width: int) -> FloatArray:
    """Product vectors of a truncated SVD, each four long: where a coder may start.

    >>> vectors = svd_rows(sparse.csr_array(np.eye(3)[[0, 0, 1, 2]]), 2)
    >>> np.linalg.norm(vectors, axis=1).round(2).tolist()[0]
    4.0
    """
    held = sparse.csr_array(X != 0).astype(np.float32)
    hushed = (np.maximum(held.sum(axis=0), 1) ** -0.4).astype(np.float32)
    _, s, Vt = truncated_svd(held @ sparse.diags_array(hushed), width, sweeps=3)
    return np.asarray(4 * normalize_rows(Vt.T * np.sqrt(s)), dtype=np.float32)


class MultDAE:
    """A denoising autoencoder with a multinomial likelihood; rows are households or baskets.

    Parameters
    ----------
    width : numbers in the code.   epochs : passes over the rows.   seed, device : as elsewhere.
    from_svd : start both layers at `svd_rows`.   settings : handed to `train_coder`.

    References
    ----------
    Liang et al. (2018), as in `multinomial_loss`, with one layer on each side of the code.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 2, 3], "what": ["tea", "milk"] * 2 + ["rope"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = MultDAE(width=4, epochs=60, rate=0.05).fit(log)
    >>> given = sparse.csr_array(np.eye(3, dtype=np.float32)[log.item_index(["tea"])])
    >>> milk, rope = model.complete(given)[0, log.item_index(["milk", "rope"])]
    >>> bool(milk > rope)
    True
    """

    network_class = Coder

    def __init__(
        self,
        width: int = 200,
        epochs: int = 8,
        seed: int = 0,
        device: Any = "cpu",
        from_svd: bool = False,
        **settings: Any,
    ) -> None:
        self.width, self.epochs, self.seed = width, epochs, seed
        self.device, self.from_svd, self.settings = device, from_svd, settings

    def fit(self, interactions: Interactions, validate: Any = None) -> Self:
        torch.manual_seed(self.seed)
        self.matrix = interactions.matrix
        popularity = interactions.popularity.astype(float)
        self.network = self.network_class(popularity, self.width).to(self.device)
        if self.from_svd:
            vectors = torch.from_numpy(svd_rows(self.matrix, self.width))
            with torch.no_grad():
                self.network.encoder.copy_(vectors)
                self.network.decoder.copy_(vectors)
        check = None if validate is None else lambda: validate(self)
        self.curve = train_coder(
            self.network, self.matrix, self.epochs, seed=self.seed, validate=check, **self.settings
        )
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return self.complete(self.matrix[users])

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return complete_rows(self.network, baskets)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.item_vectors, items, k)

    @property
    def item_vectors(self) -> FloatArray:
        return self.network.decoder.detach().cpu().numpy()


class MultVAE(MultDAE):
    """The same with a random code: `beta` and `ramp` of `train_coder` weigh its divergence.

    References
    ----------
    Liang et al. (2018), section 2.2, as above.
    """

    network_class = GaussianCoder

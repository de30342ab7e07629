"""Transformers over baskets and over histories, and a memory of households (chapter 35)."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from helpers.data import Interactions
from helpers.models.attention import Block, softmax
from helpers.models.autoencoders import candidates, multinomial_loss, svd_rows
from helpers.models.factors import nearest_vectors
from helpers.models.sequences import mean_rows
from helpers.similarity import dense
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
History = tuple[IntArray, IntArray, IntArray]
Loss = Callable[["SetEncoder", Tensor, sparse.csr_array, np.random.Generator], Tensor]


# --- a basket as a set -------------------------------------------------------------------------


def pad_sets(rows: sparse.csr_array) -> tuple[IntArray, NDArray[np.bool_]]:
    """The columns of each row side by side, filled up to the longest; and which are real.

    Returns
    -------
    items, real : (num_rows, size of the largest row, at least 1).

    >>> items, real = pad_sets(sparse.csr_array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]]))
    >>> items.tolist(), real.tolist()
    ([[1, 2], [0, 0]], [[True, True], [True, False]])
    """
    size = np.diff(rows.indptr)
    real = np.arange(max(size.max(initial=0), 1)) < size[:, None]
    items = np.zeros(real.shape, dtype=np.int64)
    items[real] = rows.indices
    return items, real


def hide_some(
    rows: sparse.csr_array, low: float, high: float, rng: np.random.Generator
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Part each row in two: what is shown, and what is hidden from it.

    The hidden share is drawn for each row between `low` and `high`; at least one product is
    hidden, and at least one is left.

    >>> rows = sparse.csr_array(np.ones((1, 5), dtype=np.float32))
    >>> shown, hidden = hide_some(rows, 0.4, 0.4, np.random.default_rng(0))
    >>> shown.nnz, hidden.nnz, int((shown + hidden).sum())
    (3, 2, 5)
    """
    size = np.diff(rows.indptr)
    owner = np.repeat(np.arange(len(size)), size)
    many = np.clip(np.rint(size * rng.uniform(low, high, len(size))), 1, np.maximum(size - 1, 1))
    order = np.lexsort([rng.random(rows.nnz), owner])
    away = np.empty(rows.nnz, dtype=bool)
    away[order] = np.arange(rows.nnz) - rows.indptr[owner] < many[owner]
    parts = []
    for keep in (~away, away):
        pick = (np.ones(keep.sum(), dtype=np.float32), (owner[keep], rows.indices[keep]))
        parts.append(sparse.csr_array(pick, shape=rows.shape))
    return parts[0], parts[1]


class SetEncoder(nn.Module):
    """A basket as a set -> a state -> a logit for each product; one table reads and scores.

    An **asker**, a learned row, stands before the products: its row of the last block, which has
    looked at all of them, becomes the state.

    Parameters
    ----------
    vectors : (num_items, dim) where the product vectors start.
    popularity : (num_items,) rows that hold each product; where the logits start.
    layers, heads, drop : see `Block`.

    Source: the encoder of Vaswani et al. (2017) without positions; a learned asker as in Lee et
    al. (2019), "Set Transformer", ICML.
    """

    def __init__(
        self,
        vectors: FloatArray,
        popularity: FloatArray,
        layers: int = 1,
        heads: int = 4,
        drop: float = 0.2,
    ) -> None:
        super().__init__()
        self.share: Tensor
        share, dim = (popularity + 1) / (popularity + 1).sum(), vectors.shape[1]
        self.vectors = nn.Parameter(torch.from_numpy(vectors.astype(np.float32)))
        self.register_buffer("share", torch.from_numpy(np.log(share).astype(np.float32)))
        self.start = nn.Parameter(self.share.clone())
        self.asker = nn.Parameter(torch.zeros(dim))
        self.blocks = nn.ModuleList(Block(dim, heads, drop) for _ in range(layers))
        self.drop, self.norm, self.read = nn.Dropout(drop), nn.LayerNorm(dim), nn.Linear(dim, dim)

    def forward(self, items: Tensor, real: Tensor) -> Tensor:
        asker = self.asker.expand(len(items), 1, -1)
        x = self.drop(torch.cat([asker, self.vectors[items]], dim=1))
        may = nn.functional.pad(real, (1, 0), value=True)[:, None, None]
        for block in self.blocks[:-1]:
            x = block(x, may)
        x = self.blocks[-1](x, may, askers=1)
        state: Tensor = self.read(self.norm(x[:, 0]))
        return state

    def logits(self, states: Tensor, columns: Tensor) -> Tensor:
        return states @ self.vectors[columns].T + self.start[columns]


def encode_sets(network: SetEncoder, rows: sparse.csr_array) -> Tensor:
    """The state of each row, on the device of the network."""
    items, real = (torch.from_numpy(x).to(network.start.device) for x in pad_sets(rows))
    states: Tensor = network(items, real)
    return states


def sampled_softmax(
    network: SetEncoder,
    states: Tensor,
    wanted: sparse.csr_array,
    rng: np.random.Generator,
    sample: int = 1000,
) -> Tensor:
    """Name what is wanted among all that the batch wants and some others, which stand for the rest.

    Parameters
    ----------
    states : (rows, dim).   wanted : csr (rows, num_items), rows that add up to one.
    sample : columns drawn from the rest; see `candidates` of chapter 32.
    """
    device = network.start.device
    columns, extra = candidates(wanted, sample, rng)
    logits = network.logits(states, torch.from_numpy(columns).to(device))
    return multinomial_loss(logits + torch.from_numpy(extra).to(device), wanted, columns)


def in_batch_softmax(
    network: SetEncoder, states: Tensor, wanted: sparse.csr_array, rng: np.random.Generator
) -> Tensor:
    """Contrast: tell one of the row's own wanted products from those of the other rows.

    Source: Yi et al. (2019), as in `in_batch_loss` of chapter 31, with its correction.
    """
    drawn = wanted.indices[wanted.indptr[:-1] + rng.integers(np.diff(wanted.indptr))]
    columns = torch.from_numpy(drawn.astype(np.int64)).to(network.start.device)
    logits = network.logits(states, columns) - network.share[columns]
    return nn.functional.cross_entropy(logits, torch.arange(len(drawn), device=columns.device))


def batches_by_size(
    size: IntArray, batch: int, rng: np.random.Generator, together: int = 16
) -> list[IntArray]:
    """Random batches of rows of like size, so that little has to be filled up.

    >>> some = batches_by_size(np.array([9, 1, 8, 2]), 2, np.random.default_rng(0))
    >>> sorted(sorted(b.tolist()) for b in some)
    [[0, 2], [1, 3]]
    """
    found: list[IntArray] = []
    order = rng.permutation(len(size))
    for start in range(0, len(order), batch * together):
        some = order[start : start + batch * together]
        some = some[np.argsort(size[some], kind="stable")]
        found += np.array_split(some, -(-len(some) // batch))
    return [found[n] for n in rng.permutation(len(found))]


def train_sets(
    network: SetEncoder,
    X: sparse.csr_array,
    epochs: int,
    *,
    loss_of: Loss = sampled_softmax,
    hide: tuple[float, float] = (0.1, 0.7),
    rate: float = 2e-3,
    batch: int = 256,
    seed: int = 0,
    validate: Any = None,
    patience: int = 2,
) -> list[dict[str, float]]:
    """Train an encoder to name what is hidden from a row; the curve of `train_network`.

    Parameters
    ----------
    X : csr (num_rows, num_items); rows with two products or more are used.
    loss_of : from network, states, wanted products and generator to a loss.
    hide : see `hide_some`.
    rate : of Adam; it climbs for the first 200 steps and falls in equal steps to zero.
    """
    rng, step = np.random.default_rng(seed), 0
    rows = mean_rows(X != 0)[np.diff(X.indptr) > 1]
    size = np.diff(rows.indptr)
    adam = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
    steps = epochs * len(batches_by_size(size, batch, np.random.default_rng(0)))

    def loss(some: IntArray) -> Tensor:
        nonlocal step
        adam.param_groups[0]["lr"] = rate * min((step + 1) / 200, 1 - step / steps)
        step += 1
        shown, hidden = hide_some(rows[some], *hide, rng)
        return loss_of(network, encode_sets(network, shown), mean_rows(hidden), rng)

    return train_network(
        network, adam, lambda: batches_by_size(size, batch, rng), loss, epochs, validate, patience
    )


def complete_sets(network: SetEncoder, rows: sparse.csr_array) -> FloatArray:
    """The chance of each product to be what is missing from each row, by softmax."""
    network.eval()
    everything = torch.arange(len(network.start), device=network.start.device)
    with torch.no_grad():
        logits = network.logits(encode_sets(network, rows), everything)
        return np.asarray(torch.softmax(logits, dim=1).cpu().numpy())


class BasketTransformer:
    """A Transformer that reads a basket as a set and names what is missing from it.

    Parameters
    ----------
    width : numbers in a product vector.   epochs, seed, device : as elsewhere.
    layers, heads, drop : see `SetEncoder`.   settings : handed to `train_sets`.

    References
    ----------
    Vaswani et al. (2017) and Lee et al. (2019), as above; hidden products as in Devlin et al.
    (2019), "BERT", NAACL.

    >>> import pandas as pd
    >>> pairs = ["tea", "milk", "rope", "nail"] * 20
    >>> lines = pd.DataFrame({"who": np.arange(80) // 2, "what": pairs})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = BasketTransformer(width=3, heads=1, epochs=30, drop=0.0, rate=0.3).fit(log)
    >>> given = sparse.csr_array(np.eye(4, dtype=np.float32)[log.item_index(["tea"])])
    >>> milk, rope = model.complete(given)[0, log.item_index(["milk", "rope"])]
    >>> bool(milk > rope)
    True
    """

    network_class: Any = SetEncoder

    def __init__(
        self,
        width: int = 128,
        epochs: int = 6,
        seed: int = 0,
        device: Any = "cpu",
        layers: int = 1,
        heads: int = 4,
        drop: float = 0.2,
        **settings: Any,
    ) -> None:
        self.width, self.epochs, self.seed, self.device = width, epochs, seed, device
        self.layers, self.heads, self.drop, self.settings = layers, heads, drop, settings

    def build(self, interactions: Interactions) -> Any:
        """The network before it has learned: product vectors from an SVD of the baskets."""
        torch.manual_seed(self.seed)
        vectors = svd_rows(interactions.matrix, self.width) / 4
        popularity = interactions.popularity.astype(float)
        shape = self.layers, self.heads, self.drop
        return self.network_class(vectors, popularity, *shape).to(self.device)

    def fit(self, interactions: Interactions, validate: Any = None) -> Self:
        self.network = self.build(interactions)
        check = None if validate is None else lambda: validate(self)
        self.curve = train_sets(
            self.network,
            interactions.matrix,
            self.epochs,
            seed=self.seed,
            validate=check,
            **self.settings,
        )
        return self

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return complete_sets(self.network, baskets)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.item_vectors, items, k)

    @property
    def item_vectors(self) -> FloatArray:
        return np.asarray(self.network.vectors.detach().cpu().numpy())


# --- a memory ----------------------------------------------------------------------------------


class HouseholdMemory:
    """Guess whose basket it is, and name what those households buy: attention over households.

    The query is the basket, the keys are the logarithms of what each household buys more of than
    the crowd, the values are their shares of purchases.

    Parameters
    ----------
    crowd : purchases of the crowd that are mixed into each household's.
    sharp : what the scores are multiplied with before the softmax.

    References
    ----------
    Khandelwal et al. (2020), "Generalization through memorization: nearest neighbor language
    models", ICLR, for a network with such a memory beside it.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 2], "what": ["tea", "milk", "rope", "nail"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = HouseholdMemory(crowd=1.0).fit(log)
    >>> tea = sparse.csr_array(np.eye(4)[log.item_index(["tea"])])
    >>> milk, rope = model.complete(tea)[0, log.item_index(["milk", "rope"])]
    >>> bool(milk > 2 * rope)
    True
    """

    def __init__(self, crowd: float = 100.0, sharp: float = 1.2) -> None:
        self.crowd, self.sharp = crowd, sharp

    def fit(self, interactions: Interactions) -> Self:
        counts = dense(interactions.matrix.astype(np.float32))
        share = (interactions.popularity + 1) / (interactions.popularity + 1).sum()
        counts += np.float32(self.crowd) * share.astype(np.float32)
        self.values = counts / counts.sum(axis=1, keepdims=True)
        self.keys = np.log(self.values / share.astype(np.float32))
        return self

    def weights(self, baskets: sparse.csr_array) -> FloatArray:
        """How much each basket looks at each household, (num_baskets, num_users)."""
        scores = np.asarray(baskets.astype(np.float32) @ self.keys.T)
        return softmax(self.sharp * scores)

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        return np.asarray(self.weights(baskets) @ self.values)


class Mixture:
    """Add up what several models answer for a basket, each times its weight.

    Parameters
    ----------
    parts : pairs of a weight and a fitted model; answers below zero count as zero.

    >>> class Says:
    ...     def __init__(self, *answer): self.answer = np.array([answer])
    ...     def complete(self, baskets): return self.answer
    >>> Mixture([(1.0, Says(0.5, -1.0)), (2.0, Says(0.0, 0.25))]).complete(None).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, parts: list[tuple[float, Any]]) -> None:
        self.parts = parts

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        answers = (w * np.maximum(model.complete(baskets), 0) for w, model in self.parts)
        return np.asarray(sum(answers))


# --- a history as a sequence -------------------------------------------------------------------


def first_purchases(interactions: Interactions) -> History:
    """What each household bought for the first time, and when: household by household, in time.

    Within a week the order is that of the columns, which is a hash order.

    Returns
    -------
    users, items, weeks : (num_pairs,) of one length.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 1], "what": ["tea", "jam", "tea"], "week": [1, 2, 3]})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week")
    >>> users, items, weeks = first_purchases(log)
    >>> log.items[items].tolist(), weeks.tolist()
    (['tea', 'jam'], [1, 2])
    """
    first = interactions.events.groupby(["user", "item"])["time"].min().reset_index()
    first = first.sort_values(["user", "time", "item"], kind="stable")
    users, items, weeks = (first[c].to_numpy(dtype=np.int64) for c in ("user", "item", "time"))
    return users, items, weeks


def windows(users: IntArray, ends: IntArray, steps: int) -> tuple[IntArray, NDArray[np.bool_]]:
    """The last `steps` places up to each end; and which of them belong to the same household.

    Parameters
    ----------
    users : (num_pairs,) the household at each place, in ascending order.
    ends : (n,) places.

    Returns
    -------
    places, real : (n, steps), the end in the last column; unreal places are 0.

    >>> places, real = windows(np.array([7, 7, 8, 8]), np.array([1, 2]), 3)
    >>> places.tolist(), real.tolist()
    ([[0, 0, 1], [0, 0, 2]], [[False, True, True], [False, False, True]])
    """
    places = ends[:, None] - np.arange(steps)[::-1]
    real = places >= np.searchsorted(users, users[ends])[:, None]
    return np.where(real, places, 0), real


def later_purchases(
    history: History, places: IntArray, horizon: int, num_items: int
) -> sparse.csr_array:
    """What the household at each place buys for the first time within `horizon` later weeks.

    Parameters
    ----------
    history : see `first_purchases`.

    Returns
    -------
    csr (len(places), num_items) of ones.

    >>> history = np.array([7, 7, 7, 8]), np.array([2, 0, 1, 0]), np.array([1, 2, 9, 3])
    >>> later_purchases(history, np.array([0, 3]), 4, 3).toarray().tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    users, items, weeks = history
    key = users * 10_000 + weeks  # ascending: households, and weeks within
    low = np.searchsorted(key, key[places], side="right")
    size = np.searchsorted(key, key[places] + horizon, side="right") - low
    ends = np.cumsum(size)
    found = np.arange(size.sum()) + np.repeat(low - ends + size, size)
    cells = (np.ones(len(found), "f4"), items[found], np.append(0, ends))
    return sparse.csr_array(cells, shape=(len(places), num_items))


def draw_cells(
    real: NDArray[np.bool_], many: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Draw up to `many` true cells of each row; give their rows and columns.

    >>> row, column = draw_cells(np.array([[False, True], [True, False]]), 2, np.random.default_rng(0))
    >>> row.tolist(), column.tolist()
    ([0, 1], [1, 0])
    """
    order = np.argsort(np.where(real, rng.random(real.shape), 2), axis=1)[:, :many]
    row, column = np.repeat(np.arange(len(order)), order.shape[1]), order.ravel()
    some = real[row, column]
    return row[some], column[some]


class HistoryEncoder(SetEncoder):
    """A history in order -> a state after each purchase -> logits: SASRec.

    A purchase looks at itself and at earlier ones.  Its place, counted from the latest, has a
    vector of its own, which is added.

    Parameters
    ----------
    as in `SetEncoder`; steps : purchases that are read.

    Source: Kang & McAuley (2018), "Self-attentive sequential recommendation", ICDM.
    """

    def __init__(self, vectors: FloatArray, *shape: Any, steps: int = 100) -> None:
        super().__init__(vectors, *shape)
        self.places = nn.Parameter(torch.zeros(steps, vectors.shape[1]))

    def forward(self, items: Tensor, real: Tensor) -> Tensor:
        x = self.drop(self.vectors[items] + self.places)
        earlier = torch.ones(2 * [len(self.places)], dtype=torch.bool, device=x.device).tril()
        itself = torch.eye(len(self.places), dtype=torch.bool, device=x.device)
        may = (earlier & real[:, None] | itself)[:, None]  # what is filled up sees itself
        for block in self.blocks:
            x = block(x, may)
        states: Tensor = self.read(self.norm(x))
        return states


def encode_histories(
    network: HistoryEncoder, history: History, ends: IntArray
) -> tuple[Tensor, IntArray, NDArray[np.bool_]]:
    """States (n, steps, dim) of the windows up to each end, their places, and which are real."""
    places, real = windows(history[0], ends, len(network.places))
    arrays = (torch.from_numpy(x).to(network.start.device) for x in (history[1][places], real))
    return network(*arrays), places, real


def train_histories(
    network: HistoryEncoder,
    history: History,
    epochs: int,
    *,
    horizon: int = 6,
    asked: int = 4,
    batch: int = 32,
    rate: float = 2e-3,
    seed: int = 0,
    validate: Any = None,
    patience: int = 2,
) -> list[dict[str, float]]:
    """Train an encoder to name the first purchases of the next weeks; the curve of `train_network`.

    Parameters
    ----------
    horizon : weeks that are named.   asked : places of a window after which the network is asked.
    batch : households in a step, each with a window that ends at random.
    rate : of Adam; it falls in equal steps to zero.
    """
    rng, users, step = np.random.default_rng(seed), history[0], 0
    households = np.unique(users)
    adam = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
    per_epoch = -(-len(households) // batch)

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(households), per_epoch)

    def loss(some: IntArray) -> Tensor:
        nonlocal step
        adam.param_groups[0]["lr"] = rate * (1 - step / (epochs * per_epoch))
        step += 1
        first, last = (np.searchsorted(users, some, side) for side in ("left", "right"))
        states, places, real = encode_histories(network, history, rng.integers(first, last))
        row, column = draw_cells(real, asked, rng)
        wanted = later_purchases(history, places[row, column], horizon, len(network.start))
        full = np.flatnonzero(np.diff(wanted.indptr))
        pick = tuple(torch.from_numpy(x[full]).to(states.device) for x in (row, column))
        return sampled_softmax(network, states[pick], mean_rows(wanted[full]), rng)

    return train_network(network, adam, batches, loss, epochs, validate, patience)


def name_next(network: HistoryEncoder, history: History, users: IntArray) -> FloatArray:
    """The chance of each product to come next, by softmax; without a history, that of the start."""
    network.eval()
    states = torch.zeros(len(users), network.vectors.shape[1], device=network.start.device)
    known = np.flatnonzero(np.isin(users, history[0]))
    everything = torch.arange(len(network.start), device=network.start.device)
    with torch.no_grad():
        for some in np.array_split(known, -(-len(known) // 64)) if len(known) else []:
            ends = np.searchsorted(history[0], users[some], side="right") - 1
            states[torch.from_numpy(some)] = encode_histories(network, history, ends)[0][:, -1]
        logits = network.logits(states, everything)
        return np.asarray(torch.softmax(logits, dim=1).cpu().numpy())


class HistoryTransformer(BasketTransformer):
    """SASRec: read a household's first purchases in order, and name those of the next weeks.

    Parameters
    ----------
    width, epochs, seed, device, layers, heads, drop : as in `BasketTransformer`.
    settings : handed to `train_histories`.

    References
    ----------
    Kang & McAuley (2018), as in `HistoryEncoder`; here with sampled softmax, and with all first
    purchases of some weeks in the place of the next click.
    """

    network_class = HistoryEncoder

    def __init__(self, width: int = 64, epochs: int = 2, heads: int = 2, **settings: Any) -> None:
        super().__init__(width, epochs, heads=heads, **settings)

    def fit(self, interactions: Interactions, validate: Any = None) -> Self:
        self.network, self.history = self.build(interactions), first_purchases(interactions)
        check = None if validate is None else lambda: validate(self)
        self.curve = train_histories(
            self.network,
            self.history,
            self.epochs,
            seed=self.seed,
            validate=check,
            **self.settings,
        )
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return name_next(self.network, self.history, users)

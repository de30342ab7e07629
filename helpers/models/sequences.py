"""Households as sequences of baskets: Markov, GRU, and a ranker over habits (chapter 34)."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from helpers.data import Interactions
from helpers.models.autoencoders import as_tensor, multinomial_loss, svd_rows
from helpers.models.factors import nearest_vectors
from helpers.similarity import dense
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Tables = Callable[[Interactions], dict[str, FloatArray]]


def basket_rows(interactions: Interactions) -> tuple[sparse.csr_array, IntArray]:
    """Baskets as rows of ones, household after household, the oldest basket first.

    Events need a `time` and a `basket`; baskets of one time are ordered by their number.

    Returns
    -------
    rows : csr (num_baskets, num_items) of float32.   owner : (num_baskets,) row of the household.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [7, 7, 7], "what": ["tea", "tea", "jam"],
    ...                       "week": [2, 1, 2], "basket": [12, 11, 12]})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week", basket="basket")
    >>> rows, owner = basket_rows(log)
    >>> rows[:, log.item_index(["tea", "jam"])].toarray().tolist(), owner.tolist()
    ([[1.0, 0.0], [1.0, 1.0]], [0, 0])
    """
    events = interactions.events
    visit = events.groupby(["user", "time", "basket"], sort=True).ngroup().to_numpy()
    owner = np.zeros(visit.max() + 1, dtype=np.int64)
    owner[visit] = events["user"]
    shape = (len(owner), interactions.num_items)
    rows = sparse.csr_array((np.ones(len(visit), "f4"), (visit, events["item"])), shape=shape)
    rows.data[:] = 1
    return rows, owner


def follow_counts(rows: sparse.csr_array, owner: IntArray) -> sparse.csr_array:
    """How often product j lay in a household's next basket after i lay in this one.

    >>> rows = sparse.csr_array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> follow_counts(rows, np.array([0, 0, 1])).toarray()  # one step, of the first household
    array([[1., 1.],
           [0., 0.]])
    """
    before = np.flatnonzero(owner[:-1] == owner[1:])
    return sparse.csr_array(rows[before].T @ rows[before + 1])


def last_state(
    rows: sparse.csr_array, owner: IntArray, num_users: int, keep: float
) -> sparse.csr_array:
    """Each household's baskets added up, a basket of age a (in baskets) times keep ** a.

    >>> rows = sparse.csr_array([[1.0, 0.0], [0.0, 1.0]])
    >>> last_state(rows, np.array([0, 0]), 1, 0.5).toarray()
    array([[0.5, 1. ]])
    """
    end = np.searchsorted(owner, owner, side="right")
    weight = float(keep) ** (end - 1 - np.arange(len(owner)))
    table = sparse.csr_array(
        (weight.astype("f4"), (owner, np.arange(len(owner)))), shape=(num_users, len(owner))
    )
    return sparse.csr_array(table @ rows)


class Markov:
    """Score what followed the products of the last basket, counted over all households.

    Parameters
    ----------
    keep : what an older basket still counts, per basket; 0 looks at the last basket alone.

    References
    ----------
    Rendle, Freudenthaler & Schmidt-Thieme (2010), "Factorizing personalized Markov chains for
    next-basket recommendation", WWW, for chains over baskets.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2], "what": ["chips", "salsa", "chips"],
    ...                       "week": [1, 2, 2], "basket": [1, 2, 3]})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week", basket="basket")
    >>> Markov().fit(log).scores(np.array([1]))[0, log.item_index(["salsa", "chips"])]
    array([1., 0.], dtype=float32)
    """

    def __init__(self, keep: float = 0.0) -> None:
        self.keep = keep

    def fit(self, interactions: Interactions) -> Self:
        rows, owner = basket_rows(interactions)
        before = np.flatnonzero(owner[:-1] == owner[1:])
        times = np.maximum(rows[before].sum(axis=0), 1).astype("f4")
        self.table = sparse.diags_array(1 / times) @ follow_counts(rows, owner)
        self.state = last_state(rows, owner, interactions.num_users, self.keep)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(dense(self.state[users] @ self.table), dtype=np.float32)


def recent(owner: IntArray, users: IntArray, last: int) -> list[IntArray]:
    """Rows of the last baskets of each household, the oldest first.

    >>> [rows.tolist() for rows in recent(np.array([0, 0, 0, 1]), np.array([0, 1]), 2)]
    [[1, 2], [3]]
    """
    starts, ends = (np.searchsorted(owner, users, side) for side in ("left", "right"))
    return [np.arange(max(a, b - last), b) for a, b in zip(starts, ends, strict=True)]


def next_baskets(rows: sparse.csr_array, owner: IntArray) -> sparse.csr_array:
    """For each basket the household's next one; after its last, nothing.

    >>> rows = sparse.csr_array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> next_baskets(rows, np.array([0, 0, 1])).toarray().tolist()
    [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]
    """
    before = np.flatnonzero(owner[:-1] == owner[1:])
    pick = (np.ones(len(before), "f4"), (before, before + 1))
    return sparse.csr_array(sparse.csr_array(pick, shape=(len(owner),) * 2) @ rows)


class BasketGRU(nn.Module):
    """Baskets -> a state after each -> a logit for each product, one table of vectors for both.

    Parameters
    ----------
    vectors : (num_items, width) where the product vectors start.
    popularity : (num_items,) rows that hold each product; where the logits start.

    References
    ----------
    Hidasi et al. (2016), "Session-based recommendations with recurrent neural networks", ICLR
    (GRU4Rec), here with whole baskets as inputs and the full softmax.
    """

    def __init__(self, vectors: FloatArray, popularity: FloatArray) -> None:
        super().__init__()
        share = (popularity + 1) / (popularity + 1).sum()
        self.vectors = nn.Parameter(torch.from_numpy(vectors.astype(np.float32)))
        self.start = nn.Parameter(torch.from_numpy(np.log(share).astype(np.float32)))
        self.gru = nn.GRU(vectors.shape[1], vectors.shape[1])

    def forward(self, baskets: Tensor, lengths: list[int]) -> Tensor:
        means = torch.sparse.mm(baskets, self.vectors)
        padded = nn.utils.rnn.pad_sequence(list(means.split(lengths)))
        states = self.gru(padded)[0]
        return torch.cat([states[:end, n] for n, end in enumerate(lengths)])

    def logits(self, states: Tensor) -> Tensor:
        return states @ self.vectors.T + self.start


def mean_rows(rows: sparse.csr_array) -> sparse.csr_array:
    """Rows that add up to one: times a table of vectors, each gives the mean of its products.

    >>> mean_rows(sparse.csr_array([[1.0, 1.0]])).toarray()
    array([[0.5, 0.5]], dtype=float32)
    """
    size = np.maximum(np.diff(rows.indptr), 1).astype("f4")
    return sparse.csr_array(sparse.diags_array(1 / size) @ rows).astype("f4")


def train_sequences(
    network: BasketGRU,
    rows: sparse.csr_array,
    owner: IntArray,
    epochs: int,
    *,
    last: int = 25,
    asked: int = 6,
    batch: int = 32,
    rate: float = 0.015,
    seed: int = 0,
    validate: Any = None,
    patience: int = 2,
) -> list[dict[str, float]]:
    """Train a network to name the next basket after each basket; the curve of `train_network`.

    Parameters
    ----------
    rows, owner : see `basket_rows`.
    last : baskets of a household that are read, the latest ones.
    asked : steps of a household, drawn anew each time, after which it is asked.
    batch : households in a step.   rate : of Adam; it falls in equal steps to zero.
    """
    rng, device, step = np.random.default_rng(seed), network.start.device, 0
    means, wanted = mean_rows(rows), next_baskets(rows, owner)
    full = np.diff(wanted.indptr) > 0
    users, everything = np.unique(owner[full]), np.arange(rows.shape[1])
    adam = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
    per_epoch = -(-len(users) // batch)

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(users), per_epoch)

    def loss(some: IntArray) -> Tensor:
        nonlocal step
        adam.param_groups[0]["lr"] = rate * (1 - step / (epochs * per_epoch))
        step += 1
        windows = recent(owner, some, last)
        read = np.concatenate(windows)
        states = network(as_tensor(means[read], device), [len(w) for w in windows])
        can = np.flatnonzero(full[read])
        drawn = rng.choice(can, min(asked * len(some), len(can)), replace=False)
        logits = network.logits(states[torch.from_numpy(drawn).to(device)])
        return multinomial_loss(logits, wanted[read[drawn]], everything)

    return train_network(network, adam, batches, loss, epochs, validate, patience)


class NextBasket:
    """A GRU over a household's baskets; the state after the last one scores the products.

    Parameters
    ----------
    width : numbers in a state, and in a product vector.
    epochs, seed, device : as elsewhere.
    last : baskets read.   settings : handed to `train_sequences`.

    References
    ----------
    Hidasi et al. (2016), as in `BasketGRU`.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 2, 2, 3], "week": [1, 2, 1, 2, 1],
    ...                       "what": ["chips", "salsa"] * 2 + ["chips"], "basket": range(5)})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week", basket="basket")
    >>> model = NextBasket(width=2, epochs=30).fit(log)
    >>> chips, salsa = model.scores(np.array([2]))[0, log.item_index(["chips", "salsa"])]
    >>> bool(salsa > chips)
    True
    """

    def __init__(
        self,
        width: int = 96,
        epochs: int = 4,
        seed: int = 0,
        device: Any = "cpu",
        last: int = 25,
        **settings: Any,
    ) -> None:
        self.width, self.epochs, self.seed, self.device = width, epochs, seed, device
        self.last, self.settings = last, settings

    def fit(self, interactions: Interactions, validate: Any = None) -> Self:
        torch.manual_seed(self.seed)
        self.rows, self.owner = basket_rows(interactions)
        vectors = svd_rows(interactions.matrix, self.width)
        popularity = np.asarray(self.rows.sum(axis=0), dtype=float)
        self.network = BasketGRU(vectors, popularity).to(self.device)
        check = None if validate is None else lambda: validate(self)
        self.curve = train_sequences(
            self.network,
            self.rows,
            self.owner,
            self.epochs,
            last=self.last,
            seed=self.seed,
            validate=check,
            **self.settings,
        )
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return score_histories(self.network, self.rows, self.owner, users, self.last)

    def similar(self, items: IntArray, k: int) -> tuple[IntArray, FloatArray]:
        return nearest_vectors(self.item_vectors, items, k)

    @property
    def item_vectors(self) -> FloatArray:
        return self.network.vectors.detach().cpu().numpy()


def score_histories(
    network: BasketGRU,
    rows: sparse.csr_array,
    owner: IntArray,
    users: IntArray,
    last: int,
) -> FloatArray:
    """The logits after the last basket of each household; without a basket, those of the start."""
    network.eval()
    windows = recent(owner, users, last)
    known = np.flatnonzero([len(w) > 0 for w in windows])
    device = network.start.device
    states = torch.zeros(len(users), network.vectors.shape[1], device=device)
    with torch.no_grad():
        if len(known):
            read = np.concatenate([windows[n] for n in known])
            lengths = [len(windows[n]) for n in known]
            after = network(as_tensor(mean_rows(rows[read]), device), lengths)
            ends = torch.from_numpy(np.cumsum(lengths) - 1).to(device)
            states[torch.from_numpy(known).to(device)] = after[ends]
        return np.asarray(network.logits(states).cpu().numpy())


def faded_counts(interactions: Interactions, half_life: float) -> FloatArray:
    """Purchases of each household and product; one that is a half-life old counts one half.

    Parameters
    ----------
    half_life : in weeks, as the events' `time`.

    Returns
    -------
    (num_users, num_items) of float32.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1], "what": ["tea", "tea"], "week": [1, 3]})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week")
    >>> faded_counts(log, 2.0)
    array([[1.5]], dtype=float32)
    """
    events, (users, items) = interactions.events, interactions.matrix.shape
    age = (events["time"].max() - events["time"]).to_numpy()
    place = events["user"].to_numpy(dtype=np.int64) * items + events["item"].to_numpy()
    found = np.bincount(place, 0.5 ** (age / half_life), users * items)
    return found.reshape(users, items).astype("f4")


def rhythm(interactions: Interactions) -> tuple[FloatArray, FloatArray]:
    """Weeks since the last purchase, and usual weeks from one to the next.

    Never bought: 99 and 99. Bought in one week alone: the usual gap is unknown, 99.

    Returns
    -------
    since, gap : (num_users, num_items) of float32.

    >>> import pandas as pd
    >>> lines = pd.DataFrame({"who": [1, 1, 1, 2], "what": ["tea", "tea", "jam", "jam"],
    ...                       "week": [1, 4, 5, 6]})
    >>> log = Interactions.from_frame(lines, user="who", item="what", time="week")
    >>> since, gap = rhythm(log)
    >>> tea = log.item_index(["tea"])
    >>> since[0, tea], gap[0, tea], since[1, tea]
    (array([2.], dtype=float32), array([3.], dtype=float32), array([99.], dtype=float32))
    """
    weeks = interactions.events[["user", "item", "time"]].drop_duplicates()
    found = weeks.groupby(["user", "item"])["time"].agg(["min", "max", "count"]).reset_index()
    since, gap = np.full((2, *interactions.matrix.shape), 99, dtype="f4")
    since[found["user"], found["item"]] = weeks["time"].max() - found["max"]
    again = found[found["count"] > 1]
    gap[again["user"], again["item"]] = (again["max"] - again["min"]) / (again["count"] - 1)
    return since, gap


def product_columns(interactions: Interactions) -> FloatArray:
    """Of each product: log buyers, log purchases per buyer, and log of the last weeks' share.

    The last is (purchases of the last four weeks + 1) / (purchases + 1).

    Returns
    -------
    (num_items, 3) of float32.
    """
    events, num_items = interactions.events, interactions.num_items
    late = events["item"][events["time"] > events["time"].max() - 4]
    counts, recent_counts = (np.bincount(x, minlength=num_items) for x in (events["item"], late))
    buyers = interactions.popularity
    columns = [buyers + 1, (counts + 1) / (buyers + 1), (recent_counts + 1) / (counts + 1)]
    return np.log(np.stack(columns, axis=1)).astype("f4")


def household_columns(interactions: Interactions) -> FloatArray:
    """Of each household: log of its lines, and log of those of the last four weeks.

    Returns
    -------
    (num_users, 2) of float32.
    """
    events = interactions.events
    late = events["user"][events["time"] > events["time"].max() - 4]
    counts = [np.bincount(x, minlength=interactions.num_users) for x in (events["user"], late)]
    return np.log1p(np.stack(counts, axis=1)).astype("f4")


def pair_features(
    interactions: Interactions,
    users: IntArray,
    items: IntArray,
    tables: dict[str, FloatArray],
) -> FloatArray:
    """What is known of each pair: habit, rhythm, product, household, and other models' scores.

    Parameters
    ----------
    users, items : (n,) the pairs.   tables : name -> (num_users, num_items) scores.

    Returns
    -------
    (n, 12 + len(tables)) of float32.
    """
    found = [np.log1p(faded_counts(interactions, h)[users, items]) for h in (2, 6, 20, 1e6)]
    since, gap = (table[users, items] for table in rhythm(interactions))
    found += [np.log1p(since), np.log1p(gap), np.minimum(since / np.maximum(gap, 1), 5)]
    found += [*product_columns(interactions)[items].T, *household_columns(interactions)[users].T]
    found += [table[users, items] for table in tables.values()]
    return np.stack(found, axis=1).astype("f4")


def candidate_pairs(
    interactions: Interactions, table: FloatArray, fresh: int
) -> tuple[IntArray, IntArray]:
    """Pairs worth ranking: all that a household has had, and the `fresh` best it has not.

    Parameters
    ----------
    table : (num_users, num_items) scores that choose the fresh ones.

    Returns
    -------
    users, items : (num_pairs,), household after household.
    """
    had = (interactions.matrix > 0).toarray()
    best = np.argpartition(np.where(had, np.inf, -table), fresh, axis=1)[:, :fresh]
    np.put_along_axis(had, best, True, axis=1)
    users, items = np.nonzero(had)
    return users, items


def train_ranker(
    features: FloatArray,
    bought: NDArray[np.bool_],
    epochs: int = 2,
    width: int = 32,
    seed: int = 0,
    device: Any = "cpu",
) -> Callable[[FloatArray], FloatArray]:
    """Train a small network that says from its features whether a pair will be bought.

    Parameters
    ----------
    features : (num_pairs, num_features) of float32.   bought : (num_pairs,).

    Returns
    -------
    a function from features to logits, (n, num_features) -> (n,).

    >>> features = np.random.default_rng(0).normal(size=(500, 2)).astype("f4")
    >>> rate = train_ranker(features, features[:, 0] > 0, epochs=200)
    >>> low, high = rate(np.array([[-1.0, 0.0], [1.0, 0.0]], dtype="f4"))
    >>> bool(low < -1), bool(high > 1)
    (True, True)
    """
    torch.manual_seed(seed)
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    network = nn.Sequential(
        nn.Linear(features.shape[1], width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, 1),
        nn.Flatten(0),
    ).to(device)

    def as_input(features: FloatArray) -> Tensor:
        return torch.from_numpy((features - middle) / spread).to(device)

    def rate(features: FloatArray) -> FloatArray:
        with torch.no_grad():
            return np.asarray(network(as_input(features)).cpu().numpy())

    X, y = as_input(features), torch.from_numpy(bought).float().to(device)
    adam = torch.optim.Adam(network.parameters(), lr=3e-3, fused=True)
    train_network(
        network,
        adam,
        lambda: torch.randperm(len(X), device=X.device).split(4096),  # type: ignore[no-untyped-call]
        lambda some: nn.functional.binary_cross_entropy_with_logits(network(X[some]), y[some]),
        epochs,
    )
    return rate


class HabitRanker:
    """Rank what a household may buy by its habits, its rhythm, and other models' scores.

    It learns inside the training weeks: from what was known `horizon` weeks before their end,
    what was bought in those weeks. Then it looks at all training weeks and ranks.

    Parameters
    ----------
    tables : gives the scores of other models, fitted on the interactions that it is handed.
    horizon : weeks that are kept to learn from.
    fresh : products without a purchase that are ranked along, by the first of the tables.
    settings : handed to `train_ranker`.
    """

    def __init__(
        self, tables: Tables, horizon: int = 6, fresh: int = 100, **settings: Any
    ) -> None:
        self.tables, self.horizon, self.fresh, self.settings = tables, horizon, fresh, settings

    def pairs(self, interactions: Interactions) -> tuple[IntArray, IntArray, FloatArray]:
        tables = self.tables(interactions)
        users, items = candidate_pairs(interactions, next(iter(tables.values())), self.fresh)
        return users, items, pair_features(interactions, users, items, tables)

    def fit(self, interactions: Interactions) -> Self:
        weeks = interactions.events["time"]
        early = (weeks <= weeks.max() - self.horizon).to_numpy()
        users, items, features = self.pairs(interactions.select(early))
        bought = (interactions.select(~early).matrix > 0).toarray()[users, items]
        rate = train_ranker(features, bought, **self.settings)
        users, items, features = self.pairs(interactions)
        share = interactions.popularity / max(interactions.num_users, 1)
        self.table = np.tile(share.astype("f4") - 99, (interactions.num_users, 1))
        self.table[users, items] = rate(features)
        return self

    def scores(self, users: IntArray) -> FloatArray:
        return np.asarray(self.table[users])

"""Several sources of likeness in one: joined blocks, kernels, gates, aligned towers (chapter 37)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout, normalize

from helpers.similarity import dense, normalize_rows
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Kernel = Callable[[IntArray, IntArray], FloatArray]


# --- one vector ---------------------------------------------------------------------------------


def join_blocks(blocks: Sequence[Any], weights: Sequence[float]) -> FloatArray:
    """Concatenate blocks of columns so that dot products become weighted sums of cosines.

    Parameters
    ----------
    blocks : each (num_items, dim), dense or sparse.   weights : one for each block, >= 0.

    Returns
    -------
    (num_items, sum of dims): every block's rows have the length of the root of its weight.

    >>> joined = join_blocks([np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([[5.0], [1.0]])], [1, 2])
    >>> float((joined[0] @ joined[1]).round(2))  # 1 * 0.8 + 2 * 1
    2.8
    """
    unit = [dense(normalize_rows(block)) for block in blocks]
    return np.hstack([w**0.5 * rows for w, rows in zip(weights, unit, strict=True)])


def shelf_price(lines: pd.DataFrame, products: Any) -> FloatArray:
    """The undiscounted price of a piece, in dollars: the median over the lines of each product.

    Parameters
    ----------
    lines : product, quantity, sales_value, retail_disc and coupon_match_disc.

    >>> lines = pd.DataFrame({"product": [7, 7], "quantity": [2, 1], "sales_value": [3.0, 2.0],
    ...                       "retail_disc": [1.0, 0.0], "coupon_match_disc": 0.0})
    >>> shelf_price(lines, [7])
    array([2.])
    """
    paid = lines["sales_value"] + lines["retail_disc"] + lines["coupon_match_disc"]
    middle = (paid / lines["quantity"]).groupby(lines["product"]).median()
    return np.asarray(middle.reindex(products).to_numpy(dtype=float))


# --- products without a sale --------------------------------------------------------------------


def fused_kernel(
    vectors: FloatArray, log_price: FloatArray, share: float = 0.5, width: float = 1.0
) -> Kernel:
    """The squared cosine, of which `share` has to be confirmed by a similar price.

    Parameters
    ----------
    vectors : (num_items, dim).   log_price : (num_items,), in units of its spread.
    share : from 0, price ignored, to 1.   width : how far apart two prices may lie.

    Returns
    -------
    A function of two lists of items, which gives the table (len(a), len(b)).

    >>> kernel = fused_kernel(np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0.0, 2.0]))
    >>> kernel(np.array([0]), np.array([0, 1])).round(3)  # 1 and (1 + exp(-2)) / 2
    array([[1.   , 0.568]], dtype=float32)
    """
    unit = normalize_rows(vectors).astype(np.float32)

    def kernel(a: IntArray, b: IntArray) -> FloatArray:
        apart = (log_price[a][:, None] - log_price[b][None]).astype(np.float32) / width
        alike = (1 - share) + share * np.exp(-(apart**2) / 2)
        return np.asarray(dense(unit[a] @ unit[b].T) ** 2 * alike, dtype=np.float32)

    return kernel


def kernel_ridge(
    kernel: Kernel, labels: NDArray[Any], warm: IntArray, cold: IntArray, strength: float = 1.0
) -> FloatArray:
    """How much a purchase of each warm product says for each cold one: (num_warm, num_cold).

    Products with the same label share one unknown, and the price of the first of them.

    Parameters
    ----------
    labels : (num_items,).   warm, cold : items.   strength : the penalty, > 0.

    >>> kernel = fused_kernel(np.array([[1.0, 0], [1, 0], [1, 0]]), np.zeros(3))
    >>> kernel_ridge(kernel, np.array(["a", "a", "b"]), np.array([0, 1]), np.array([2])).round(3)
    array([[0.333],
           [0.333]])
    """
    _, first, group = np.unique(labels[warm], return_index=True, return_inverse=True)
    member = sparse.csr_array((np.ones(len(warm)), (np.arange(len(warm)), group)))
    share = 1 / member.sum(axis=0)
    table = kernel(warm[first], np.concatenate([warm[first], cold]))
    own = table[:, : len(first)] + np.diag(strength * share).astype(np.float32)
    factor = cho_factor(own, overwrite_a=True, check_finite=False)
    voices = cho_solve(factor, table[:, len(first) :], check_finite=False)
    return np.asarray(member @ sparse.diags_array(share) @ voices)


# --- two towers that agree ----------------------------------------------------------------------


def symmetric_loss(
    a: Tensor, b: Tensor, temperature: float = 0.1, kinds: Tensor | None = None
) -> Tensor:
    """Each row of a finds its partner among the rows of b, and the other way round.

    Parameters
    ----------
    a, b : (n, dim), partners in the same row.
    kinds : (n,); rows of one kind are no rivals of each other.

    Source: Radford et al. (2021), "Learning transferable visual models from natural language
    supervision", ICML, figure 3.

    >>> both = torch.eye(2)
    >>> symmetric_loss(both, both, temperature=1.0)  # ln(1 + 1 / e)
    tensor(0.3133)
    """
    scores = normalize(a) @ normalize(b).T / temperature
    if kinds is not None:
        rival = (kinds[:, None] != kinds) | torch.eye(len(a), dtype=torch.bool, device=a.device)
        scores = scores.masked_fill(~rival, -torch.inf)
    own = torch.arange(len(a), device=a.device)
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


class Towers(nn.Module):
    """Two linear maps into one space.

    >>> left, right = Towers(5, 3, 2)(torch.ones(4, 5), torch.ones(4, 3))
    >>> tuple(left.shape), tuple(right.shape)
    ((4, 2), (4, 2))
    """

    def __init__(self, left: int, right: int, dim: int, drop: float = 0.0) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(left, dim), nn.Linear(right, dim)
        self.drop = drop

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return self.left(dropout(a, self.drop, self.training)), self.right(b)


def align(
    left: FloatArray, right: FloatArray, epochs: int, seed: int = 0, *, dim: int = 64,
    drop: float = 0.3, batch: int = 256, kinds: IntArray | None = None
) -> Towers:  # fmt: skip
    """Train two towers on rows that belong together.

    Parameters
    ----------
    left, right : (n, their own dims).   kinds : (n,), see `symmetric_loss`.

    >>> rows = np.eye(4, dtype=np.float32)
    >>> towers = align(rows, rows[:, ::-1].copy(), epochs=200, dim=4, drop=0.0, batch=4)
    >>> a, b = towers(torch.eye(4), torch.eye(4).flip(1))
    >>> (normalize(a) @ normalize(b).T).argmax(dim=1).tolist()
    [0, 1, 2, 3]
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    towers = Towers(left.shape[1], right.shape[1], dim, drop)
    adam = torch.optim.Adam(towers.parameters(), lr=2e-3)
    a, b = (torch.from_numpy(np.asarray(rows, dtype=np.float32)) for rows in (left, right))

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(len(a)), max(len(a) // batch, 1))

    def loss(some: IntArray) -> Tensor:
        kind = None if kinds is None else torch.from_numpy(kinds[some])
        left_rows, right_rows = towers(a[some], b[some])
        return symmetric_loss(left_rows, right_rows, kinds=kind)

    train_network(towers, adam, batches, loss, epochs)
    return towers


# --- a gate between several models --------------------------------------------------------------


class GatedFusion(nn.Module):
    """Shares of trust for several scores, worked out anew for each candidate.

    Parameters
    ----------
    sources : scores of each candidate.   signals : other numbers of it.   hidden : of the gate.
    blanks : put a learned number in the place of a missing score; else it gets no share.

    References
    ----------
    Jacobs et al. (1991), "Adaptive mixtures of local experts"; the shares are attention with the
    sources as keys.

    >>> gate = GatedFusion(2, 1)
    >>> scores, shares = gate(torch.ones(3, 5, 2), torch.ones(3, 5, 1))
    >>> tuple(scores.shape), bool(torch.allclose(shares.sum(dim=-1), torch.ones(3, 5)))
    ((3, 5), True)
    """

    def __init__(self, sources: int, signals: int, hidden: int = 16, blanks: bool = False) -> None:
        super().__init__()
        self.look = nn.Linear(sources + signals, hidden)
        self.trust, self.add = nn.Linear(hidden, sources), nn.Linear(hidden, 1)
        self.scale = nn.Parameter(torch.ones(()))
        self.blank = nn.Parameter(torch.zeros(sources)) if blanks else None

    def forward(
        self, logs: Tensor, signals: Tensor, here: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Scores (..., candidates) and shares; `here` says which sources are not missing."""
        if here is not None:
            logs = torch.where(here, logs, 0.0 if self.blank is None else self.blank)
        state = torch.relu(self.look(torch.cat([logs, signals], dim=-1)))
        trust = self.trust(state)
        if here is not None and self.blank is None:
            trust = trust.masked_fill(~here, -torch.inf)
        shares = trust.softmax(dim=-1)
        return self.scale * (shares * logs).sum(dim=-1) + self.add(state)[..., 0], shares


def train_gate(
    gate: nn.Module, logs: Tensor, signals: Tensor, wanted: Tensor, epochs: int = 12,
    seed: int = 0, drop: float = 0.0, rate: float = 5e-3
) -> list[dict[str, float]]:  # fmt: skip
    """Teach a gate to put the wanted candidate first; the curve of `train_network`.

    Parameters
    ----------
    logs : (queries, candidates, sources).   signals : (queries, candidates, signals).
    wanted : (queries,), the place of the right candidate; -1 leaves the query out.
    drop : chance of each source to be missing from a query.   rate : of Adam; it falls to zero.

    >>> logs = torch.tensor([[[2.0, 0.0], [0.0, 9.0]]] * 128)
    >>> gate = GatedFusion(2, 1)
    >>> _ = train_gate(gate, logs, torch.zeros(128, 2, 1), torch.zeros(128, dtype=int), 60)
    >>> bool(gate(logs[:1], torch.zeros(1, 2, 1))[0].argmax() == 0)
    True
    """
    rng, step = np.random.default_rng(seed), 0
    asked = np.flatnonzero(wanted.numpy() >= 0)
    adam = torch.optim.Adam(gate.parameters(), lr=rate, weight_decay=1e-4)
    per_epoch = max(len(asked) // 128, 1)

    def batches() -> list[IntArray]:
        return np.array_split(rng.permutation(asked), per_epoch)

    def loss(some: IntArray) -> Tensor:
        nonlocal step
        adam.param_groups[0]["lr"] = rate * (1 - step / (epochs * per_epoch))
        step += 1
        here = None
        if drop:
            kept = rng.random((len(some), 1, logs.shape[2])) >= drop
            kept[..., rng.integers(logs.shape[2])] |= ~kept.any(axis=2)
            here = torch.from_numpy(kept)
        return cross_entropy(gate(logs[some], signals[some], here)[0], wanted[some])

    return train_network(gate, adam, batches, loss, epochs)


class Pooled:
    """Scores for some candidates of known baskets; all other products come after them.

    >>> held = sparse.csr_array(np.array([[1.0, 0, 0], [0, 1.0, 0]]))
    >>> model = Pooled(held, np.array([[1, 2], [2, 0]]), np.array([[0.1, 0.9], [0.5, 0.6]]))
    >>> model.complete(held[1:]).argmax(axis=1)
    array([0])
    """

    def __init__(self, baskets: sparse.csr_array, items: IntArray, scores: FloatArray) -> None:
        self.items, self.scores, self.num_items = items, scores, baskets.shape[1]
        self.place = {key: row for row, key in enumerate(self.keys(baskets))}

    def keys(self, baskets: sparse.csr_array) -> list[bytes]:
        cuts = zip(baskets.indptr[:-1], baskets.indptr[1:], strict=True)
        return [np.sort(baskets.indices[a:b]).astype("i4").tobytes() for a, b in cuts]

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        at = [self.place[key] for key in self.keys(baskets)]
        table = np.full((len(at), self.num_items), -1e9, dtype=np.float32)
        np.put_along_axis(table, self.items[at], self.scores[at].astype(np.float32), axis=1)
        return table

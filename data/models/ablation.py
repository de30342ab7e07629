"""One change at a time to the basket Transformer of chapter 35, each trained and asked anew.

``make_models.py`` stores what `make_ablation` gives: for each variant, whether each question of
``complete_basket`` on the validation weeks was answered (hr@20, a byte for each).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from helpers import data, tasks
from helpers.models.autoencoders import candidates, multinomial_loss
from helpers.models.factors import EASE, truncated_svd
from helpers.models.transformers import (
    BasketTransformer,
    SetEncoder,
    in_batch_softmax,
    sampled_softmax,
)
from helpers.similarity import normalize_rows


class Untied(SetEncoder):
    """A second table of vectors, which scores."""

    def __init__(self, vectors: Any, *shape: Any) -> None:
        super().__init__(vectors, *shape)
        self.scoring = nn.Parameter(self.vectors.detach().clone())

    def logits(self, states: Tensor, columns: Tensor) -> Tensor:
        return states @ self.scoring[columns].T + self.start[columns]


class Mean(SetEncoder):
    """No attention: the mean of the vectors instead."""

    def forward(self, items: Tensor, real: Tensor) -> Tensor:
        weight = real / real.sum(dim=1, keepdim=True).clamp(min=1)
        mean = (self.drop(self.vectors[items]) * weight[:, :, None]).sum(dim=1)
        x = mean + self.drop(self.blocks[0].feed(self.blocks[0].norms[1](mean)))
        state: Tensor = self.read(self.norm(x))
        return state


class Variant(BasketTransformer):
    """The model with another network, or another start."""

    def __init__(self, network: Any = SetEncoder, start: str = "svd", **settings: Any) -> None:
        super().__init__(**settings)
        self.network_class, self.start = network, start

    def build(self, interactions: data.Interactions) -> Any:
        network = super().build(interactions)
        with torch.no_grad():
            if self.start == "random":
                nn.init.normal_(network.vectors, std=float(network.vectors.std()))
            if self.start == "ease":
                network.vectors.copy_(torch.from_numpy(ease_vectors(interactions, self.width)))
            if self.start == "flat":
                network.start.zero_()
        return network


def ease_vectors(interactions: data.Interactions, width: int) -> NDArray[np.float32]:
    """The strongest directions of EASE's table, made symmetric; each vector one long."""
    table = EASE(100.0).fit(interactions).table
    U, s, _ = truncated_svd(table + table.T, width, sweeps=3)
    return np.asarray(normalize_rows(U * np.sqrt(s)), dtype=np.float32)


def uncorrected(
    network: SetEncoder, states: Tensor, wanted: sparse.csr_array, rng: np.random.Generator
) -> Tensor:
    """Sampled softmax whose draws speak for nobody but themselves."""
    columns, _ = candidates(wanted, 1000, rng)
    logits = network.logits(states, torch.from_numpy(columns).to(states.device))
    return multinomial_loss(logits, wanted, columns)


def smoothed(
    network: SetEncoder,
    states: Tensor,
    wanted: sparse.csr_array,
    rng: np.random.Generator,
    share: float = 0.1,
) -> Tensor:
    """Full softmax; a tenth of what is wanted is spread over the catalogue (label smoothing)."""
    everything = np.arange(wanted.shape[1])
    logits = network.logits(states, torch.from_numpy(everything).to(states.device))
    named = multinomial_loss(logits, wanted, everything)
    return (1 - share) * named - share * torch.log_softmax(logits, dim=1).mean()


def uncorrected_in_batch(
    network: SetEncoder, states: Tensor, wanted: sparse.csr_array, rng: np.random.Generator
) -> Tensor:
    """In-batch negatives, punished for being popular."""
    drawn = wanted.indices[wanted.indptr[:-1] + rng.integers(np.diff(wanted.indptr))]
    logits = network.logits(states, torch.from_numpy(drawn.astype(np.int64)).to(states.device))
    return nn.functional.cross_entropy(logits, torch.arange(len(drawn), device=states.device))


FULL = 10**9  # more negatives than there are products
VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "as it is, seed 1": {"seed": 1},
    "as it is, seed 2": {"seed": 2},
    "vectors start at random": {"start": "random"},
    "vectors start at EASE": {"start": "ease"},
    "logits start flat": {"start": "flat"},
    "two tables, untied": {"network": Untied},
    "mean, no attention": {"network": Mean},
    "one head": {"heads": 1},
    "two layers": {"layers": 2},
    "width 64": {"width": 64},
    "width 256": {"width": 256},
    "no dropout": {"drop": 0.0},
    "dropout 0.5": {"drop": 0.5},
    "twice as long": {"epochs": 12},
    "hide one product": {"hide": (0.0, 0.0)},
    "full softmax": {"loss_of": partial(sampled_softmax, sample=FULL)},
    "full, smoothed": {"loss_of": smoothed},
    "sampled, uncorrected": {"loss_of": uncorrected},
    "contrast in the batch": {"loss_of": in_batch_softmax},
    "contrast, uncorrected": {"loss_of": uncorrected_in_batch},
}


def make_ablation(
    part: data.Part | None = None, **settings: Any
) -> dict[str, NDArray[np.generic]]:
    """Train every variant on weeks 1 to 40, and ask about weeks 41 to 46."""
    part = part or data.part(data.load_groceries(), "valid")
    found: dict[str, NDArray[np.generic]] = {}
    for name, change in VARIANTS.items():
        model = Variant(**{**settings, **change}).fit(part.train_baskets)
        hit = tasks.complete_basket(model, part).metrics["hr@20"]
        found[name] = hit.astype(np.uint8)
        print(f"{name}: {hit.mean():.4f}", flush=True)
    return found

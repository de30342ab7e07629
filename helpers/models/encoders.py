"""Networks that turn a small grey picture into a short vector, and the losses that teach them.

Chapter 33 shows every function here; ``data/models/make_models.py`` trains the stored weights
with them.  Pictures are float tensors (n, 1, 28, 28) from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from helpers.train import train_network

if TYPE_CHECKING:
    import torch

Curve = list[dict[str, float]]


def as_input(images: NDArray[np.uint8]) -> torch.Tensor:
    """Make grey values 0..255 (n, 28, 28) a float tensor (n, 1, 28, 28) from 0 to 1.

    >>> as_input(np.array([[[0, 255]]], dtype=np.uint8)).tolist()
    [[[[0.0, 1.0]]]]
    """
    import torch

    return torch.tensor(images, dtype=torch.float32)[:, None] / 255


def conv_block(before: int, after: int) -> torch.nn.Sequential:
    """Convolve 3 x 3 with padding, norm each channel over the batch, cut at zero."""
    from torch import nn

    conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(after), nn.ReLU())


def picture_network(width: int, dim: int = 64, grid: int = 1) -> torch.nn.Sequential:
    """Five convolutions, two poolings, means over grid x grid cells, then `dim` numbers.

    >>> import torch
    >>> picture_network(4, 8).eval()(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 8])
    """
    from torch import nn

    return nn.Sequential(
        conv_block(1, width),
        nn.MaxPool2d(2),
        conv_block(width, 2 * width),
        conv_block(2 * width, 2 * width),
        nn.MaxPool2d(2),
        conv_block(2 * width, 4 * width),
        conv_block(4 * width, 4 * width),
        nn.AdaptiveAvgPool2d(grid),
        nn.Flatten(),
        nn.Linear(4 * width * grid**2, dim),
    )


def with_kinds(body: torch.nn.Module, dim: int = 64, kinds: int = 10) -> torch.nn.ModuleDict:
    """A network and one direction for each kind, for `class_loss`."""
    from torch import nn

    return nn.ModuleDict({"body": body, "kinds": nn.Linear(dim, kinds, bias=False)})


def shifted(pictures: torch.Tensor, most: int, dice: torch.Generator) -> torch.Tensor:
    """Mirror half of the pictures, and move each by up to `most` pixels in both directions.

    >>> import torch
    >>> one = torch.zeros(1, 1, 28, 28)
    >>> one[0, 0, 14, 14] = 1
    >>> shifted(one, 2, torch.Generator().manual_seed(0)).sum().item()
    1.0
    """
    import torch

    num, side = len(pictures), pictures.shape[-1]
    mirror = torch.rand(num, generator=dice)[:, None, None, None] < 0.5
    pictures = torch.where(mirror, pictures.flip(3), pictures)
    wide = torch.nn.functional.pad(pictures, (most,) * 4)[:, 0]
    down, right = torch.randint(0, 2 * most + 1, (2, num, 1), generator=dice)
    rows, columns = down + torch.arange(side), right + torch.arange(side)
    moved = wide[torch.arange(num)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved[:, None]


def erased(pictures: torch.Tensor, size: int, dice: torch.Generator) -> torch.Tensor:
    """Black out one square of `size` pixels a side in each picture, anywhere, also half outside."""
    import torch

    num, side = len(pictures), pictures.shape[-1]
    low, high = -(size // 2), side - size // 2
    top, left = torch.randint(low, high, (2, num, 1), generator=dice)
    place = torch.arange(side)
    rows = (place >= top) & (place < top + size)
    columns = (place >= left) & (place < left + size)
    return pictures * ~(rows[:, :, None] & columns[:, None, :])[:, None]  # type: ignore[no-any-return]


def relit(pictures: torch.Tensor, dice: torch.Generator) -> torch.Tensor:
    """Change the light: grey values to a random power, times a random number.

    >>> import torch
    >>> relit(torch.zeros(1, 1, 2, 2), torch.Generator().manual_seed(0)).sum().item()
    0.0
    """
    import torch

    power, factor = torch.rand(2, len(pictures), 1, 1, 1, generator=dice)
    return (0.5 + 0.7 * factor) * pictures ** torch.exp(1.4 * power - 0.7)  # type: ignore[no-any-return]


def class_loss(
    network: torch.nn.ModuleDict, x: torch.Tensor, kind: torch.Tensor, sharp: float = 10.0
) -> torch.Tensor:
    """Softmax over the ten kinds, of `sharp` times the cosine between vector and direction."""
    from torch.nn.functional import cross_entropy, normalize

    directions = normalize(network["kinds"].weight)  # type: ignore[arg-type]
    return cross_entropy(sharp * normalize(network["body"](x)) @ directions.T, kind)


def pairs_loss(a: torch.Tensor, b: torch.Tensor, temperature: float = 0.2) -> torch.Tensor:
    """SimCLR's loss: among all other views of the batch, find the one of the same picture.

    a, b: (n, dim), two views of the same n pictures. Chen et al. (2020), equation 1.
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    both = normalize(torch.cat([a, b]))
    scores = both @ both.T / temperature
    scores = scores - 1e9 * torch.eye(len(both), device=both.device)  # a view does not pick itself
    partner = torch.arange(len(both), device=both.device).roll(len(a))
    return cross_entropy(scores, partner)


def batches_of(
    num: int, size: int, dice: torch.Generator, schedule: Any
) -> Iterator[torch.Tensor]:
    """One epoch of positions in random order; the learning rate moves after each batch."""
    import torch

    for positions in torch.randperm(num, generator=dice).split(size):  # type: ignore[no-untyped-call]
        if len(positions) == size:
            yield positions
            schedule.step()


def train_encoder(
    network: torch.nn.Module,
    loss: Callable[[torch.Tensor], torch.Tensor],
    num: int,
    epochs: int,
    *,
    dice: torch.Generator,
    rate: float = 3e-3,
    size: int = 128,
    validate: Callable[[], float] | None = None,
) -> Curve:
    """Run `train_network` with AdamW and a learning rate that climbs, then falls to nothing.

    ``loss`` gets the positions of a batch among ``num`` pictures.
    """
    import torch

    adam = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.05)
    steps = epochs * (num // size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=steps, pct_start=0.25)
    return train_network(
        network, adam, lambda: batches_of(num, size, dice, schedule), loss, epochs, validate
    )


def embed(network: torch.nn.Module, x: torch.Tensor) -> NDArray[np.float32]:
    """Vectors (n, dim) of the rows of x, five hundred at a time, on the network's device."""
    import torch

    network.eval()
    device = next(network.parameters()).device
    with torch.inference_mode():
        parts = [network(part.to(device)).flatten(1).cpu() for part in x.split(500)]  # type: ignore[no-untyped-call]
    return np.asarray(torch.cat(parts).numpy(), dtype=np.float32)


def picture_autoencoder(width: int, dim: int = 64) -> torch.nn.ModuleDict:
    """A code of `dim` numbers that remembers places, and the way back to a picture."""
    from torch import nn

    code = nn.Sequential(
        nn.Conv2d(1, width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(2 * width * 7 * 7, dim),
    )
    back = nn.Sequential(
        nn.Linear(dim, 2 * width * 7 * 7),
        nn.ReLU(),
        nn.Unflatten(1, (2 * width, 7, 7)),
        nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
    )
    return nn.ModuleDict({"code": code, "back": back})


def block_maps(network: Any, images: NDArray[np.uint8], blocks: tuple[int, ...]) -> dict[int, Any]:
    """What some blocks of EfficientNet-lite0 see in grey pictures: {block: (n, channels, 7, 7)}.

    The pictures are enlarged to 112 x 112, made of three equal colours, and scaled as the
    weights expect: (value - 127) / 128. Blocks later than 10 give smaller maps.
    """
    import torch
    from torch.nn.functional import interpolate

    found: dict[int, list[Any]] = {block: [] for block in blocks}
    network.eval()
    device = next(network.parameters()).device
    with torch.inference_mode():
        for part in torch.tensor(images, dtype=torch.float32)[:, None].split(50):  # type: ignore[no-untyped-call]
            x = interpolate(part.to(device), size=(112, 112), mode="bilinear")
            x = network._bn0(network._conv_stem((x.expand(-1, 3, -1, -1) - 127) / 128))
            x = network._swish(x)
            for number, block in enumerate(network._blocks[: max(blocks) + 1]):
                x = block(x)
                if number in found:
                    found[number].append(x.cpu())
    return {block: torch.cat(parts) for block, parts in found.items()}


def on_grid(maps: torch.Tensor, side: int) -> NDArray[np.float32]:
    """Average each channel within the cells of a side x side grid: (n, channels * side²).

    >>> import torch
    >>> on_grid(torch.tensor([[[[1.0, 2], [3, 6]]]]), 1).tolist()
    [[3.0]]
    """
    from torch.nn.functional import adaptive_avg_pool2d

    return np.asarray(adaptive_avg_pool2d(maps, side).flatten(1).numpy(), dtype=np.float32)


def head_network(before: int, hidden: int = 512, dim: int = 64) -> torch.nn.Sequential:
    """Two layers on vectors that another network made; half of the hidden units rest each step."""
    from torch import nn

    return nn.Sequential(
        nn.Dropout(0.2),
        nn.Linear(before, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(hidden, dim),
    )


def expand_queries(vectors: NDArray[Any], num: int, power: float = 3.0) -> NDArray[np.float32]:
    """Replace each row by the mean of itself and its `num` nearest, weighted by cosine ** power.

    Radenović, Tolias and Chum (2019), "Fine-tuning CNN image retrieval with no human annotation".

    >>> expand_queries(np.array([[1.0, 0], [0.6, 0.8]]), 1).astype(float).round(2).tolist()
    [[0.99, 0.15], [0.71, 0.7]]
    """
    from helpers.similarity import normalize_rows, top_k

    unit = np.asarray(normalize_rows(np.asarray(vectors, dtype=np.float32)))
    nearest, cosine = top_k(unit, unit, num, exclude_self=True)
    weight = np.clip(cosine, 0, None) ** power
    mixed = unit + np.einsum("nk,nkd->nd", weight, unit[nearest])
    return np.asarray(normalize_rows(mixed), dtype=np.float32)

"""What the Explorer knows about photographs: ten neighbours by each method of chapter 33.

Called by tools/make_explorer.py. The photographs are some of Fashion-MNIST's test part.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from helpers import data
from helpers.data.fashion import SIDE
from helpers.models import encoders
from helpers.similarity import normalize_rows, top_k

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
Pictures = NDArray[np.uint8]
K = 10
EACH = 200  # photographs of a kind
COLUMNS = 50  # photographs in a row of the sprite
SPRITE = "photos.png"
CHAPTER = "3-deep/33-images"


@dataclass(frozen=True)
class Method:
    """A way to turn the photographs into vectors, (num, dim), to be compared by cosine."""

    key: str
    name: str
    note: str
    vectors: Callable[[Pictures, IntArray], FloatArray]
    chapter: str = CHAPTER


@dataclass(frozen=True)
class Photos:
    """What is written about the photographs."""

    sprite: bytes
    kinds: tuple[str, ...]
    kind: NDArray[np.uint8]
    neighbours: dict[str, IntArray]


def flat(images: Pictures) -> FloatArray:
    """Grey values from 0 to 1, a row for each picture."""
    return images.reshape(len(images), -1) / np.float32(255)


def by_pixels(images: Pictures, places: IntArray) -> FloatArray:
    return flat(images)


def by_pca(images: Pictures, places: IntArray) -> FloatArray:
    learned_from = flat(data.load_fashion("train")[0])
    middle = learned_from.mean(axis=0)
    axes = np.linalg.svd(learned_from - middle, full_matrices=False)[2]
    return np.asarray((flat(images) - middle) @ axes[:64].T)


def by_autoencoder(images: Pictures, places: IntArray) -> FloatArray:
    painter = stored("autoencoder", encoders.picture_autoencoder(16))
    seen = encoders.as_input(data.load_fashion("train")[0])
    middle = encoders.embed(painter["code"], seen).mean(axis=0)
    return encoders.embed(painter["code"], encoders.as_input(images)) - middle


def by_simclr(images: Pictures, places: IntArray) -> FloatArray:
    network = stored("simclr", encoders.picture_network(16, grid=3))
    return encoders.embed(network, encoders.as_input(images))


def by_efficientnet(images: Pictures, places: IntArray) -> FloatArray:
    kept = data.load_weights("efficientnet")
    return (kept["test"] * kept["step"])[places].astype(np.float32)


def by_metric(images: Pictures, places: IntArray) -> FloatArray:
    network = stored("metric", encoders.picture_network(32))
    return encoders.embed(network, encoders.as_input(images))


def by_head(images: Pictures, places: IntArray) -> FloatArray:
    """The two layers of chapter 33 on EfficientNet's vectors, taught the kinds with seed 0."""
    import torch

    kept, kinds = data.load_weights("efficientnet"), data.load_fashion("train")[1]
    x, wanted = torch.tensor(kept["train"] / 25), torch.tensor(kinds).long()
    torch.manual_seed(0)
    dice = torch.Generator().manual_seed(0)
    network = encoders.with_kinds(encoders.head_network(256))

    def loss(i: torch.Tensor) -> torch.Tensor:
        return encoders.class_loss(network, x[i], wanted[i])

    encoders.train_encoder(network, loss, len(x), 15, dice=dice)
    return encoders.embed(network["body"], torch.tensor(kept["test"][places] / 25))


def stored(name: str, network: Any) -> Any:
    """A network with its weights of data/models."""
    import torch

    weights = {key: torch.tensor(w) for key, w in data.load_weights(name).items()}
    weights.pop("curve")
    network.load_state_dict(weights, strict=False)  # batch counters are not stored
    return network


METHODS = (
    Method("pixels", "pixels", "Cosine of the grey values as they are.", by_pixels),
    Method(
        "pca",
        "PCA of pixels",
        "The mean photograph is taken away first, then the 64 strongest directions are kept.",
        by_pca,
    ),
    Method(
        "autoencoder",
        "autoencoder",
        "Cosine of 64 numbers from which a small network paints the photograph again; it saw no "
        "labels.",
        by_autoencoder,
    ),
    Method(
        "simclr",
        "SimCLR",
        "A network that learned to match two changed views of one photograph; it saw no labels.",
        by_simclr,
    ),
    Method(
        "efficientnet",
        "EfficientNet, middle",
        "Borrowed eyes: the middle of a network that learned from other, coloured photographs.",
        by_efficientnet,
    ),
    Method(
        "metric",
        "metric network",
        "A network of our own that was taught the ten kinds, so it brings kinds together.",
        by_metric,
    ),
    Method(
        "head",
        "metric head",
        "Two layers on top of EfficientNet's vectors that were taught the ten kinds.",
        by_head,
    ),
)


def find(tell: Callable[[str], None]) -> Photos:
    """Two hundred photographs of each kind, the first of the test part, in its order."""
    images, labels, kinds = data.load_fashion("test")
    places = np.sort(np.concatenate([np.flatnonzero(labels == k)[:EACH] for k in range(10)]))
    neighbours = {}
    for method in METHODS:
        unit = normalize_rows(method.vectors(images[places], places)).astype(np.float32)
        neighbours[method.key] = top_k(unit, unit, K, exclude_self=True)[0]
        tell(method.name)
    return Photos(sprite_of(images[places]), kinds, labels[places], neighbours)


def sprite_of(images: Pictures) -> bytes:
    """All photographs in one image without loss, fifty in a row.

    >>> sheet = Image.open(io.BytesIO(sprite_of(np.full((60, 28, 28), 7, dtype=np.uint8))))
    >>> sheet.mode, sheet.size, sheet.getpixel((0, 0))
    ('L', (1400, 56), 7)
    """
    rows = -(-len(images) // COLUMNS)
    sheet = np.zeros((rows * COLUMNS, SIDE, SIDE), dtype=np.uint8)
    sheet[: len(images)] = images
    sheet = sheet.reshape(rows, COLUMNS, SIDE, SIDE).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(sheet.reshape(rows * SIDE, -1)).save(file, "PNG", optimize=True)
    return file.getvalue()

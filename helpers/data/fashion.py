"""Fashion-MNIST: small grey pictures of clothes, a subset that lies in the repository."""

from __future__ import annotations

import lzma
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helpers.data.cache import sha256_of

__all__ = ["NAMES", "load_fashion"]

FOLDER = Path(__file__).resolve().parents[2] / "data" / "fashion-mnist"
NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SIDE = 28
FIT = 8000  # of the training pictures; the rest are for choosing


def load_fashion(part: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[str, ...]]:
    """Pictures, labels and the names of the ten kinds (Xiao, Rasul and Vollgraf, 2017).

    Parameters
    ----------
    part : "train" (10,000 of the 60,000, a thousand of each kind) or "test" (all 10,000); and the
        two pieces of "train": "fit", its first 8,000, and "valid", the other 2,000, to choose on.

    Returns
    -------
    images : uint8, shape (n, 28, 28); 0 is the background, 255 the brightest.
    labels : uint8, shape (n,); a position in `names`.
    names : ten words.

    Raises
    ------
    ValueError
        for another part, and for a file that does not fit its checksum.

    Examples
    --------
    >>> images, labels, names = load_fashion("test")
    >>> images.shape, names[labels[0]]
    ((10000, 28, 28), 'Ankle boot')
    """
    pieces = {"fit": slice(0, FIT), "valid": slice(FIT, None)}
    if part not in ("train", "test", *pieces):
        raise ValueError(f"part: {part!r} is none of 'train', 'fit', 'valid' and 'test'")
    file = "test" if part == "test" else "train"
    images = np.frombuffer(_checked(f"{file}-images.xz"), dtype=np.uint8)
    labels = np.frombuffer(_checked(f"{file}-labels.xz"), dtype=np.uint8)
    piece = pieces.get(part, slice(None))
    # copies, since arrays made from bytes cannot be written to
    return images.reshape(-1, SIDE, SIDE)[piece].copy(), labels[piece].copy(), NAMES


def _checked(name: str) -> bytes:
    """Unpacked content of a file that fits its line in SHA256SUMS."""
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    promised = {file: digest for digest, file in (line.split() for line in lines)}
    content = (FOLDER / name).read_bytes() if (FOLDER / name).exists() else b""
    if sha256_of(content) != promised[name]:
        raise ValueError(
            f"data/fashion-mnist/{name} is missing, cut short or altered: its SHA-256 is not the "
            f"one in SHA256SUMS. Restore it with: git checkout data/fashion-mnist/{name}"
        )
    return lzma.decompress(content)

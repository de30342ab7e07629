"""Make the subset of Fashion-MNIST from the files of the Debian package dataset-fashion-mnist.

    apt-get download dataset-fashion-mnist
    dpkg -x dataset-fashion-mnist_*.deb unpacked
    python data/fashion-mnist/make_data.py unpacked/usr/share/datasets/fashion-mnist

The same input gives the same subset: the seed below chooses the training pictures. The packed
bytes may differ between versions of the xz library; the pictures do not.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
SEED = 2017
PER_KIND = 1000
SOURCES = {
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
}


def read_idx(path: Path, header: int) -> NDArray[np.uint8]:
    """Bytes after the header of an IDX file."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), dtype=np.uint8, offset=header)


def choose(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Positions of PER_KIND pictures of each kind, in their old order."""
    generator = np.random.default_rng(SEED)
    kinds = [np.flatnonzero(labels == kind) for kind in range(10)]
    return np.sort(np.concatenate([generator.choice(k, PER_KIND, replace=False) for k in kinds]))


def main(folder: Path) -> None:
    missing = [name for name in sorted(SOURCES) if not (folder / name).exists()]
    if missing:
        sys.exit(f"{folder} lacks {', '.join(missing)}: unpack the Debian package first")
    sums = []
    for part, stem in (("train", "train"), ("test", "t10k")):
        images = read_idx(folder / f"{stem}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28)
        labels = read_idx(folder / f"{stem}-labels-idx1-ubyte.gz", 8)
        kept = choose(labels) if part == "train" else np.arange(len(labels))
        for name, array in (("images", images[kept]), ("labels", labels[kept])):
            content = lzma.compress(array.tobytes(), preset=9 | lzma.PRESET_EXTREME)
            (HERE / f"{part}-{name}.xz").write_bytes(content)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {part}-{name}.xz\n")
    (HERE / "SHA256SUMS").write_text("".join(sums), encoding="ascii")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"{__doc__}\nnot run: name the folder with the four files")
    main(Path(sys.argv[1]))

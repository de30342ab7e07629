"""Weights that were trained longer than a notebook may run; see ``data/models/README.md``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helpers.data.cache import sha256_of

__all__ = ["load_weights"]

FOLDER = Path(__file__).resolve().parents[2] / "data" / "models"


def load_weights(name: str) -> dict[str, NDArray[np.float32]]:
    """Give the stored arrays of ``data/models/<name>.safetensors``, in single precision.

    Raises
    ------
    ValueError
        for a name that SHA256SUMS does not list, and for a file that does not fit its checksum.

    Examples
    --------
    >>> load_weights("no-such-network")
    Traceback (most recent call last):
        ...
    ValueError: no weights 'no-such-network': data/models/SHA256SUMS lists ...
    """
    from safetensors.numpy import load

    lines = (FOLDER / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    promised = {file: digest for digest, file in (line.split() for line in lines)}
    file = f"{name}.safetensors"
    if file not in promised:
        known = ", ".join(sorted(Path(each).stem for each in promised))
        raise ValueError(f"no weights {name!r}: data/models/SHA256SUMS lists {known}")
    content = (FOLDER / file).read_bytes() if (FOLDER / file).exists() else b""
    if sha256_of(content) != promised[file]:
        raise ValueError(
            f"data/models/{file} is missing, cut short or altered: its SHA-256 is not the one in "
            f"SHA256SUMS. Restore it with: git checkout data/models/{file}, or train it again: "
            "data/models/README.md says how"
        )
    return {key: value.astype(np.float32) for key, value in load(content).items()}

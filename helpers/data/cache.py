"""Tables that are slow to make are made once and kept, with a checksum, in a folder of files.

A kept table is one file, an uncompressed zip of parquet tables, with the SHA-256 of its bytes in a
second file beside it. Both are written under a name of their own and moved into place, so that a
reader sees the whole file or none. A file that does not fit its checksum is never read.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
import uuid
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd

__all__ = ["cache_folder", "cached", "sha256_of"]

Tables = dict[str, pd.DataFrame]
STALE_SECONDS = 600.0  # a temporary file this old belongs to a process that died
_warned: set[Path] = set()


def cache_folder() -> Path:
    """Folder of kept tables: the variable ALIKE_CACHE, or data/cache in the repository.

    Examples
    --------
    >>> import os
    >>> os.environ["ALIKE_CACHE"] = "elsewhere"
    >>> cache_folder().name
    'elsewhere'
    >>> del os.environ["ALIKE_CACHE"]
    >>> cache_folder().parts[-2:]
    ('data', 'cache')
    """
    chosen = os.environ.get("ALIKE_CACHE")
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "data" / "cache"


def sha256_of(content: bytes) -> str:
    """SHA-256 of some bytes, as 64 hexadecimal digits (FIPS 180-4).

    Examples
    --------
    >>> sha256_of(b"abc")[:16]
    'ba7816bf8f01cfea'
    """
    return hashlib.sha256(content).hexdigest()


def cached(name: str, build: Callable[[], Tables], *, version: str) -> Tables:
    """Read the tables kept under this name and version, or build and keep them.

    Parameters
    ----------
    name : first part of the file name, such as "groceries".
    build : makes the tables; called when nothing whole is kept.
    version : second part of the file name; change it when `build` would give something else.

    Returns
    -------
    The tables by name, each with an index 0..n-1. A kept file that is cut short, altered or lost
    is built again. A folder that cannot be written costs a warning (once) and no more.

    Examples
    --------
    >>> import os, tempfile
    >>> os.environ["ALIKE_CACHE"] = tempfile.mkdtemp()
    >>> make = lambda: print("building") or {"prices": pd.DataFrame({"euro": [2, 3]})}
    >>> cached("demo", make, version="1")["prices"]["euro"].sum()
    building
    np.int64(5)
    >>> cached("demo", make, version="1")["prices"]["euro"].sum()
    np.int64(5)
    >>> del os.environ["ALIKE_CACHE"]
    """
    path = cache_folder() / f"{name}-{version}.zip"
    kept = _read(path)
    if kept is not None:
        return kept
    content = _pack(build())
    try:
        _sweep(path.parent)
        _write(path, content)
    except OSError as error:
        _warn_once(path.parent, error)
    return _unpack(content)  # the first time gives what every later time gives, to the type


def _read(path: Path) -> Tables | None:
    """The tables of a file that fits its checksum, else None."""
    try:
        content = path.read_bytes()
        promised = _checksum_path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return _unpack(content) if sha256_of(content) == promised else None


def _write(path: Path, content: bytes) -> None:
    """Put the content in place, then its checksum: killed in between, the pair is not read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, content)
    _replace(_checksum_path(path), sha256_of(content).encode("ascii") + b"\n")


def _replace(path: Path, content: bytes) -> None:
    """Write under a name nobody else uses, then move: the move is whole or not at all."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what processes killed in mid-write have left."""
    oldest_alive = time.time() - STALE_SECONDS
    for leftover in folder.glob("*.tmp"):
        if leftover.stat().st_mtime < oldest_alive:
            leftover.unlink(missing_ok=True)


def _checksum_path(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _pack(tables: Tables) -> bytes:
    """One uncompressed zip; the fixed date makes the same tables the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, table in tables.items():
            entry = zipfile.ZipInfo(f"{name}.parquet", date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, table.reset_index(drop=True).to_parquet())
    return buffer.getvalue()


def _unpack(content: bytes) -> Tables:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {
            entry.removesuffix(".parquet"): pd.read_parquet(io.BytesIO(archive.read(entry)))
            for entry in archive.namelist()
        }


def _warn_once(folder: Path, error: OSError) -> None:
    if folder not in _warned:
        _warned.add(folder)
        warnings.warn(
            f"cannot keep tables in {folder} ({error.strerror or error}): they are built anew "
            "each time; set ALIKE_CACHE to a folder that can be written",
            stacklevel=3,
        )

"""A kept table is whole or it is not read, whatever happens to the file."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest

from helpers.data import cache
from helpers.data.cache import cached

ROOT = Path(__file__).resolve().parents[1]
TABLES = {"prices": pd.DataFrame({"product": [7, 8, 9], "price": [1.5, 2.5, 3.5]})}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Build:
    """Gives the tables and counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> dict[str, pd.DataFrame]:
        self.times += 1
        return TABLES


def kept(folder: Path) -> Path:
    return folder / "demo-1.zip"


def test_built_once_and_the_same_from_the_file(folder):
    build = Build()
    first = cached("demo", build, version="1")
    second = cached("demo", build, version="1")
    assert build.times == 1
    pd.testing.assert_frame_equal(first["prices"], second["prices"])
    assert sorted(p.name for p in folder.iterdir()) == ["demo-1.zip", "demo-1.zip.sha256"]


def test_first_time_gives_the_types_of_later_times():
    mixed = {
        "sizes": pd.DataFrame({"size": pd.Series(["1 OZ", None], dtype=object)}, index=[5, 6])
    }
    first = cached("demo", lambda: mixed, version="1")
    second = cached("demo", lambda: mixed, version="1")
    pd.testing.assert_frame_equal(first["sizes"], second["sizes"])


def test_another_version_is_built_anew():
    build = Build()
    cached("demo", build, version="1")
    cached("demo", build, version="2")
    assert build.times == 2


def damage(content: bytes) -> dict[str, bytes]:
    middle = len(content) // 2
    flipped = bytes([content[middle] ^ 1])
    return {
        "truncated": content[:-20],
        "emptied": b"",
        "altered": content[:middle] + flipped + content[middle + 1 :],
    }


@pytest.mark.parametrize("kind", ["truncated", "emptied", "altered"])
def test_damaged_file_is_rebuilt_never_read(folder, kind):
    build = Build()
    cached("demo", build, version="1")
    whole = kept(folder).read_bytes()
    kept(folder).write_bytes(damage(whole)[kind])
    again = cached("demo", build, version="1")
    assert build.times == 2
    pd.testing.assert_frame_equal(again["prices"], TABLES["prices"])
    assert kept(folder).read_bytes() == whole


@pytest.mark.parametrize("content", [None, b"", b"0" * 64, b"\xff\xfe"])
def test_lost_or_wrong_checksum_is_rebuilt(folder, content):
    build = Build()
    cached("demo", build, version="1")
    sidecar = folder / "demo-1.zip.sha256"
    sidecar.unlink() if content is None else sidecar.write_bytes(content)
    cached("demo", build, version="1")
    cached("demo", build, version="1")
    assert build.times == 2


def test_folder_that_cannot_be_made_costs_one_warning(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "file" / "cache"))
    build = Build()
    with pytest.warns(UserWarning, match="cannot keep tables in .*set ALIKE_CACHE"):
        tables = cached("demo", build, version="1")
    pd.testing.assert_frame_equal(tables["prices"], TABLES["prices"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cached("demo", build, version="1")
    assert build.times == 2


def test_read_only_folder_still_gives_the_tables(folder, monkeypatch):
    def refuse(*arguments, **named):
        raise PermissionError(13, "Permission denied")

    folder.mkdir()
    monkeypatch.setattr("builtins.open", refuse)  # root may write anywhere, so we refuse for it
    with pytest.warns(UserWarning, match="Permission denied"):
        assert len(cached("demo", Build(), version="1")["prices"]) == 3
    monkeypatch.undo()
    assert list(folder.iterdir()) == []


def test_read_only_folder_is_read(folder, monkeypatch):
    build = Build()
    cached("demo", build, version="1")
    monkeypatch.setattr(cache, "_write", lambda *a: pytest.fail("wrote although all was there"))
    cached("demo", build, version="1")
    assert build.times == 1


def slow_build() -> dict[str, pd.DataFrame]:
    time.sleep(0.3)
    return TABLES


def build_in_process(queue: "multiprocessing.Queue[float]") -> None:
    queue.put(float(cached("demo", slow_build, version="1")["prices"]["price"].sum()))


def test_processes_building_at_once_all_get_the_tables(folder):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    queue = context.Queue()
    workers = [context.Process(target=build_in_process, args=(queue,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    sums = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(timeout=60)
    assert sums == [7.5, 7.5, 7.5]
    build = Build()
    cached("demo", build, version="1")
    assert build.times == 0
    assert list(folder.glob("*.tmp")) == []


KILLED = """
import os, signal
import pandas as pd
from helpers.data import cache
real = os.{step}
def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
os.{step} = die
cache.cached("demo", lambda: {{"prices": pd.DataFrame({{"price": [1.0]}})}}, version="1")
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no SIGKILL")
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_killed_in_mid_write_leaves_nothing_that_is_read(folder, step):
    script = KILLED.format(step=step)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    left = list(folder.glob("*.tmp"))
    assert len(left) == 1
    assert not kept(folder).exists()
    old = time.time() - 2 * cache.STALE_SECONDS
    os.utime(left[0], (old, old))
    build = Build()
    cached("demo", build, version="1")
    assert build.times == 1
    assert list(folder.glob("*.tmp")) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system knows no SIGKILL")
def test_killed_between_content_and_checksum_is_rebuilt(folder):
    script = KILLED.format(step="replace").replace(
        "def die(*arguments):\n",
        "def die(*arguments):\n    if '.sha256' not in str(arguments[1]):\n"
        "        return real(*arguments)\n",
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert kept(folder).exists()
    build = Build()
    assert len(cached("demo", build, version="1")["prices"]) == 3
    assert build.times == 1


def test_a_fresh_temporary_file_of_another_process_is_left_alone(folder):
    folder.mkdir()
    (folder / "demo-1.zip.abc.tmp").write_bytes(b"half")
    cached("demo", Build(), version="1")
    assert (folder / "demo-1.zip.abc.tmp").exists()

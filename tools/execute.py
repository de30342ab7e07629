"""Run notebooks and keep what they show:  python tools/execute.py [notebook.ipynb ...]

Each notebook runs in a fresh kernel, in an empty folder, with the network cut off.  Only when it
ends without an error and without a word on stderr are its outputs, its measured cost and its
facts (``book/_facts/<chapter>.json``) stored; otherwise everything stays as it was.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
FACTS = BOOK / "_facts"
GUARD = ROOT / "tests" / "network_guard"
CELL_SECONDS = 600  # a hanging cell ends here; the budget itself is tested elsewhere


def notebooks() -> list[Path]:
    """List the book's notebooks, in the order of the chapters."""
    return sorted(p for p in BOOK.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def named(chapters: Sequence[str]) -> list[Path]:
    """List the notebooks of these chapters (22-behaviour), or all where none is named."""
    chosen = [path for path in notebooks() if path.stem in chapters or not chapters]
    unknown = set(chapters) - {path.stem for path in chosen}
    if unknown:
        raise SystemExit(f"no notebook {min(unknown)!r} in {BOOK.relative_to(ROOT)}/")
    return chosen


def facts_of(path: Path) -> Path:
    """Give the folder of a notebook's facts: the book's, or one beside a notebook elsewhere."""
    own = path.resolve()
    return FACTS if own.is_relative_to(BOOK) else own.parent / "_facts"


def code_hash(notebook: Any) -> str:
    """Hash the code of a notebook: outputs stored with another hash are stale."""
    sources = [cell.source.strip() for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def environment(facts: Path) -> dict[str, str]:
    """Give the environment of a kernel: offline, quiet, with its own folder for facts."""
    env = {k: v for k, v in os.environ.items() if k not in ("MPLBACKEND", "JUPYTER_PATH")}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(GUARD), env.get("PYTHONPATH")]))
    env.update(ALIKE_FACTS=str(facts), IPYTHONDIR=str(facts.parent / "ipython"))
    env.update(HF_HUB_OFFLINE="1", TF_CPP_MIN_LOG_LEVEL="2", JUPYTER_PREFER_ENV_PATH="1")
    env["ALIKE_PROGRESS"] = "0"  # nbval keeps what a cell wiped
    return env


@contextmanager
def measured(
    process: psutil.Process | None = None, every: float = 0.2
) -> Iterator[dict[str, Any]]:
    """Measure the seconds and the peak memory (MB) of everything started inside the block.

    Seconds are those that the machine had: what the host of a virtual machine gave to its other
    guests meanwhile is taken off.  Memory is the sum over the processes below `process` (this one
    by default), read every 0.2 s.
    """
    parent, stop = process or psutil.Process(), threading.Event()
    result: dict[str, Any] = {"seconds": 0.0, "memory_mb": 0.0}

    def watch() -> None:
        while not stop.wait(every):
            result["memory_mb"] = max(result["memory_mb"], _memory_mb(parent))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    began, stolen_before = time.perf_counter(), stolen()
    try:
        yield result
    finally:
        result["seconds"] = time.perf_counter() - began - (stolen() - stolen_before)
        stop.set()
        thread.join()


def stolen() -> float:
    """Seconds so far, a core, that the host gave to other guests (0 where nobody counts them)."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0)) / (psutil.cpu_count() or 1)


def _memory_mb(parent: psutil.Process) -> float:
    total = 0
    for child in parent.children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.Error:  # it ended between the two calls
            continue
    return total / 2**20


def cpu() -> str:
    """Name the processor as the system does, or its kind where the system has no name for it."""
    known = Path("/proc/cpuinfo")
    text = known.read_text("utf-8") if known.is_file() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.processor() or platform.machine()


def device() -> str:
    """Name the GPU, or "cpu"."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "cpu"
    query = [tool, "--query-gpu=name", "--format=csv,noheader"]
    answer = subprocess.run(query, check=False, capture_output=True, text=True)
    return answer.stdout.splitlines()[0].strip() if answer.stdout.strip() else "cpu"


def run(notebook: Any, facts: Path) -> dict[str, Any]:
    """Execute a notebook object in place; return what it cost.  An error in a cell is raised."""
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory(prefix="alike-run-") as empty, measured() as cost:
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            coalesce_streams=True,
            record_timing=False,
            resources={"metadata": {"path": empty}},
        )
        client.execute(env=environment(facts))
    return cost


def tidy(notebook: Any, cost: dict[str, Any]) -> None:
    """Drop what changes with every run, number the cells 1..n, and store the cost."""
    for key in ("widgets", "jupytext"):
        notebook.metadata.pop(key, None)
    notebook.metadata.language_info = {"name": "python"}
    notebook.metadata.kernelspec = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
            if "image/png" in output.get("data", {}):
                output.data["image/png"] = fewer_colours(output.data["image/png"])
    notebook.metadata["alike"] = {
        "code_hash": code_hash(notebook),
        "seconds": round(cost["seconds"], 1),
        "memory_mb": round(cost["memory_mb"]),
        "cpu": cpu(),
        "cpu_cores": len(psutil.Process().cpu_affinity()),
        "date": datetime.now(UTC).date().isoformat(),
        "device": device(),
    }


def fewer_colours(png: str, colours: int = 256) -> str:
    """Store a figure with a palette: same size and look, a third of the bytes."""
    from PIL import Image

    small = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    palette = picture.quantize(colours, dither=Image.Dither.NONE)
    palette.save(small, "png", optimize=True)
    shorter = base64.b64encode(small.getvalue()).decode()
    return min(png, shorter, key=len)


def complaints(notebook: Any, chapter: str, facts: Path) -> list[str]:
    """List what forbids storing a finished run: stderr, or facts under another chapter's name."""
    found = [
        f"cell {number} wrote to stderr: {output.text.strip()[:300]}"
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.get("name") == "stderr"
    ]
    names = [path.stem for path in facts.glob("*.json")]
    wrong = [name for name in names if name != chapter]
    return found + [f"facts.start({name!r}) should be facts.start({chapter!r})" for name in wrong]


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def execute(path: Path, facts_folder: Path = FACTS) -> str | None:
    """Execute one notebook file and store the run; return why not, or None when all went well."""
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="alike-facts-") as folder:
        fresh = Path(folder) / "facts"
        fresh.mkdir()
        try:
            cost = run(notebook, fresh)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return re.sub(r"\x1b\[[\d;]*m", "", str(error))[-3000:]
        wrong = complaints(notebook, path.stem, fresh)
        if wrong:
            return "\n".join(wrong)
        tidy(notebook, cost)
        stored = facts_folder / f"{path.stem}.json"
        if (fresh / stored.name).exists():
            write_whole(stored, (fresh / stored.name).read_text("utf-8"))
        else:
            stored.unlink(missing_ok=True)
    nbformat.validate(notebook)
    write_whole(path, nbformat.writes(notebook) + "\n")
    return None


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every one in book/")
    chosen = parser.parse_args(arguments).notebooks or notebooks()
    failed = 0
    for path in chosen:
        print(f"{path} …", end=" ", flush=True)
        problem = execute(path.resolve(), facts_of(path))
        if problem is None:
            cost = nbformat.read(path, as_version=4).metadata["alike"]
            print(f"ok, {cost['seconds']:.0f} s, {cost['memory_mb']} MB on {cost['device']}")
        else:
            failed += 1
            print(f"FAILED, nothing stored\n{problem}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

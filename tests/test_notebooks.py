"""Every notebook runs again: in any order, anywhere, offline, within budget, to the same numbers.

Each one is copied to an empty folder and executed once by nbval in a process of its own, which
also compares the cells tagged nbval-check-output with the stored outputs.
"""

import functools
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from helpers import facts
from tools import execute, lint

TIMES = execute.ROOT / "_build" / "notebook_times.json"
BOOK_SECONDS = 30 * 60
NOTEBOOKS = execute.notebooks()


def order_seed() -> int:
    """Give a seed for the order: the caller's, or another one each time (one for all workers)."""
    shared = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    given = os.environ.get("ALIKE_ORDER_SEED")
    return int(given) if given else int(shared[:8], 16) if shared else int(time.time())


SEED = order_seed()
SHUFFLED = random.Random(SEED).sample(NOTEBOOKS, len(NOTEBOOKS))
every_notebook = pytest.mark.parametrize("path", SHUFFLED, ids=lambda path: path.stem)


def stop(process: psutil.Process) -> None:
    """End a process and everything that it started."""
    for one in [*process.children(recursive=True), process]:
        one.kill()


@functools.cache
def again(path: Path, folder: Path) -> dict:
    """Execute a copy of a notebook by nbval: what it said, its facts, its cost."""
    folder.mkdir(parents=True, exist_ok=True)
    copy = shutil.copy(path, folder / path.name)
    env = execute.environment(folder / "facts")
    env = {key: value for key, value in env.items() if not key.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-q"]
    command += ["--nbval-cell-timeout=300", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["--rootdir", str(folder), str(copy)]
    with execute.measured() as cost:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            said = process.communicate(timeout=2 * lint.MAX_SECONDS)[0]
        except subprocess.TimeoutExpired:
            stop(psutil.Process(process.pid))
            said = process.communicate()[0] + "\nstopped: twice the budget of time has passed"
    recorded = facts.read(folder / "facts").get(path.stem, {})
    return {"rc": process.returncode, "said": said, "facts": recorded, **cost}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    print(f"notebooks in the order of ALIKE_ORDER_SEED={SEED}")
    return tmp_path_factory.mktemp("notebooks")


def note_cost(name: str, run: dict) -> None:
    known = json.loads(TIMES.read_text()) if TIMES.exists() else {}
    known[name] = {"seconds": round(run["seconds"], 1), "memory_mb": round(run["memory_mb"])}
    execute.write_whole(TIMES, json.dumps(known, indent=1, sort_keys=True) + "\n")


@every_notebook
def test_it_runs_again_to_the_same_outputs_and_facts_within_budget(path, workplace):
    run = again(path, workplace / path.stem)
    note_cost(path.stem, run)
    print(f"{path.stem}: {run['seconds']:.0f} s, {run['memory_mb']:.0f} MB, order seed {SEED}")
    assert run["rc"] == 0, run["said"][-6000:]
    committed = facts.read(execute.FACTS).get(path.stem, {})
    assert facts.compare(run["facts"], committed) == []
    assert run["seconds"] <= lint.MAX_SECONDS
    assert run["memory_mb"] <= lint.MAX_MEMORY_MB


@every_notebook
def test_its_stored_outputs_are_those_of_this_code(path):
    notebook, context = nbformat.read(path, as_version=4), lint.Context(path.stem)
    assert lint.rule_fresh(notebook, context) == []
    assert lint.rule_clean_run(notebook, context) == []
    assert lint.rule_budget(notebook, context) == []


def test_no_facts_of_a_notebook_that_is_gone():
    assert facts.read(execute.FACTS).keys() <= {path.stem for path in NOTEBOOKS}


def test_the_whole_book_runs_within_half_an_hour():
    if not NOTEBOOKS:
        pytest.skip("no notebook yet")
    known = json.loads(TIMES.read_text()) if TIMES.exists() else {}
    stored = {p.stem: nbformat.read(p, as_version=4).metadata["alike"] for p in NOTEBOOKS}
    seconds = sum(known.get(name, cost)["seconds"] for name, cost in stored.items())
    print(f"the whole book: {seconds:.0f} s")
    assert seconds <= BOOK_SECONDS


# ---------------------------------------------------------------- the net itself catches something

SETUP = "from helpers import facts\nfacts.start('22-behaviour')\nfacts.record('two', {});"


def small_notebook(folder: Path, last: str) -> Path:
    cell = nbformat.v4.new_code_cell(last, metadata={"tags": ["nbval-check-output"]})
    cells = [nbformat.v4.new_code_cell(SETUP.format(2)), cell]
    path = folder / "22-behaviour.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert execute.execute(path, folder / "committed") is None
    return path


def change(path: Path, cell: int, source: str) -> None:
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source = source
    nbformat.write(notebook, path)


def test_a_stale_output_a_changed_fact_and_a_call_outside_are_caught(tmp_path):
    path = small_notebook(tmp_path, "print('one')")
    committed = facts.read(tmp_path / "committed")["22-behaviour"]

    clean = again(path, tmp_path / "clean")
    assert clean["rc"] == 0, clean["said"]
    assert facts.compare(clean["facts"], committed) == []
    assert clean["memory_mb"] > 50 and clean["seconds"] > 0.5

    change(path, 1, "print('two')")
    assert again(path, tmp_path / "stale")["rc"] != 0
    assert lint.rule_fresh(nbformat.read(path, as_version=4), lint.Context("22-behaviour")) != []

    change(path, 1, "print('one')")
    change(path, 0, SETUP.format(3))
    moved = again(path, tmp_path / "moved")
    assert moved["rc"] == 0, moved["said"]
    assert "value is 3" in facts.compare(moved["facts"], committed)[0]

    change(path, 0, "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)")
    outside = again(path, tmp_path / "outside")
    assert outside["rc"] != 0 and "the network is cut off" in outside["said"]

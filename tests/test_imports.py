"""The floors of helpers: a module imports only from below, and the first import is cheap."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HELPERS = ROOT / "helpers"
FLOORS = (  # within a floor, a module may import those to its left
    ("_kernels", "similarity", "metrics", "stats"),
    ("text", "data", "images"),
    ("train", "models"),
    ("tasks",),
    ("facts", "board", "plots", "check"),
    ("yours",),
    ("__main__",),
)
PLACES = {
    name: (floor, place) for floor, names in enumerate(FLOORS) for place, name in enumerate(names)
}
HEAVY = {"pandas", "torch", "tensorflow", "numba", "matplotlib", "pyarrow"}
FILES = sorted(
    path for path in HELPERS.rglob("*.py") if path.parent != HELPERS or path.stem != "__init__"
)


def first_part(path: Path) -> str:
    """Give the name of the module that a file belongs to: data for data/cache.py."""
    return path.relative_to(HELPERS).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """List the modules of helpers that a file imports, lazily or not."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: write helpers.… instead of a relative import"
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return {name.split(".")[1] for name in found if name.startswith("helpers.")}


def in_fresh_process(code: str) -> dict:
    """Run code that prints JSON in a new interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_a_module_has_a_floor_and_imports_only_from_below(path):
    own = first_part(path)
    assert own in PLACES, f"give {own} a floor in FLOORS"
    above = {name for name in imported(path) if name != own and PLACES[name] >= PLACES[own]}
    assert above == set()


def test_floor_zero_imports_only_numpy_scipy_and_the_standard_library():
    outside = set()
    for name in FLOORS[0]:
        for node in ast.walk(ast.parse((HELPERS / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.Import):
                outside |= {alias.name.split(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                outside.add((node.module or "").split(".")[0])
    allowed = {"numpy", "scipy", "helpers", "numba"} | set(sys.stdlib_module_names)
    assert outside <= allowed


def test_importing_helpers_takes_under_half_a_second_and_loads_nothing_heavy():
    code = (
        "import time, sys, json; t = time.perf_counter(); import helpers; "
        "s = time.perf_counter() - t; print(json.dumps([s, sorted(sys.modules)]))"
    )
    runs = [in_fresh_process(code) for _ in range(3)]
    assert min(seconds for seconds, _ in runs) < 0.5
    assert not HEAVY & set(runs[0][1])


@pytest.mark.parametrize("name", ["similarity", "metrics", "stats"])
def test_floor_zero_loads_nothing_heavy(name):
    loaded = in_fresh_process(
        f"import sys, json, helpers.{name}; print(json.dumps(sorted(sys.modules)))"
    )
    assert not HEAVY & set(loaded)


@pytest.mark.parametrize("name", ["facts", "plots", "check", "tasks"])
def test_no_floor_loads_a_deep_learning_framework(name):
    loaded = in_fresh_process(
        f"import sys, json, helpers.{name}; print(json.dumps(sorted(sys.modules)))"
    )
    assert not {"torch", "tensorflow"} & set(loaded)


def test_helpers_are_fully_typed():
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "helpers"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_passes_ruff():
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "helpers", "tools", "tests"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr

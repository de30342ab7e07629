"""What several test modules ask for."""

import ast
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recipes() -> Any:
    """The script that makes the stored weights, as a module."""
    path = ROOT / "data/models/make_models.py"
    spec = importlib.util.spec_from_file_location("make_models", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def define() -> Callable[..., dict[str, Any]]:
    """Run a notebook's functions, classes and named tables, as a reader sees them there."""

    def run(name: str, space: dict[str, Any], tables: tuple[str, ...] = ()) -> dict[str, Any]:
        (path,) = ROOT.glob(f"book/*/{name}.ipynb")
        cells = nbformat.read(path, as_version=4).cells
        tree = ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
        wanted = [
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in tables)
        ]
        exec(compile(ast.Module(wanted, []), str(path), "exec"), space)  # noqa: S102
        return space

    return run

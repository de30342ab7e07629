"""What several test modules ask for."""

import ast
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
import site_checks as checks

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium of this machine."""
    path = checks.find_browser()
    if path is None:
        checks.missing(
            "no Chromium found: install chromium (or Chrome) to test the pages in a browser"
        )
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=checks.FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def site() -> Path:
    """The folder of the built site."""
    if not (SITE / "index.html").is_file():
        checks.missing("the site is not built: run `make book`")
    return SITE


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site, served on a local port."""
    with checks.served(site) as url:
        yield url

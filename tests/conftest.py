"""What several test modules ask for."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def recipes() -> Any:
    """The script that makes the stored weights, as a module."""
    path = Path(__file__).resolve().parents[1] / "data/models/make_models.py"
    spec = importlib.util.spec_from_file_location("make_models", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

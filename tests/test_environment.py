"""One environment holds both frameworks, and the pins say all of it."""

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BOTH = """
import {first}, {second}
import numpy as np, tensorflow as tf, torch
table = np.arange(6, dtype=np.float32).reshape(2, 3)
with torch.no_grad():
    product = (torch.tensor(table) @ torch.tensor(table).T).numpy()
assert np.array_equal(product, (tf.constant(table) @ tf.constant(table.T)).numpy())
"""


@pytest.mark.parametrize("order", [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_torch_and_tensorflow_share_a_process(order):
    code = BOTH.format(first=order[0], second=order[1])
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(
        re.match(r"([\w.-]+)==([^\s#]+)", line).groups()
        for line in lines
        if re.match(r"[\w.-]+==", line)
    )


def test_every_requirement_is_pinned_and_the_constraints_agree():
    wanted = (ROOT / "requirements.txt").read_text().splitlines()
    loose = [
        line for line in wanted if line and not line.startswith(("#", "-c")) and "==" not in line
    ]
    assert loose == []
    canonical = {
        re.sub(r"[-_.]+", "-", name).lower(): value
        for name, value in pins("constraints.txt").items()
    }
    for name, value in pins("requirements.txt").items():
        assert canonical[re.sub(r"[-_.]+", "-", name).lower()] == value, name


def test_what_is_installed_is_what_is_pinned():
    for name, value in (pins("requirements.txt") | pins("requirements-data.txt")).items():
        assert version(name).split("+")[0] == value, name

"""The notebook runner stores a clean run whole, and a bad one not at all."""

import copy
import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path

import nbformat
import pytest

from tools import execute

V4 = nbformat.v4
SETUP = "from helpers import facts\nfacts.start('22-behaviour')\nfacts.record('two', 2);"


def write(path: Path, *sources: str) -> Path:
    cells = [V4.new_markdown_cell("# Title"), *map(V4.new_code_cell, sources)]
    nbformat.write(V4.new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """One clean run, and the folder of its facts."""
    folder = tmp_path_factory.mktemp("good")
    block = "import numpy as np\nblock = np.ones(40 * 2**20 // 8 * 5)\nimport time\ntime.sleep(1)"
    here = "import os\nprint(sorted(os.listdir('.')))"
    path = write(folder / "22-behaviour.ipynb", SETUP, block, here, "1 + 1")
    assert execute.execute(path, folder / "facts") is None
    return nbformat.read(path, as_version=4), folder / "facts"


def test_a_clean_run_is_stored_with_its_hash_and_cost(good):
    notebook, _ = good
    assert [c.execution_count for c in notebook.cells if c.cell_type == "code"] == [1, 2, 3, 4]
    assert notebook.cells[4].outputs[0].data["text/plain"] == "2"
    cost = notebook.metadata["alike"]
    assert cost["code_hash"] == execute.code_hash(notebook)
    assert cost["seconds"] > 1 and cost["memory_mb"] > 200
    assert cost["cpu_cores"] >= 1 and cost["device"]
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any("execution" in cell.metadata for cell in notebook.cells)


def test_seconds_that_the_host_gave_to_other_guests_do_not_count(monkeypatch):
    readings = iter([7.0, 7.4])  # two cores: 0.2 s each were taken
    monkeypatch.setattr(execute.psutil, "cpu_count", lambda: 2)
    monkeypatch.setattr(
        execute.psutil, "cpu_times", lambda: types.SimpleNamespace(steal=next(readings))
    )
    with execute.measured() as cost:
        time.sleep(0.5)
    assert 0.3 <= cost["seconds"] < 0.5


def test_machines_that_count_no_stolen_time_are_measured_too(monkeypatch):
    monkeypatch.setattr(execute.psutil, "cpu_times", lambda: types.SimpleNamespace(user=1.0))
    assert execute.stolen() == 0.0


def test_it_runs_in_an_empty_folder_of_its_own(good):
    assert good[0].cells[3].outputs[0].text == "[]\n"


def test_the_facts_of_the_chapter_are_stored(good):
    document = json.loads((good[1] / "22-behaviour.json").read_text())
    assert list(document["facts"]) == ["two"]


def test_the_hash_follows_the_code_and_nothing_else(good):
    notebook = copy.deepcopy(good[0])
    before = execute.code_hash(notebook)
    notebook.cells[0].source = "# Another title"
    notebook.cells[4].outputs = []
    assert execute.code_hash(notebook) == before
    notebook.cells[4].source = "1 + 2"
    assert execute.code_hash(notebook) != before


@pytest.mark.parametrize(
    "source, why",
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys\nprint('careful', file=sys.stderr)", "stderr: careful"),
        ("import warnings\nwarnings.warn('old')", "UserWarning: old"),
        (SETUP.replace("22-", "21-"), "facts.start"),
        ("import socket\nsocket.create_connection(('192.0.2.1', 80), 1)", "NetworkBlocked"),
    ],
)
def test_a_bad_run_changes_nothing_and_says_why(tmp_path, source, why):
    path = write(tmp_path / "22-behaviour.ipynb", source)
    facts = tmp_path / "facts"
    facts.mkdir()
    (facts / "22-behaviour.json").write_text("{}")
    before = path.read_bytes()
    assert why in (execute.execute(path, facts) or "")
    assert path.read_bytes() == before
    assert [p.read_text() for p in facts.iterdir()] == ["{}"]


def test_facts_that_are_no_longer_recorded_go(tmp_path):
    path = write(tmp_path / "22-behaviour.ipynb", "x = 1")
    (tmp_path / "22-behaviour.json").write_text("{}")
    assert execute.execute(path, tmp_path) is None
    assert not (tmp_path / "22-behaviour.json").exists()


def test_the_command_fails_when_a_notebook_does(tmp_path, capsys):
    assert execute.main([str(write(tmp_path / "bad.ipynb", "1 / 0"))]) == 1
    assert "FAILED" in capsys.readouterr().out


# ---------------------------------------------------------------- the network guard

CALLS = [
    "socket.create_connection(('192.0.2.1', 80), 1)",
    "socket.create_connection(('example.org', 80), 1)",
    "socket.socket().connect(('192.0.2.1', 80))",
    "socket.socket().connect_ex(('192.0.2.1', 80))",
    "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "socket.gethostbyname('example.org')",
    "urllib.request.urlopen('http://example.org')",
]


def guarded(code: str) -> subprocess.CompletedProcess[str]:
    code = f"import socket, urllib.request\n{code}"
    env = {**os.environ, "PYTHONPATH": str(execute.GUARD)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("call", CALLS)
def test_the_guard_stops_every_way_out(call):
    done = guarded(call)
    assert done.returncode != 0
    assert "the network is cut off" in done.stderr


def test_the_guard_lets_this_machine_talk_to_itself():
    done = guarded(
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(('localhost', server.getsockname()[1])).close()\n"
        "a, b = socket.socketpair(); a.send(b'hi'); assert b.recv(2) == b'hi'"
    )
    assert done.returncode == 0, done.stderr


def test_fewer_colours_keep_the_picture():
    import base64
    import io

    import numpy as np
    from PIL import Image

    picture = np.zeros((80, 120, 3), np.uint8)
    picture[20:60, 30:90] = [0, 114, 178]
    picture[..., 2] += np.random.default_rng(0).integers(0, 2, (80, 120), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    before = base64.b64encode(file.getvalue()).decode()
    after = execute.fewer_colours(before)
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(after))).convert("RGB"), int)
    assert len(after) < len(before)
    assert np.abs(seen - picture).max() <= 2

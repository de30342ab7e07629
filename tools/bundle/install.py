"""Install the book from this folder, without internet:  python3.11 install.py

Makes an environment in ``.venv`` beside this file, from the packages in ``wheels/`` alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
NEEDED_GB = 6


def check_machine(made_for: dict[str, str]) -> None:
    """Stop when this is another kind of machine than the one that made the bundle."""
    here = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "system": platform.system(),
        "machine": platform.machine(),
    }
    for key, wanted in made_for.items():
        if here.get(key) != wanted:
            raise SystemExit(
                f"This bundle was made for {key} {wanted}, here it is {here.get(key)}. Its site, "
                "slides and sheets open in any browser; to run notebooks, use such a machine, or "
                "make a bundle on one like this (`make bundle`)."
            )


def check_disk() -> None:
    """Stop when the environment would not fit."""
    free = shutil.disk_usage(HERE).free / 1e9
    if free < NEEDED_GB:
        raise SystemExit(f"{free:.1f} GB are free in {HERE}, {NEEDED_GB} are needed")


def check_sums() -> None:
    """Stop when a package was damaged on the way."""
    for line in (HERE / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, name = line.split("  ", 1)
        if not name.startswith("wheels/"):
            continue
        path = HERE / name
        if not path.is_file():
            raise SystemExit(f"{name} is missing: copy the folder again")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise SystemExit(f"{name} is damaged: copy the folder again")


def run(*command: str) -> None:
    """Run a step with pip's own settings left aside; stop, with what it was, when it fails."""
    env = {
        key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))
    }
    env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if subprocess.run(command, env=env, check=False).returncode:
        raise SystemExit(f"this step failed: {' '.join(command)}")


def main() -> None:
    """Check, make the environment, install, say what to open."""
    check_machine(json.loads((HERE / "bundle.json").read_text(encoding="utf-8")))
    check_disk()
    print("Checking the packages ...", flush=True)
    check_sums()
    began = time.monotonic()
    folder = HERE / ".venv"
    print("Installing; this takes a few minutes ...", flush=True)
    run(sys.executable, "-m", "venv", "--clear", str(folder))
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [
        str(scripts / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-compile",
    ]
    pip += ["--find-links", str(HERE / "wheels")]
    source = HERE / "source"
    run(*pip, "--upgrade", "setuptools")
    run(*pip, "-r", str(source / "requirements.txt"))
    run(*pip, "--no-deps", "-r", str(source / "requirements-data.txt"))
    run(*pip, "--no-deps", "--no-build-isolation", "-e", str(source))
    run(str(scripts / "python"), "-c", "import helpers, numpy")
    print(f"Installed in {time.monotonic() - began:.0f} s. Now:")
    print(f"  {scripts / 'jupyter'} lab --notebook-dir={source / 'book'}")
    print(f"  or open {HERE / 'html' / 'index.html'} in a browser")


if __name__ == "__main__":
    main()

"""How long `python -m helpers` takes on a file of five million lines, and how much memory.

    python benchmarks/your_data.py [lines]

Writes a made-up file into a temporary folder, runs the command on it, and prints seconds of the
processor (all threads), seconds on the clock, and the peak of memory; the result is recorded by
hand in RESULTS.md. Customers and products follow a power law, as in a web shop.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]


def write(path: Path, lines: int) -> None:
    """Purchases of lines / 12 customers among 60,000 products over a year, in German format."""
    rng = np.random.default_rng(0)
    user = (rng.power(0.5, lines) * lines / 12).astype(int)
    taste = user % 40  # forty kinds of customers: each has its own half of the purchases
    item = (60_000 * rng.random(lines) ** 3).astype(int)
    own = rng.random(lines) < 0.5
    item[own] = item[own] // 40 * 40 + taste[own]
    start = np.datetime64("2024-01-01T08:00:00")
    second = start + np.sort(rng.integers(0, 365 * 24 * 3600, lines)).astype("m8[s]")
    frame = pd.DataFrame({"Kunde": user, "Artikelnr": item})
    frame["Artikelnr"] = frame["Artikelnr"].astype(str).str.zfill(8)
    frame["Datum"] = pd.Series(second).dt.strftime("%d.%m.%Y %H:%M:%S")
    frame["Bon"] = user * 400 + (second - start).astype("m8[D]").astype(int)
    frame["Menge"] = "1,0"
    frame.to_csv(path, sep=";", index=False)


def main() -> None:
    """Make the file, run the command, print what it took."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sales.csv"
        write(path, lines)
        size = path.stat().st_size / 1e6
        command = [sys.executable, "-m", "helpers", str(path), "--out", str(Path(folder) / "out")]
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True)
        clock = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{lines:,} lines ({size:.0f} MB): {used.ru_utime + used.ru_stime:.0f} s of the processor, "
        f"{clock:.0f} s on the clock, {used.ru_maxrss / 1e6:.2f} GB"
    )


if __name__ == "__main__":
    main()

"""``python -m helpers interactions.csv [--items items.csv]``: a report on your own catalogue."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

EXAMPLES = """
The first file has one line for each purchase, with a line of names above: a customer, a product,
and if you have them a date, a basket (order, receipt) and a quantity. Usual names are found by
themselves, in English and German; commas, semicolons, tabs and most encodings too.

  python -m helpers sales.csv
  python -m helpers sales.csv --items products.csv --out report-march
  python -m helpers sales.csv --user Kunde --item Artikel --dates day-first

Then open alike-report/report.html. Exit code: 0 done, 2 a file or an option needs mending.
"""


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    command = argparse.ArgumentParser(
        prog="python -m helpers",
        description="Which products are alike in your shop, and which method finds what your "
        "customers buy next? From a CSV file to a report.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("interactions", nargs="?", type=Path, help="CSV file of purchases")
    command.add_argument(
        "--items", type=Path, help="CSV file of products: id, name, whatever else"
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("alike-report"),
        help="folder for the report (%(default)s)",
    )
    names = command.add_argument_group("columns, where the guess is wrong")
    for role, what in (
        ("user", "who bought"),
        ("item", "what was bought"),
        ("time", "when"),
        ("basket", "in which basket, order or receipt"),
        ("weight", "how many; lines of 0 and below are left out as returns"),
    ):
        optional = "" if role in ("user", "item") else "; none: do not use one"
        names.add_argument(f"--{role}", metavar="NAME", help=what + optional)
    names.add_argument(
        "--dates", choices=("day-first", "month-first"), help="how to read dates like 1/2/2024"
    )
    return command


class Bar:
    """A line on stderr that says what is being done; on a terminal with how far it is."""

    def __init__(self) -> None:
        self.stage, self.start = "", time.perf_counter()

    def __call__(self, stage: str, share: float) -> None:
        terminal = sys.stderr.isatty()
        if stage != self.stage:
            seconds = time.perf_counter() - self.start
            print(f"{chr(10) if terminal and self.stage else ''}[{seconds:5.0f} s] {stage}",
                  file=sys.stderr, end="" if terminal else "\n", flush=True)  # fmt: skip
        self.stage = stage
        if terminal:
            filled = round(24 * share)
            bar = "#" * filled + "." * (24 - filled)
            print(f"\r{'':9} {stage:28} {bar} {share:4.0%}", file=sys.stderr, end="", flush=True)

    def done(self) -> None:
        """End the line."""
        if self.stage and sys.stderr.isatty():
            print(file=sys.stderr)


def run(arguments: argparse.Namespace, bar: Bar) -> None:
    """Read, judge, write, and say what was found."""
    from helpers.yours.folder import check_folder
    from helpers.yours.read import read_interactions, read_items

    check_folder(arguments.out)  # before minutes of work, not after
    named = {
        role: getattr(arguments, role) for role in ("user", "item", "time", "basket", "weight")
    }
    bought = read_interactions(arguments.interactions, named, arguments.dates, bar)
    products = None
    if arguments.items:
        ids = bought.frame["item"].unique()
        products = read_items(arguments.items, ids, arguments.item, bar)
    from helpers.yours.judge import judge  # takes seconds to load, so a bad file is told before
    from helpers.yours.report import answer, write_all

    judged = judge(bought, products, bar)
    said = write_all(judged, arguments.out, bar)
    bar.done()
    print("\n".join(judged.notes))
    for what, count, why in bought.steps:
        print(f"  left out {count:,} lines: {what}" + (f" ({why})" if why else ""))
    print(judged.split.words)
    for warning in judged.warnings:
        if warning != judged.split.words:
            print(f"Warning: {warning}")
    for board in judged.boards:
        print(f"{board.question}: {answer(board)}")
    print("\n".join([*said, f"Open {arguments.out / 'report.html'}"]))


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    for stream in (sys.stdout, sys.stderr):  # Windows writes another encoding into pipes
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    command = parser()
    arguments = command.parse_args(words)
    if arguments.interactions is None:
        command.print_help()
        return 0
    from helpers.yours.files import BadFile

    bar = Bar()
    try:
        run(arguments, bar)
    except BadFile as error:
        bar.done()
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (PermissionError, MemoryError) as error:
        bar.done()
        remedy = "is the file open in another program?" if isinstance(error, PermissionError) else (
            "not enough memory; take fewer months or only the columns that are needed")  # fmt: skip
        print(f"error: {error} - {remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        bar.done()
        print("stopped; nothing was written", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())

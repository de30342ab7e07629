"""Text files as shops export them: any usual encoding and separator, every fault named by line."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Tell = Callable[[str, float], None]  # stage and how far it is, 0 to 1

CHUNK = 100_000  # lines coded at a time
SEPARATORS = ";\t|,"
LONGEST_TEXT = 50  # lines that one text may span
MOST_RAGGED = 0.05  # a larger share of broken lines means that the file was misread
PACKED = {b"PK\x03\x04": "an Excel or zip file", b"\x1f\x8b": "packed with gzip", b"%PDF": "a PDF"}
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip


class BadFile(ValueError):
    """A file that cannot be used as it is; the message names place and remedy."""


@dataclass(frozen=True)
class Table:
    """A file whose first line was understood.

    Attributes
    ----------
    path, encoding, separator : how to read it.
    header : names of the columns, stripped.   skip : lines above the header.
    """

    path: Path
    encoding: str
    separator: str
    header: list[str]
    skip: int = 0


@dataclass
class Coded:
    """A column of text: every different text once, and its number on every line.

    >>> column = Coded()
    >>> column.add(["007", " 7", "007 "])
    >>> column.texts, column.codes.tolist()
    (['007', '7'], [0, 1, 0])
    """

    known: dict[str, int] = field(default_factory=dict)
    parts: list[NDArray[np.int32]] = field(default_factory=list)

    def add(self, texts: Sequence[str]) -> None:
        known = self.known
        codes, different = pd.factorize(np.array(texts, dtype=object), use_na_sentinel=False)
        own = [known.setdefault(text.strip(), len(known)) for text in different.tolist()]
        self.parts.append(np.array(own, dtype=np.int32)[codes])

    @property
    def texts(self) -> list[str]:
        return list(self.known)

    @property
    def codes(self) -> NDArray[np.int32]:
        return np.concatenate([np.empty(0, np.int32), *self.parts])


@dataclass
class Lines:
    """The columns that were asked for, and what happened on the way.

    Attributes
    ----------
    columns : role -> column.   count : lines kept.
    ragged : lines left out since they have too few or too many fields.
    example : the first of them, in words.
    numbers : line number in the file of every line kept, as the file's editor shows it.
    """

    columns: dict[str, Coded]
    count: int = 0
    ragged: int = 0
    example: str = ""
    numbers: list[NDArray[np.int64]] = field(default_factory=list)

    def line(self, place: int) -> int:
        """Line in the file of the line that was kept at this place."""
        return int(np.concatenate(self.numbers)[place])


def plain_name(name: str) -> str:
    """A column's name without case, accents and signs.

    >>> plain_name("Kunden-Nr."), plain_name("Käufer ID"), plain_name("visitorid")
    ('kundennr', 'kaeuferid', 'visitorid')
    """
    umlauts = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
    name = "".join(umlauts.get(letter, letter) for letter in name.lower())
    name = unicodedata.normalize("NFKD", name)
    return re.sub(r"[^a-z0-9]", "", name)


def open_table(path: Path) -> Table:
    """Find the encoding, the separator and the header of a text file.

    Raises
    ------
    BadFile : no such file, a folder, nothing in it, not text, or one column only.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise BadFile(f"{path}: {what}. Give the path of a CSV file.")
    with path.open("rb") as file:
        start = file.read(4096)
    kind = next((kind for mark, kind in PACKED.items() if start.startswith(mark)), None)
    if kind:
        raise BadFile(f"{path}: this is {kind}, not text. Export or unpack it as CSV first.")
    encoding = find_encoding(path, start)
    lines = first_lines(path, encoding)
    if not lines:
        raise BadFile(
            f"{path}: the file is empty. Export it again; it needs a line of names first."
        )
    said = re.fullmatch(r"sep=(.)", lines[0].strip())  # Excel's own first line
    skip = 1 if said else 0
    while skip < len(lines) and not lines[skip].strip(" \t\r\n\ufeff"):
        skip += 1
    separator = said[1] if said else find_separator(lines[skip:])
    header = next(csv.reader(lines[skip:], delimiter=separator), [])
    header = [name.strip().lstrip("\ufeff") for name in header]
    if len(header) < 2:
        raise BadFile(
            f"{path}: line {skip + 1}: found one column only, {(header or [''])[0][:40]!r}. Separate "
            "the columns by commas, semicolons, tabs or |."
        )
    return Table(path, encoding, separator, header, skip)


def find_encoding(path: Path, start: bytes) -> str:
    """Name the encoding: by its mark, by its zeros, UTF-8 if all of it is, else Windows-1252.

    What Windows-1252 cannot read is read as latin-1, which reads everything.
    """
    for mark, name in BOMS:
        if start.startswith(mark):
            return name
    zeros = [start[side::2].count(0) for side in (0, 1)]
    if max(zeros) > len(start) / 8:
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    for name in ("utf-8", "cp1252"):
        if decodes(path, name):
            return name
    return "latin-1"


def decodes(path: Path, encoding: str) -> bool:
    """Whether all bytes of a file are text in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def first_lines(path: Path, encoding: str, count: int = 50) -> list[str]:
    """The first lines of a file, or none if it holds only white space."""
    with path.open(encoding=encoding, newline="") as file:
        lines = list(islice(file, count))
    return lines if any(line.strip(" \t\r\n\ufeff\0") for line in lines) else []


def find_separator(lines: Sequence[str]) -> str:
    """The sign that cuts the lines into most columns, the same number on nearly every line.

    >>> find_separator(["a;b", "1,5;2", "2,5;3"]), find_separator(["a,b", "1,2"])
    (';', ',')
    """
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        rows = list(csv.reader(lines, delimiter=separator))
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows if row) / max(1, sum(map(bool, rows)))
        score = (round(same, 1), width)
        if width > 1 and score > best_score:
            best, best_score = separator, score
    return best


def read_lines(table: Table, picked: Mapping[str, int], tell: Tell, stage: str) -> Lines:
    """Read some columns of a table as text, chunk by chunk.

    Parameters
    ----------
    picked : role -> place of its column.   tell : called with `stage` and the share read.

    Raises
    ------
    BadFile : a quotation mark that never closes, or too many lines of another width.
    """
    size = max(1, table.path.stat().st_size)
    lines, width = Lines({role: Coded() for role in picked}), len(table.header)
    with table.path.open("rb") as raw:
        text = io.TextIOWrapper(raw, encoding=table.encoding, errors="replace", newline="")
        for _ in range(table.skip):
            text.readline()
        reader = csv.reader(text, delimiter=table.separator)
        next(reader)
        first = table.skip + reader.line_num + 1
        for rows, spanned in chunks(reader, table):
            spans = spans_of(rows, spanned, first, table)
            add_rows(lines, rows, first + np.cumsum(spans) - spans, width, picked)
            first += spanned
            tell(stage, min(1.0, raw.tell() / size))
    if lines.ragged > MOST_RAGGED * (lines.count + lines.ragged):
        raise BadFile(
            f"{table.path}: {lines.ragged:,} of {lines.count + lines.ragged:,} lines have another "
            f"number of fields than the {width} names in the first line. {lines.example} Does a "
            "text hold the separator? Export with quotation marks around texts."
        )
    return lines


def chunks(reader: Any, table: Table) -> Iterator[tuple[list[list[str]], int]]:
    """Rows of a csv reader, `CHUNK` at a time, with the number of lines that they spanned."""
    while True:
        before = reader.line_num
        try:
            rows = list(islice(reader, CHUNK))
        except csv.Error as error:
            raise BadFile(
                f"{table.path}: after line {before + table.skip}: {error}. A quotation mark is "
                'opened and never closed: look for a lone " in a text, double it or take it out.'
            ) from error
        if not rows:
            return
        yield rows, reader.line_num - before


def spans_of(rows: list[list[str]], spanned: int, first: int, table: Table) -> NDArray[np.int64]:
    """How many lines of the file each row took: more than one where a text holds a line's end."""
    if spanned == len(rows):
        return np.ones(spanned, dtype=np.int64)
    spans = np.array([1 + sum(cell.count("\n") for cell in row) for row in rows], dtype=np.int64)
    if spans.max() > LONGEST_TEXT:
        line = first + int(spans[: spans.argmax()].sum())
        raise BadFile(
            f"{table.path}: line {line}: a quotation mark is opened there and closed "
            f"{spans.max()} lines later, or never. Double it, or take it out."
        )
    return spans


def add_rows(
    lines: Lines,
    rows: list[list[str]],
    numbers: NDArray[np.int64],
    width: int,
    picked: Mapping[str, int],
) -> None:
    """Add the rows of one chunk to the columns; count those of another width."""
    sizes = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    fits = sizes == width
    for place in np.flatnonzero(~fits & (sizes > 0)).tolist():
        if sizes[place] > width and not any(rows[place][width:]):  # separators at a line's end
            fits[place] = True
            continue
        lines.ragged += 1
        lines.example = lines.example or (
            f"The first is line {numbers[place]}, with {sizes[place]} fields."
        )
    good = rows if fits.all() else [rows[place] for place in np.flatnonzero(fits)]
    for role, place in picked.items():
        lines.columns[role].add([row[place] for row in good])
    lines.numbers.append(numbers[fits])
    lines.count += len(good)

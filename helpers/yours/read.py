"""From columns of text to purchases: which column is what, dates, quantities, duplicates."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.yours.files import BadFile, Lines, Table, Tell, open_table, plain_name
from helpers.yours.files import read_lines as read_columns

SHOP_WORDS = {  # what shops call it, likeliest first, as `plain_name` writes it
    "user": """user userid customer customerid customerno customernumber customernr client clientid
        member memberid buyer buyerid household householdid visitor visitorid shopper shopperid
        account accountid person personid reviewerid kunde kundeid kundenid kundennr kundennummer
        kdnr kaeufer kaeuferid haushalt haushaltid nutzer nutzerid benutzer benutzerid besucher
        cliente acheteur session sessionid""",
    "item": """itemid productid articleid sku asin parentasin ean gtin upc isbn stockcode
        productcode itemcode productno itemno artikelnr artikelnummer artikelid artikelno produktid
        produktnr produktnummer warennr movieid item product article artikel produkt film movie
        book produit articulo producto""",
    "time": """time timestamp datetime date orderdate invoicedate purchasedate transactiondate
        orderdatetime createdat eventtime day datum zeit zeitpunkt zeitstempel kaufdatum
        bestelldatum belegdatum rechnungsdatum verkaufsdatum tdat fecha""",
    "basket": """basket basketid order orderid orderno ordernumber invoice invoiceid invoiceno
        transaction transactionid receipt receiptid cart cartid bon bonnr bonnummer beleg belegnr
        belegnummer bestellung bestellnr bestellnummer auftrag auftragsnr auftragsnummer rechnung
        rechnungsnr rechnungsnummer warenkorb kassenbon""",
    "weight": """quantity qty units pieces count menge anzahl stueck stueckzahl cantidad
        quantite""",
    "name": """name title productname itemname productdescription productdisplayname productlabel
        description bezeichnung artikelname artikelbezeichnung produktname produktbezeichnung titel
        beschreibung text produkt artikel product item article""",
}
NAMES = {role: words.split() for role, words in SHOP_WORDS.items()}
WORDS = {
    "user": "customer",
    "item": "product",
    "time": "date",
    "basket": "basket",
    "weight": "quantity",
    "name": "name",
}
MISSING = frozenset(("", "na", "n/a", "nan", "nat", "null", "none", "\\n", "#n/a"))
MOST_BROKEN = 0.05  # a larger share of unreadable dates or quantities means a misread column


@dataclass(frozen=True)
class Purchases:
    """Who bought what, one row a line that stayed.

    Attributes
    ----------
    frame : user, item and where known basket (text, as it stood) and time (no zone attached).
    taken : role -> name of the column that was taken.
    steps : what was done to the lines: (what, lines removed, why), in this order.
    notes : sentences that the reader of a report must know.
    """

    frame: pd.DataFrame
    path: Path
    taken: dict[str, str]
    lines: int
    steps: list[tuple[str, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_interactions(
    path: Path, named: Mapping[str, str | None], order: str | None, tell: Tell
) -> Purchases:
    """Read who bought what.

    Parameters
    ----------
    named : role (user, item, time, basket, weight) -> the column's name, or None to guess.
    order : "day-first" or "month-first" for dates like 1/2/2024; None finds out.

    Raises
    ------
    BadFile : whatever keeps the file from being used, with the place and the remedy.
    """
    table = open_table(path)
    roles = ("user", "item", "time", "basket", "weight")
    picked, notes = pick_columns(table, roles, ("user", "item"), named)
    lines = read_columns(table, picked, tell, "reading purchases")
    if lines.count == 0:
        raise BadFile(f"{path}: there is a first line of names, but no line below it.")
    notes = [how_read(table, picked), *notes]
    keep, steps = known_lines(lines, table, picked)
    frame = pd.DataFrame({role: column.codes for role, column in lines.columns.items()})
    if "time" in picked:
        stamps, said = times_of(lines, table, picked["time"], order)
        frame["time"] = stamps[frame["time"].to_numpy()]
        bad = keep & np.isnat(frame["time"].to_numpy())
        name = table.header[picked["time"]]
        refuse_many(bad, keep, lines, table, "time", name, "2024-12-31, 31.12.2024 or 12/31/2024")
        keep = drop(keep, bad, steps, "unreadable date", at_line(lines, bad, "first in"))
        notes += said
    if "weight" in picked:
        keep = drop_returns(keep, frame, lines, table, steps, table.header[picked["weight"]])
    keep = drop_duplicates(keep, frame, steps, notes)
    if lines.ragged:
        steps.insert(0, ("lines with missing or surplus fields", lines.ragged, lines.example))
    frame = frame.loc[keep].reset_index(drop=True).drop(columns="weight", errors="ignore")
    if frame.empty:
        raise BadFile(
            f"{path}: no purchase is left: " + "; ".join(f"{n:,} {w}" for w, n, _ in steps)
        )
    for role in ("user", "item", "basket"):
        if role in frame:
            texts = np.array(lines.columns[role].texts, dtype=object)
            frame[role] = texts[frame[role].to_numpy()]
    taken = {role: table.header[place] for role, place in picked.items()}
    return Purchases(frame, path, taken, lines.count + lines.ragged, steps, notes)


def how_read(table: Table, picked: Mapping[str, int]) -> str:
    """Say how a file was understood."""
    signs = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars (|)"}
    took = ", ".join(f"{WORDS[role]} = “{table.header[n]}”" for role, n in picked.items())
    cut = signs.get(table.separator, repr(table.separator))
    return f"{table.path.name}: text in {table.encoding}, columns cut at {cut}; took {took}."


# --- which column is what -----------------------------------------------------------------------


def pick_columns(
    table: Table,
    roles: Sequence[str],
    needed: Sequence[str],
    named: Mapping[str, str | None],
) -> tuple[dict[str, int], list[str]]:
    """Find the column of each role: by the name given, else by the names that shops use.

    Raises
    ------
    BadFile : a name that is not in the header, or no column for a role that is needed.
    """
    plain = [plain_name(name) for name in table.header]
    picked, notes = {}, []
    for role in roles:
        if named.get(role) == "none":
            continue
        if named.get(role):
            picked[role] = named_column(table, role, str(named[role]))
            continue
        free = [n for n in range(len(plain)) if n not in picked.values()]
        found = [n for name in NAMES[role] for n in free if plain[n] == name]
        if found:
            picked[role] = found[0]
        if len(found) > 1:
            others = ", ".join(f"“{table.header[n]}”" for n in found[1:])
            notes.append(
                f"Took “{table.header[found[0]]}” as the {WORDS[role]}; {others} would also do: "
                f"choose with --{role}."
            )
    for role in needed:
        if role not in picked:
            raise BadFile(no_column(table, role))
    return picked, notes


def named_column(table: Table, role: str, name: str) -> int:
    """Place of a column that the user named; case and signs may differ."""
    for wanted in (table.header, [plain_name(column) for column in table.header]):
        key = name if wanted is table.header else plain_name(name)
        if key in wanted:
            return wanted.index(key)
    near = difflib.get_close_matches(name, table.header, 1)
    hint = f" Did you mean “{near[0]}”?" if near else ""
    columns = ", ".join(f"“{column}”" for column in table.header)
    raise BadFile(f"{table.path}: --{role} {name}: no such column; there are {columns}.{hint}")


def no_column(table: Table, role: str) -> str:
    """Say that a role has no column, and whether the header itself is missing."""
    line = table.skip + 1
    shown = ", ".join(f"“{column}”" for column in table.header[:8])
    if any(re.fullmatch(r"[\d.,:/ TZ+-]*\d[\d.,:/ TZ+-]*", cell) for cell in table.header):
        return (
            f"{table.path}: line {line} holds data ({shown}), not names of columns. Put a line such "
            "as user,item,date above it."
        )
    return (
        f"{table.path}: line {line}: no column looks like the {WORDS[role]}; there are {shown}. "
        f"Name it: --{role} NAME"
    )


# --- lines that cannot count --------------------------------------------------------------------


def is_missing(texts: Iterable[str]) -> NDArray[np.bool_]:
    """Whether a text stands for nothing.

    >>> is_missing(["", "NULL", "0", "n/a"]).tolist()
    [True, True, False, True]
    """
    return np.array([len(text) < 5 and text.lower() in MISSING for text in texts], dtype=bool)


def known_lines(
    lines: Lines, table: Table, picked: Mapping[str, int]
) -> tuple[NDArray[np.bool_], list[tuple[str, int, str]]]:
    """Keep the lines that say who, what, and where there are such columns, when and with what."""
    keep = np.ones(lines.count, dtype=bool)
    steps: list[tuple[str, int, str]] = []
    for role in ("user", "item", "time", "basket"):
        if role in picked:
            column = lines.columns[role]
            gone = keep & is_missing(column.texts)[column.codes]
            why = f"column “{table.header[picked[role]]}”{at_line(lines, gone, ', first in')}"
            keep = drop(keep, gone, steps, f"without a {WORDS[role]}", why)
    return keep, steps


def drop(
    keep: NDArray[np.bool_],
    gone: NDArray[np.bool_],
    steps: list[tuple[str, int, str]],
    what: str,
    why: str,
) -> NDArray[np.bool_]:
    """Take lines out and write it down, unless there are none."""
    if gone.any():
        steps.append((what, int(gone.sum()), why.strip()))
    return keep & ~gone


def at_line(lines: Lines, where: NDArray[np.bool_], words: str) -> str:
    """Name the first line of the file for which something holds."""
    return f"{words} line {lines.line(int(where.argmax())):,}" if where.any() else ""


def refuse_many(
    bad: NDArray[np.bool_],
    keep: NDArray[np.bool_],
    lines: Lines,
    table: Table,
    role: str,
    name: str,
    such_as: str,
) -> None:
    """Raise BadFile when so many cells cannot be read that the column must be another one."""
    if bad.sum() <= MOST_BROKEN * keep.sum():
        return
    first, column = int(bad.argmax()), lines.columns[role]
    text = column.texts[column.codes[first]]
    raise BadFile(
        f"{table.path}: line {lines.line(first)}, column “{name}”: {text!r} is no {WORDS[role]} "
        f"({bad.sum():,} of {keep.sum():,} lines). Write it as {such_as}, or name another column "
        f"with --{role}, or leave it out with --{role} none."
    )


def times_of(
    lines: Lines, table: Table, place: int, order: str | None
) -> tuple[NDArray[np.datetime64], list[str]]:
    """`parse_times` of the column of dates; its error also names file, line and column."""
    column = lines.columns["time"]
    try:
        return parse_times(column.texts, order)
    except UnclearDates as error:
        code = next(n for n, text in enumerate(column.texts) if text.startswith(error.text))
        first = int((column.codes == code).argmax())
        where = f"{table.path}: line {lines.line(first)}, column “{table.header[place]}”"
        raise BadFile(f"{where}: {error}") from error


def drop_returns(
    keep: NDArray[np.bool_],
    frame: pd.DataFrame,
    lines: Lines,
    table: Table,
    steps: list[tuple[str, int, str]],
    name: str,
) -> NDArray[np.bool_]:
    """Take out quantities of zero and below; a missing quantity counts as a purchase."""
    column = lines.columns["weight"]
    amounts = parse_numbers(column.texts)
    amount = np.where(is_missing(column.texts), 1.0, amounts)[frame["weight"].to_numpy()]
    bad = keep & np.isnan(amount)
    refuse_many(bad, keep, lines, table, "weight", name, "3, 0.5 or 0,5")
    keep = drop(keep, bad, steps, "unreadable quantity", at_line(lines, bad, "first in"))
    gone = keep & (amount <= 0)
    why = "returns and cancellations; the purchase itself still counts as chosen"
    return drop(keep, gone, steps, "quantity of zero or below", why)


def drop_duplicates(
    keep: NDArray[np.bool_],
    frame: pd.DataFrame,
    steps: list[tuple[str, int, str]],
    notes: list[str],
) -> NDArray[np.bool_]:
    """Take out lines that repeat another in all columns read, where such a line says when.

    Without dates and baskets a repeated line can only mean that the product was bought again, so
    it stays. Methods here ask whether a customer bought a product, not how often: their scores
    are the same either way.
    """
    again = keep & frame.duplicated().to_numpy()
    if not again.any():
        return keep
    if "time" in frame or "basket" in frame:
        why = "same customer, product, date, basket and quantity: scanned or exported twice"
        return drop(keep, again, steps, "exact duplicates", why)
    notes.append(
        f"{again.sum():,} lines repeat a customer and a product. Without dates or baskets that "
        "means: bought again. They stay."
    )
    return keep


# --- numbers and dates --------------------------------------------------------------------------


def parse_numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """Numbers with points or commas; nan where a text is none.

    >>> parse_numbers(["3", "0,5", "1.234,5", "1,234.5", "-2", "two"]).tolist()
    [3.0, 0.5, 1234.5, 1234.5, -2.0, nan]
    """
    found = np.full(len(texts), np.nan)
    for place, text in enumerate(texts):
        text = text.replace(" ", "").replace("\u00a0", "").replace("\u2212", "-")
        if "," in text and "." in text:
            text = text.replace("," if text.rfind(",") < text.rfind(".") else ".", "")
        text = text.replace(",", ".")
        if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
            found[place] = float(text)
    return found


class UnclearDates(BadFile):
    """A column of dates that does not tell the day from the month; `text` is an example."""

    def __init__(self, text: str, message: str) -> None:
        super().__init__(message)
        self.text = text


EPOCHS = {9: "s", 10: "s", 12: "ms", 13: "ms", 15: "us", 16: "us"}  # digits -> unit


def parse_times(
    texts: Sequence[str], order: str | None
) -> tuple[NDArray[np.datetime64], list[str]]:
    """Dates in any usual way of writing; NaT where a text is none.

    ISO (2024-12-31, with a clock and zone or without), 31.12.2024, 31/12/2024 or 12/31/2024,
    20241231, 2024/12/31, seconds or milliseconds since 1970. A zone is turned into UTC. Two-digit years too.

    Returns
    -------
    stamps, one a text, and what has to be said about them.

    Raises
    ------
    UnclearDates : the column leaves open which of two numbers is the day, or contradicts itself.

    >>> parse_times(["2024-12-31", "31.12.2024", "12/31/2024 10:00", "x"], None)[0].astype("M8[D]")
    array(['2024-12-31', '2024-12-31', '2024-12-31',        'NaT'],
          dtype='datetime64[D]')
    """
    pieces = [text.replace(",", " ").replace("T", " ").partition(" ") for text in texts]
    day_codes, days = pd.factorize(np.array([piece[0] for piece in pieces], dtype=object))
    clock_codes, clocks = pd.factorize(np.array([piece[2] for piece in pieces], dtype=object))
    stamps, notes = parse_days(pd.Series(days, dtype=object), order)
    return stamps[day_codes] + parse_clocks(clocks)[clock_codes], notes


def parse_days(
    column: pd.Series[Any], order: str | None
) -> tuple[NDArray[np.datetime64], list[str]]:
    """Days, or seconds since 1970, of different texts; see `parse_times`."""
    notes: list[str] = []
    found = pd.Series(np.full(len(column), "NaT", "M8[ns]"))
    digits = column.str.fullmatch(r"\d+(\.0+)?").to_numpy(bool)
    whole = column[digits].str.replace(r"\.0+$", "", regex=True)
    fill(found, column, ~digits, "%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d.%m.%y")
    fill(found, column, digits & (column.str.len() == 8).to_numpy(), "%Y%m%d")
    slashed = column.str.match(r"\d\d?[/-]\d\d?[/-]\d").to_numpy(bool)
    if slashed.any():
        first, notes = day_or_month(column[slashed], order)
        base = "%d/%m/%" if first == "day-first" else "%m/%d/%"
        fill(found, column.str.replace("-", "/"), slashed, base + "Y", base + "y")
    for size in sorted(set(whole.str.len()) & set(EPOCHS)):
        chosen = whole[whole.str.len() == size]
        numbers = pd.to_numeric(chosen)
        found[chosen.index] = pd.to_datetime(numbers, unit=EPOCHS[size]).to_numpy("M8[ns]")
        notes.append("Dates are seconds, milliseconds or microseconds since 1970.")
    return found.to_numpy("M8[ns]"), list(dict.fromkeys(notes))


def parse_clocks(texts: Sequence[str]) -> NDArray[np.timedelta64]:
    """Time since midnight; a zone is turned into UTC; NaT where a text is no clock.

    >>> parse_clocks(["", "10:30", "11:59 PM", "01:00:00+02:00"]).astype("m8[m]").astype(int)
    array([   0,  630, 1439,  -60])
    """
    column = pd.Series([f"1970-01-01 {text.strip() or '00:00'}" for text in texts], dtype=object)
    found = pd.Series(np.full(len(column), "NaT", "M8[ns]"))
    everything = np.ones(len(column), dtype=bool)
    fill(found, column, everything, "ISO8601", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %I:%M:%S %p")
    fill(found, column, everything, "%Y-%m-%d %H:%M")
    return np.asarray(found.to_numpy("M8[ns]") - np.datetime64(0, "ns"))


def fill(
    found: pd.Series[Any], column: pd.Series[Any], where: NDArray[np.bool_], *forms: str
) -> None:
    """Parse the texts that are still without a date in one way of writing after the other."""
    for form in forms:
        open_ones = where & found.isna().to_numpy()
        if open_ones.any():
            read = pd.to_datetime(column[open_ones], format=form, errors="coerce", utc=True)
            found[open_ones] = read.dt.tz_localize(None).to_numpy("M8[ns]")


def day_or_month(column: pd.Series[Any], order: str | None) -> tuple[str, list[str]]:
    """Decide for a whole column whether 1/2/2024 is in January or in February.

    >>> day_or_month(pd.Series(["1/2/2024", "1/31/2024"]), None)[0]
    'month-first'
    """
    parts = column.str.extract(r"(\d+)[/-](\d+)").astype(int)
    day_first, month_first = (parts[0] > 12).any(), (parts[1] > 12).any()
    if order:
        return order, []
    if day_first and month_first:
        one = column[parts[0] > 12].iloc[0], column[parts[1] > 12].iloc[0]
        raise UnclearDates(
            one[0],
            f"{one[0]!r} has the day first, {one[1]!r} the month. One column, one order: "
            "mend the export, or say --dates day-first or --dates month-first; dates that do not "
            "fit are then left out.",
        )
    if not day_first and not month_first:
        raise UnclearDates(
            column.iloc[0],
            f"{column.iloc[0]!r} may have the day or the month first, and no date in the "
            "column tells. Say --dates day-first or --dates month-first.",
        )
    found = "day-first" if day_first else "month-first"
    proof = column[parts[0 if day_first else 1] > 12].iloc[0]
    return found, [f"Dates have the {found.split('-')[0]} first: {proof!r} leaves no doubt."]


# --- the table of products ----------------------------------------------------------------------


@dataclass(frozen=True)
class Products:
    """What is known of the products: every column as text; `id` and `name` say which is which."""

    frame: pd.DataFrame
    id: str
    name: str | None
    notes: list[str]


def read_items(path: Path, bought: Iterable[str], named: str | None, tell: Tell) -> Products:
    """Read the table of products and match its ids with those that were bought.

    Raises
    ------
    BadFile : as in `read_interactions`, or no product of one file is in the other.
    """
    table = open_table(path)
    given = named if named and plain_name(named) in map(plain_name, table.header) else None
    plain = [plain_name(name) for name in table.header]
    if given is None and not set(plain) & set(NAMES["item"]) and "id" in plain:
        given = table.header[plain.index("id")]
    picked, notes = pick_columns(table, ("item", "name"), ("item",), {"item": given})
    everything = {str(place): place for place in range(len(table.header))}
    lines = read_columns(table, everything, tell, "reading products")
    texts = {
        table.header[place] or f"column {place + 1}": np.array(column.texts or [""], dtype=object)[
            column.codes
        ]
        for place, column in ((place, lines.columns[str(place)]) for place in everything.values())
    }
    frame = pd.DataFrame(texts)
    id = table.header[picked["item"]]
    name = table.header[picked["name"]] if "name" in picked else None
    notes = [how_read(table, picked), *notes]
    if lines.ragged:
        notes.append(f"{path.name}: left out {lines.ragged:,} broken lines. {lines.example}")
    frame = frame[~is_missing(frame[id])]
    twice = int(frame[id].duplicated().sum())
    if twice:
        notes.append(f"{path.name}: {twice:,} products come again; their first line counts.")
    frame = frame.drop_duplicates(id).reset_index(drop=True)
    notes += match_ids(set(bought), set(frame[id]), path)
    return Products(frame, id, name, notes)


def match_ids(bought: set[str], listed: set[str], path: Path) -> list[str]:
    """Say how many products that were bought are in the table; explain why they may not be."""
    lost = bought - listed
    if not lost:
        return []
    why = why_unmatched(lost, listed)
    if len(lost) == len(bought):
        raise BadFile(
            f"{path}: none of the {len(bought):,} products that were bought is in this table. "
            + (why or f"There ids look like {min(lost)!r}, here like {min(listed, default='')!r}. "
               "Name the column of ids with --item.")
        )  # fmt: skip
    return [
        f"{len(lost):,} of {len(bought):,} products bought are not in {path.name}. {why}".strip()
    ]


MENDS: dict[str, Callable[[str], str]] = {
    "numbers with “.0” (a program read the ids as decimals)": lambda text: re.sub(
        r"\.0+$", "", text
    ),
    "leading zeros (a program read the ids as numbers)": lambda text: text.lstrip("0") or "0",
    "upper and lower case": str.casefold,
    "signs or blanks inside": lambda text: re.sub(r"\W", "", text),
}


def why_unmatched(lost: set[str], listed: set[str]) -> str:
    """Find the small difference in writing that keeps two files apart, if there is one.

    >>> why_unmatched({"1.0", "2.0"}, {"1", "2"})[:54]
    'The ids differ in numbers with “.0” (a program read th'
    """
    for what, mend in MENDS.items():
        theirs = {mend(text): text for text in listed}
        pairs = [(text, theirs[mend(text)]) for text in sorted(lost) if mend(text) in theirs]
        if len(pairs) > len(lost) / 2:
            return (
                f"The ids differ in {what}: {pairs[0][0]!r} was bought, the table has "
                f"{pairs[0][1]!r}. Export both files with ids as text."
            )
    return ""

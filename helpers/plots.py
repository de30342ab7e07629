"""Figures of one style: few, plain, and readable on a phone, in grey and by the colour-blind.

A figure never carries its meaning by colour alone: every colour of the palette has its own marker
shape.  Backgrounds are white and opaque, so that a figure also reads on a dark page.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

# Okabe and Ito, "Color Universal Design" (2008); black first, yellow last (faint on white).
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
WIDTH = 5.2  # inches: at 390 px on a phone, 11 point stays about as large as the text beside it


def use_style() -> None:
    """Set the style of every later figure; call it once, in the setup cell.

    Lines get a colour and a marker in turn; give a line of very many points ``marker=""``.

    >>> use_style()
    >>> import matplotlib; matplotlib.rcParams["figure.facecolor"]
    'white'
    """
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=COLOURS) + cycler(marker=MARKERS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "figure.facecolor": "white",
            "figure.figsize": (WIDTH, 3.2),
            "figure.constrained_layout.use": True,
            "figure.dpi": 110,
            "font.size": 11,
            "legend.frameon": False,
            "lines.markersize": 5,
            "savefig.facecolor": "white",
            "savefig.transparent": False,
        }
    )


def intervals(table: pd.DataFrame, label: str = "", chance: float | None = None) -> Axes:
    """Draw one line per model: a mark at its value, a whisker over its interval.

    `table` has the columns model, value, low and high, and is drawn top to bottom (see
    ``facts.rows``).  Where it has a column `neural`, neural models get their own mark.  `chance`
    is a dotted line.

    >>> import pandas as pd
    >>> row = {"model": "cosine", "value": 0.2, "low": 0.1, "high": 0.3}
    >>> [text.get_text() for text in intervals(pd.DataFrame([row])).get_yticklabels()]
    ['cosine']
    """
    _need(table, ["model", "value", "low", "high"])
    axes = _axes(0.8 + 0.34 * len(table))
    neural = table["neural"].to_numpy(bool) if "neural" in table else np.zeros(len(table), bool)
    for kind, name in ((False, "no network"), (True, "neural")):
        rows = np.flatnonzero(neural == kind)
        if not rows.size:
            continue  # no entry in the legend for a kind that is not there
        part = table.iloc[rows]
        whiskers = np.stack([part["value"] - part["low"], part["high"] - part["value"]])
        style: dict[str, Any] = {
            "fmt": MARKERS[1 + kind],
            "color": COLOURS[1 + kind],
            "capsize": 3,
        }
        axes.errorbar(part["value"], rows, xerr=np.maximum(whiskers, 0), label=name, **style)
    if chance is not None:
        axes.axvline(chance, color="0.4", linestyle=":", marker="", label="chance")
    axes.set(xlabel=label, ylim=(len(table) - 0.5, -0.5))
    axes.set_yticks(range(len(table)), table["model"].tolist())
    if neural.any() or chance is not None:
        axes.legend(fontsize=9)
    return axes


def neighbour_table(
    labels: Sequence[str], queries: Sequence[int], indices: ArrayLike, scores: ArrayLike | None
) -> pd.DataFrame:
    """Write the neighbours of a few products: a row for each, nearest first, in plain words.

    `labels` names every item (a column of the catalogue's frame will do); `indices` and `scores`
    (len(queries), k) come from ``top_k``; empty slots (-1) stay empty.  Give scores=None to leave
    the numbers out.

    >>> table = neighbour_table(["milk", "bread", "jam"], [1], [[2, -1]], [[0.5, 0.0]])
    >>> table.loc["bread"].tolist()
    ['jam (0.50)', '']
    """
    import pandas as pd

    names, columns = list(labels), np.asarray(indices)
    numbers = None if scores is None else np.asarray(scores)
    cells = [
        [
            ""
            if item < 0
            else str(names[item]) + ("" if numbers is None else f" ({numbers[row, slot]:.2f})")
            for slot, item in enumerate(line)
        ]
        for row, line in enumerate(columns)
    ]
    index = pd.Index([str(names[query]) for query in queries], name="product")
    return pd.DataFrame(cells, index=index, columns=range(1, columns.shape[1] + 1))


def heat_map(
    values: ArrayLike, rows: Sequence[str], columns: Sequence[str], digits: int = 2
) -> Axes:
    """Draw a small table as a heat map with every number printed in its cell.

    >>> axes = heat_map([[1, 0.5]], ["milk"], ["milk", "bread"])
    >>> [text.get_text() for text in axes.texts]
    ['1.00', '0.50']
    """
    table = np.asarray(values, dtype=float)
    axes = _axes(0.9 + 0.4 * len(rows))
    axes.imshow(table, cmap="Blues", aspect="auto")
    axes.set_xticks(range(len(columns)), list(columns), rotation=30, ha="right")
    axes.set_yticks(range(len(rows)), list(rows))
    dark = np.nanmin(table) + 0.7 * np.ptp(table[np.isfinite(table)])
    for (row, column), value in np.ndenumerate(table):
        colour = "white" if value > dark else "black"
        axes.text(column, row, f"{value:.{digits}f}", ha="center", va="center", color=colour)
    return axes


def pictures(images: NDArray[Any], labels: Sequence[str], per_row: int = 5) -> Axes:
    """Lay small pictures (n, height, width) out in rows, each with its label below.

    >>> len(pictures(np.zeros((3, 28, 28)), ["shirt", "shoe", "bag"]).texts)
    3
    """
    count, height, width = images.shape
    rows = -(-count // per_row)
    sheet = np.full((rows * (height + 8), per_row * (width + 2)), np.nan)
    axes = _axes(1.2 * rows)
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        top, left = (place // per_row) * (height + 8), (place % per_row) * (width + 2)
        sheet[top : top + height, left : left + width] = image
        axes.text(left + width / 2, top + height + 3.5, label, ha="center", va="center", size=9)
    axes.imshow(sheet, cmap="gray_r")
    axes.set_axis_off()
    return axes


@dataclass(frozen=True)
class Page:
    """Something a notebook shows as HTML, and everything else as its description."""

    html: str
    alt: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.alt


def hover_map(
    points: ArrayLike,
    labels: Sequence[str],
    groups: Sequence[str],
    alt: str,
    landmarks: Sequence[int] = (),
) -> Page:
    """Draw a map (n, 2) whose points tell their label when pointed at or tapped.

    The seven largest groups get a colour and a shape; the rest are small grey dots.  Radio buttons
    above the map, reachable by keyboard, leave one group in ink.  `landmarks` are points that are
    named on the map itself.  One piece of SVG: no library, no network.

    >>> page = hover_map([[0, 0], [1, 1]], ["milk", "jam"], ["dairy", "spreads"], "two products")
    >>> page, page.html.count("<title>")
    (two products, 2)
    """
    place = np.asarray(points, dtype=float)
    if place.shape != (len(labels), 2) or len(groups) != len(labels):
        raise ValueError(f"points {place.shape} for {len(labels)} labels and {len(groups)} groups")
    place = (place - place.min(axis=0)) / np.maximum(np.ptp(place, axis=0), 1e-12) * (
        580,
        560,
    ) + 10
    largest = [name for name, _ in Counter(groups).most_common(len(SHAPES))]
    which = [largest.index(name) if name in largest else len(SHAPES) for name in groups]
    key = "m" + hashlib.sha256(repr((place.round(), labels)).encode()).hexdigest()[:6]
    order = sorted(range(len(labels)), key=lambda item: -which[item])  # grey dots below
    dots = [
        f'<use href="#{key}s{which[n]}" class="g{which[n]}" x="{place[n, 0]:.0f}" '
        f'y="{place[n, 1]:.0f}"><title>{escape(labels[n])}</title></use>'
        for n in order
    ]
    names = [
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(labels[n])}</text>'
        for n, x, y, anchor in _apart(landmarks, labels, place)
    ]
    return Page(_sheet(key, largest, dots, names, alt), alt)


def _apart(
    landmarks: Sequence[int], labels: Sequence[str], place: NDArray[Any], gap: float = 20
) -> list[tuple[int, float, float, str]]:
    """Write names towards the middle, and move them down until none lies on another.

    Widths are those on a phone, where letters are largest: about 10 units each.

    >>> _apart([0, 1], ["tea", "jam"], np.array([[5.0, 5.0], [9.0, 6.0]]))
    [(0, 11.0, 9.0, 'start'), (1, 15.0, 29.0, 'start')]
    """
    found: list[tuple[int, float, float, str]] = []
    taken: list[tuple[float, float, float]] = []
    for item in sorted(landmarks, key=lambda item: float(place[item, 1])):
        right, wide = place[item, 0] > 300, 10.0 * len(labels[item])
        x, y = float(place[item, 0]) + (-6 if right else 6), float(place[item, 1]) + 4
        left = x - wide if right else x
        for other, end, below in sorted(taken, key=lambda name: name[2]):
            if left < end and other < left + wide and abs(y - below) < gap:
                y = below + gap
        taken.append((left, left + wide, y))
        found.append((item, x, y, "end" if right else "start"))
    return found


# Seven shapes about 9 units across, drawn around the origin.
SHAPES = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "M-4-4h8v8h-8z",
    "M0-5L5 4H-5z",
    "M0-5.5L5 0L0 5.5L-5 0z",
    "M0 5L5-4H-5z",
    "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "M-5-3L-3-5L0-2L3-5L5-3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0z",
)
TELL = (
    "const t=event.target.querySelector&&event.target.querySelector('title');"
    "if(t&&event.target!==this)this.parentNode.querySelector('output').textContent=t.textContent"
)


def _sheet(
    key: str, largest: Sequence[str], dots: Sequence[str], names: Sequence[str], alt: str
) -> str:
    """Put the parts of a map together: styles, radio buttons, drawing, and the line that tells."""
    colours = [*COLOURS[: len(largest)], "#a0a0a0"]
    kinds = [*range(len(largest)), len(SHAPES)]
    shapes = [*SHAPES[: len(largest)], "M-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0z"]
    style = f"#{key}{{background:#fff;color:#222;color-scheme:light;padding:.5rem;border-radius:8px;max-width:640px}}"
    style += f"#{key} svg{{width:100%;height:auto}}#{key} text{{font-size:13px;font-weight:600;"
    style += "paint-order:stroke;stroke:#fff;stroke-width:3px;pointer-events:none}"
    style += f"@media(max-width:500px){{#{key} text{{font-size:19px}}}}"
    style += f"#{key} label{{display:inline-block;margin-right:.8em;font-size:.85rem}}"
    style += (
        f"#{key} label svg{{width:1em;height:1em}}#{key} output{{display:block;min-height:1.5em}}"
    )
    style += "".join(f"#{key} .g{n}{{fill:{colours[i]}}}" for i, n in enumerate(kinds))
    style += "".join(f"#{key}:has(.r{n}:checked) .d use:not(.g{n}){{opacity:.07}}" for n in kinds)
    defs = "".join(f'<path id="{key}s{n}" d="{d}"/>' for n, d in zip(kinds, shapes, strict=True))
    radios = f'<label><input type="radio" name="{key}" checked> all</label>' + "".join(
        f'<label><input type="radio" name="{key}" class="r{n}"> <svg viewBox="-6 -6 12 12" '
        f'aria-hidden="true"><use href="#{key}s{n}" class="g{n}"/></svg> {escape(name)}</label>'
        for n, name in zip(kinds, [*largest, "others"], strict=True)
    )
    return (
        f'<div id="{key}"><style>{style}</style>'
        f'<fieldset style="border:0;padding:0;margin:0"><legend class="sr-only">Show</legend>'
        f"{radios}</fieldset>"
        f'<svg viewBox="0 0 600 580" role="img" aria-label="{escape(alt)}" '
        f'onpointerover="{TELL}" onclick="{TELL}"><defs>{defs}</defs>'
        f'<g class="d">{"".join(dots)}</g>{"".join(names)}</svg>'
        f"<output>Point at a mark, or tap it, to read its name.</output></div>"
    )


def _axes(height: float) -> Axes:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(WIDTH, height))[1]


def _need(table: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"the table has no column {missing}; it needs {list(columns)}")

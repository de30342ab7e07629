"""Reading a whole leaderboard: luck, gains, costs, and where to start (chapter 71)."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

FloatArray = NDArray[np.floating[Any]]
Triple = tuple[float, float, float]


def standard_error(low: ArrayLike, high: ArrayLike) -> Any:
    """Standard error behind a 95 % interval, as if it were normal: width / (2 * 1.96).

    >>> round(float(standard_error(0.1, 0.1392)), 3)
    0.01
    """
    return (np.asarray(high) - np.asarray(low)) / (2 * 1.96)


def p_value(value: ArrayLike, low: ArrayLike, high: ArrayLike) -> Any:
    """Chance of a mean at least so far from zero if there were no difference (normal).

    >>> p_value([0.0, 1.0], [-1.0, 0.0], [1.0, 2.0]).round(2).tolist()  # 0 and 1.96 spreads
    [1.0, 0.05]
    """
    far = np.abs(value) / np.maximum(standard_error(low, high), 1e-12)
    return 2 * scipy_stats.norm.sf(far)


def holm(p: ArrayLike) -> FloatArray:
    """Holm's corrected p-values: the smallest times their number, the next times one less, …

    A claim is kept when its corrected value is below 5 %; then the chance of one false claim or
    more among all is at most 5 %, whatever depends on what.

    References
    ----------
    Holm (1979), "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6.

    >>> holm([0.01, 0.04, 0.02]).round(2).tolist()  # 3 * 0.01; 2 * 0.02; 1 * 0.04
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p)
    grown = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    found = np.empty(len(p))
    found[order] = np.minimum(grown, 1)
    return found


def percent_gain(a: Triple, b: Triple, paired: Triple | None = None) -> Triple:
    """How many per cent a lies above b, with a 95 % interval.

    Parameters
    ----------
    a, b : (value, low, high) of two scores.
    paired : (value, low, high) of a - b, query by query; its width tells how far the two move
        together.  Without it they are taken as independent, which is too wide where both were
        asked the same queries.

    References
    ----------
    The delta method for a ratio, e.g. Cochran (1977), *Sampling Techniques*, section 6.3.

    >>> percent_gain((0.3, 0.3, 0.3), (0.2, 0.2, 0.2))  # no doubt at all: one half more
    (50.0, 50.0, 50.0)
    """
    va, vb = standard_error(*a[1:]) ** 2, standard_error(*b[1:]) ** 2
    together = 0.0 if paired is None else (va + vb - standard_error(*paired[1:]) ** 2) / 2
    ratio = a[0] / b[0]
    doubt = 1.96 * np.sqrt(max(va - 2 * ratio * together + ratio**2 * vb, 0)) / abs(b[0])
    low, middle, high = (round(float(100 * (ratio - 1 + s * doubt)), 9) for s in (-1, 0, 1))
    return middle, low, high


def pareto(cost: ArrayLike, quality: ArrayLike) -> NDArray[np.bool_]:
    """Which are on the front: nobody is as cheap and better.

    >>> pareto([1, 2, 3], [0.1, 0.3, 0.2]).tolist()
    [True, True, False]
    """
    cost, quality = np.asarray(cost, dtype=float), np.asarray(quality, dtype=float)
    return np.array(
        [
            not np.any((cost <= c) & (quality >= q) & ((cost < c) | (quality > q)))
            for c, q in zip(cost, quality, strict=True)
        ],
        dtype=bool,
    )


def log_slope(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Slope of log y on log x, and half the width of its 95 % interval (Student's).

    y grows as x ** slope: 1 doubles with x, 2 quadruples.  Two points give no width (nan).

    >>> slope, half = log_slope([1, 2, 4], [3, 12, 48])
    >>> round(slope, 6), round(half, 6)
    (2.0, 0.0)
    """
    a, b = np.log(np.asarray(x, dtype=float)), np.log(np.asarray(y, dtype=float))
    fit = scipy_stats.linregress(a, b)
    if len(a) < 3:
        return float(fit.slope), float("nan")
    return float(fit.slope), float(scipy_stats.t.ppf(0.975, len(a) - 2) * fit.stderr)


def grown(
    line: Any, what: str, num_items: float, num_lines: float, book: tuple[float, float]
) -> float:
    """What a family would cost at another size: the book's cost times two powers.

    Parameters
    ----------
    line : has `what` and its exponents ``what_items`` and ``what_lines``; see `exponents`.
    book : products and lines at which `what` was measured.

    >>> grown({"ms": 2.0, "ms_items": 1.0, "ms_lines": 0.0}, "ms", 300, 7, (100, 50))
    6.0
    """
    items, lines = num_items / book[0], num_lines / book[1]
    return float(line[what] * items ** line[f"{what}_items"] * lines ** line[f"{what}_lines"])


def start_here(
    costs: pd.DataFrame,
    quality: pd.DataFrame,
    num_items: float,
    per_item: float,
    *,
    milliseconds: float = 100.0,
    memory_gb: float = 16.0,
    hours: float = 8.0,
    book: tuple[float, float],
) -> pd.DataFrame:
    """The families that a catalogue can afford, the best first: start with the first.

    Parameters
    ----------
    costs : one row a family with ``seconds``, ``memory_mb``, ``list_ms`` at the book's size and
        their exponents (see `grown`).
    quality : columns family, per_item, value: measured at some densities; between them the value
        runs straight over the logarithm, beyond them it stays.
    num_items, per_item : products, and purchase lines for each; 0 leaves only what needs no sale.
    milliseconds : for one list.   memory_gb, hours : to fit, on one thread.

    Returns
    -------
    family (index), value, list_ms, memory_gb, hours; empty where nothing fits.
    """
    found = []
    for family, curve in quality.groupby("family"):
        if family not in costs.index or (per_item == 0 and family != "Content kNN"):
            continue
        x, num_lines = np.log(max(per_item, 1e-9)), max(num_items * per_item, 1)
        value = np.interp(x, np.log(curve["per_item"]), curve["value"])
        ms, mb, seconds = (
            grown(costs.loc[family], what, num_items, num_lines, book)
            for what in ("list_ms", "memory_mb", "seconds")
        )
        if ms <= milliseconds and mb <= 1024 * memory_gb and seconds <= 3600 * hours:
            found.append([family, value, ms, mb / 1024, seconds / 3600])
    columns = ["family", "value", "list_ms", "memory_gb", "hours"]
    table = pd.DataFrame(found, columns=columns).set_index("family")
    return table.sort_values("value", ascending=False)


def luckiest(num_rows: int, together: float, seed: int = 0, tries: int = 4000) -> float:
    """How far the best of some equal methods lies above the truth, in standard errors.

    Parameters
    ----------
    num_rows : methods with one and the same true score.
    together : correlation of their errors, since all are asked the same queries; 0 to 1.

    >>> luckiest(1, 0.0) < 0.05 and 1.9 < luckiest(30, 0.0) < 2.2
    True
    """
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((tries, 1))
    own = rng.standard_normal((tries, num_rows))
    seen = np.sqrt(together) * shared + np.sqrt(1 - together) * own
    return float(seen.max(axis=1).mean())

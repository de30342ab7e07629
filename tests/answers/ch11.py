"""Chapter 11: right answers to its exercises, and the mistakes that people make."""

import numpy as np
import pandas as pd


def top_share(counts, share):
    ranked = np.sort(np.asarray(counts))[::-1]
    return ranked[: max(1, int(share * len(ranked)))].sum() / ranked.sum()


def repeat_share(lines):
    once = lines.drop_duplicates(["basket", "product"])
    return 1 - len(once.drop_duplicates(["household", "product"])) / len(once)


def local_dates(stamps):
    zoned = stamps.dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    return zoned.dt.tz_localize(None).dt.date


def ounces(size):
    number, _, unit = size.partition(" ")
    if unit not in ("OZ", "LB"):
        return float("nan")
    pack, _, each = number.rpartition("/")
    return int(pack or 1) * float(each) * {"OZ": 1, "LB": 16}[unit]


RIGHT = {
    "ex_1": (7 / 12, 2, 2 / 9),
    "ex_2": top_share,
    "ex_3": repeat_share,
    "ex_4": local_dates,
    "ex_5": ounces,
    "ex_6": lambda g, n, k: (n * g + k) / (n + k),
}
WRONG = {
    "ex_1": [(0.5, 2, 2 / 9), (7 / 12, 2, 3 / 9), 0.5],
    "ex_2": [
        lambda counts, share: (
            np.sort(counts)[: max(1, int(share * len(counts)))].sum() / sum(counts)
        ),
        lambda counts, share: (
            np.sort(counts)[::-1][: int(share * len(counts))].sum() / sum(counts)
        ),
    ],
    "ex_3": [
        lambda lines: lines.duplicated(["household", "product"]).mean(),
        lambda lines: lines.drop_duplicates(["basket", "product"]).duplicated("product").mean(),
    ],
    "ex_4": [
        lambda stamps: (stamps - pd.Timedelta(hours=5)).dt.date,
        lambda stamps: stamps.dt.date,
    ],
    "ex_5": [lambda size: float(size.split()[0]) if size else float("nan"), lambda size: 16.0],
    "ex_6": [lambda g, n, k: g * n / (n + k), lambda g, n, k: g],
}

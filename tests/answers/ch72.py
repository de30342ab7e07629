"""Chapter 72: right answers to its exercises, and the mistakes that people make."""

from typing import Any


def day_comes_first(texts: list[str]) -> bool | None:
    pairs = [tuple(map(int, text.split("/")[:2])) for text in texts]
    day_first, month_first = (any(pair[side] > 12 for pair in pairs) for side in (0, 1))
    return day_first if day_first != month_first else None


def hidden(days: Any, baskets: Any, share: float) -> list[bool]:
    cut = sorted(days)[int((1 - share) * len(days))]
    late = {basket for day, basket in zip(days, baskets, strict=True) if day >= cut}
    return [basket in late for basket in baskets]


def lines_only(days: Any, baskets: Any, share: float) -> list[bool]:
    cut = sorted(days)[int((1 - share) * len(days))]
    return [day >= cut for day in days]


RIGHT = {
    "ex_1": (0.4, 0.8),
    "ex_2": {"EASE": "more", "SVD": "cannot tell", "Lift": "less", "Content": "cannot tell"},
    "ex_3": (2010, 8038),
    "ex_4": day_comes_first,
    "ex_5": hidden,
}
WRONG = {
    "ex_1": [(0.4, 0.2), (0.02, 0.8), (0.8, 0.4)],
    "ex_2": [
        {"EASE": "more", "SVD": "more", "Lift": "less", "Content": "more"},
        {"EASE": "more"},
    ],
    "ex_3": [(45, 90), (2010, 4020), (1000, 4000)],
    "ex_4": [lambda texts: True, lambda texts: int(texts[0].split("/")[0]) > 12],
    "ex_5": [lines_only, lambda days, baskets, share: [False] * 8 + [True] * 2],
}

"""Chapter 73: right answers to its exercises, and the mistakes that people make."""

import math
from typing import Any


def recall(ranked: Any, wanted: Any) -> float:
    wanted = set(wanted)
    return len(set(ranked) & wanted) / len(wanted) if wanted else float("nan")


def counts_twice(ranked: Any, wanted: Any) -> float:
    return len([item for item in ranked if item in wanted]) / len(wanted)


def counts_wanted_twice(ranked: Any, wanted: Any) -> float:
    return len(set(ranked) & set(wanted)) / len(wanted) if wanted else float("nan")


def no_queries_missing(ranked: Any, wanted: Any) -> float:
    return len(set(ranked) & set(wanted)) / len(set(wanted)) if wanted else 0.0


def mean_score(scores: Any) -> float:
    kept = [s for s in scores if not math.isnan(s)]
    return sum(kept) / len(kept)


def mean_of_successes(scores: Any) -> float:
    kept = [s for s in scores if s and not math.isnan(s)]
    return sum(kept) / len(kept)


def honest(learn: Any, ask: Any) -> bool:
    return bool(learn) and bool(ask) and max(learn) < min(ask)


def widest(expected: Any, impostors: Any) -> list[float]:
    return [min(abs(value - other) for other in impostors) / 2 for value in expected]


RIGHT = {
    "ex_1": (0.5, 0.5 * math.log2(3)),
    "ex_2": 215 / 256,
    "ex_3": recall,
    "ex_4": mean_score,
    "ex_5": honest,
    "ex_6": widest,
}
WRONG = {
    "ex_1": [(0.5 * math.log2(3), 0.5), (1 / math.log2(3), 1.0), (0.5, 0.5)],
    "ex_2": [0.5, 50 / 64, 175 / 256],
    "ex_3": [counts_twice, counts_wanted_twice, no_queries_missing],
    "ex_4": [mean_of_successes, lambda scores: sum(scores) / len(scores)],
    "ex_5": [
        lambda learn, ask: max(learn) <= min(ask),
        lambda learn, ask: learn[-1] < ask[0],
        lambda learn, ask: max(learn, default=0) < min(ask, default=99),
    ],
    "ex_6": [
        lambda expected, impostors: [2 * t for t in widest(expected, impostors)],
        lambda expected, impostors: [value / 2 for value in expected],
    ],
}  # fmt: skip

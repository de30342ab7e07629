"""Checkers of chapter 21: one function for each exercise, True when the answer is right."""

from typing import Any

import numpy as np

from helpers.check import close, exercise, say
from helpers.similarity import cosine, jaccard, tfidf

PRICE_ADDED = 0.092  # mean NDCG@20 on validation with the price as a seventh attribute


@exercise
def ex_1(answer: Any) -> bool:
    """The cosine of (2, 1, 1, 1) and a text of two words that shares one of them."""
    hint = "one word is shared, once in each; the lengths are the roots of 4 + 1 + 1 + 1 and of 2"
    return say(close(answer, 14**-0.5, 6e-4), hint)


@exercise
def ex_2(answer: Any) -> bool:
    """The divergence after adding one to every count."""
    hint = "both sums become 12; only macaroni (1/12, 2/12) and spaghetti (2/12, 1/12) differ"
    return say(close(answer, np.log(2) / 12, 6e-4), hint)


@exercise
def ex_3(answer: Any) -> bool:
    """A function that must agree with `tfidf` where words repeat inside a text."""
    X = np.array([[4, 0, 1], [1, 2, 0], [0, 3, 0], [2, 0, 0]])
    hint = "how many texts hold a word that one text holds four times: one, or four?"
    return say(close(answer(X), tfidf(X).toarray(), 1e-9), hint)


@exercise
def ex_4(answer: Any) -> bool:
    """A function (postings, query) -> sorted list of the products that hold every word."""
    postings = {"dry": [0, 1, 4], "pasta": [0, 1, 2, 3], "sauce": [2, 3]}
    wanted = {"dry pasta": [0, 1], "pasta sauce": [2, 3], "dry sauce": [], "dry spoon": []}
    wrong = [query for query, found in wanted.items() if list(answer(postings, query)) != found]
    return say(
        not wrong,
        f"the query {(wrong or [''])[0]!r} gives another list: keep the products "
        "that are in every word's list; an unknown word has an empty one",
    )


@exercise
def ex_5(answer: Any) -> bool:
    """Three rows on which cosine and Jaccard order the neighbours differently."""
    x, y, z = np.asarray(answer, dtype=float)[:, None]
    if min(np.min(x), np.min(y), np.min(z)) < 0:
        return say(False, "counts are never negative")
    ok = cosine(x, y) > cosine(x, z) and jaccard(x, y) < jaccard(x, z)
    return say(bool(ok), "let one word be very frequent in x and y, and let z share more words")


@exercise
def ex_6(answer: Any) -> bool:
    """The mean NDCG@20 on the validation weeks with price groups as a seventh attribute."""
    hint = "seven one-hot blocks; cold_valid, average=True, power=8; the mean, not the interval"
    return say(close(answer, PRICE_ADDED, 5e-4), hint)

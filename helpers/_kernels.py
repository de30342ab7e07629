"""Compiled inner loops of `similarity.top_k`; its plain numpy twin gives the same answers.

Two ideas make them fast.  A row of scores is cut into chunks of 64, and the largest of each chunk
is found first: the k-th best of a row is at least the k-th largest of those, so that only about k
chunks have to be opened.  The k best are a heap whose root is the worst of them.  Columns come in
rising order and only a strictly better score displaces the root, so among equal scores the lower
column stays.

The functions release the interpreter lock: Python threads run them side by side on other rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

CHUNK = 64


@njit(cache=True, nogil=True)
def sift(score: Any, column: Any, size: int) -> None:
    """Let the root sink until every parent is worse than its children."""
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= size:
            return
        other = child + 1
        if other < size and (
            score[other] < score[child]
            or (score[other] == score[child] and column[other] > column[child])
        ):
            child = other
        if score[child] > score[parent] or (
            score[child] == score[parent] and column[child] < column[parent]
        ):
            return
        score[parent], score[child] = score[child], score[parent]
        column[parent], column[child] = column[child], column[parent]
        parent = child


@njit(cache=True, nogil=True)
def best_first(score: Any, column: Any) -> None:
    """Turn the heap into a list, best first: move the worst to the end, again and again."""
    for last in range(len(score) - 1, 0, -1):
        score[0], score[last] = score[last], score[0]
        column[0], column[last] = column[last], column[0]
        sift(score, column, last)


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def largest(chunk: Any, size: int) -> Any:
    """The largest of the first numbers of a chunk.

    Told that no nan occurs, and given a size that is written in the code, it runs on vectors.
    """
    found = chunk[0]
    for j in range(size):
        found = max(found, chunk[j])
    return found


@njit(cache=True, nogil=True)
def bar(row: Any, largest_of: Any, score: Any, column: Any) -> Any:
    """Note the largest of each chunk; return the k-th of them, which k-th best cannot be below."""
    score[:] = -np.inf
    for chunk in range(len(largest_of)):
        rest = row[chunk * CHUNK :]
        value = largest(rest, CHUNK) if len(rest) >= CHUNK else largest(rest, len(rest))
        value = score.dtype.type(value)  # the sparse path sums in float64
        largest_of[chunk] = value
        if value > score[0]:
            score[0] = value
            sift(score, column, len(score))
    return score[0]


@njit(cache=True, nogil=True)
def select(row: Any, score: Any, column: Any, largest_of: Any) -> None:
    """Fill the heap with the best of one row; a chunk that cannot hold one stays closed."""
    column[:] = -1
    low = bar(row, largest_of, score, column)
    score[:] = -np.inf
    column[:] = -1
    for chunk in range(len(largest_of)):
        if largest_of[chunk] >= low and largest_of[chunk] > score[0]:
            for j in range(chunk * CHUNK, min(len(row), (chunk + 1) * CHUNK)):
                value = score.dtype.type(row[j])
                if value > score[0]:
                    score[0], column[0] = value, j
                    sift(score, column, len(score))


@njit(cache=True, nogil=True)
def chunks(row: Any) -> Any:
    """Room for one number a chunk."""
    return np.empty((row.shape[-1] + CHUNK - 1) // CHUNK, row.dtype)


@njit(cache=True, nogil=True)
def score_rows(scores: Any, indptr: Any, masked: Any, indices: Any, best: Any) -> int:
    """Best of each row of a ready block; slots that stay empty hold -1 and -infinity.

    Row r never returns its columns masked[indptr[r]:indptr[r + 1]].  The answer is the first row
    with a nan or +infinity, or -1.
    """
    row, largest_of = np.empty_like(scores[0]), chunks(scores)
    for r in range(len(scores)):
        fine = True
        for j in range(len(row)):
            row[j] = scores[r, j]
            fine &= row[j] < np.inf
        if not fine:
            return r
        for p in range(indptr[r], indptr[r + 1]):
            row[masked[p]] = -np.inf
        select(row, best[r], indices[r], largest_of)
        best_first(best[r], indices[r])
    return -1


@njit(cache=True, nogil=True)
def exact_dot(x: Any, y: Any) -> Any:
    """Dot product in float64 over eight lanes, in the order of `similarity.exact_dots`."""
    a = b = c = d = e = f = g = h = 0.0
    whole = len(x) // 8 * 8
    for j in range(0, whole, 8):
        a += np.float64(x[j]) * np.float64(y[j])
        b += np.float64(x[j + 1]) * np.float64(y[j + 1])
        c += np.float64(x[j + 2]) * np.float64(y[j + 2])
        d += np.float64(x[j + 3]) * np.float64(y[j + 3])
        e += np.float64(x[j + 4]) * np.float64(y[j + 4])
        f += np.float64(x[j + 5]) * np.float64(y[j + 5])
        g += np.float64(x[j + 6]) * np.float64(y[j + 6])
        h += np.float64(x[j + 7]) * np.float64(y[j + 7])
    lanes = np.array([a, b, c, d, e, f, g, h])
    for j in range(whole, len(x)):
        lanes[j - whole] += np.float64(x[j]) * np.float64(y[j])
    low = (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
    return np.float32(low + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7])))


@njit(cache=True, nogil=True)
def dense_rows(rough: Any, queries: Any, items: Any, slack: Any, indices: Any, best: Any) -> None:
    """Best of each row of float32 products, after those near the k-th are computed exactly."""
    largest_of = chunks(rough)
    for r in range(len(rough)):
        row, score, column = rough[r], best[r], indices[r]
        select(row, score, column, largest_of)
        floor = np.float64(score[0]) - slack[r]
        score[:] = -np.inf
        column[:] = -1
        for chunk in range(len(largest_of)):
            if largest_of[chunk] >= floor:
                for j in range(chunk * CHUNK, min(len(row), (chunk + 1) * CHUNK)):
                    if row[j] >= floor:
                        value = exact_dot(queries[r], items[j])
                        if value > score[0]:
                            score[0], column[0] = value, j
                            sift(score, column, len(score))
        best_first(score, column)


@njit(cache=True, nogil=True)
def sparse_rows(
    start: int,
    q_indptr: Any,
    q_indices: Any,
    q_data: Any,
    t_indptr: Any,
    t_indices: Any,
    t_data: Any,
    num_items: int,
    exclude_self: bool,
    indices: Any,
    best: Any,
) -> None:
    """Best of the products of sparse rows: Gustavson's row-by-row product, never stored whole.

    `t_*` is the csr of the transposed items.  One accumulator, as long as the catalogue, takes
    the sums of one query and is wiped after it.
    """
    total = np.zeros(num_items)
    largest_of = chunks(total)
    for r in range(len(best)):
        for p in range(q_indptr[start + r], q_indptr[start + r + 1]):
            weight, feature = np.float64(q_data[p]), q_indices[p]
            columns = t_indices[t_indptr[feature] : t_indptr[feature + 1]]
            values = t_data[t_indptr[feature] : t_indptr[feature + 1]]
            for t in range(len(columns)):
                total[np.uint32(columns[t])] += weight * values[t]  # unsigned: no check for < 0
        if exclude_self:
            total[start + r] = -np.inf
        select(total, best[r], indices[r], largest_of)
        best_first(best[r], indices[r])
        total[:] = 0.0

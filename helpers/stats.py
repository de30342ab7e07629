"""How sure we are of a mean: bootstrap intervals, paired differences, queries needed, seeds.

A metric gives one number per query; here they become a mean with an interval.  ``nan`` marks a
query that has no answer (no truth to find): it is skipped, and ``n`` tells how many were left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its interval; `n` is the number of values that were not ``nan``."""

    value: float
    low: float
    high: float
    n: int


def bootstrap(
    values: ArrayLike,
    groups: ArrayLike | None = None,
    n_boot: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Mean of the values with a percentile bootstrap interval.

    Queries of one household are alike, so they are no independent witnesses: `groups` holds the
    household of each value, and whole households are drawn with replacement.  The mean is always
    over values, so a household with many queries weighs more.

    Parameters
    ----------
    values : (n,) one number per query; ``nan`` is skipped.
    groups : (n,) label of the cluster of each value, or None when each value stands alone.
    n_boot : number of resamples.   seed : of the random generator.   level : of the interval.

    Raises
    ------
    ValueError : no value that is a number; infinite value; groups of another length.

    References
    ----------
    Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 13 (percentile
    interval); Davison & Hinkley (1997), section 3.8 (resampling whole clusters).

    Examples
    --------
    >>> bootstrap([2.0, 2.0, float("nan"), 2.0])
    Interval(value=2.0, low=2.0, high=2.0, n=3)
    >>> bootstrap([0.0, 1.0, 0.0, 1.0], groups=["ann", "ann", "bob", "bob"])
    Interval(value=0.5, low=0.5, high=0.5, n=4)
    """
    values = np.asarray(values, dtype=float)
    labels = np.arange(values.size) if groups is None else np.asarray(groups)
    check_values(values, labels)
    kept = ~np.isnan(values)
    group = np.unique(labels[kept], return_inverse=True)[1]
    totals, sizes = np.bincount(group, weights=values[kept]), np.bincount(group)
    rng, means = np.random.default_rng(seed), np.empty(n_boot)
    for b in range(n_boot):
        drawn = rng.integers(0, len(sizes), len(sizes))
        means[b] = totals[drawn].sum() / sizes[drawn].sum()
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(values[kept].mean()), float(low), float(high), int(kept.sum()))


def check_values(values: np.ndarray, labels: np.ndarray) -> None:
    """Raise ValueError unless there is one label per value and at least one finite value.

    >>> check_values(np.array([1.0, np.nan]), np.array([0, 0]))
    """
    if values.ndim != 1 or labels.shape != values.shape:
        raise ValueError(
            f"values {values.shape} and groups {labels.shape} must be two lists of one length: "
            "give the group of every value"
        )
    if np.isnan(values).all():
        raise ValueError("no values left: the list is empty or all nan (no query had any truth)")
    if np.isinf(values).any():
        place = int(np.flatnonzero(np.isinf(values))[0])
        raise ValueError(f"value {place} is infinite: mark a query without an answer by nan")


def t_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Mean of a handful of values with Student's interval: for folds, too few to resample.

    mean ± t * sd / sqrt(n), where t has n - 1 degrees of freedom.  Folds share most of their
    training data, so their scores are not independent, and the interval is approximate.

    Parameters
    ----------
    values : (n,) one score per fold, two or more.   level : of the interval.

    Raises
    ------
    ValueError : fewer than two values, or a value that is not a finite number.

    References
    ----------
    Student (1908), "The probable error of a mean"; Bengio & Grandvalet (2004), "No unbiased
    estimator of the variance of k-fold cross-validation", JMLR 5 (why it is approximate).

    Examples
    --------
    sd = 1, t = 4.303 for two degrees of freedom, 4.303 / sqrt(3) = 2.484:

    >>> interval = t_interval([1.0, 2.0, 3.0])
    >>> round(interval.low, 3), interval.value, round(interval.high, 3)
    (-0.484, 2.0, 4.484)
    """
    from scipy.stats import t

    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all():
        raise ValueError(f"t_interval needs two or more finite values, not {values}")
    half = t.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
    mean = values.mean()
    return Interval(float(mean), float(mean - half), float(mean + half), len(values))


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    groups: ArrayLike | None = None,
    n_boot: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Mean of ``a - b`` over the same queries, with its bootstrap interval.

    Hard queries are hard for both methods; taking the difference query by query removes that
    common part, so the interval is narrower than that of two separate means.

    Parameters
    ----------
    a, b : (n,) one number per query, in the same order; a query is skipped if either is ``nan``.
    groups, n_boot, seed, level : as in `bootstrap`.

    Raises
    ------
    ValueError : lists of different length, or as in `bootstrap`.

    References
    ----------
    Sakai (2006), "Evaluating evaluation metrics based on the bootstrap", SIGIR, section 3.

    Examples
    --------
    >>> paired_difference([0.5, 0.9, 0.1], [0.25, 0.65, -0.15])
    Interval(value=0.25, low=0.25, high=0.25, n=3)
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"a {a.shape} and b {b.shape} must hold the same queries, in one order")
    return bootstrap(a - b, groups, n_boot, seed, level)


def queries_needed(sd: float, difference: float, power: float = 0.8, level: float = 0.95) -> int:
    """Number of queries with which a paired test sees a difference of this size.

    n = ((z_level + z_power) * sd / difference) ** 2, rounded up: the normal approximation for
    independent queries.  With several queries a household, more are needed.

    Parameters
    ----------
    sd : standard deviation of the per-query differences (same unit as `difference`).
    difference : the mean difference worth seeing, not 0.
    power : chance to see it.   level : of the interval that must leave out zero.

    Raises
    ------
    ValueError : sd < 0, difference = 0, power or level outside (0, 1).

    References
    ----------
    Cohen (1988), *Statistical Power Analysis*, section 2.4; Webber, Moffat & Zobel (2008),
    "Statistical power in retrieval experimentation", CIKM, section 3.

    Examples
    --------
    (1.96 + 0.84) * 0.25 / 0.01 = 70.04, and 70.04 squared is 4905.5:

    >>> queries_needed(sd=0.25, difference=0.01)
    4906
    """
    if sd < 0 or difference == 0 or not (0 < power < 1 and 0 < level < 1):
        raise ValueError(
            f"sd={sd}, difference={difference}, power={power}, level={level}: sd must be >= 0, "
            "difference not 0, power and level between 0 and 1"
        )
    z = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    return max(1, math.ceil((z * sd / difference) ** 2))


def seed_spread(values: ArrayLike) -> tuple[float, float]:
    """Mean and standard deviation (n - 1 below) of one number over several seeds.

    Parameters
    ----------
    values : (n,) the same metric of the same model, one value per seed; at least two, no nan.

    Raises
    ------
    ValueError : fewer than two values, or a value that is not a number.

    Examples
    --------
    >>> seed_spread([0.10, 0.20, 0.30])
    (0.2, 0.1)
    """
    values = np.asarray(values, dtype=float)
    if values.size < 2 or not np.isfinite(values).all():
        raise ValueError(f"seed_spread needs two or more finite values, not {values}")
    return round(float(values.mean()), 12), round(float(values.std(ddof=1)), 12)

"""Intervals: known cases, coverage, clusters, bad input, speed and memory."""

import math
import time
import tracemalloc

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import norm
from scipy.stats import t as student

from helpers import stats


def test_bootstrap_is_close_to_scipy_and_to_the_normal_interval():
    values = np.random.default_rng(0).exponential(size=400)
    ours = stats.bootstrap(values, n_boot=4000)
    theirs = scipy_bootstrap(
        (values,), np.mean, n_resamples=4000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert abs(ours.low - theirs.low) < 0.05 * width
    assert abs(ours.high - theirs.high) < 0.05 * width
    half = 1.96 * values.std() / math.sqrt(400)
    assert abs((ours.high - ours.low) / 2 - half) < 0.08 * half
    assert ours.value == pytest.approx(values.mean()) and ours.n == 400


def test_interval_holds_the_truth_about_as_often_as_promised():
    rng = np.random.default_rng(0)
    household = np.repeat(np.arange(40), 5)
    held = alone = 0
    for trial in range(200):
        values = rng.normal(size=40)[household] + rng.normal(size=200) * 0.3
        clustered = stats.bootstrap(values, household, n_boot=300, seed=trial)
        naive = stats.bootstrap(values, n_boot=300, seed=trial)
        held += clustered.low <= 0 <= clustered.high
        alone += naive.low <= 0 <= naive.high
    assert held >= 178  # 190 expected of a 95 % interval, a little fewer with 40 clusters
    assert alone < 150  # pretending that all 200 values are independent is far too sure


def test_nan_is_skipped_and_counted():
    with_gaps = stats.bootstrap([1.0, np.nan, 3.0, np.nan], groups=["a", "b", "c", "c"])
    assert with_gaps == stats.bootstrap([1.0, 3.0], groups=["a", "c"])
    assert with_gaps.n == 2 and with_gaps.value == 2


def test_seed_decides_and_order_of_labels_does_not_matter():
    values = np.random.default_rng(0).random(50)
    assert stats.bootstrap(values, seed=3) == stats.bootstrap(values, seed=3)
    assert stats.bootstrap(values, seed=3) != stats.bootstrap(values, seed=4)
    by_number = stats.bootstrap(values, np.arange(50) // 5)
    by_name = stats.bootstrap(values, [f"household {i // 5:02d}" for i in range(50)])
    assert by_number == by_name


def test_wider_level_is_wider():
    values = np.random.default_rng(0).random(80)
    narrow, wide = stats.bootstrap(values, level=0.5), stats.bootstrap(values, level=0.99)
    assert wide.low < narrow.low < narrow.value < narrow.high < wide.high


def test_paired_difference_beats_two_separate_intervals():
    rng = np.random.default_rng(0)
    hardness = rng.normal(size=300)
    a, b = hardness + 0.1 + rng.normal(size=300) * 0.1, hardness + rng.normal(size=300) * 0.1
    paired = stats.paired_difference(a, b)
    assert paired.low > 0 and paired.high - paired.low < 0.05
    assert stats.bootstrap(a).low < stats.bootstrap(b).high
    flipped = stats.paired_difference(b, a)
    assert flipped.value == pytest.approx(-paired.value)
    assert stats.paired_difference([1, np.nan, 2], [1, 1, np.nan]).n == 1


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_nothing_left_is_an_error(values):
    with pytest.raises(ValueError, match="no values left"):
        stats.bootstrap(values)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="value 1 is infinite"):
        stats.bootstrap([1.0, np.inf])
    with pytest.raises(ValueError, match="one length"):
        stats.bootstrap([1.0, 2.0], groups=[1])
    with pytest.raises(ValueError, match="same queries"):
        stats.paired_difference([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="two or more"):
        stats.seed_spread([1.0])
    for bad in ({"sd": -1}, {"difference": 0}, {"power": 1.0}, {"level": 0}):
        with pytest.raises(ValueError, match="sd must be >= 0"):
            stats.queries_needed(**{"sd": 1.0, "difference": 0.1, **bad})


def test_queries_needed_gives_the_power_it_promises():
    n = stats.queries_needed(sd=0.3, difference=0.05)
    power = norm.cdf(0.05 * math.sqrt(n) / 0.3 - norm.ppf(0.975))
    assert 0.80 <= power < 0.805
    assert stats.queries_needed(0.3, -0.05) == n
    assert stats.queries_needed(0.3, 0.025) == pytest.approx(4 * n, abs=4)
    assert stats.queries_needed(0.0, 0.1) == 1


def test_seed_spread():
    mean, sd = stats.seed_spread([1.0, 2.0, 4.0])
    assert mean == pytest.approx(7 / 3) and sd == pytest.approx(np.std([1, 2, 4], ddof=1))


def test_fast_and_small():
    values = np.random.default_rng(0).random(5000)
    start = time.process_time()
    stats.bootstrap(values)
    seconds = time.process_time() - start
    tracemalloc.start()
    stats.bootstrap(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 1.5  # 0.2 on a quiet machine
    assert peak < 3e6


def test_t_interval_is_scipys_and_wider_than_the_bootstrap():
    values = np.random.default_rng(0).normal(size=5)
    interval = stats.t_interval(values)
    low, high = student.interval(0.95, 4, values.mean(), values.std(ddof=1) / math.sqrt(5))
    assert (interval.low, interval.high) == (pytest.approx(low), pytest.approx(high))
    resampled = stats.bootstrap(values)
    assert interval.low < resampled.low and interval.high > resampled.high


def test_t_interval_covers_as_promised_where_the_bootstrap_of_five_does_not():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(400, 5))
    held = [i.low <= 0 <= i.high for i in map(stats.t_interval, samples)]
    short = [i.low <= 0 <= i.high for i in (stats.bootstrap(x, n_boot=200) for x in samples)]
    assert np.mean(held) > 0.93 and np.mean(short) < 0.88


@pytest.mark.parametrize("values", [[], [1.0], [1.0, float("nan")], [1.0, float("inf")]])
def test_t_interval_refuses(values):
    with pytest.raises(ValueError, match="two or more finite"):
        stats.t_interval(values)

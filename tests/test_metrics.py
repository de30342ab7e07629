"""Metrics against hand counts, trec_eval, ranx, scikit-learn and every permutation."""

import itertools
import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from helpers import metrics

RANKED = {
    "P_{k}": metrics.precision_at_k,
    "recall_{k}": metrics.recall_at_k,
    "success_{k}": metrics.hit_rate_at_k,
    "ndcg_cut_{k}": metrics.ndcg_at_k,
    "map_cut_{k}": metrics.average_precision,
}
ALL = [*RANKED.values(), metrics.reciprocal_rank]


def rankings(num_queries, num_items, length, seed, graded=True):
    """Random lists of distinct items, some short, and random truth with at least one item."""
    rng = np.random.default_rng(seed)
    ranked = rng.random((num_queries, num_items)).argsort(axis=1)[:, :length]
    ranked[np.arange(length) >= rng.integers(0, length + 1, num_queries)[:, None]] = -1
    gains = rng.integers(1, 5 if graded else 2, (num_queries, num_items))
    truth = gains * (rng.random(gains.shape) < rng.random((num_queries, 1)) * 0.5)
    truth[np.arange(num_queries), rng.integers(0, num_items, num_queries)] = 1
    return ranked, sparse.csr_array(truth.astype(float))


def as_trec(ranked, truth):
    """Dictionaries for trec_eval, scores strictly falling so that it has no ties to break."""
    run = {
        str(q): {str(i): float(len(row) - p) for p, i in enumerate(row) if i >= 0}
        for q, row in enumerate(ranked)
    }
    qrel = {
        str(q): {str(i): int(g) for i, g in zip(truth[[q]].indices, truth[[q]].data, strict=True)}
        for q in range(truth.shape[0])
    }
    return qrel, run


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("k", [1, 5, 20, 40])
def test_equals_trec_eval_on_thousands_of_rankings(seed, k):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    ranked, truth = rankings(1000, 60, 30, seed)
    qrel, run = as_trec(ranked, truth)
    names = {name.format(k=k) for name in RANKED} | {"recip_rank", "map"}
    found = pytrec_eval.RelevanceEvaluator(qrel, names).evaluate(run)
    ours = {name.format(k=k): function(ranked, truth, k) for name, function in RANKED.items()}
    ours["recip_rank"] = metrics.reciprocal_rank(ranked, truth)
    ours["map"] = metrics.average_precision(ranked, truth)
    queries = [q for q in range(1000) if ranked[q, 0] >= 0]  # trec_eval skips empty lists
    for name, values in ours.items():
        theirs = np.array([found[str(q)][name] for q in queries])
        np.testing.assert_allclose(values[queries], theirs, rtol=0, atol=1e-12, err_msg=name)


@pytest.mark.filterwarnings("ignore:unsafe cast")
def test_equals_ranx():
    ranx = pytest.importorskip("ranx")
    ranked, truth = rankings(300, 40, 25, seed=4)
    ranked[:, 0] = np.where(ranked[:, 0] < 0, 0, ranked[:, 0])
    qrel, run = as_trec(ranked, truth)
    names = ["ndcg@10", "map@10"]  # ranx compiles every metric anew: the others cost minutes
    ours = [metrics.ndcg_at_k, metrics.average_precision]
    theirs = ranx.evaluate(ranx.Qrels(qrel), ranx.Run(run), names, return_mean=False)
    order = [int(q) for q in sorted(qrel)]  # ranx sorts the queries by name
    for name, function in zip(names, ours, strict=True):
        values = function(ranked, truth, 10)[order]
        np.testing.assert_allclose(values, theirs[name], rtol=0, atol=1e-9, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_range_perfection_and_renaming(seed, k):
    rng = np.random.default_rng(seed)
    ranked, truth = rankings(6, 10, 8, seed, graded=seed % 2 == 0)
    best = np.argsort(-truth.toarray(), axis=1, kind="stable")
    new_name, shuffle = rng.permutation(10), rng.permutation(6)
    renamed = np.where(ranked >= 0, new_name[ranked], -1)[shuffle]
    truth_renamed = truth[:, np.argsort(new_name)][shuffle]
    for function in ALL:
        values = function(ranked, truth, k)
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()
        assert (function(best, truth, k) >= values - 1e-12).all()
        again = function(renamed, truth_renamed, k)
        np.testing.assert_allclose(again, values[shuffle], atol=1e-12)
    assert np.allclose(metrics.ndcg_at_k(best, truth, k), 1)
    assert np.allclose(metrics.recall_at_k(best, truth, k, capped=True), 1)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_what_stands_below_k_changes_nothing(seed, k):
    ranked, truth = rankings(5, 12, 9, seed)
    for function in ALL:
        np.testing.assert_array_equal(
            function(ranked, truth, k), function(ranked[:, :k], truth, k)
        )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 7))
def test_moving_a_hit_up_never_hurts(seed, place):
    ranked, truth = rankings(1, 12, 9, seed)
    gains = metrics.gains_at_k(ranked, truth)[0][0]
    if gains[place + 1] > gains[place]:
        better = ranked.copy()
        better[0, [place, place + 1]] = ranked[0, [place + 1, place]]
        for function in ALL:
            assert function(better, truth, 9)[0] >= function(ranked, truth, 9)[0] - 1e-12


def test_empty_truth_gives_nan_and_short_lists_are_punished():
    ranked = [[0, -1, -1], [1, 2, -1]]
    truth = sparse.csr_array([[1.0, 0, 0], [0, 0, 0]])
    for function in ALL:
        values = function(ranked, truth, 5)
        assert np.isnan(values[1]) and values[0] > 0
    assert metrics.precision_at_k(ranked, truth, 5)[0] == 0.2
    assert metrics.reciprocal_rank(np.empty((2, 0), int), truth)[0] == 0
    assert metrics.recall_at_k(ranked, sparse.csr_array((2, 3)), 1).shape == (2,)


def test_explicit_zeros_and_repeated_entries_of_the_truth():
    truth = sparse.csr_array(([1.0, 0.0, 2.0], ([0, 0, 0], [2, 1, 2])), shape=(1, 3))
    assert metrics.recall_at_k([[1]], truth, 1)[0] == 0
    assert metrics.ndcg_at_k([[2]], truth, 1)[0] == 1


@pytest.mark.parametrize(
    ("ranked", "truth", "k", "message"),
    [
        ([[0]], [[1.0]], 0, "k >= 1"),
        ([[0, 0]], [[1.0, 0]], 2, "query 0 ranks an item twice"),
        ([[5]], [[1.0, 0]], 1, "same catalogue"),
        ([[-2]], [[1.0, 0]], 1, "same catalogue"),
        ([[0.0]], [[1.0]], 1, "whole numbers"),
        ([[0], [0]], [[1.0]], 1, "one row for each"),
        ([[0]], [[-1.0]], 1, "gains must be > 0"),
        ([[0]], [[np.nan]], 1, "gains must be > 0"),
    ],
)
def test_bad_input_is_named(ranked, truth, k, message):
    for function in ALL:
        with pytest.raises(ValueError, match=message):
            function(ranked, sparse.csr_array(truth), k)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=1))
def test_classification_equals_scikit_learn(rows):
    y, yhat, score = (np.array(column) for column in zip(*rows, strict=True))
    assert metrics.accuracy(y, yhat) == pytest.approx(sklearn.metrics.accuracy_score(y, yhat))
    for ours, theirs in (
        (metrics.precision, sklearn.metrics.precision_score),
        (metrics.recall, sklearn.metrics.recall_score),
        (metrics.f1_score, sklearn.metrics.f1_score),
    ):
        assert ours(y, yhat) == pytest.approx(theirs(y, yhat, zero_division=0))
    if y.any() and not y.all():
        assert metrics.roc_auc(y, score) == pytest.approx(sklearn.metrics.roc_auc_score(y, score))
    assert metrics.mae(score, y) == pytest.approx(sklearn.metrics.mean_absolute_error(score, y))
    rmse = sklearn.metrics.root_mean_squared_error(score, y)
    assert metrics.rmse(score, y) == pytest.approx(rmse)


def test_classification_refuses_what_it_cannot_answer():
    with pytest.raises(ValueError, match="both classes"):
        metrics.roc_auc([1, 1], [0.5, 0.2])
    with pytest.raises(ValueError, match="no nan"):
        metrics.roc_auc([1, 0], [0.5, np.nan])
    for function in (metrics.accuracy, metrics.f1_score, metrics.mae, metrics.rmse):
        with pytest.raises(ValueError, match="one guess for each"):
            function([1, 0], [1])
        with pytest.raises(ValueError, match="at least one"):
            function([], [])


def test_coverage_novelty_and_gini():
    assert metrics.coverage([[0, 1], [1, -1]], 4) == 0.5
    assert metrics.coverage(np.full((2, 2), -1), 4) == 0
    with pytest.raises(ValueError, match="num_items=1"):
        metrics.coverage([[0, 1]], 1)
    assert np.isnan(metrics.novelty([[-1, -1]], [1, 1])[0])
    assert np.isfinite(metrics.novelty([[0]], [0, 5])).all()
    with pytest.raises(ValueError, match="popularity"):
        metrics.novelty([[0]], [0, 0])
    with pytest.raises(ValueError, match="counts"):
        metrics.gini([1, -1])
    counts = np.random.default_rng(0).integers(0, 50, 30)
    differences = np.abs(counts[:, None] - counts).mean() / (2 * counts.mean())
    assert metrics.gini(counts) == pytest.approx(differences)
    assert metrics.gini(counts * 7) == pytest.approx(metrics.gini(counts))


CHANCE = {
    "precision@k": metrics.precision_at_k,
    "recall@k": metrics.recall_at_k,
    "hr@k": metrics.hit_rate_at_k,
    "mrr": metrics.reciprocal_rank,
    "ndcg@k": metrics.ndcg_at_k,
    "ap": metrics.average_precision,
}


@pytest.mark.parametrize("num_items", [1, 2, 4, 6])
def test_chance_equals_the_mean_over_every_permutation(num_items):
    orders = np.array(list(itertools.permutations(range(num_items))))
    for relevant in range(1, num_items + 1):
        row = [1.0] * relevant + [0.0] * (num_items - relevant)
        truth = sparse.csr_array(np.tile(row, (len(orders), 1)))
        for k in (1, 2, num_items, num_items + 2):
            for name, function in CHANCE.items():
                expected = metrics.expected_at_random(name, relevant, num_items, k)
                assert expected == pytest.approx(function(orders, truth, k).mean(), abs=1e-12)


def test_chance_at_the_size_of_the_catalogue_by_simulation():
    rng, num_items, k = np.random.default_rng(0), 500, 10
    relevant = np.repeat([1, 7, 120], 3000)
    truth = sparse.csr_array((np.arange(num_items) < relevant[:, None]).astype(float))
    ranked = rng.random((len(relevant), num_items)).argsort(axis=1)
    for name, function in CHANCE.items():
        values = function(ranked[:, :k], truth, k)
        expected = metrics.expected_at_random(name, relevant, num_items, k)
        for size in (1, 7, 120):
            part = relevant == size
            noise = values[part].std() / math.sqrt(part.sum())
            assert abs(values[part].mean() - expected[part][0]) < 4.5 * noise + 1e-12


def test_chance_bad_input_and_empty_truth():
    assert np.isnan(metrics.expected_at_random("ap", [0, 1], 5, 2)[0])
    with pytest.raises(ValueError, match="unknown metric 'map'"):
        metrics.expected_at_random("map", 1, 5, 2)
    with pytest.raises(ValueError, match="k=0"):
        metrics.expected_at_random("ap", 1, 5, 0)
    with pytest.raises(ValueError, match="5 items"):
        metrics.expected_at_random("ap", 6, 5, 1)

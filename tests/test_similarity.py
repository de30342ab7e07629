"""Similarities against scikit-learn and scipy, properties, and the exactness of top_k."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from scipy.spatial.distance import cdist
from scipy.stats import entropy
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import pairwise

from helpers import similarity

COUNTS = arrays(np.int64, (5, 7), elements=st.integers(0, 4))
NUMBERS = arrays(np.float64, (5, 4), elements=st.integers(-50, 50).map(float))
DISTANCES = [similarity.euclidean, similarity.manhattan]
LIKENESSES = [similarity.cosine, similarity.jaccard, similarity.dice, similarity.pearson]
DIVERGENCES = [similarity.kl_divergence, similarity.js_divergence]


@pytest.fixture(params=["compiled", "plain"])
def path(request, monkeypatch):
    """Run a test twice: with the kernels, however small the input, and with numpy alone."""
    monkeypatch.setattr(similarity, "SMALL", 0)
    monkeypatch.setenv("ALIKE_NO_NUMBA", "1" if request.param == "plain" else "0")
    return request.param


def random_counts(shape, seed=0, density=0.4):
    rng = np.random.default_rng(seed)
    return rng.integers(1, 9, shape) * (rng.random(shape) < density)


# ---------------------------------------------------------------- likenesses and distances


@settings(max_examples=50, deadline=None)
@given(COUNTS, COUNTS)
def test_equal_scikit_learn_and_scipy(X, Y):
    close = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(similarity.cosine(X, Y), pairwise.cosine_similarity(X, Y), **close)
    np.testing.assert_allclose(similarity.euclidean(X, Y), cdist(X, Y), **close)
    np.testing.assert_allclose(similarity.manhattan(X, Y), cdist(X, Y, "cityblock"), **close)
    some = (X.any(axis=1)[:, None] | Y.any(axis=1)).astype(bool)  # scipy: two empty rows are equal
    by_scipy = 1 - cdist(X != 0, Y != 0, "jaccard")
    np.testing.assert_allclose(similarity.jaccard(X, Y)[some], by_scipy[some], **close)
    assert (similarity.jaccard(X, Y)[~some] == 0).all()
    X, Y = X + 1, Y + 1
    kl = [[entropy(x, y) for y in Y] for x in X]
    np.testing.assert_allclose(similarity.kl_divergence(X, Y), kl, **close)
    P, Q = similarity.distributions(X), similarity.distributions(Y)
    with np.errstate(invalid="ignore"):
        js = np.nan_to_num(cdist(P, Q, "jensenshannon")) ** 2
    np.testing.assert_allclose(similarity.js_divergence(X, Y), js, **close)


def test_pearson_equals_numpy_and_dice_its_identity():
    X = random_counts((8, 12), density=0.7)
    np.testing.assert_allclose(similarity.pearson(X), np.corrcoef(X), atol=1e-12)
    J = similarity.jaccard(X)
    np.testing.assert_allclose(similarity.dice(X), 2 * J / (1 + J), atol=1e-12)
    assert similarity.pearson([[0.1, 0.1, 0.1]], [[1, 2, 3]]) == 0


@pytest.mark.parametrize("function", LIKENESSES + DISTANCES + DIVERGENCES)
@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.coo_array])
def test_sparse_mixed_and_dense_agree(function, kind):
    X, Y = random_counts((6, 9), 1), random_counts((4, 9), 2)
    X[:, 0] = Y[:, 0] = 1
    expected = function(X, Y)
    assert isinstance(expected, np.ndarray) and expected.shape == (6, 4)
    for left, right in ((kind(X), kind(Y)), (kind(X), Y), (X, kind(Y))):
        np.testing.assert_allclose(function(left, right), expected, atol=1e-12)
    np.testing.assert_array_equal(function(kind(X)), function(kind(X), kind(X)))


@settings(max_examples=50, deadline=None)
@given(COUNTS, st.integers(0, 2**31), st.sampled_from([2.0, 0.125, 8.0]))
def test_symmetry_range_renaming_and_scale(X, seed, scale):
    columns = np.random.default_rng(seed).permutation(7)
    for function in LIKENESSES:
        S = function(X)
        np.testing.assert_allclose(S, S.T, atol=1e-12)
        assert S.min() >= -1 - 1e-12 and S.max() <= 1 + 1e-12
        np.testing.assert_allclose(function(X[:, columns]), S, atol=1e-12)
        np.testing.assert_allclose(function(X * scale), S, atol=1e-12)
    J, empty = similarity.jaccard(X), ~X.any(axis=1)
    assert (J[empty] == 0).all() and (similarity.cosine(X)[empty] == 0).all()
    D = 1 - J[~empty][:, ~empty]
    assert (D[:, :, None] + D[None, :, :] >= D[:, None, :] - 1e-12).all()  # triangle inequality


@settings(max_examples=50, deadline=None)
@given(NUMBERS)
def test_distances_are_distances(X):
    for function in DISTANCES:
        D = function(X)
        assert (np.diag(D) == 0).all() and (D >= 0).all()
        np.testing.assert_array_equal(D, D.T)
        assert (D[:, :, None] + D[None, :, :] >= D[:, None, :] - 1e-9).all()


@settings(max_examples=50, deadline=None)
@given(COUNTS)
def test_divergences(X):
    X[:, 0] += 1
    js = similarity.js_divergence(X)
    np.testing.assert_array_equal(js, js.T)
    assert (np.diag(js) == 0).all() and js.min() >= 0 and js.max() <= np.log(2)
    kl = similarity.kl_divergence(X)
    assert kl.min() >= -1e-12 and not np.isnan(kl).any()
    missing = ((X[:, None] > 0) & (X[None] == 0)).any(axis=2)
    np.testing.assert_array_equal(np.isinf(kl), missing)


# ---------------------------------------------------------------- counts and weights


def test_counts_of_pairs_and_what_is_made_of_them():
    X = random_counts((40, 9), 3)
    held = X > 0
    C = similarity.cooccurrence(sparse.csr_array(X))
    assert isinstance(C, sparse.csr_array)
    np.testing.assert_array_equal(C.toarray(), held.T.astype(int) @ held)
    P = similarity.conditional_probability(C).toarray()
    L, M = similarity.lift(C, 40), similarity.pmi(C, 40)
    for i in range(9):
        for j in range(9):
            both = (held[:, i] & held[:, j]).mean()
            assert P[i, j] == pytest.approx(both / held[:, i].mean())
            chance = both / (held[:, i].mean() * held[:, j].mean())
            assert L[i, j] == pytest.approx(chance)
            assert both == 0 or M[i, j] == pytest.approx(np.log(chance))


def test_shrinkage_pulls_towards_one_and_rare_pairs_most():
    C = similarity.cooccurrence(random_counts((200, 12), 4, density=0.1))
    raw, calm = similarity.lift(C, 200), similarity.lift(C, 200, shrinkage=5)
    np.testing.assert_array_equal(np.sign(raw.data - 1), np.sign(calm.data - 1))
    assert (np.abs(calm.data - 1) <= np.abs(raw.data - 1) + 1e-12).all()
    assert np.allclose(similarity.lift(C, 200, shrinkage=1e12).data, 1)
    with pytest.raises(ValueError, match="shrinkage must be >= 0"):
        similarity.lift(C, 200, shrinkage=-1)
    with pytest.raises(ValueError, match="num_baskets at least"):
        similarity.pmi(C, 3)


def test_an_item_nobody_bought_has_no_probability():
    C = similarity.cooccurrence([[1, 0], [1, 0]])
    assert similarity.conditional_probability(C).toarray().tolist() == [[1, 0], [0, 0]]
    assert similarity.lift(C, 2).toarray().tolist() == [[1, 0], [0, 0]]


def test_tfidf_equals_scikit_learn():
    X = sparse.csr_array(random_counts((20, 15), 5))
    theirs = TfidfTransformer(norm=None).fit_transform(X).toarray()
    ours = similarity.tfidf(X)
    assert sparse.issparse(ours)
    np.testing.assert_allclose(ours.toarray(), theirs, atol=1e-12)


def test_bm25_equals_the_formula_term_by_term():
    X = random_counts((20, 15), 6)
    ours, mean_length = similarity.bm25(X, k1=1.5, b=0.6).toarray(), X.sum() / 20
    for i, document in enumerate(X):
        for j, count in enumerate(document):
            holders = sum(1 for other in X if other[j] > 0)
            idf = np.log(1 + (20 - holders + 0.5) / (holders + 0.5))
            penalty = 1.5 * (1 - 0.6 + 0.6 * document.sum() / mean_length)
            assert ours[i, j] == pytest.approx(idf * count / (count + penalty))
    assert similarity.bm25(np.zeros((2, 3))).nnz == 0
    for bad in ({"k1": -1}, {"b": 1.5}):
        with pytest.raises(ValueError, match="k1 must be >= 0 and b between"):
            similarity.bm25(X, **bad)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_name_the_row(kind, bad):
    X = np.ones((4, 3))
    X[2, 1] = bad
    for function in [*LIKENESSES, *DISTANCES, *DIVERGENCES, similarity.normalize_rows]:
        with pytest.raises(ValueError, match="row 2 holds nan or infinity"):
            function(kind(X))
    for function in (similarity.cooccurrence, similarity.tfidf, similarity.bm25):
        with pytest.raises(ValueError, match="row 2 holds nan or infinity"):
            function(kind(X))
    with pytest.raises(ValueError, match="row 2 holds nan or infinity"):
        similarity.top_k(kind(X), kind(np.ones((4, 3))), 1)
    with pytest.raises(ValueError, match="row 2 holds nan or infinity"):
        similarity.top_k(kind(np.ones((4, 3))), kind(X), 1)


def test_large_finite_numbers_are_not_called_infinite():
    X = np.full((2, 3), 3e38, np.float32)
    assert similarity.as_rows(X) is X
    with pytest.raises(ValueError, match="overflow float32"):
        similarity.top_k(X, X, 1)


def test_shapes_and_signs():
    for function in [*LIKENESSES, *DISTANCES, *DIVERGENCES]:
        with pytest.raises(ValueError, match="rows of 3 and of 2 columns"):
            function(np.ones((2, 3)), np.ones((2, 2)))
        with pytest.raises(ValueError, match="add an axis"):
            function(np.ones(3))
        assert function(np.ones((0, 3)), np.ones((2, 3))).shape == (0, 2)
    for function in DIVERGENCES:
        with pytest.raises(ValueError, match="row 1 is no distribution"):
            function([[1, 1], [0, 0]])
        with pytest.raises(ValueError, match="row 0 is no distribution"):
            function([[2, -1], [0, 1]])
    for function in (similarity.tfidf, similarity.bm25):
        with pytest.raises(ValueError, match="row 1 holds a negative count"):
            function([[1, 1], [0, -1]])


# ---------------------------------------------------------------- top_k


def by_sorting(scores, k):
    """The slow truth: a stable sort of scores rounded to float32, lower column first."""
    scores = scores.astype(np.float32)
    columns = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return columns, np.take_along_axis(scores, columns, axis=1)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 150),
    st.integers(1, 20),
    st.sampled_from(["whole", "gaussian"]),
    st.booleans(),
)
def test_top_k_equals_sorting_with_and_without_kernels(seed, num_items, d, kind, is_sparse):
    rng = np.random.default_rng(seed)
    X, Q = rng.integers(-1, 2, (num_items, d)), rng.integers(-1, 2, (7, d))  # many ties
    if kind == "gaussian":
        X, Q = rng.standard_normal((num_items, d)), rng.standard_normal((7, d))
        X[rng.integers(0, num_items, 5)] = X[0]
    X, Q = X.astype(np.float32), Q.astype(np.float32)
    k = int(rng.integers(1, num_items + 1))
    columns, scores = by_sorting(Q.astype(float) @ X.T.astype(float), k)
    answers = []
    for small, memory in ((0, 64), (0, 1e-9), (10**18, 64), (10**18, 1e-9)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(similarity, "SMALL", small)
            both = (sparse.csr_array(Q), sparse.csr_array(X)) if is_sparse else (Q, X)
            answers.append(similarity.top_k(*both, k, memory_mb=memory))
    for found in answers:  # the same bits: compiled, plain, in one block, row by row
        np.testing.assert_array_equal(found[0], answers[0][0])
        np.testing.assert_array_equal(found[1], answers[0][1])
    np.testing.assert_allclose(answers[0][1], scores, atol=1e-6)
    if kind == "whole":
        np.testing.assert_array_equal(answers[0][0], columns)
    else:
        again = (Q.astype(float) @ X.T.astype(float))[np.arange(7)[:, None], answers[0][0]]
        np.testing.assert_allclose(again, scores, atol=1e-6)


def test_block_size_never_changes_a_result(path):
    rng = np.random.default_rng(0)
    X = similarity.normalize_rows(rng.standard_normal((3000, 96))).astype(np.float32)
    X[100:400] = X[:300]
    expected = similarity.top_k(X[:200], X, 20)
    for memory in (0.001, 0.3, 1.7, 500):
        found = similarity.top_k(X[:200], X, 20, memory_mb=memory)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    for rows in (1, 3, 50):  # a query does not depend on its company
        found = similarity.top_k(X[:rows], X, 20)
        np.testing.assert_array_equal(found[0], expected[0][:rows])
        np.testing.assert_array_equal(found[1], expected[1][:rows])


def test_nearly_equal_scores_are_told_apart_as_exactly_as_float32_can(path):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(384).astype(np.float32)
    X = np.tile(x, (500, 1))
    X[:, 7] += rng.standard_normal(500).astype(np.float32) * 1e-5
    columns, scores = by_sorting(x.astype(float)[None] @ X.T.astype(float), 50)
    found = similarity.top_k(x[None], X, 50)
    np.testing.assert_array_equal(found[0], columns)
    np.testing.assert_array_equal(found[1], scores)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_exclude_self_all_equal_and_empty(path, kind):
    X = kind(np.ones((70, 3), np.float32))
    found, scores = similarity.top_k(X, X, 69, exclude_self=True)
    others = [[j for j in range(70) if j != i] for i in range(70)]
    np.testing.assert_array_equal(found, others)
    assert (scores == 3).all()
    zero = kind(np.zeros((1, 3), np.float32))
    assert similarity.top_k(zero, X, 2)[0].tolist() == [[0, 1]]
    found, scores = similarity.top_k(kind(np.zeros((0, 3))), X, 2)
    assert found.shape == scores.shape == (0, 2)
    assert found.dtype == np.int64 and scores.dtype == np.float32


def test_k_and_company(path):
    X = np.eye(4)
    for k, message in ((0, "k >= 1"), (-3, "k >= 1"), (5, "larger than the 4 items")):
        with pytest.raises(ValueError, match=message):
            similarity.top_k(X, X, k)
        with pytest.raises(ValueError, match=message):
            similarity.top_k_scores(X, k)
    with pytest.raises(ValueError, match="larger than the 3 items"):
        similarity.top_k(X, X, 4, exclude_self=True)
    with pytest.raises(ValueError, match="needs the items as queries"):
        similarity.top_k(X[:2], X, 1, exclude_self=True)
    with pytest.raises(ValueError, match="rows of 4 and of 3 columns"):
        similarity.top_k(X, np.eye(3), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_top_k_scores(path, dtype):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 5, (40, 130)).astype(dtype)
    scores[0] = -np.inf
    mask = sparse.csr_array(rng.random((40, 130)) < 0.9)
    before = scores.copy()
    found, best = similarity.top_k_scores(scores, 30, exclude=mask)
    np.testing.assert_array_equal(scores, before)
    assert best.dtype == dtype
    hidden = np.where(mask.toarray(), -np.inf, scores)
    columns, values = by_sorting(hidden, 30)
    np.testing.assert_array_equal(best, values)
    np.testing.assert_array_equal(found, np.where(np.isneginf(values), -1, columns))
    assert (found[0] == -1).all()
    for bad in (np.nan, np.inf):
        scores[7, 3] = bad
        with pytest.raises(ValueError, match="row 7 of scores holds nan"):
            similarity.top_k_scores(scores, 3)
    with pytest.raises(ValueError, match="of the same shape"):
        similarity.top_k_scores(before, 3, exclude=mask[:3])


@pytest.mark.parametrize("is_sparse", [False, True])
def test_memory_is_bounded(path, is_sparse):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((4000, 16)).astype(np.float32)
    rows = sparse.csr_array(X * (X > 0.5)) if is_sparse else X
    similarity.top_k(rows[:300], rows, 5)  # compile and load first
    tracemalloc.start()
    similarity.top_k(rows, rows, 5, memory_mb=6)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert peak < 6 + 3  # the answer, float32 copies and norms; all scores at once would be 64


def test_importing_loads_neither_numba_nor_pandas_nor_torch():
    code = (
        "import sys, helpers.similarity, helpers.metrics, helpers.stats;"
        "print([m for m in ('numba', 'pandas', 'torch', 'tensorflow') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_callers_mask_and_scores_are_left_alone():
    mask = sparse.csr_array((np.array([0.0, 1.0]), ([0, 0], [0, 1])), shape=(1, 3))
    scores = np.array([[3.0, 2.0, 1.0]])
    found, _ = similarity.top_k_scores(scores, 3, exclude=mask)
    assert found.tolist() == [[0, 2, -1]]
    assert mask.nnz == 2
    assert scores.tolist() == [[3.0, 2.0, 1.0]]

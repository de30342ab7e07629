"""The factor and linear models equal their closed forms, and their libraries."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from helpers.data import Interactions
from helpers.models import factors


def table(seed: int = 0, shape: tuple[int, int] = (60, 25), share: float = 0.3) -> Any:
    drawn = np.random.default_rng(seed).random(shape) < share
    return drawn.astype(float)


def log_of(X: Any) -> Interactions:
    return Interactions(
        sparse.csr_array(X, dtype=np.float32),
        np.arange(X.shape[0]),
        np.arange(X.shape[1]),
        pd.DataFrame(),
    )


def test_svd_equals_lapack_and_errs_as_eckart_and_young_say():
    X = table()
    U, s, Vt = factors.truncated_svd(X, 6, sweeps=200)
    exact = np.linalg.svd(X, compute_uv=False)
    np.testing.assert_allclose(s, exact[:6])
    np.testing.assert_allclose(((X - U * s @ Vt) ** 2).sum(), (exact[6:] ** 2).sum())


def test_svd_completes_a_household_as_it_scores_it():
    X = table()
    model = factors.SVD(5, power=0.5).fit(log_of(X))
    np.testing.assert_allclose(
        model.complete(sparse.csr_array(X, dtype=np.float32)),
        model.scores(np.arange(60)),
        atol=1e-5,
    )


@pytest.mark.parametrize("weight", [1.0, 4.0])
def test_als_step_is_a_weighted_ridge_regression(weight):
    X, Y = table(), np.random.default_rng(1).normal(size=(25, 3))
    found = factors.als_step(sparse.csr_array(X), Y, weight, 0.5)
    for u in range(60):
        W = np.diag(np.where(X[u] > 0, weight, 1.0))
        right = np.linalg.solve(Y.T @ W @ Y + 0.5 * np.eye(3), Y.T @ W @ X[u])
        np.testing.assert_allclose(found[u], right, atol=1e-10)


def test_als_lowers_its_loss_with_each_half_step():
    X, rng = sparse.csr_array(table()), np.random.default_rng(0)
    W = np.where(X.toarray() > 0, 3.0, 1.0)
    P, Q = rng.normal(size=(60, 4)), rng.normal(size=(25, 4))

    def loss() -> float:
        squares = (W * (X.toarray() - P @ Q.T) ** 2).sum()
        return float(squares + 2.0 * ((P**2).sum() + (Q**2).sum()))

    losses = [loss()]
    for _ in range(5):
        P = factors.als_step(X, Q, 3.0, 2.0)
        losses.append(loss())
        Q = factors.als_step(sparse.csr_array(X.T), P, 3.0, 2.0)
        losses.append(loss())
    assert np.all(np.diff(losses) < 1e-9)


@pytest.mark.filterwarnings("ignore")
def test_als_step_equals_implicit():
    als = pytest.importorskip("implicit.als")
    X = sparse.csr_matrix(table(shape=(80, 40)), dtype=np.float32)
    model = als.AlternatingLeastSquares(
        8, alpha=5.0, regularization=3.0, iterations=2, use_cg=False, num_threads=1, random_state=0
    )
    model.fit(X, show_progress=False)
    theirs = model.recalculate_user(np.arange(80), X)
    ours = factors.als_step(sparse.csr_array(X), model.item_factors, 5.0, 3.0)
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_bpr_gradient_equals_finite_differences():
    v, decay = np.random.default_rng(0).normal(size=12), 0.2

    def loss(v: Any) -> Any:
        x, y, z = v.reshape(3, -1)
        return np.log1p(np.exp(-x @ (y - z))) + decay / 2 * (v @ v)

    measured = [(loss(v + e) - loss(v - e)) / 2e-6 for e in 1e-6 * np.eye(12)]
    found = np.concatenate(factors.bpr_gradient(*v.reshape(3, -1), decay))
    np.testing.assert_allclose(found, measured, atol=1e-7)


def test_bpr_epoch_steps_along_the_gradient_and_passes_over_held_pairs():
    v = np.random.default_rng(0).normal(size=12)
    P, Q = v[:4].reshape(1, 4).copy(), v[4:].reshape(2, 4).copy()
    one = np.array([0])
    factors.bpr_epoch(one, one, one + 1, np.array([[True, True]]), P, Q, 0.1, 0.2)
    np.testing.assert_array_equal(np.concatenate([P.ravel(), Q.ravel()]), v)
    factors.bpr_epoch(one, one, one + 1, np.array([[True, False]]), P, Q, 0.1, 0.2)
    gradient = np.concatenate(factors.bpr_gradient(*v.reshape(3, -1), 0.2))
    np.testing.assert_allclose(np.concatenate([P.ravel(), Q.ravel()]), v - 0.1 * gradient)


def test_bpr_finds_planted_tastes_and_repeats_with_its_seed():
    X = np.kron(np.eye(2), np.ones((30, 20))) * table(shape=(60, 40), share=0.6)
    first, again = (factors.BPR(8, epochs=60, step=0.05).fit(log_of(X)) for _ in range(2))
    np.testing.assert_array_equal(first.item_vectors, again.item_vectors)
    scores = first.scores(np.arange(30))
    assert (scores[:, :20].mean(axis=1) > scores[:, 20:].mean(axis=1)).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_ease_is_one_ridge_regression_for_each_product(dtype):
    X = table().astype(dtype)
    gram = X.T @ X
    B = factors.ease_weights(gram, 3.0)
    assert B.dtype == dtype and (B.diagonal() == 0).all()
    for j in range(25):
        others = np.delete(np.arange(25), j)
        system = gram[np.ix_(others, others)] + 3.0 * np.eye(24)
        right = np.linalg.solve(system, gram[others, j])
        np.testing.assert_allclose(
            B[others, j], right, atol=1e-4 if dtype == np.float32 else 1e-10
        )
    np.testing.assert_array_equal(gram, X.T @ X)  # what was given is left alone


def test_ease_fulfils_its_optimality_condition_and_vanishes_under_a_strong_pull():
    gram = table().T @ table()
    left = (gram + 3.0 * np.eye(25)) @ factors.ease_weights(gram, 3.0) - gram
    np.testing.assert_allclose(left - np.diag(left.diagonal()), 0, atol=1e-9)
    assert np.abs(factors.ease_weights(gram, 1e9)).max() < 1e-6


def test_ease_refuses_a_matrix_without_inverse():
    with pytest.raises(ValueError, match="regularisation=0"):
        factors.ease_weights(np.ones((2, 2)), 0)


def test_the_dual_equals_the_primal():
    X = table(shape=(20, 35))
    np.testing.assert_allclose(
        factors.ease_dual(X, 2.0), factors.ease_weights(X.T @ X, 2.0), atol=1e-10
    )


def test_power_charges_popular_products_more():
    """Scaled columns are a ridge regression whose price is n_i ** (2 * power) for predictor i."""
    X = table()
    model = factors.EASE(3.0, power=0.25).fit(log_of(X))
    squares = X.sum(axis=0)
    price = 3.0 / factors.evened(sparse.csr_array(X), 0.25) ** 2
    np.testing.assert_allclose(price / price[0], np.sqrt(squares / squares[0]))
    gram, others = X.T @ X, np.arange(1, 25)
    right = np.linalg.solve(gram[1:, 1:] + np.diag(price[1:]), gram[others, 0])
    np.testing.assert_allclose(model.table[1:, 0], right, atol=1e-4)


def test_hushed_rows_are_weights_of_a_regression():
    X = table()
    model = factors.EASE(3.0, row_power=1.0).fit(log_of(X))
    gram = X.T @ np.diag(1 / np.maximum(X.sum(axis=1), 1)) @ X
    np.testing.assert_allclose(model.table, factors.ease_weights(gram, 3.0), atol=1e-5)


def test_ease_is_the_same_for_many_rows_and_for_few():
    X = table(shape=(20, 35))
    wide = factors.EASE(2.0).fit(log_of(X))
    tall = factors.ease_weights((X.T @ X).astype(np.float32), 2.0)
    np.testing.assert_allclose(wide.table, tall, atol=1e-5)
    found, _ = wide.similar(np.array([3]), 2)
    np.testing.assert_array_equal(found[0], np.argsort(-wide.table[:, 3], kind="stable")[:2])


def test_slim_is_an_elastic_net():
    ElasticNet = pytest.importorskip("sklearn.linear_model").ElasticNet
    X = table()
    gram = X.T @ X
    every = sparse.csr_array(np.ones((25, 25)) - np.eye(25))
    weights = np.zeros(every.nnz)
    factors.descend(gram, every.indptr, every.indices, weights, 2.0, 3.0, 500)
    for j in range(25):
        others = np.delete(np.arange(25), j)
        net = ElasticNet(
            5 / 60, l1_ratio=2 / 5, positive=True, fit_intercept=False, tol=1e-12, max_iter=10000
        ).fit(X[:, others], X[:, j])
        np.testing.assert_allclose(weights[24 * j : 24 * (j + 1)], net.coef_, atol=1e-6)


def weights_after(sweeps: int) -> Any:
    X = table()
    every = sparse.csr_array(np.ones((25, 25)) - np.eye(25))
    weights = np.zeros(every.nnz)
    factors.descend(X.T @ X, every.indptr, every.indices, weights, 1.0, 3.0, sweeps)
    return sparse.csr_array((weights, every.indices, every.indptr)).T.toarray()


def test_slim_takes_ten_sweeps_of_descend_and_is_then_near_the_optimum():
    W = factors.Slim(1.0, 3.0, candidates=24).fit(log_of(table())).table.toarray()
    np.testing.assert_allclose(W, weights_after(10), atol=1e-6)
    gram, best = table().T @ table(), weights_after(500)
    np.testing.assert_allclose(W, best, atol=2e-3)
    slope = gram @ best - gram + 3.0 * best + 1.0  # at the optimum: 0 where w > 0, else >= 0
    np.fill_diagonal(slope, 0)
    assert np.abs(slope[best > 0]).max() < 1e-9 and slope.min() > -1e-9


def test_trend_multiplies_and_never_goes_below_zero():
    lines = pd.DataFrame({"who": [1, 2, 3], "what": ["tea", "milk", "tea"], "week": [9, 1, 9]})
    log = Interactions.from_frame(lines, user="who", item="what", time="week")

    class Minus:
        def fit(self, interactions: Any) -> Any:
            return self

        def scores(self, users: Any) -> Any:
            return np.array([[-1.0, 2.0]])

    model = factors.Trend(Minus(), strength=1.0, weeks=2.0).fit(log)
    tea, milk = log.item_index(["tea", "milk"])
    assert model.trend[tea] == pytest.approx(1.0)
    assert model.trend[milk] == pytest.approx((np.exp(-4) + 0.1) / 1.1)
    assert model.scores(np.array([0])).tolist() == [[0.0, 2 * model.trend[1]]]

"""search: the metrics are trec_eval's, the oracle gets one, chance is chance, ties are fair."""

import numpy as np
import pytest
from scipy import sparse

from helpers import data, tasks
from helpers.data import queries


@pytest.fixture(scope="module")
def catalogue():
    return data.shop_catalogue(data.load_groceries())


def noise(catalogue, seed=0):
    rng = np.random.default_rng(seed)
    return lambda texts: rng.random((len(texts), catalogue.num_items), dtype=np.float32)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_metrics_are_those_of_trec_eval(catalogue, split):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    gains = data.load_queries(split).gains(catalogue).toarray()
    rng = np.random.default_rng(0)
    # grades under noise, rounded: thousands of ties, among them ties of wrong and right products
    scores = np.round(gains + rng.normal(scale=0.7, size=gains.shape), 1)
    found = tasks.search(lambda texts: scores, catalogue, split)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :50]
    run = {
        str(q): {str(item): float(50 - place) for place, item in enumerate(row)}
        for q, row in enumerate(order)
    }
    qrel = {
        str(q): {str(item): int(row[item]) for item in np.flatnonzero(row)}
        for q, row in enumerate(gains)
    }
    names = {"ndcg_cut_10", "P_50", "recip_rank"}
    theirs = pytrec_eval.RelevanceEvaluator(qrel, names).evaluate(run)
    rows = [theirs[str(q)] for q in range(len(gains))]
    relevant = np.array([len(qrel[str(q)]) for q in range(len(gains))])
    recall = np.array([row["P_50"] for row in rows]) * 50 / np.minimum(50, relevant)
    first = np.array([row["recip_rank"] for row in rows])
    close = {"rtol": 0, "atol": 1e-12}
    ndcg = [row["ndcg_cut_10"] for row in rows]
    np.testing.assert_allclose(found.metrics["ndcg@10"], ndcg, **close)
    np.testing.assert_allclose(found.metrics["recall@50"], recall, **close)
    np.testing.assert_allclose(found.metrics["mrr@10"], np.where(first < 0.1, 0, first), **close)
    assert 0.2 < found.metrics["ndcg@10"].mean() < 0.9


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_oracle_gets_one_and_its_opposite_nothing(catalogue, split):
    gains = data.load_queries(split).gains(catalogue).toarray()
    for values in tasks.search(lambda texts: gains, catalogue, split).metrics.values():
        assert values == pytest.approx(1)
    for values in tasks.search(lambda texts: -gains, catalogue, split).metrics.values():
        assert (values == 0).all()


def test_what_was_asked_for_counts_twice_the_acceptable(catalogue):
    gains = data.load_queries("test").gains(catalogue).toarray()
    second_best = tasks.search(lambda texts: gains == 1, catalogue, "test")
    best = tasks.search(lambda texts: gains == 2, catalogue, "test")
    both = (np.count_nonzero(gains == 1, axis=1) >= 10) & (np.sum(gains == 2, axis=1) >= 10)
    assert both.sum() > 10
    assert best.metrics["ndcg@10"][both] == pytest.approx(1)
    assert second_best.metrics["ndcg@10"][both] == pytest.approx(0.5)
    assert second_best.metrics["mrr@10"][both] == pytest.approx(1)


def test_random_scores_what_paper_says(catalogue):
    """Thirty seeds; each metric within four standard errors of the closed form."""
    runs = [tasks.search(noise(catalogue, seed), catalogue, "valid") for seed in range(30)]
    for name, chance in runs[0].chance.items():
        values = np.concatenate([run.metrics[name] for run in runs])
        error = values.std() / np.sqrt(len(values))
        assert 0 < chance and abs(values.mean() - chance) < 4 * error, name
        assert 4 * error < chance, name


def test_shuffled_products_fall_to_chance(catalogue):
    gains = data.load_queries("valid").gains(catalogue).toarray()
    shuffled = np.random.default_rng(0).permuted(gains, axis=1)
    found = tasks.search(lambda texts: shuffled, catalogue, "valid")
    assert found.interval("ndcg@10").value < 0.05


def test_scores_that_are_all_equal_are_no_better_than_chance(catalogue):
    """The order of the columns is that of a hash: whoever knows nothing gains nothing by it."""
    chance = tasks.search(noise(catalogue), catalogue, "test").chance["ndcg@10"]
    flat = np.zeros((len(data.load_queries("test").frame), catalogue.num_items))
    found = tasks.search(lambda texts: flat, catalogue, "test").metrics["ndcg@10"]
    assert found.mean() < chance + 4 * found.std() / np.sqrt(len(found)) + 0.01


def test_minus_infinity_means_never(catalogue):
    gains = data.load_queries("test").gains(catalogue).toarray()
    found = tasks.search(lambda texts: np.where(gains > 0, -np.inf, 0.0), catalogue, "test")
    assert all((values == 0).all() for values in found.metrics.values())
    alone = tasks.search(lambda texts: np.where(gains > 0, gains, -np.inf), catalogue, "test")
    assert alone.metrics["recall@50"] == pytest.approx(1)


def test_the_function_gets_the_texts_in_the_order_of_the_scores(catalogue):
    asked = data.load_queries("test")
    seen = []
    found = tasks.search(
        lambda texts: seen.extend(texts) or asked.gains(catalogue).toarray(), catalogue
    )
    assert seen == asked.frame["text"].tolist() == asked.texts
    assert len(found.metrics["ndcg@10"]) == len(seen) and found.groups is None
    assert (found.task, found.part) == ("search", "test")


def test_graded_chance_is_the_mean_of_all_orders_of_three_products():
    gains = sparse.csr_array([[2.0, 1.0, 0.0]])
    orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    every = tasks.metrics.ndcg_at_k(orders, sparse.csr_array(np.repeat([[2.0, 1, 0]], 6, 0)), 2)
    assert tasks.graded_chance(gains, 2) == pytest.approx(every.mean())


def test_another_shape_is_refused(catalogue):
    with pytest.raises(ValueError, match=r"gave \(3, 2\): it must give \(125, 8254\)"):
        tasks.search(lambda texts: np.ones((3, 2)), catalogue, "test")
    with pytest.raises(ValueError, match="'dev' is none of"):
        tasks.search(noise(catalogue), catalogue, "dev")


def test_the_protocol_follows_queries_and_judgements(catalogue, monkeypatch, tmp_path):
    one = tasks.search(noise(catalogue, 1), catalogue, "test").protocol
    assert one == tasks.search(noise(catalogue, 2), catalogue, "test").protocol
    assert one != tasks.search(noise(catalogue), catalogue, "valid").protocol
    for name in queries.COLUMNS:
        text = (queries.FOLDER / name).read_text("utf-8")
        (tmp_path / name).write_text(
            text.replace("TROPICAL FRUIT,BANANAS,2", "TROPICAL FRUIT,MANGO,2"), "utf-8"
        )
    monkeypatch.setattr(queries, "FOLDER", tmp_path)
    assert one != tasks.search(noise(catalogue, 1), catalogue, "test").protocol

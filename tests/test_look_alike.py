"""look_alike and unseen_kinds: the figures, chance, the protocol, and what they must refuse."""

import numpy as np
import pytest
from scipy import sparse

from helpers import data, metrics, tasks
from helpers.similarity import normalize_rows, top_k


@pytest.fixture(scope="module")
def labels():
    return data.load_fashion("valid")[1]


def with_noise(labels, seed=0, amount=1.0):
    rng = np.random.default_rng(seed)
    return np.eye(10)[labels] + amount * rng.normal(size=(len(labels), 10))


def test_it_is_precision_and_average_precision_of_the_metrics_module(labels):
    vectors = with_noise(labels).astype(np.float32)
    found = tasks.look_alike(vectors, "valid")
    asked = np.arange(0, len(labels), 10)
    unit = normalize_rows(vectors)
    ranked = top_k(unit, unit, len(labels) - 1, exclude_self=True)[0]
    truth = sparse.csr_array(labels[:, None] == labels)
    truth.setdiag(False)
    truth.eliminate_zeros()
    assert np.allclose(found.metrics["precision@10"], metrics.precision_at_k(ranked, truth, 10))
    right = metrics.average_precision(ranked[asked], truth[asked])
    assert np.allclose(found.metrics["map"][asked], right, atol=1e-4)
    assert np.isnan(np.delete(found.metrics["map"], asked)).all()


def test_perfect_vectors_score_one_and_noise_scores_chance(labels):
    perfect = tasks.look_alike(np.eye(10)[labels], "valid")
    assert perfect.metrics["precision@10"].min() == 1 and np.nanmin(perfect.metrics["map"]) == 1
    noise = tasks.look_alike(np.random.default_rng(0).normal(size=(len(labels), 8)), "valid")
    for metric in ("precision@10", "map"):
        interval = noise.interval(metric)
        assert abs(interval.value - noise.chance[metric]) < 0.02
    assert noise.chance["precision@10"] == pytest.approx(0.1, abs=0.002)


def test_shuffled_rows_fall_to_chance(labels):
    vectors = np.random.default_rng(0).permutation(with_noise(labels, amount=0.3))
    found = tasks.look_alike(vectors, "valid")
    assert found.interval("precision@10").value == pytest.approx(0.1, abs=0.01)


def test_length_of_a_vector_does_not_matter(labels):
    vectors = with_noise(labels)
    longer = vectors * np.random.default_rng(1).uniform(0.5, 2, size=(len(labels), 1))
    a, b = (tasks.look_alike(v, "valid") for v in (vectors, longer))
    assert np.allclose(a.metrics["precision@10"], b.metrics["precision@10"], atol=0.11)
    assert a.protocol == b.protocol != "" and a.groups is None


def test_too_few_vectors_are_refused(labels):
    with pytest.raises(ValueError, match="3 vectors for the 2000 pictures of 'valid'"):
        tasks.look_alike(np.ones((3, 2)), "valid")


def test_each_unseen_kind_is_asked_with_the_vectors_that_never_saw_it(monkeypatch):
    labels = data.load_fashion("test")[1]
    asked = []

    def make(fold):
        """Vectors that know every kind except those of this fold, which lie anywhere."""
        asked.append(fold)
        known = np.eye(10)[labels]
        lost = labels % 3 == fold
        known[lost] = np.random.default_rng(fold).normal(size=(int(lost.sum()), 10))
        return known

    blind = tasks.unseen_kinds(make)
    assert asked == [0, 1, 2] and blind.folds and len(blind.metrics["precision@10"]) == 10
    assert blind.interval("precision@10").value < 0.5
    seeing = tasks.unseen_kinds(lambda fold: np.eye(10)[labels])
    assert (seeing.metrics["precision@10"] == 1).all()
    assert seeing.protocol == blind.protocol != tasks.look_alike(np.eye(10)[labels]).protocol

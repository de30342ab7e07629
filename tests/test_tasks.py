"""The tasks: perfect models score one, blind models score chance, questions never change."""

import numpy as np
import pytest
from scipy import sparse

from helpers import data, tasks
from helpers.models.baselines import Popularity, Random
from helpers.similarity import top_k_scores

HOUSEHOLD = [tasks.new_products, tasks.buy_again]
BASKET = [tasks.complete_basket, tasks.goes_with]


@pytest.fixture(scope="module")
def part():
    return data.part(data.load_groceries(), "valid")


class Oracle:
    """Knows every answer; a task that gives it less than one has a fault."""

    def __init__(self, part):
        self.part = part
        rows = tasks.sample_baskets(part)
        self.baskets = tasks.binary(part.truth_baskets.matrix[rows])
        self.asked = 0

    def scores(self, users):
        return self.part.truth.matrix[users].toarray()

    def complete(self, baskets):
        block = self.baskets[self.asked : self.asked + baskets.shape[0]]
        self.asked += baskets.shape[0]
        return block.toarray()

    def similar(self, items, k):
        return top_k_scores(self.truth[items].toarray(), k)


@pytest.mark.parametrize("task", HOUSEHOLD + BASKET)
def test_the_oracle_scores_one(task, part):
    for name, values in task(Oracle(part), part).metrics.items():
        assert np.nanmin(values) == pytest.approx(1), name


@pytest.mark.parametrize(
    "label, metric",
    [
        (tasks.same_type, "type precision@10"),
        (tasks.same_coupon, "coupon recall@10"),
        (tasks.same_line, "line recall@10"),
    ],
)
def test_the_oracle_of_substitutes_scores_one(label, metric, part):
    oracle = Oracle(part)
    oracle.truth = label(part)
    assert np.nanmin(tasks.substitutes(oracle, part).metrics[metric]) == pytest.approx(1)


def test_the_oracle_of_cold_products_scores_one(part):
    cold = tasks.cold_part(part)
    assert tasks.cold_start(Oracle(cold), cold).metrics["ndcg@20"].min() == pytest.approx(1)


@pytest.mark.parametrize("task", [*HOUSEHOLD, *BASKET, tasks.substitutes])
def test_random_scores_what_paper_says(task, part):
    """Three seeds; each metric within four standard errors of the closed form."""
    runs = [task(Random(seed).fit(part.train), part) for seed in range(3)]
    for name, chance in runs[0].chance.items():
        values = np.concatenate([run.metrics[name] for run in runs])
        values = values[~np.isnan(values)]
        error = values.std() / np.sqrt(len(values))
        assert abs(values.mean() - chance) < 4 * error + 1e-4, name


@pytest.mark.parametrize("task", HOUSEHOLD)
def test_scores_belong_to_their_household(task, part):
    scores = task(Popularity().fit(part.train), part)
    assert len(np.unique(scores.groups)) == len(scores.groups)
    assert all(len(values) == len(scores.groups) for values in scores.metrics.values())


def test_new_products_never_shows_what_a_household_has(part):
    class Watch(Popularity):
        def scores(self, users):
            return self.matrix[users].toarray()  # votes for what is already at home

        def fit(self, interactions):
            self.matrix = interactions.matrix
            return self

    assert np.nanmean(tasks.new_products(Watch().fit(part.train), part).metrics["ndcg@20"]) < 0.01


def test_a_hidden_product_is_not_in_the_rest():
    rng = np.random.default_rng(0)
    baskets = sparse.csr_array((rng.random((200, 30)) < 0.2).astype(np.float32))
    baskets = baskets[np.diff(baskets.indptr) >= 2]
    rest, drawn = tasks.hide_one(baskets, seed=3)
    rows = np.arange(baskets.shape[0])
    assert (rest[rows, drawn] == 0).all()
    assert (baskets[rows, drawn] > 0).all()
    assert rest.nnz == baskets.nnz - baskets.shape[0]


def test_no_household_is_asked_for_more_than_three_baskets(part):
    rows = tasks.sample_baskets(part)
    assert np.unique(part.basket_households[rows], return_counts=True)[1].max() == 3
    assert np.diff(part.truth_baskets.matrix.indptr)[rows].min() >= 3


def test_questions_are_the_same_for_every_model(part):
    one, two = (tasks.complete_basket(Random(seed).fit(part.train), part) for seed in (0, 1))
    assert one.protocol == two.protocol
    assert (one.groups == two.groups).all()


def test_protocol_follows_what_defines_the_task(part, monkeypatch):
    before = tasks.new_products(Popularity().fit(part.train), part).protocol
    monkeypatch.setattr(tasks, "MIN_BUYERS", 10)
    assert tasks.new_products(Popularity().fit(part.train), part).protocol != before


def test_cold_start_needs_a_cold_part(part):
    with pytest.raises(ValueError, match="make one with tasks.cold_part"):
        tasks.cold_start(Random().fit(part.train), part)


def test_another_cold_shelf_is_another_protocol(part):
    shelves = [tasks.cold_part(part, seed) for seed in (0, 1)]
    one, two = (tasks.cold_start(Random().fit(shelf.train), shelf).protocol for shelf in shelves)
    assert one != two

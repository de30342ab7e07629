"""A GPU for machines without one: the meta device, and a guard against mixing devices."""

from typing import Any

import torch
import torch.overrides


class OneDevice(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
    """Refuse every call that mixes tensors of two devices, as a GPU does; copying is allowed."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        leaves = torch.utils._pytree.tree_leaves((args, kwargs or {}))
        devices = {leaf.device.type for leaf in leaves if isinstance(leaf, torch.Tensor)}
        if len(devices) > 1 and func is not torch.Tensor.copy_:
            raise RuntimeError(f"{func} mixes {devices}")
        return func(*args, **(kwargs or {}))

"""Parts of a network that must not run in half precision."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def without_autocast(x: Tensor) -> AbstractContextManager[object]:
    """Switch autocast off on the device of a tensor; the caller casts what it needs in float32."""
    device = x.device.type
    if not torch.amp.is_autocast_available(device):  # "meta" has none
        return nullcontext()
    return torch.autocast(device, enabled=False)

"""One forward pass of a network for evaluation, and what can go wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from deblur_lib.devices import laid, picture_layout
from deblur_lib.errors import EvaluationError
from deblur_lib.nn import Deblurrer

NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "alloc_failed")


def forward(network: Deblurrer, blurred: Tensor) -> Tensor:
    """Restore a batch that the network takes as it is.

    Args:
        network: on any device; its training flags are left as they were, its weights are brought
            to the layout that the device is fastest in.
        blurred: (B, 3, H, W) or (B, T, 3, H, W), on any device.

    Returns:
        (B, 3, H, W) float32 on the network's device.

    Raises:
        EvaluationError: another shape, or values that are NaN or infinite.
    """
    device = device_of(network, blurred)
    lay_out(network, device)
    with evaluating(network), full_precision(device), torch.inference_mode():
        restored: Tensor = network(laid(blurred.to(device, torch.float32), device)).float()
    wanted = (blurred.shape[0], 3, *blurred.shape[-2:])
    if tuple(restored.shape) != wanted:
        raise EvaluationError(
            f"{name_of(network)} must return {wanted} for {tuple(blurred.shape)}, returned "
            f"{tuple(restored.shape)}; mend its forward or its multiple_of"
        )
    bad = restored.numel() - int(torch.isfinite(restored).sum())
    if bad:
        raise EvaluationError(
            f"{name_of(network)} returned {bad} of {restored.numel()} values that are NaN or "
            "infinite; take an earlier checkpoint, or train again with a smaller learning rate"
        )
    return restored


def lay_out(network: nn.Module, device: torch.device) -> None:
    """Bring the weights of a network to the layout that its device is fastest in, once."""
    layout = picture_layout(device)
    filters = [one for one in network.parameters() if one.ndim == 4]
    if not all(one.is_contiguous(memory_format=layout) for one in filters):
        network.to(memory_format=layout)  # type: ignore[call-overload]


def device_of(network: nn.Module, default: Tensor) -> torch.device:
    """Where the weights of a network are; where `default` is when it has none."""
    return next((one.device for one in network.parameters()), default.device)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; afterwards every part is in the mode it was in before."""
    before = [(part, part.training) for part in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for part, training in before:
            part.training = training


@contextmanager
def full_precision(device: torch.device) -> Iterator[None]:
    """Neither autocast nor the shortened float32 products of CUDA's convolutions."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.autocast(device.type, enabled=False):
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any device."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return any(words in str(error).lower() for words in NO_MEMORY)


def give_back(device: torch.device) -> None:
    """Return cached memory to the device, so that smaller pieces find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def name_of(network: nn.Module) -> str:
    """The catalogue's name of a network, or its class."""
    return getattr(network, "name", "") or type(network).__name__

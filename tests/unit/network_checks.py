"""What every network must do; each network's own file calls these on a narrow one."""

import re
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.evaluation.restore import restore, tile_deviation
from deblur_lib.nn import Deblurrer


def batch(height: int = 16, width: int = 24, count: int = 2) -> Tensor:
    """Random pictures, (count, 3, height, width), the same at every call."""
    return torch.rand((count, 3, height, width), generator=torch.Generator().manual_seed(0))


def pair() -> tuple[Tensor, Tensor]:
    """Blurred and sharp, (2, 3, 16, 16): noise and its 3x3 mean."""
    sharp = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    return F.avg_pool2d(sharp, 3, 1, 1, count_include_pad=False), sharp


def parameter_count(build: Callable[..., nn.Module], *values: object, **options: object) -> int:
    """Number of weights of what `build` makes, without memory for them."""
    with torch.device("meta"):
        return sum(one.numel() for one in build(*values, **options).parameters())


def keeps_size(network: Deblurrer, blurred: Tensor) -> None:
    """Restored pictures are finite and have the size of the blurred ones."""
    restored = restore(network, blurred)
    assert restored.shape == blurred.shape
    assert torch.isfinite(restored).all()


def keeps_any_size(network: Deblurrer) -> None:
    """Pictures with sides of 1 to 97 px keep them."""
    for height in range(1, 98):
        keeps_size(network, batch(height, 98 - height, 1))


def needs_no_padding(network: Deblurrer, blurred: Tensor) -> None:
    """Restoring these pictures is what the network computes by itself."""
    with torch.no_grad():
        assert torch.equal(restore(network, blurred), network.eval()(blurred))


def leaves_no_trace_of_tiles(network: Deblurrer, blurred: Tensor, *, tile: int) -> None:
    """Tiles that overlap by the receptive field restore the whole picture, but for rounding."""
    assert tile < max(blurred.shape[-2:])
    deviation = tile_deviation(network, blurred, tile=tile, overlap=network.receptive_field)
    assert deviation < 1e-5  # white is 1, other sizes add in another order


def keeps_result_in_other_formats(network: Deblurrer, blurred: Tensor, *, atol: float) -> None:
    """Weights and pictures in channels-last order change nothing, bfloat16 at most `atol`."""
    network.eval()
    with torch.inference_mode():
        expected = network(blurred)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for given in (blurred, blurred.to(memory_format=torch.channels_last)):
            torch.testing.assert_close(network(given), expected, rtol=1e-4, atol=1e-5)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                rough = network(given)
            assert rough.dtype == torch.float32  # a half-precision correction of a full picture
            torch.testing.assert_close(rough, expected, rtol=0, atol=atol)


def keeps_pictures_apart(network: Deblurrer, blurred: Tensor) -> None:
    """The first picture of a batch changes no output of the others; in double, rounding cannot."""
    network.eval().double()
    blurred = blurred.double()
    with torch.inference_mode():
        together, alone = network.forward_all(blurred), network.forward_all(blurred[1:])
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one[1:], other)


def idle(network: nn.Module, *, above: float = 0.0, cancelled: str = "^$") -> list[str]:
    """Weights whose last gradient is nowhere `above`; of names like `cancelled` any will do."""
    # a bias before a norm with the picture's statistics cancels, so only rounding is left
    return [
        name
        for name, one in network.named_parameters()
        if one.grad is None or not (one.grad.abs().max() > above or re.search(cancelled, name))
    ]


def losses(
    network: Deblurrer, blurred: Tensor, sharp: Tensor, *, steps: int, lr: float, outputs: int = 1
) -> list[float]:
    """Mean absolute error, summed over the last `outputs`, before each of the steps of Adam."""
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    found = []
    for _ in range(steps):
        last = network.forward_all(blurred)[-outputs:]
        loss = torch.stack([F.l1_loss(one, sharp) for one in last]).sum()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        found.append(loss.item())
    return found


def learns(
    network: Deblurrer,
    blurred: Tensor,
    sharp: Tensor,
    *,
    to: float,
    steps: int,
    lr: float,
    outputs: int = 1,
) -> None:
    """The steps of Adam bring the loss below `to` times what it was at first."""
    first, *_, last = losses(network, blurred, sharp, steps=steps, lr=lr, outputs=outputs)
    assert last < to * first

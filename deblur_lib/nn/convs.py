"""Convolutions that several networks are built of."""

from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

RELU: Callable[[], nn.Module] = partial(nn.ReLU, inplace=True)


class BasicConv(nn.Module):
    """Convolution that keeps, divides or multiplies the size, then an activation.

    The layers lie in `main`, where the published weights of MIMO-UNet and ConvIR have them.

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        kernel: side of the kernel; the padding is half of it.
        stride: step of the kernel.
        transpose: multiply the size by `stride` instead of dividing (kernel 4, stride 2).
        act: makes the activation; None for none.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        transpose: bool = False,
        act: Callable[[], nn.Module] | None = RELU,
    ) -> None:
        super().__init__()
        layer: nn.Module = (
            nn.ConvTranspose2d(inputs, outputs, kernel, stride, padding=kernel // 2 - 1)
            if transpose
            else nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)
        )
        self.main = nn.Sequential(layer, *([act()] if act else []))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H', W')."""
        y: Tensor = self.main(x)
        return y

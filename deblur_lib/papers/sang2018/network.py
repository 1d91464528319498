"""Generator and discriminator of the residual GAN (sang2018, Sec. 2.1, Tables 1 and 2, Fig. 1b).

Shape legend: B batch, F features, H height, W width, P side of the discriminator's patch.
"""

from collections.abc import Callable, Sequence

import torch
from pydantic import NonNegativeInt, PositiveInt
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.nn import Deblurrer, check_input
from deblur_lib.nn.parts import choose

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda features: nn.Identity(),
    "batch": nn.BatchNorm2d,
}
OUTPUTS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "none": nn.Identity,
    "clamp": lambda: nn.Hardtanh(0.0, 1.0),
}
MID_GREY = 0.5  # the last bias starts here: a ReLU that starts below zero everywhere never learns


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """Convolution that keeps the size by zeros at the border, or divides it by the stride."""
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2)


class ResidualBlock(nn.Module):
    """Two convolutions and the identity, without the two norms and the last ReLU of ResNet.

    Args:
        features: channels F.
        kernel: side of the kernels.
        norm: "none" as printed, or "batch" after each convolution.
        relu_after_sum: True puts the ReLU of the original block back.

    Source: sang2018, Sec. 2.1.1, Fig. 1.
    """

    def __init__(
        self, features: int, *, kernel: int = 5, norm: str = "none", relu_after_sum: bool = False
    ) -> None:
        super().__init__()
        make_norm = choose("norm", norm, NORMS)
        self.body = nn.Sequential(
            conv(features, features, kernel),
            make_norm(features),
            nn.ReLU(),
            conv(features, features, kernel),
            make_norm(features),
        )
        self.close = nn.ReLU() if relu_after_sum else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, H, W) to the same shape."""
        closed: Tensor = self.close(x + self.body(x))
        return closed


class SangGenerator(Deblurrer):
    """Restore a picture at constant resolution by a flat chain of residual blocks.

    Args:
        features: channels F of every hidden layer.
        blocks: number of residual blocks; 19 in the prose, Table 1 only shows dots.
        kernel: side of all kernels; odd.
        norm: norm inside the blocks, "none" (printed) or "batch".
        relu_after_sum: ReLU behind the sum of each block; the paper removes it.
        output_activation: "relu" (Table 1), "none" or "clamp" to [0, 1].
        global_skip: add the blurred picture before the output activation; not in Table 1.
        start: "default" (random weights) or "identity" (random weights, but for those that make
            the untrained network return its input; short trainings need not learn that first).

    Raises:
        UsageError: unknown norm, activation or start, an even kernel, or an identity that the
            parts cannot start as.

    Source: sang2018, Table 1; zeros at the border are open point S4, the start of the last bias is
    open point S5.
    """

    name = "sang2018"

    def __init__(
        self,
        *,
        features: PositiveInt = 64,
        blocks: NonNegativeInt = 19,
        kernel: PositiveInt = 5,
        norm: str = "none",
        relu_after_sum: bool = False,
        output_activation: str = "relu",
        global_skip: bool = False,
        start: str = "default",
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise UsageError(f"kernel must be odd to keep the picture's size, got {kernel}")
        self.global_skip = global_skip
        self.head = nn.Sequential(conv(3, features, kernel), nn.ReLU())
        self.body = nn.Sequential(
            *(
                ResidualBlock(features, kernel=kernel, norm=norm, relu_after_sum=relu_after_sum)
                for _ in range(blocks)
            )
        )
        self.tail = conv(features, 3, kernel)
        self.finish = choose("output_activation", output_activation, OUTPUTS)()
        nn.init.constant_(self.tail.bias, 0.0 if global_skip else MID_GREY)  # type: ignore[arg-type]
        choose("start", start, STARTS)(self)

    @torch.no_grad()
    def start_as_identity(self) -> None:
        """Let the first three features carry the picture, and every block add nothing.

        Raises:
            UsageError: there is a global skip, or fewer than three features.
        """
        first, middle = self.head[0], self.tail.kernel_size[0] // 2
        assert isinstance(first, nn.Conv2d)
        if self.global_skip or first.out_channels < 3:
            raise UsageError(
                "start='identity' needs three features or more and no global_skip, got "
                f"features={first.out_channels}, global_skip={self.global_skip}"
            )
        for edge in (first, self.tail):
            edge.weight[:3].zero_()
            edge.bias[:3].zero_()  # type: ignore[index]
            edge.weight[range(3), range(3), middle, middle] = 1.0
        for block in self.body:  # a norm would blow tiny weights up again: there it is zeroed
            convolve, norm = block.get_submodule("body.3"), block.get_submodule("body.4")
            last = norm if any(True for _ in norm.parameters()) else convolve
            for parameter in last.parameters():
                parameter.zero_()

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Restore (B, 3, H, W) in [0, 1] at its own size; not negative with the printed ReLU."""
        return (self.finish(self.drawn(blurred)),)

    def drawn(self, blurred: Tensor) -> Tensor:
        """What the last activation gets, (B, 3, H, W) of any sign."""
        check_input(self, blurred)
        x = self.body(self.head(blurred))  # (B, F, H, W)
        drawn: Tensor = self.tail(x).float()  # (B, 3, H, W)
        return drawn + blurred if self.global_skip else drawn


STARTS: dict[str, Callable[[SangGenerator], None]] = {
    "default": lambda network: None,
    "identity": SangGenerator.start_as_identity,
}


class SangDiscriminator(nn.Module):
    """Judge whole patches by ten convolutions and two fully connected layers.

    The printed network ends in a sigmoid. It belongs to the loss here: the output is a logit, so
    that the base-2 logarithms of Eqs. (4) and (5) stay finite.

    Args:
        patch: side P of the patches, a multiple of 2 to the number of widths; 128 is printed.
        widths: channels of each pair of convolutions (stride 1, then stride 2).
        hidden: outputs of the first fully connected layer.
        slope: of the leaky ReLUs.

    Raises:
        UsageError: the patch cannot be halved that often.

    Source: sang2018, Table 2; its prose gives stride 2 to every convolution (open point S9).
    """

    def __init__(
        self,
        *,
        patch: int = 128,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        hidden: int = 1024,
        slope: float = 0.2,
    ) -> None:
        super().__init__()
        shrink = 2 ** len(widths)
        if patch < shrink or patch % shrink:
            raise UsageError(
                f"patch must be a multiple of {shrink} ({len(widths)} halvings), got {patch}"
            )
        self.patch = patch
        layers: list[nn.Module] = []
        for before, width in zip((3, *widths), widths, strict=False):
            layers += [conv(before, width, 3), nn.LeakyReLU(slope)]
            layers += [conv(width, width, 3, stride=2), nn.LeakyReLU(slope)]
        self.look = nn.Sequential(*layers)
        self.judge = nn.Sequential(
            nn.Flatten(),
            nn.Linear(widths[-1] * (patch // shrink) ** 2, hidden),
            nn.LeakyReLU(slope),
            nn.Linear(hidden, 1),
        )

    def forward(self, picture: Tensor) -> Tensor:
        """Logits (B, 1) of pictures (B, 3, P, P) in [0, 1]; positive means sharp.

        Raises:
            UsageError: another shape.
        """
        if picture.dim() != 4 or picture.shape[1:] != torch.Size((3, self.patch, self.patch)):
            raise UsageError(
                f"SangDiscriminator(patch={self.patch}) judges (B, 3, {self.patch}, {self.patch}), "
                f"got {tuple(picture.shape)}; crop the pictures or set its option `patch`"
            )
        x = self.look(picture)  # (B, 512, P/32, P/32)
        logits: Tensor = self.judge(x)  # (B, 1)
        return logits

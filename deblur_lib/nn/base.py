"""What every deblurring network promises to the rest of the library."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from torch import Tensor, nn

from deblur_lib.errors import UsageError

Border = Literal["mirror", "edge", "grey"]


class Deblurrer(nn.Module):
    """Base of all networks: a blurred batch in [0, 1] in, the restored batch of that size out.

    Images are float32 RGB of shape (B, 3, H, W); networks with `clip_length` T take (B, T, 3, H, W)
    and restore one frame. Other value ranges stay inside `forward`.

    Attributes:
        name: the catalogue's name, shown in errors; the class name where empty.
        multiple_of: height and width must be multiples of it; evaluation pads. Options may
            decide it, as the next one and `tile_safe`, so ask the instance.
        minimum_size: smallest height and width after padding.
        border: what evaluation fills the added pixels with: "mirror"; "edge" repeats the last ones;
            "grey" is half of white, and adds a whole multiple where a side fits already.
        clip_length: frames of the input; 1 for a single picture.
        tile_safe: False where statistics over the whole picture, a division of it, or a view much
            wider than the usual overlap of tiles make tiles differ from it.
    """

    name: ClassVar[str] = ""
    multiple_of: int = 1
    minimum_size: int = 1
    border: Border = "mirror"
    clip_length: ClassVar[int] = 1
    tile_safe: bool = True

    @property
    def multiples(self) -> tuple[int, int]:
        """What height and width must be multiples of."""
        return self.multiple_of, self.multiple_of

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore a batch at its own size; the last item of `forward_all`."""
        return self.forward_all(blurred)[-1]

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Every output the losses look at, coarse to fine; the last is the full-size picture.

        All are float32, under autocast too: sums with the input lose nothing to rounding.
        """
        raise NotImplementedError(f"{type(self).__name__} defines neither forward nor forward_all")

    def calibrate(self, blurred: Iterable[Tensor]) -> None:
        """Settle what follows from typical inputs and is not learnt; nothing for most networks.

        Args:
            blurred: validation pictures, (3, H, W) each, or clips (T, 3, H, W).
        """


def frames_for(network: nn.Module, blurred: Tensor) -> Tensor:
    """The frames of a batch of clips (B, T, 3, H, W) that a network takes: the middle ones.

    A network of single pictures gets the middle frame, (B, 3, H, W). What is no clip, or too short
    a clip, is given back as it is, and `check_input` tells.
    """
    taken = getattr(network, "clip_length", 1)
    if blurred.dim() != 5:
        return blurred
    middle = blurred.shape[1] // 2
    if taken == 1:
        return blurred[:, middle]
    first = max(middle - taken // 2, 0)
    return blurred[:, first : first + taken]


def check_input(network: Deblurrer, blurred: Tensor) -> None:
    """Refuse a batch that the network cannot restore; every `forward_all` calls it first.

    Raises:
        UsageError: not (B, 3, H, W) (clips: (B, T, 3, H, W)), or height and width that are too
            small or no multiples of what the network needs.
    """
    name, clip = network.name or type(network).__name__, network.clip_length
    wanted = (3,) if clip == 1 else (clip, 3)
    shape = tuple(blurred.shape)
    if len(shape) != len(wanted) + 3 or shape[1:-2] != wanted:
        axes = "(B, 3, H, W)" if clip == 1 else f"(B, {clip}, 3, H, W)"
        raise UsageError(f"{name} needs a batch {axes} of RGB pictures, got shape {shape}")
    height, width = shape[-2:]
    (down, across), least = network.multiples, network.minimum_size
    if height % down or width % across:
        step = f"{down}" if down == across else f"{down} and {across}"
        raise UsageError(
            f"{name} needs height and width divisible by {step}, got {height}x{width}; "
            "use evaluation.restore, which pads"
        )
    if min(height, width) < least:
        raise UsageError(
            f"{name} needs height and width of at least {least}, got {height}x{width}; "
            "use evaluation.restore, which pads"
        )

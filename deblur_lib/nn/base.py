"""What every deblurring network promises to the rest of the library."""

from typing import ClassVar

from torch import Tensor, nn


class Deblurrer(nn.Module):
    """Base of all networks: a blurred batch in [0, 1] in, the restored batch of that size out.

    Images are float32 RGB of shape (B, 3, H, W); networks with `clip_length` T take (B, T, 3, H, W)
    and restore one frame. Other value ranges stay inside `forward`.

    Attributes:
        multiple_of: height and width must be multiples of it; evaluation pads.
        minimum_size: smallest height and width after padding.
        clip_length: frames of the input; 1 for a single picture.
        tile_safe: False where statistics over the whole picture make tiles differ from it.
    """

    multiple_of: ClassVar[int] = 1
    minimum_size: ClassVar[int] = 1
    clip_length: ClassVar[int] = 1
    tile_safe: ClassVar[bool] = True

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore a batch at its own size; the last item of `forward_all`."""
        return self.forward_all(blurred)[-1]

    def forward_all(self, blurred: Tensor) -> tuple[Tensor, ...]:
        """Every output the losses look at, coarse to fine; the last is the full-size picture."""
        raise NotImplementedError(f"{type(self).__name__} defines neither forward nor forward_all")

"""Networks whose weights keep their channels first, as in the published code."""

from typing import Any, Self

from deblur_lib.nn.base import Deblurrer


class ChannelsFirst(Deblurrer):
    """Base of networks of many grouped or depthwise layers.

    A processor takes longer for their training steps with channels last, the layout that the rest
    of the library asks for (benchmarks/steps.py measures it). `forward_all` brings its input to
    this one by `contiguous()`, since a convolution follows whichever of input and weights has the
    channels last.
    """

    def to(self, *args: Any, **options: Any) -> Self:
        """Move as every module does, the memory layout excepted."""
        options.pop("memory_format", None)
        return super().to(*args, **options) if args or options else self

"""How far a network looks, counted backwards from an output pixel along one axis.

A span is the first and the last pixel of a row that something depends on. Each function takes the
span of a layer's output and gives the span of its input; borders are left out of account.
"""

from collections.abc import Callable

Span = tuple[int, int]


def same(span: Span, layers: int, *, kernel: int = 3) -> Span:
    """Span before some layers with an odd kernel that keep the size."""
    return span[0] - layers * (kernel // 2), span[1] + layers * (kernel // 2)


def down(span: Span, *, kernel: int, before: int, stride: int = 2) -> Span:
    """Span before a convolution with a stride.

    Args:
        span: of its output.
        kernel: side of the kernel.
        before: pixels of padding at the left or the top.
        stride: step of the kernel.
    """
    return span[0] * stride - before, span[1] * stride - before + kernel - 1


def up(span: Span, *, kernel: int = 4, padding: int = 1, stride: int = 2) -> Span:
    """Span before a transposed convolution; kernel, padding and stride as torch has them."""
    return -((kernel - 1 - padding - span[0]) // stride), (span[1] + padding) // stride


def widest(path: Callable[[Span], Span], *, step: int) -> int:
    """Pixels of the input that one output pixel depends on, where they are most.

    Args:
        path: from a span of the output to that of the input along the way that looks furthest.
        step: the network treats pixels alike that are this far apart (its `multiple_of`).
    """
    spans = [path((pixel, pixel)) for pixel in range(step)]
    return max(last - first + 1 for first, last in spans)

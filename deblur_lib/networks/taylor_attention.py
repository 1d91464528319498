"""The blocks of MB-TaylorFormer V2: linear attention and feed-forward on all branches at once.

Attribute names are those of the published code. Branches lie side by side in the channels.

Shape legend: B batch, P branches, C channels of a branch, h heads of c = C/h channels each, H and W
of the map at hand, N = H W pixels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EXPANSION = 2.66  # hidden channels of a feed-forward, per channel
WINDOWS = {  # heads -> side of a kernel: heads that look through it
    1: {3: 1},
    2: {3: 2},
    4: {3: 2, 5: 2},
    8: {3: 2, 5: 3, 7: 3},
}
TINY = 1e-30  # keeps the gradient of the length of a zero vector finite


def depthwise(channels: int) -> nn.Conv2d:
    """A 3x3 kernel for each channel, without bias."""
    return nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)


def pointwise(inputs: int, outputs: int) -> nn.Conv2d:
    """A 1x1 convolution without bias."""
    return nn.Conv2d(inputs, outputs, 1, bias=False)


class Branchwise(nn.Conv2d):
    """A 1x1 convolution of each branch without bias; as a product it takes half the time."""

    def __init__(self, inputs: int, outputs: int, branches: int) -> None:
        super().__init__(branches * inputs, branches * outputs, 1, groups=branches, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P inputs, H, W) -> (B, P outputs, H, W)."""
        weight = torch.unflatten(
            self.weight.flatten(1), 0, (self.groups, -1)
        )  # (P, outputs, inputs)
        y = weight @ torch.unflatten(x, 1, (self.groups, -1)).flatten(3)  # (B, P, outputs, N)
        return torch.unflatten(y.flatten(1, 2), -1, x.shape[-2:])


def precise(x: Tensor) -> Tensor:
    """The map in single precision where it came in less."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


class LayerNorm(nn.Module):
    """Divides the channels of each pixel and branch by their deviation; keeps their mean."""

    def __init__(self, channels: int, branches: int) -> None:
        super().__init__()
        self.body = nn.ParameterDict({"weight": torch.ones(branches, channels)})

    def forward(self, x: Tensor) -> Tensor:
        """(B, P C, H, W) -> the same shape."""
        weight: Tensor = self.body["weight"]
        parts = torch.unflatten(precise(x), 1, weight.shape)  # (B, P, C, H, W)
        channels = weight.shape[1]
        mean = parts.sum(2, keepdim=True) / channels  # var() would take three times as long
        variance = (parts - mean).square().sum(2, keepdim=True) / channels
        scaled = parts * (variance + 1e-5).rsqrt() * weight[..., None, None]
        return scaled.flatten(1, 2)


class PositionEncoding(nn.Module):
    """One number per pixel and head from the values around it; heads differ in how far they look.

    Args:
        width: channels c of a head.
        heads: h; 1, 2, 4 or 8.
        branches: P.
    """

    def __init__(self, width: int, heads: int, branches: int) -> None:
        super().__init__()
        self.branches = branches
        self.shares = list(WINDOWS[heads].values())
        self.conv_list = nn.ModuleList(
            nn.Conv2d(
                branches * share * width,
                branches * share,
                side,
                padding=side // 2,
                groups=branches * share,
            )
            for side, share in WINDOWS[heads].items()
        )

    def forward(self, values: Tensor) -> Tensor:
        """(B, P, h, c, H, W) -> (B, P, h, H, W)."""
        parts = values.split_with_sizes(self.shares, dim=2)
        seen = [
            torch.unflatten(conv(part.flatten(1, 3)), 1, (self.branches, -1))
            for conv, part in zip(self.conv_list, parts, strict=True)
        ]
        return torch.cat(seen, dim=2)


def unit(x: Tensor) -> Tensor:
    """Divide (..., c, N) by the length of each pixel's vector, plus 1e-8."""
    return x / ((x.square().sum(-2, keepdim=True) + TINY).sqrt() + 1e-8)


def focused(x: Tensor) -> Tensor:
    """The positive part to the power 8, at length one."""
    fourth = F.relu(x).square().square()
    return unit(fourth.square())


def gather(queries: Tensor, keys: Tensor, values: Tensor, scale: Tensor | float = 1.0) -> Tensor:
    """Sums of values and of ones over all pixels, weighted by query times key.

    Args:
        queries: (..., c, N).
        keys: same shape.
        values: same shape.
        scale: factor of the weights, (..., 1, 1).

    Returns:
        (..., c + 1, N), the sum of ones last.
    """
    table = torch.cat((values @ keys.mT, keys.sum(-1, keepdim=True).mT), dim=-2)  # (..., c + 1, c)
    return (scale * table) @ queries


class Attention(nn.Module):
    """T-MSA++: softmax attention replaced by its first terms, at a cost linear in the pixels.

    A key weighs 1 + q k + s f(q) f(k) for a query, both of length one, f sharpening them.

    Args:
        channels: C.
        heads: h.
        branches: P.
    """

    def __init__(self, channels: int, heads: int, branches: int) -> None:
        super().__init__()
        self.layout = (branches, 3, heads, channels // heads)
        self.temperature = nn.Parameter(torch.ones(branches, heads, 1, 1))
        self.qkv = Branchwise(channels, 3 * channels, branches)
        self.qkv_dwconv = depthwise(3 * branches * channels)
        self.project_out = Branchwise(channels, channels, branches)
        self.refine_att = PositionEncoding(channels // heads, heads, branches)
        self.scale = nn.Parameter(torch.ones(branches, heads, 1, 1))
        self.one_M = nn.Parameter(torch.ones(1), requires_grad=False)  # weight of the 1, not learnt

    def forward(self, x: Tensor) -> Tensor:
        """(B, P C, H, W) -> the same shape."""
        spread = torch.unflatten(precise(self.qkv_dwconv(self.qkv(x))), 1, self.layout)
        q, k, v = spread.unbind(2)  # (B, P, h, c, H, W) each
        near = torch.sigmoid(self.refine_att(v)).flatten(-2)[..., None, :]  # (B, P, h, 1, N)
        q, k, v = (one.flatten(-2) for one in (q, k, v))  # (B, P, h, c, N)
        sums = gather(unit(q), unit(k), v)  # (B, P, h, c + 1, N)
        sums = sums + gather(focused(q), focused(k), v, torch.sigmoid(self.scale))
        above = sums[..., :-1, :] + v.sum(-1, keepdim=True)
        below = sums[..., -1:, :] + v.shape[-1] * self.one_M + 1e-8
        y = self.temperature * (above / below) + near
        z: Tensor = self.project_out(y.reshape(x.shape))
        return z


class GDFN(nn.Module):
    """Gated feed-forward: one half, after GELU, times the other."""

    def __init__(self, channels: int, branches: int) -> None:
        super().__init__()
        hidden = int(channels * EXPANSION)
        self.project_in_1 = Branchwise(channels, hidden, branches)
        self.project_in_2 = Branchwise(channels, hidden, branches)
        self.dwconv_1 = depthwise(branches * hidden)
        self.dwconv_2 = depthwise(branches * hidden)
        self.project_out = Branchwise(hidden, channels, branches)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P C, H, W) -> the same shape."""
        gate = F.gelu(self.dwconv_1(self.project_in_1(x)))
        y: Tensor = self.project_out(gate * self.dwconv_2(self.project_in_2(x)))
        return y


class TransformerBlock(nn.Module):
    """Attention, then feed-forward, each on the normalised map and added to it."""

    def __init__(self, channels: int, heads: int, branches: int) -> None:
        super().__init__()
        self.norm1 = LayerNorm(channels, branches)
        self.attn = Attention(channels, heads, branches)
        self.norm2 = LayerNorm(channels, branches)
        self.ffn = GDFN(channels, branches)

    def forward(self, x: Tensor) -> Tensor:
        """(B, P C, H, W) -> the same shape."""
        x = x + self.attn(self.norm1(x))
        y: Tensor = x + self.ffn(self.norm2(x))
        return y

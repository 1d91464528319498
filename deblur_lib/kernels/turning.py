"""Patches of a turned picture, and what they tell about the pixels below them.

A classifier of a few orientations sees more of them when the picture is turned in small steps. The
turned picture is sampled in bands, so that neighbouring patches share their convolutions. Its
coordinates are whole steps from a pivot in the middle of the picture; at angle 0 they fall on
pixels.

Source: rotation extension of the released code of Sun et al., CVPR 2015. There the patches lie on a
lattice of the upright picture and round to pixels of the turned one; here on one of the turned.

Shape legend: H height, W width of the picture; h, w rows and columns of the lattice of patches.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional as F

FALLOFF = 0.005  # the weight of a patch for a pixel at r px of its middle is exp(-FALLOFF r^2)
BAND = 32  # rows of patches that are looked at together


def margin(patch: int, angles: Sequence[float]) -> float:
    """Least distance of a patch's middle from the border that keeps it inside at all angles."""
    widest = max(abs(math.cos(angle)) + abs(math.sin(angle)) for angle in angles)
    return (patch - 1) / 2 * widest


@dataclass(frozen=True)
class Turned:
    """The lattice of patches of one picture at one angle.

    Attributes:
        size: height and width of the picture.
        angle: radians; what lies at this angle, counter-clockwise, is seen as horizontal.
        patch: side of a patch in pixels.
        step: distance of neighbouring patches in pixels.
        margin: distance of the patches' middles from the picture's border.
    """

    size: tuple[int, int]
    angle: float
    patch: int
    step: int
    margin: float

    @property
    def pivot(self) -> Tensor:
        """Where the picture is turned about: (2,), x and y; the middle of a patch."""
        between = 0.5 if self.patch % 2 == 0 else 0.0
        height, width = self.size
        return torch.tensor([width // 2 - between, height // 2 - between])

    @property
    def axes(self) -> Tensor:
        """Directions of the turned picture's x and y in the upright one, as columns: (2, 2)."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return torch.tensor([[cos, sin], [-sin, cos]])

    @cached_property
    def inside(self) -> Tensor:
        """Which patches of the lattice lie in the picture, (h, w); odd sides, pivot amid."""
        half = int(math.hypot(*self.size) / 2 / self.step) + 1
        ticks = torch.arange(-half, half + 1) * float(self.step)
        down, right = torch.meshgrid(ticks, ticks, indexing="ij")
        places = torch.stack((right, down), dim=-1) @ self.axes.T + self.pivot  # (h, w, 2)
        last = torch.tensor([self.size[1] - 1.0, self.size[0] - 1.0])
        least = torch.minimum(places, last - places).amin(dim=-1)  # (h, w)
        return least > self.margin - 1e-3

    def bands(self, picture: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
        """The turned picture in pieces that hold all patches.

        Args:
            picture: (3, H, W).

        Yields:
            Rows and columns of the lattice, and (3, y, x) with their patches, the first one in the
            upper left corner.
        """
        held = torch.nonzero(self.inside.any(dim=1)).flatten()
        for first in range(int(held[0]), int(held[-1]) + 1, BAND):
            rows = slice(first, min(first + BAND, int(held[-1]) + 1))
            columns = torch.nonzero(self.inside[rows].any(dim=0)).flatten()
            across = slice(int(columns[0]), int(columns[-1]) + 1)
            yield rows, across, self.sample(picture, rows, across)

    def sample(self, picture: Tensor, rows: slice, columns: slice) -> Tensor:
        """The part of the turned picture (3, y, x) under some patches, bilinear."""
        middle = len(self.inside) // 2
        down, right = (
            (part.start - middle) * self.step
            - (self.patch - 1) / 2
            + torch.arange((part.stop - part.start - 1) * self.step + self.patch)
            for part in (rows, columns)
        )
        y, x = torch.meshgrid(down, right, indexing="ij")
        places = torch.stack((x, y), dim=-1) @ self.axes.T + self.pivot  # (y, x, 2)
        last = torch.tensor([self.size[1] - 1.0, self.size[0] - 1.0])
        normal = (2 * places / last - 1).to(picture)
        return F.grid_sample(
            picture[None], normal[None], padding_mode="border", align_corners=True
        )[0]

    def gather(self, told: Tensor, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """What the patches over some pixels tell, weighted by the nearness of their middles.

        Args:
            told: (h, w, K), of every patch of the lattice.
            rows: of the picture, (y,).
            columns: of the picture, (x,).

        Returns:
            Weighted means (y, x, K), 0 where there is no patch, and which pixels have one (y, x).
        """
        y, x = torch.meshgrid(rows.float(), columns.float(), indexing="ij")
        turned = (torch.stack((x, y), dim=-1) - self.pivot) @ self.axes  # (y, x, 2)
        reach, middle = (self.patch - 1) / 2, len(self.inside) // 2
        first = ((turned - reach) / self.step).ceil()  # (y, x, 2), right and down
        beside = torch.arange(int(2 * reach / self.step) + 1)
        steps = first[..., None] + beside  # (y, x, 2, n)
        apart = (steps * self.step - turned[..., None]).abs()
        near = torch.where(apart <= reach, (-FALLOFF * apart.square()).exp(), 0.0)
        place = (steps.long() + middle).clamp_(0, len(self.inside) - 1)
        index = (place[:, :, 1, :, None] * len(self.inside) + place[:, :, 0, None, :]).flatten(2)
        weight = (near[:, :, 1, :, None] * near[:, :, 0, None, :]).flatten(2)  # (y, x, n n)
        weight *= self.inside.flatten()[index]
        whole = weight.sum(dim=-1)  # (y, x)
        weight /= whole.clamp(min=1e-12)[..., None]
        means = F.embedding_bag(
            index.flatten(0, 1).to(told.device),
            told.flatten(0, 1),
            per_sample_weights=weight.flatten(0, 1).to(told),
            mode="sum",
        )
        return means.view(*whole.shape, -1), whole > 0

"""Locally uniform approximation of camera blur: one kernel for each of 6 x 8 overlapping patches.

Much faster than one warp for each rotation on large pictures. In the middle of patch r a sparse
matrix J_r turns the weights of the rotations into the local kernel k_r = J_r w, and its columns
sum to one; the blurred picture is sum_r W_r (k_r * x) / sum_r W_r with Bartlett-Hann windows W_r.
Source: Whyte et al., CPCV 2011, after Hirsch et al., CVPR 2010.

Shape legend: K rotations, C colours, H, W height and width, R patches, h, w a patch with its
padding.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.kernels.rotation import Camera, Shake, places, reach

GRID = (6, 8)  # patches along the shorter and the longer side
CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
Window = tuple[slice, slice, slice]
Change = Callable[[int, Tensor], Tensor]  # number of a patch and its spectrum -> a new spectrum


def bartlett_hann(side: int) -> Tensor:
    """Periodic window (side,), largest in the middle; two that lie half a side apart sum to 1."""
    place = torch.arange(side, dtype=torch.float64) / side - 0.5
    window: Tensor = 0.62 - 0.48 * place.abs() + 0.38 * torch.cos(2 * torch.pi * place)
    return window


class Patches:
    """Places, windows and displacements of the patches that cover a picture.

    Args:
        camera: of the picture.
        rotations: those that a blur may use, (K, 3).

    Attributes:
        size: (h, w) of a patch, powers of two.
        places: where each of the R patches lies in the padded picture.
        moves: where each rotation takes the middles, down and right in pixels, (K, R, 2).
        window: W_r, (h, w), zero in the padding of a patch.
        overlap, energy: sum_r W_r and sum_r W_r^2 on the padded picture, (1, H, W).
    """

    def __init__(self, camera: Camera, rotations: Tensor) -> None:
        self.camera, self.rotations = camera, rotations
        sides = (camera.height, camera.width)
        counts = GRID if sides[0] <= sides[1] else GRID[::-1]
        spare = reach(camera, rotations) + 1
        lines = [_Line(side, count, spare) for side, count in zip(sides, counts, strict=True)]
        rows, columns = lines
        self.size = (rows.size, columns.size)
        middles = torch.tensor([(x, y) for y in rows.middles for x in columns.middles])
        points = (middles - torch.tensor(camera.corner)).double().to(rotations.device)  # (R, 2)
        self.moves = (places(camera, rotations.double(), points) - points).flip(2)
        self.places: list[Window] = [(slice(None), y, x) for y in rows.spans for x in columns.spans]
        self.padding = (*columns.padding, *rows.padding)
        self.window = (rows.window[:, None] * columns.window).float().to(rotations.device)
        sums = rotations.new_zeros(2, *(line.length for line in lines), dtype=torch.float32)
        for place in self.places:
            sums[place] += torch.stack((self.window, self.window**2))
        self.overlap, self.energy = sums.clamp(min=1e-6).chunk(2)

    def splats(self, number: int) -> tuple[Tensor, Tensor]:
        """The matrix J_r: where each rotation takes the middle of a patch.

        Returns:
            Offsets (K, 4, 2), down and right in whole pixels, and their bilinear shares (K, 4).
        """
        moved = self.moves[:, number]  # (K, 2)
        corners = torch.tensor(CORNERS, device=moved.device)
        low = moved.floor()
        part = (moved - low)[:, None]  # (K, 1, 2)
        shares = torch.where(corners == 1, part, 1 - part).prod(dim=2)
        return low.long()[:, None] + corners, shares

    def spectra(self, weights: Tensor) -> Tensor:
        """Fourier transforms of all local kernels J_r w: (R, h, w/2+1), complex."""
        height, width = self.size
        kernels = weights.new_zeros(len(self.places), height * width, dtype=torch.float32)
        for number, kernel in enumerate(kernels):
            offsets, shares = self.splats(number)
            target = offsets[..., 0] % height * width + offsets[..., 1] % width  # (K, 4)
            kernel.index_add_(0, target.flatten(), (shares * weights[:, None]).float().flatten())
        transformed: Tensor = torch.fft.rfft2(kernels.reshape(-1, height, width))
        return transformed

    def change(self, x: Tensor, how: Change, *, before: bool, after: bool) -> Tensor:
        """Change every patch of a picture in the Fourier domain and add the patches up.

        Args:
            x: (C, H, W), on any picture with its padding.
            how: the change; it may return fewer colours than it is given.
            before: whether the patches are windowed before it.
            after: whether they are windowed after it.

        Returns:
            (C', H, W) on the padded picture, not divided by the sum of windows.
        """
        result: Tensor | None = None
        for number, place in enumerate(self.places):
            patch = x[place] * self.window if before else x[place]
            made = torch.fft.irfft2(how(number, torch.fft.rfft2(patch)), s=self.size)
            if result is None:
                result = made.new_zeros(len(made), *x.shape[1:])
            result[place] += made * self.window if after else made
        assert result is not None, "there is at least one patch"
        return result

    def padded(self, x: Tensor, *, outside: str = "replicate") -> Tensor:
        """(C, H, W) with the padding that the outer patches need on each side."""
        return F.pad(x[None], self.padding, mode=outside)[0]

    def cropped(self, x: Tensor) -> Tensor:
        """What `padded` padded: (C, H, W)."""
        left, _, top, _ = self.padding
        return x[:, top : top + self.camera.height, left : left + self.camera.width]


class _Line:
    """Patches along one side of a picture.

    Args:
        side: pixels of the picture.
        count: patches along it.
        spare: pixels that a window needs around it.
    """

    def __init__(self, side: int, count: int, spare: int) -> None:
        step = 2 * -(-side // (2 * (count - 1)))  # from middle to middle, even
        self.size = 2 << (step + spare - 1).bit_length()
        first = (side - 1) // 2 - step * (count - 1) // 2
        self.middles = range(first, first + step * count, step)
        before = max(self.size // 2 - first, 0)
        self.length = max(self.middles[-1] + self.size // 2, side) + before
        self.padding = (before, self.length - before - side)
        starts = [before + middle - self.size // 2 for middle in self.middles]
        self.spans = [slice(start, start + self.size) for start in starts]
        self.window = F.pad(bartlett_hann(2 * step), (self.size // 2 - step,) * 2)


class FilterFlow:
    """The approximate blur; see `rotation.Blur`.

    `back` is its transpose but for the outermost pixels, whose border `forward` repeats.

    Args:
        camera: of the pictures that are blurred.
        shake: weights of its rotations.
    """

    def __init__(self, camera: Camera, shake: Shake) -> None:
        self.patches = Patches(camera, shake.rotations)
        self.spectra = self.patches.spectra(shake.weights)
        self.reached = self.patches.spectra(torch.ones_like(shake.weights))

    def forward(self, x: Tensor) -> Tensor:
        """Blur: (C, H, W) -> the same shape."""
        return self._blur(x, self.spectra)

    def spread(self, x: Tensor) -> Tensor:
        """Blur with all weights 1, cut at 1: (C, H, W) -> the same shape."""
        return self._blur(x, self.reached).clamp(max=1)

    def back(self, y: Tensor) -> Tensor:
        """Transpose: (C, H, W) -> the same shape."""
        patches = self.patches
        wide = patches.padded(y, outside="constant") / patches.overlap
        made = patches.change(wide, lambda r, f: f * self.spectra[r], before=True, after=False)
        return patches.cropped(made)

    def _blur(self, x: Tensor, spectra: Tensor) -> Tensor:
        patches = self.patches
        made = patches.change(
            patches.padded(x), lambda r, f: f * spectra[r].conj(), before=False, after=True
        )
        return patches.cropped(made / patches.overlap)

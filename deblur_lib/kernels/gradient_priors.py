"""Deconvolution of camera shake under a prior on the picture's differences.

Three solvers of min ||A x - y||^2 + prior(grad x): `direct` and `krishnan_fergus` patch by patch
in the Fourier domain, `least_squares` with the exact blur. All pad the picture by its border as
far as the corners move.

Shape legend: C colours, H, W height and width, R patches, h, w a patch with its padding.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.kernels.conjugate import conjugate_gradients
from deblur_lib.kernels.epll import Progress
from deblur_lib.kernels.filter_flow import Patches
from deblur_lib.kernels.rotation import Camera, RotationBlur, Shake, reach

STEPS = tuple(8 ** (power / 2) for power in range(6))  # of the coupling: 1 to 181
ROUNDS = 12  # of the fixed point
MIDDLE = 0.3  # median of the picture for which lambda is meant


def direct(
    blurred: Tensor,
    camera: Camera,
    shake: Shake,
    alpha: float = 0.005,
    progress: Progress = lambda done: None,
) -> Tensor:
    """Squares of the differences as prior: X = conj(K) Y / (|K|^2 + alpha (|Dx|^2 + |Dy|^2)).

    Each patch is solved by itself; the windowed results are joined by least squares.

    Args:
        blurred: linear light, (C, H, W).
        camera: of that picture.
        shake: its rotations.
        alpha: weight of the prior.
        progress: told when all is done.

    Returns:
        (C, H, W).
    """
    wide, patches, margin = _padded(blurred, camera, shake)
    kernels = patches.spectra(shake.weights)
    prior = alpha * _differences(patches.size, wide).abs().square().sum(dim=0)

    def solve(number: int, spectrum: Tensor) -> Tensor:
        kernel = kernels[number]
        return spectrum * kernel / (kernel.abs().square() + prior)

    summed = patches.change(wide, solve, before=True, after=True)
    progress(1.0)
    return _cropped(summed / patches.energy, patches, margin)


def krishnan_fergus(
    blurred: Tensor,
    camera: Camera,
    shake: Shake,
    *,
    weight: float = 1e3,
    exponent: float = 2 / 3,
    progress: Progress = lambda done: None,
) -> Tensor:
    """Differences to the power of `exponent` as prior, solved by half-quadratic splitting.

    Args:
        blurred: linear light, (C, H, W).
        camera: of that picture.
        shake: its rotations.
        weight: lambda, of the data against the prior, for a picture of median 0.3.
        exponent: 0 to 1.
        progress: told the share that is done, in 0 to 1.

    Returns:
        (C, H, W).

    Source: Krishnan and Fergus, NIPS 2009, as Whyte et al. join it with patches.
    """
    scale = MIDDLE / max(float(blurred.median()), 1e-3)
    wide, patches, margin = _padded(scale * blurred, camera, shake)
    kernels = patches.spectra(shake.weights)
    differences = _differences(patches.size, wide)
    prior = differences.abs().square().sum(dim=0)
    x = wide
    for number, coupling in enumerate(STEPS):
        share = coupling / weight
        first = torch.cat((_ahead(x, 2), _ahead(x, 1)))
        auxiliary = shrunk(first, coupling, exponent)

        def solve(number: int, spectrum: Tensor, share: float = share) -> Tensor:
            kernel = kernels[number]
            y, right, down = spectrum.chunk(3)
            guess = right * differences[0].conj() + down * differences[1].conj()
            solved: Tensor = (y * kernel + share * guess) / (kernel.abs().square() + share * prior)
            return solved

        stack = torch.cat((wide, auxiliary))
        x = patches.change(stack, solve, before=True, after=True) / patches.energy
        progress((number + 1) / len(STEPS))
    return _cropped(x, patches, margin) / scale


def shrunk(values: Tensor, coupling: float, exponent: float) -> Tensor:
    """The minimum over w of |w|^exponent + coupling / 2 (w - v)^2 for each value v, same shape."""
    v = values.abs()
    w = v
    for _ in range(ROUNDS):  # a fixed point, from above, where there is one beside 0
        w = (v - exponent / coupling * w.clamp(min=1e-6) ** (exponent - 1)).clamp(min=0)
    cost = w**exponent + coupling / 2 * (w - v) ** 2
    return torch.where(cost < coupling / 2 * v**2, w, 0.0) * values.sign()


def least_squares(
    blurred: Tensor,
    mask: Tensor,
    camera: Camera,
    shake: Shake,
    *,
    alpha: float = 0.005,
    iterations: int = 20,
) -> Tensor:
    """Squares of the differences as prior, the exact blur, and differences in the data term.

    min sum_d om_d ||D_d (A x - y)||^2 + alpha ||grad x||^2 with om = 1, 1/2, 1/4 for the orders
    0, 1 and 2, by conjugate gradients.

    Args:
        blurred: linear light, (C, H, W).
        mask: pixels that count, (H, W).
        camera: of that picture.
        shake: its rotations.
        alpha: weight of the prior.
        iterations: steps of the solver.

    Returns:
        (C, H, W).
    """
    margin = reach(camera, shake.rotations)
    blur = RotationBlur(camera.padded(margin), shake)
    pad = (margin,) * 4
    y = F.pad(blurred[None], pad, mode="replicate")[0]
    known = F.pad(mask[None].to(y), pad)

    orders = _orders()

    def weighted(error: Tensor) -> Tensor:
        return known * _filtered(known * error, orders)

    def matrix(x: Tensor) -> Tensor:
        return blur.back(weighted(blur.forward(x))) + alpha * _roughness(x)

    right = blur.back(weighted(y))
    x = conjugate_gradients(matrix, right, y, tolerance=1e-6, iterations=iterations)
    return x[:, margin : margin + camera.height, margin : margin + camera.width]


def _orders() -> Tensor:
    """Kernel of sum_d om_d D_d' D_d over 1, x and y (1/2), xx, yy and xy (1/4): (5, 5)."""
    line = torch.tensor([0.0, -1.0, 2.0, -1.0, 0.0])
    twice = torch.tensor([1.0, -4.0, 6.0, -4.0, 1.0])
    one = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])
    first = torch.outer(one, line) + torch.outer(line, one)
    second = torch.outer(one, twice) + torch.outer(twice, one) + torch.outer(line, line)
    return torch.outer(one, one) + first / 2 + second / 4


def _filtered(x: Tensor, kernel: Tensor) -> Tensor:
    """Each colour of (C, H, W) by (5, 5), zeros beyond the border."""
    return F.conv2d(x[:, None], kernel.to(x)[None, None], padding=2)[:, 0]


def _roughness(x: Tensor) -> Tensor:
    """Grad' grad x with a flat border: (C, H, W) -> the same shape."""
    wide = F.pad(x[None], (1, 1, 1, 1), mode="replicate")[0]
    sides = wide[:, 1:-1, :-2] + wide[:, 1:-1, 2:] + wide[:, :-2, 1:-1] + wide[:, 2:, 1:-1]
    return 4 * x - sides


def _ahead(x: Tensor, axis: int) -> Tensor:
    """Forward differences, from the last to the first pixel at the border."""
    return x.roll(-1, axis) - x


def _differences(size: tuple[int, int], like: Tensor) -> Tensor:
    """Transfer functions of the forward differences to the right and down: (2, h, w/2+1)."""
    filters = like.new_zeros(2, *size)
    filters[:, 0, 0] = -1.0
    filters[0, 0, -1] = filters[1, -1, 0] = 1.0
    transformed: Tensor = torch.fft.rfft2(filters)
    return transformed


def _padded(blurred: Tensor, camera: Camera, shake: Shake) -> tuple[Tensor, Patches, int]:
    """The picture with the padding of a shake and of the patches; the patches; the shake's pad."""
    margin = reach(camera, shake.rotations)
    patches = Patches(camera.padded(margin), shake.rotations)
    wide = F.pad(blurred[None], (margin,) * 4, mode="replicate")[0]
    return patches.padded(wide), patches, margin


def _cropped(wide: Tensor, patches: Patches, margin: int) -> Tensor:
    inner = patches.cropped(wide)
    return inner[:, margin : inner.shape[1] - margin, margin : inner.shape[2] - margin]

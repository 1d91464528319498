"""Weights of camera rotations that turn sharp edges into blurred ones.

min over w >= 0 of ||B w - g||^2 + bet sum(w), where column k of B holds the edges as rotation k
shows them and g the differences of the blurred picture. B itself is never stored: its Gram matrix
B'B and B'g are enough. Source: Whyte et al., IJCV 2012, Sec. 5; its code solves by LARS, and the
active-set method here meets the same conditions.

Shape legend: K rotations, C kinds of differences, H, W height and width, n pixels.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.kernels.filter_flow import Patches
from deblur_lib.kernels.rotation import Camera, groups, pixel_grid, reach, warp

F64 = NDArray[np.float64]
CHUNK = 2**24  # numbers of B that are held at once
RIDGE = 1e-9  # of the mean diagonal, added so that like rotations leave the matrix positive


def exact_gram(
    edges: Tensor, blurred: Tensor, mask: Tensor, camera: Camera, rotations: Tensor
) -> tuple[F64, F64]:
    """B'B and B'g with one warp of the edges for each rotation.

    Args:
        edges: differences of the sharp edges, zero elsewhere, (C, H, W).
        blurred: differences of the blurred picture, (C, H, W).
        mask: pixels whose differences count, (H, W) of bool.
        camera: of both pictures.
        rotations: (K, 3).

    Returns:
        (K, K) and (K,).
    """
    strong = (edges != 0).any(dim=0)
    side = 2 * reach(camera, rotations) + 3
    near = F.max_pool2d(strong[None].float(), side, 1, side // 2)[0] > 0
    seen = (near & mask).flatten()
    pixels, wanted = pixel_grid(camera, edges.device)[seen], blurred.flatten(1)[:, seen]
    gram = torch.zeros(len(rotations), len(rotations), dtype=torch.float64)
    target = torch.zeros(len(rotations), dtype=torch.float64)
    size = max(1, CHUNK // (len(rotations) * len(edges)))
    for first in range(0, len(pixels), size):
        some, observed = pixels[first : first + size], wanted[:, first : first + size]
        columns = torch.cat(
            [
                warp(edges, camera, rotations[part], some, outside="zeros").flatten(1)
                for part in groups(len(rotations), len(some) * len(edges))
            ]
        )  # (K, C n)
        gram += (columns @ columns.T).double().cpu()
        target += (columns @ observed.flatten()).double().cpu()
    return gram.numpy(), target.numpy()


def flow_gram(
    edges: Tensor, blurred: Tensor, mask: Tensor, camera: Camera, rotations: Tensor
) -> tuple[F64, F64]:
    """As `exact_gram`, by correlations of patches: sum_r J_r' (autocorrelation) J_r."""
    patches = Patches(camera, rotations)
    height, width = patches.size
    sharp = patches.padded(edges, outside="constant") / patches.overlap
    seen, observed = (patches.padded(one * mask, outside="constant") for one in (edges, blurred))
    gram, target = np.zeros((len(rotations),) * 2), np.zeros(len(rotations))
    for number, place in enumerate(patches.places):
        window = sharp[place] * patches.window
        if not window.any():
            continue
        spectrum = torch.fft.rfft2(window).conj()
        with_itself, with_observed = (
            torch.fft.irfft2((spectrum * torch.fft.rfft2(one[place])).sum(dim=0), s=patches.size)
            for one in (seen, observed)
        )
        offsets, shares = (one.cpu() for one in patches.splats(number))  # (K, 4, 2), (K, 4)
        numbers, which = torch.unique(
            offsets[..., 0] * width + offsets[..., 1] + width // 2, return_inverse=True
        )
        used = torch.stack((numbers // width, numbers % width - width // 2), dim=1)  # (n, 2)
        firsts = np.arange(0, 4 * len(shares) + 1, 4)
        local = csr_array(
            (shares.flatten().numpy(), which.flatten().numpy(), firsts)
        )  # J_r', (K, n)
        apart = used[None] - used[:, None]  # (n, n, 2)
        pairs = with_itself[apart[..., 0] % height, apart[..., 1] % width]
        gram += local @ (local @ pairs.T.double().cpu().numpy()).T
        single = with_observed[-used[:, 0] % height, -used[:, 1] % width]
        target += local @ single.double().cpu().numpy()
    return (gram + gram.T) / 2, target


def nonnegative(
    gram: F64, target: F64, *, l1: float = 0.0, limit: int = 200, tolerance: float = 1e-9
) -> F64:
    """Least squares with weights of at least 0: min w'Gw - 2 b'w + l1 sum(w).

    Weights enter one by one, steepest first, and leave when they would fall below zero; at the
    end the slope 2 (Gw - b) + l1 is 0 where w > 0 and nowhere negative, unless `limit` stopped it.

    Args:
        gram: G, symmetric and positive, (K, K).
        target: b, (K,).
        l1: price of a sum of 1.
        limit: most weights above 0.
        tolerance: slope that counts as 0, as a part of the steepest at the start.

    Returns:
        (K,).

    Source: Lawson and Hanson 1974, with the Gram matrix as Bro and de Jong 1997.
    """
    wanted = target - l1 / 2
    weights = np.zeros(len(wanted))
    inside = np.zeros(len(wanted), dtype=bool)
    goal = tolerance * max(float(wanted.max(initial=0.0)), 0.0)
    ridge = RIDGE * float(np.trace(gram)) / max(len(gram), 1)
    for _ in range(3 * len(wanted)):
        slope = np.where(inside, -np.inf, wanted - gram @ weights)
        if inside.sum() >= limit or not slope.max(initial=-np.inf) > goal:
            break
        inside[int(slope.argmax())] = True
        while True:
            solved = np.zeros_like(weights)
            solved[inside] = _solve(gram[np.ix_(inside, inside)], wanted[inside], ridge)
            if not (solved[inside] <= 0).any():
                break
            falling = inside & (solved <= 0)
            part = (weights[falling] / (weights[falling] - solved[falling])).min()
            weights = np.maximum(weights + part * (solved - weights), 0.0)
            inside &= weights > 1e-12 * weights.max()
        weights = solved
    return weights


def _solve(matrix: F64, right: F64, ridge: float) -> F64:
    factor = cho_factor(matrix + ridge * np.eye(len(matrix)), check_finite=False)
    solved: F64 = cho_solve(factor, right, check_finite=False)
    return solved

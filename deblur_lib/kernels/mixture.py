"""A prior of small gray patches: a mixture of Gaussians without mean, fitted by EM.

Shape legend: K components, D pixels of a patch, N patches, P = D (D + 1) / 2 products of pixels.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from deblur_lib.errors import DataError, UsageError

GRAY = (0.299, 0.587, 0.114)
FLOOR = 1e-6  # least variance of a component along any direction
AT_ONCE = 1024  # patches scored together: what the nearest memories hold
UNFITTED = 0.01  # variance of every pixel before anything is fitted


class Mixture(nn.Module):
    """Gaussians of patches whose mean was taken away; buffers, so that checkpoints are whole.

    Before `fit` each component is white noise.

    Args:
        components: K.
        side: of a patch, in pixels; D = side^2.

    Source: Zoran and Weiss, "From Learning Models of Natural Image Patches to Whole Image
    Restoration" (200 components of 8x8 patches); their fitted mixture is not to be had.
    """

    weights: Tensor
    covariances: Tensor

    def __init__(self, components: int = 200, side: int = 8) -> None:
        super().__init__()
        if min(components, side) < 1:
            raise UsageError(
                "a mixture needs at least one component and one pixel, got "
                f"{components} components and a side of {side}"
            )
        self.side = side
        white = UNFITTED * torch.eye(side**2)
        self.register_buffer("weights", torch.full((components,), 1 / components))
        self.register_buffer("covariances", white.repeat(components, 1, 1))

    def fit_crops(
        self, sharp: Tensor, seed: int, *, patches: int = 200_000, rounds: int = 100
    ) -> list[float]:
        """Fit to gray patches drawn from sharp crops; the same crops and seed fit alike.

        Args:
            sharp: (B, 3, H, W) in [0, 1].
            seed: of the places that patches are taken from.
            patches: how many.
            rounds: see `fit`.

        Returns:
            See `fit`.

        Raises:
            DataError: crops smaller than a patch, or fewer patches than components.
        """
        generator = torch.Generator().manual_seed(seed)
        return self.fit(draw_patches(sharp, self.side, patches, generator), rounds=rounds)

    def fit(self, patches: Tensor, *, rounds: int = 100, tolerance: float = 1e-3) -> list[float]:
        """Expectation maximisation from groups of alike energy; nothing is drawn at random.

        No variance falls below `FLOOR`, which keeps each round the best under that bound, so the
        likelihood never falls.

        Args:
            patches: (N, D) without their means.
            rounds: at most.
            tolerance: stop when a round gains less than this, in nats a patch.

        Returns:
            Mean log-likelihood of a patch before each round and after the last.

        Raises:
            DataError: fewer patches than components.
        """
        components = len(self.weights)
        if len(patches) < components:
            raise DataError(
                f"a mixture of {components} components needs at least as many patches, got "
                f"{len(patches)}; take more patches or fewer components"
            )
        groups = patches[patches.square().sum(1).argsort(stable=True)].tensor_split(components)
        sums = torch.stack([one.T @ one for one in groups]).double()
        counts = torch.tensor([len(one) for one in groups], device=patches.device).double()
        found: list[float] = []
        for _ in range(rounds + 1):
            self._maximise(counts, sums)
            counts, sums, likelihood = self._expect(patches)
            found.append(likelihood)
            if len(found) > 1 and found[-1] - found[-2] < tolerance:
                break
        return found

    def _maximise(self, counts: Tensor, sums: Tensor) -> None:
        """Weights and covariances from how many patches each component has and their products."""
        values, vectors = torch.linalg.eigh(sums / counts.clamp(min=1e-9)[:, None, None])
        bounded = (vectors * values.clamp(min=FLOOR)[:, None, :]) @ vectors.mT
        self.covariances = bounded.to(self.covariances)
        self.weights = (counts / counts.sum()).clamp(min=1e-12).to(self.weights)

    def _expect(self, patches: Tensor) -> tuple[Tensor, Tensor, float]:
        """Soft counts (K,), sums of products (K, D, D) and the mean log-likelihood of (N, D)."""
        pixels, components = patches.shape[1], len(self.weights)
        factors = torch.linalg.cholesky(self.covariances.double())
        white = torch.linalg.inv(factors).flatten(0, 1).to(patches)  # (K D, D)
        constants = (_log_scale(self.weights, factors) - pixels / 2 * math.log(2 * math.pi))[
            :, None
        ]
        first, second = _pairs(patches)
        counts, likelihood = patches.new_zeros(components, dtype=torch.float64), 0.0
        products = patches.new_zeros(components, len(first), dtype=torch.float64)
        for some in torch.split(patches, AT_ONCE):
            z = some.T.contiguous()  # (D, n)
            lengths = (white @ z).view(components, pixels, -1).square_().sum(1)
            scores = constants - lengths.double() / 2  # (K, n)
            totals = scores.logsumexp(0)
            shares = (scores - totals).exp()
            counts += shares.sum(1)
            likelihood += float(totals.sum())
            products += (shares.to(z) @ (z[first] * z[second]).T).double()
        sums = products.new_zeros(components, pixels, pixels)
        sums[:, first, second] = sums[:, second, first] = products
        return counts, sums, likelihood / len(patches)

    def denoiser(self, variance: float) -> Callable[[Tensor], Tensor]:
        """The likeliest patches behind noisy ones: the z-step of EPLL.

        Each patch takes the component k that explains it best, argmax log weight_k + log N(z; 0,
        S_k + variance I), and becomes S_k (S_k + variance I)^-1 z; its mean passes unchanged.

        Args:
            variance: of the noise on a pixel, above 0.

        Returns:
            A function of patches (N, D) with their means that gives patches (N, D).

        Source: Zoran and Weiss (2011), Section 3.2: the approximate MAP of a patch under a mixture.
        """
        white = torch.eye(self.side**2, device=self.covariances.device, dtype=torch.float64)
        factors = torch.linalg.cholesky(self.covariances.double() + variance * white)
        inverse = torch.cholesky_inverse(factors)  # (K, D, D)
        filters = (white - variance * inverse).float()
        constants = _log_scale(self.weights, factors).float()
        first, second = _pairs(white)
        forms = (inverse * (1 - white / 2))[:, first, second].float()  # (K, P): z' inverse z / 2

        def denoise(patches: Tensor) -> Tensor:
            mean = patches.mean(1, keepdim=True)
            z = patches - mean
            best = torch.cat([_best(some, constants, forms) for some in torch.split(z, AT_ONCE)])
            order = best.argsort(stable=True)
            counts = best.bincount(minlength=len(filters)).tolist()
            groups = zip(torch.split(z[order], counts), filters, strict=True)
            z[order] = torch.cat([group @ one for group, one in groups])
            return z + mean

        return denoise


def draw_patches(sharp: Tensor, side: int, count: int, generator: torch.Generator) -> Tensor:
    """Gray patches from random places of crops, without their means.

    Args:
        sharp: (B, 3, H, W) in [0, 1].
        side: of a patch, in pixels.
        count: N; places may repeat.
        generator: on the CPU.

    Returns:
        (N, side^2), float32, on the device of `sharp`.

    Raises:
        DataError: no crop, or crops smaller than a patch.
    """
    batch, _, height, width = sharp.shape
    if batch == 0 or min(height, width) < side:
        raise DataError(
            f"patches of {side} px need crops of at least that size, got {batch} of "
            f"{height}x{width}; take larger crops"
        )
    gray = torch.einsum("c,bchw->bhw", sharp.new_tensor(GRAY), sharp)
    windows = gray.unfold(1, side, 1).unfold(2, side, 1)  # (B, H', W', side, side)
    places = [torch.randint(n, (count,), generator=generator) for n in windows.shape[:3]]
    taken: Tensor = windows[places[0], places[1], places[2]].flatten(1).float()
    return taken - taken.mean(1, keepdim=True)


def _best(patches: Tensor, constants: Tensor, forms: Tensor) -> Tensor:
    """The component of the highest score: constants (K,) minus forms (K, P) of patches (n, D)."""
    first, second = _pairs(patches)
    z = patches.T.contiguous()  # (D, n)
    return torch.addmm(constants[:, None], forms, z[first] * z[second], alpha=-1).argmax(0)


def _pairs(like: Tensor) -> tuple[Tensor, Tensor]:
    """Both indices of the P products of D pixels, from anything (..., D)."""
    first, second = torch.triu_indices(like.shape[-1], like.shape[-1], device=like.device)
    return first, second


def _log_scale(weights: Tensor, factors: Tensor) -> Tensor:
    """Log weight - log det / 2 of each component, from the Cholesky factors (K, D, D); (K,)."""
    diagonals = factors.diagonal(dim1=-2, dim2=-1)
    return weights.double().log() - diagonals.log().sum(-1)

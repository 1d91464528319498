"""A prior of small gray patches: a mixture of Gaussians without mean, fitted by EM.

Shape legend: K components, D pixels of a patch, N patches, P = D (D + 1) / 2 products of pixels.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from deblur_lib.errors import DataError, UsageError

GRAY = (0.299, 0.587, 0.114)
FLOOR = 1e-6  # least variance of a component along any direction
AT_ONCE = {"cpu": 256}  # patches scored together: what the nearest memories hold
AT_ONCE_ELSEWHERE = 1 << 14
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
        counts = torch.tensor([len(one) for one in groups], device=patches.device).double()
        sums = torch.stack([one.T @ one for one in groups]).double()
        found: list[float] = []
        for _ in range(rounds + 1):
            weights, covariances = _maximised(counts, sums)
            counts, sums, likelihood = _expected(patches, weights, covariances)
            found.append(likelihood)
            if len(found) > 1 and found[-1] - found[-2] < tolerance:
                break
        self.weights.copy_(weights)
        self.covariances.copy_(covariances)
        return found

    def denoiser(self, variance: float) -> Callable[[Tensor], Tensor]:
        """The likeliest patches behind noisy ones: the z-step of EPLL.

        Each patch takes the component k that explains it best, argmax log weight_k + log N(z; 0,
        S_k + variance I), and becomes S_k (S_k + variance I)^-1 z; its mean passes unchanged.

        Args:
            variance: of the noise on a pixel, above 0.

        Returns:
            A function of patches (N, D) with their means that gives patches (N, D).

        Source: Zoran and Weiss (2011), the approximate MAP of a patch under a mixture.
        """
        white = torch.eye(self.side**2, device=self.covariances.device, dtype=torch.float64)
        factors = torch.linalg.cholesky(self.covariances.double() + variance * white)
        inverse = torch.cholesky_inverse(factors)  # (K, D, D)
        filters = (white - variance * inverse).float()
        constants = _log_scale(self.weights, factors).float()
        first, second = _pairs(len(white), white.device)
        forms = (inverse * (1 - white / 2))[:, first, second].float()  # (K, P): z' inverse z / 2

        def denoise(patches: Tensor) -> Tensor:
            mean = patches.mean(1, keepdim=True)
            z = patches - mean
            best = torch.cat([
                torch.addmm(constants[:, None], forms, products, alpha=-1).argmax(0)
                for _, products in _Chunks(z)
            ])  # fmt: skip
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


def _maximised(counts: Tensor, sums: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (K,) and covariances (K, D, D) from soft counts and sums of products, float64."""
    values, vectors = torch.linalg.eigh(sums / counts.clamp(min=1e-9)[:, None, None])
    bounded = (vectors * values.clamp(min=FLOOR)[:, None, :]) @ vectors.mT
    return (counts / counts.sum()).clamp(min=1e-12), bounded


def _expected(
    patches: Tensor, weights: Tensor, covariances: Tensor
) -> tuple[Tensor, Tensor, float]:
    """Soft counts (K,), sums of products (K, D, D) and the mean log-likelihood of (N, D)."""
    components, pixels = covariances.shape[:2]
    factors = torch.linalg.cholesky(covariances)
    whitening = torch.linalg.inv(factors).flatten(0, 1).to(patches)  # (K D, D)
    constants = _log_scale(weights, factors) - pixels / 2 * math.log(2 * math.pi)
    first, second = _pairs(pixels, patches.device)
    counts, likelihood = torch.zeros_like(weights), 0.0
    products = weights.new_zeros(components, len(first))
    chunks = _Chunks(patches)
    place = patches.new_empty(len(whitening) * len(chunks.parts[0]))
    for z, squares in chunks:
        white = torch.mm(
            whitening, z, out=place[: len(whitening) * z.shape[1]].view(-1, z.shape[1])
        )
        lengths = white.square_().view(components, pixels, -1).sum(1)
        scores = constants[:, None] - lengths.double() / 2  # (K, n)
        totals = scores.logsumexp(0)
        shares = (scores - totals).exp()
        counts += shares.sum(1)
        likelihood += float(totals.sum())
        products += (shares.to(z) @ squares.T).double()
    sums = products.new_zeros(components, pixels, pixels)
    sums[:, first, second] = sums[:, second, first] = products
    return counts, sums, likelihood / len(patches)


class _Chunks:
    """Patches a few at a time, with the products of every two pixels, in memory taken once.

    Fresh memory for each chunk would cost more than what is computed in it.

    Args:
        patches: (N, D).
    """

    def __init__(self, patches: Tensor) -> None:
        pixels, device = patches.shape[1], patches.device
        self.parts = torch.split(patches, AT_ONCE.get(device.type, AT_ONCE_ELSEWHERE))
        self.pairs = _pairs(pixels, device)
        self.memory = [patches.new_empty(len(one) * len(self.parts[0])) for one in self.pairs]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Patches (D, n) and products (P, n); both are overwritten by the next."""
        for part in self.parts:
            z = part.T.contiguous()
            left, right = (
                torch.index_select(z, 0, one, out=place[: len(one) * len(part)].view(-1, len(part)))
                for one, place in zip(self.pairs, self.memory, strict=True)
            )
            yield z, left.mul_(right)


def _pairs(pixels: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Both indices of the P products of D pixels."""
    first, second = torch.triu_indices(pixels, pixels, device=device)
    return first, second


def _log_scale(weights: Tensor, factors: Tensor) -> Tensor:
    """Log weight - log det / 2 of each component, from the Cholesky factors (K, D, D); (K,)."""
    diagonals = factors.diagonal(dim1=-2, dim2=-1)
    return weights.double().log() - diagonals.log().sum(-1)

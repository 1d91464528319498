"""Sun et al. (CVPR 2015): a CNN tells the motion of patches, a random field smooths, EPLL restores.

Shape legend: B batch, P side of a patch, K labels, H height, W width of the picture; h, w rows and
columns of a lattice.
"""

import math
from collections.abc import Sequence

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from scipy.ndimage import distance_transform_edt
from torch import Tensor, nn
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.kernels.epll import BETAS, STRENGTH, Progress, progress_bar
from deblur_lib.kernels.field import SWEEPS, choose_motion, enlarge, grid
from deblur_lib.kernels.flows import flow_error
from deblur_lib.kernels.line import line_kernels
from deblur_lib.kernels.line_deblurrer import LineDeblurrer
from deblur_lib.kernels.turning import Turned, margin

THIN = 3  # the random field takes every third pixel
GAIN = 6  # of the first layer at its start
SMALLEST = 18  # side of a patch whose convolutions and pools leave something


class PatchNet(nn.Module):
    """Scores of the labels of a patch, or of every patch of a lattice that shares convolutions.

    Args:
        patch: side P.
        widths: channels of the two convolutions, features of the full layer.
        labels: K.
    """

    def __init__(self, patch: int, widths: Sequence[int], labels: int) -> None:
        super().__init__()
        near, far, joined = widths
        self.near = nn.Conv2d(3, near, 7)
        self.far = nn.Conv2d(near, far, 5)
        self.join = nn.Conv2d(far, joined, ((patch - 6) // 2 - 4) // 2)
        self.tell = nn.Conv2d(joined, labels, 1)
        for layer in (self.near, self.far, self.join):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        with torch.no_grad():  # blur lies in differences of neighbours, which are small
            self.near.weight -= self.near.weight.mean(dim=(2, 3), keepdim=True)
            self.near.weight *= GAIN
        nn.init.normal_(self.tell.weight, std=0.01)  # all labels alike

    def forward(self, patches: Tensor) -> Tensor:
        """Scores before the softmax, (B, K), of (B, 3, P, P) in [0, 1]."""
        x = F.max_pool2d(F.relu(self.near(patches - 0.5)), 2)
        x = F.max_pool2d(F.relu(self.far(x)), 2)
        scores: Tensor = self.tell(F.relu(self.join(x)))
        return scores.flatten(1)

    def everywhere(self, picture: Tensor, step: int) -> Tensor:
        """Confidences (h, w, K) of the patches at every `step`-th pixel of (3, H, W); step even.

        The first pool keeps its step of 2, which divides that of the patches; the second looks at
        every position, and the full layer takes every other one: the same numbers as patch by
        patch.
        """
        x = F.max_pool2d(F.relu(self.near(picture[None] - 0.5)), 2)
        x = F.max_pool2d(F.relu(self.far(x)), 2, stride=1)
        x = F.conv2d(x, self.join.weight, self.join.bias, stride=step // 2, dilation=2)
        scores: Tensor = self.tell(F.relu(x))
        return scores[0].softmax(dim=0).permute(1, 2, 0)


class Sun2015(LineDeblurrer):
    """Motions of patches from a CNN, of pixels from a random field; deconvolution with a prior.

    Args:
        patch: side P of the patches in pixels.
        widths: channels of the CNN's two convolutions, features of its full layer.
        lengths: of the motions that it knows, in pixels; 1 is no motion.
        orientations: of these motions, evenly spread over half a turn.
        rotations: angles at which the picture is looked at; each adds motions between the
            orientations.
        step: distance of neighbouring patches in pixels; even.
        smoothness: of the random field, see `choose_motion`; 0 does without.
        sweeps: of belief propagation.
        signless: let the random field take a motion for its opposite, which blurs alike.
        cuts: patches that training cuts from each crop.
        noise: standard deviation of the noise on patches of training.
        components: Gaussians of the prior of patches.
        patches: gray patches that the prior is fitted to.
        rounds: of fitting, at most.
        strength: lambda of EPLL, see `kernels.epll`.
        betas: of EPLL, one round each.

    Raises:
        UsageError: patches, widths, lengths or steps that cannot be.

    Source: Sun et al., "Learning a Convolutional Neural Network for Non-uniform Motion Blur
    Removal", CVPR 2015, with the constants of its released code.
    """

    name = "sun2015"

    def __init__(
        self,
        *,
        patch: PositiveInt = 30,
        widths: Sequence[PositiveInt] = (96, 256, 1024),
        lengths: Sequence[PositiveInt] = tuple(range(1, 26, 2)),
        orientations: PositiveInt = 6,
        rotations: PositiveInt = 5,
        step: PositiveInt = 6,
        smoothness: NonNegativeFloat = 1e4,
        sweeps: PositiveInt = SWEEPS,
        signless: bool = False,
        cuts: PositiveInt = 16,
        noise: NonNegativeFloat = 0.01,
        components: PositiveInt = 200,
        patches: PositiveInt = 200_000,
        rounds: PositiveInt = 100,
        strength: PositiveFloat = STRENGTH,
        betas: Sequence[float] = BETAS,
    ) -> None:
        super().__init__(
            components=components, patches=patches, rounds=rounds, strength=strength, betas=betas
        )
        self.patch, self.step, self.rotations, self.cuts = patch, step, rotations, cuts
        self.smoothness, self.sweeps, self.signless = smoothness, sweeps, signless
        self.noise = noise
        _check(self, widths, lengths)
        self.lengths = [one for one in sorted(set(lengths)) if one > 1]
        self.orientations = orientations
        self.minimum_size = 2 * (math.ceil(margin(patch, self.angles())) + 1)
        self.classify = PatchNet(patch, widths, 1 + len(self.lengths) * orientations)

    def angles(self) -> list[float]:
        """Angles at which the picture is looked at, in radians; the first one is 0."""
        apart = math.pi / self.orientations / self.rotations
        return [number * apart for number in range(self.rotations)]

    def moving(self, angle: float = 0.0) -> Tensor:
        """Motions (K - 1, 2), u to the right and v down, of the labels but "still", the first.

        Args:
            angle: radians counter-clockwise that orientations are turned by.
        """
        turn = angle + torch.arange(self.orientations) * (math.pi / self.orientations)
        ahead = torch.stack((turn.cos(), -turn.sin()), dim=-1)
        lengths = torch.tensor(self.lengths, dtype=ahead.dtype)
        return (lengths[:, None, None] * ahead).flatten(0, 1)

    def known(self) -> Tensor:
        """Motions of the CNN's own labels, (K, 2)."""
        return torch.cat((torch.zeros(1, 2), self.moving()))

    def motions(self) -> Tensor:
        """Motions of all labels at all angles, "still" but once: (1 + rotations (K - 1), 2)."""
        turned = [self.moving(angle) for angle in self.angles()]
        return torch.cat((torch.zeros(1, 2), *turned))

    def blur_loss(self, sharp: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
        """Cross-entropy over the labels of patches, each under the line blur of one label."""
        patches, labels = self.draw(sharp, generator)
        return {"cross_entropy": F.cross_entropy(self.classify(patches), labels)}

    @torch.no_grad()
    def judge(self, sharp: Tensor, generator: torch.Generator) -> float:
        """Minus the mean squared error of the motions of patches; see `flow_error`."""
        patches, labels = self.draw(sharp, generator)
        motions = self.known().to(sharp.device)
        told = motions[self.classify(patches).argmax(dim=1)]  # (B cuts, 2)
        return -flow_error(told.T[..., None], motions[labels].T[..., None])

    @torch.no_grad()
    def draw(self, sharp: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Patches of sharp crops, blurred, and the labels of their motions.

        Args:
            sharp: (B, 3, H, W) in [0, 1]; repeated at the border where smaller than a patch and
                its blur.
            generator: draws places, labels and noise, on its own device.

        Returns:
            (B cuts, 3, P, P), not clipped, and (B cuts,).
        """
        kernels = line_kernels(self.known()).float()[:, None]  # (K, 1, k, k)
        side = self.patch + kernels.shape[-1] - 1
        right, below = (max(side - length, 0) for length in reversed(sharp.shape[-2:]))
        wide = F.pad(sharp, (0, right, 0, below), mode="replicate")

        def drawn(choices: int) -> Tensor:
            size, where = (len(sharp) * self.cuts,), generator.device
            return torch.randint(choices, size, generator=generator, device=where)

        tops, lefts = (drawn(length - side + 1).tolist() for length in wide.shape[-2:])
        labels = drawn(len(kernels)).to(sharp.device)  # (B cuts,)
        windows = [
            wide[number // self.cuts, :, top : top + side, left : left + side]
            for number, (top, left) in enumerate(zip(tops, lefts, strict=True))
        ]
        own = kernels.to(sharp)[labels]  # (B cuts, 1, k, k)
        blurred = F.conv2d(torch.stack(windows, dim=1), own, groups=len(own)).transpose(0, 1)
        noise = torch.randn(blurred.shape, generator=generator, device=generator.device)
        return blurred + self.noise * noise.to(sharp), labels

    @torch.no_grad()
    def confidence(self, blurred: Tensor, progress: Progress = lambda done: None) -> Tensor:
        """Confidences of all labels at every third pixel.

        Pixels too near the border for a patch take those of the nearest pixel that has patches at
        all angles.

        Args:
            blurred: (3, H, W) in [0, 1], sides at least `minimum_size`.
            progress: told the share that is done, in 0 to 1.

        Returns:
            (h, w, 1 + rotations (K - 1)).
        """
        size = blurred.shape[-2], blurred.shape[-1]
        rows, columns = (grid(length, THIN) for length in size)
        parts: list[Tensor] = []
        seen = torch.ones(len(rows), len(columns), dtype=torch.bool)
        least = margin(self.patch, self.angles())
        for angle in self.angles():
            turned = Turned(size, angle, self.patch, self.step, least)
            means, has = turned.gather(self.lattice(turned, blurred), rows, columns)
            parts.append(means[..., 1:] if parts else means)
            seen &= has
            progress(len(parts) / self.rotations)
        y, x = distance_transform_edt(~seen, return_distances=False, return_indices=True)
        return torch.cat(parts, dim=-1)[torch.from_numpy(y), torch.from_numpy(x)]

    def lattice(self, turned: Turned, picture: Tensor) -> Tensor:
        """Confidences of all patches of a turned picture, (h, w, K); 0 outside the picture."""
        labels = len(self.known())
        told = picture.new_zeros(*turned.inside.shape, labels)
        for rows, columns, band in turned.bands(picture):
            found = self.classify.everywhere(band, self.step)
            told[rows, columns] = found[: rows.stop - rows.start, : columns.stop - columns.start]
        return told

    @torch.no_grad()
    def estimate(self, blurred: Tensor) -> Tensor:
        """The motion of every pixel, (2, H, W), of (3, H, W)."""
        with progress_bar("motion", shown=self.shows_bar) as progress:
            confidence = self.confidence(blurred, lambda done: progress(done / 2))
            field = choose_motion(
                confidence,
                self.motions().to(blurred.device),
                smoothness=self.smoothness,
                sweeps=self.sweeps,
                signless=self.signless,
                progress=lambda done: progress((1 + done) / 2),
            )
        return enlarge(field, (blurred.shape[-2], blurred.shape[-1]), THIN)


def _check(network: Sun2015, widths: Sequence[int], lengths: Sequence[int]) -> None:
    """Refuse options that no network can be built of."""
    patch, step = network.patch, network.step
    problems = {
        f"patches of at least {SMALLEST} px, got {patch}": patch < SMALLEST,
        f"three widths, got {list(widths)}": len(widths) != 3,
        f"a length above 1, which is no motion, got {list(lengths)}": max(lengths, default=1) <= 1,
        f"an even step, so that patches share their first pool, got {step}": step % 2 == 1,
    }
    for problem, found in problems.items():
        if found:
            raise UsageError(f"sun2015 needs {problem}")

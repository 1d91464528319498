"""Blind estimation of a camera's rotations from one blurred picture, coarse to fine.

At each level of a pyramid, five times: guess strong edges from the current sharp picture, find the
weights of rotations that blur them to what was seen, and deconvolve with these weights. Source:
Whyte et al., IJCV 2012, the maximum a posteriori variant of the released code.

Shape legend: H, W height and width; X, Y, Z nodes of a grid of rotations about x, y and z.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.kernels.edges import bilateral, gradients, select, shock, thresholds, with_second
from deblur_lib.kernels.epll import Progress
from deblur_lib.kernels.gradient_priors import direct, least_squares
from deblur_lib.kernels.rotation import Camera, Shake
from deblur_lib.kernels.weights import exact_gram, flow_gram, nonnegative

ROUNDS = 5  # of a level
SMALLEST = 25  # pixels of the longer side of a level
SPATIAL = 2 / math.sqrt(2)  # px, standard deviation of the bilateral filter
RANGE = 0.5  # of the picture's range, its other standard deviation
DECAY = 0.9  # of the filters' strengths and of the thresholds, from round to round
WEAKEST = 1 / 20  # of the largest weight, below which a rotation is dropped
GRAMS = {"exact": exact_gram, "eff": flow_gram}


@dataclass(frozen=True)
class Search:
    """What a search for the rotations needs to know.

    Attributes:
        side: N, of the largest blur kernel, odd, in pixels.
        approximation: "exact" or "eff", locally uniform.
        bet: price of the sum of weights.
        alpha: weight of the prior on the sharp picture.
        levels: most levels of the pyramid.
        limit: most rotations with a weight.
    """

    side: int
    approximation: str = "eff"
    bet: float = 0.01
    alpha: float = 0.005
    levels: int = 9
    limit: int = 200


@dataclass(frozen=True)
class Level:
    """One level of the pyramid.

    Attributes:
        camera: of its pictures.
        half: nodes of the grid of rotations on each side of the middle.
        side: of the blur kernel, in pixels of this level.
        last: whether it is the finest.
    """

    camera: Camera
    half: int
    side: int
    last: bool

    def grid(self) -> Tensor:
        """Rotations of all nodes, (X, Y, Z, 3), in radians."""
        line = torch.arange(-self.half, self.half + 1, dtype=torch.float64)
        nodes = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), dim=-1)
        return nodes * torch.tensor(self.camera.steps(), dtype=torch.float64)


def pyramid(camera: Camera, search: Search) -> list[Level]:
    """Levels from coarse to fine, each sqrt(2) larger than the one before."""
    found: list[Level] = []
    half = (search.side - 1) // 2
    for number in range(search.levels):
        scale = 2 ** (-number / 2)
        size = (math.ceil(camera.height * scale), math.ceil(camera.width * scale))
        if found and (max(size) < SMALLEST or found[-1].half < 2):
            break
        nodes = math.ceil(scale * (half + 0.5) - 0.5)
        side = 2 * math.ceil(half * scale) + 1
        found.append(Level(Camera(*size, camera.focal * scale), nodes, side, number == 0))
    return found[::-1]


def find_shake(
    blurred: Tensor,
    saturated: Tensor,
    camera: Camera,
    search: Search,
    progress: Progress = lambda done: None,
) -> Shake:
    """The rotations that blurred a picture.

    Args:
        blurred: linear light, (3, H, W).
        saturated: pixels that tell nothing, (H, W) of bool.
        camera: of the picture.
        search: size of the blur, weights of the priors.
        progress: told the share that is done, in 0 to 1.

    Returns:
        Rotations of the finest grid with a weight above 0; the weights sum to 1.
    """
    gray = blurred.mean(dim=0)
    low, high = torch.quantile(gray, gray.new_tensor([0.1, 0.9]))
    value = RANGE * max(float(high - low) / 0.8, 1e-3)
    levels = pyramid(camera, search)
    sharp, weights = gray, torch.zeros((2 * levels[0].half + 1,) * 3, dtype=torch.float64)
    weights[(levels[0].half,) * 3] = 1
    active = dilated(weights > 0)
    pixels = [level.camera.height * level.camera.width for level in levels]
    for number, level in enumerate(levels):
        progress(sum(pixels[:number]) / sum(pixels))
        size = (level.camera.height, level.camera.width)
        clear = _resized((~saturated).float(), size) > 254 / 256
        seen = _Seen(_resized(gray, size), clear, level)
        if number:
            sharp = _resized(sharp, size, "bicubic")
            active = refined(weights, levels[number - 1], level) > 0
        else:
            sharp = seen.gray
        weights, sharp = _refine(seen, sharp, active, search, value)
    progress(1.0)
    return _shake(levels[-1], weights)


class _Seen:
    """What one level shows of the blurred picture.

    Attributes:
        gray: (H, W); `filled` where pixels are saturated.
        differences: see `edges.with_second`, (5, H, W).
        mask: pixels whose differences count, (H, W).
        inner: pixels whose edges may be selected: their blur lies within the mask.
    """

    def __init__(self, gray: Tensor, clear: Tensor, level: Level) -> None:
        self.level, self.clear = level, clear
        self.gray = filled(gray, _eroded(clear, 5))
        self.differences = with_second(gradients(gray))
        border = level.side // 2 + 1
        within = torch.zeros_like(clear)
        within[border:-border, border:-border] = True
        self.mask = within & _eroded(clear, 3)
        self.inner = _eroded(self.mask, level.side)


def _refine(
    seen: _Seen,
    sharp: Tensor,
    active: Tensor,
    search: Search,
    value: float,
) -> tuple[Tensor, Tensor]:
    """All rounds of one level: new weights (X, Y, Z) and the new sharp picture (H, W)."""
    level, spatial, strength = seen.level, SPATIAL, 1.0
    least: Tensor | None = None
    for number in range(ROUNDS):
        edges = gradients(shock(bilateral(sharp, spatial, value), strength))
        least = thresholds(edges, seen.inner, level.side) if least is None else DECAY * least
        edges = with_second(select(edges, seen.inner, least))
        weights = _weigh(edges, seen, active, search)
        weights = weights if level.last else centred(weights)
        active = dilated(weights > 0)
        if not level.last or number + 1 < ROUNDS:
            sharp = LATENTS[search.approximation](seen, _shake(level, weights), search.alpha)
        spatial, value, strength = spatial / DECAY, DECAY * value, DECAY * strength
    return weights, sharp


def _weigh(edges: Tensor, seen: _Seen, active: Tensor, search: Search) -> Tensor:
    """Weights on the grid that explain the blurred differences; all on the middle where none do."""
    gram = GRAMS[search.approximation]
    nodes = seen.level.grid()[active]
    product, target = gram(edges, seen.differences, seen.mask, seen.level.camera, nodes)
    found = nonnegative(product, target, l1=search.bet, limit=search.limit)
    weights = torch.zeros(active.shape, dtype=torch.float64)
    weights[active] = torch.from_numpy(found)
    weights[weights < WEAKEST * weights.max()] = 0
    if not weights.any():
        weights[(seen.level.half,) * 3] = 1
    return weights / weights.sum()


def _shake(level: Level, weights: Tensor) -> Shake:
    kept = weights > 0
    return Shake(level.grid()[kept], weights[kept])


def _direct(seen: _Seen, shake: Shake, alpha: float) -> Tensor:
    return direct(seen.gray[None], seen.level.camera, shake, alpha)[0]


def _least_squares(seen: _Seen, shake: Shake, alpha: float) -> Tensor:
    gray = seen.gray[None]
    return least_squares(gray, seen.clear, seen.level.camera, shake, alpha=alpha)[0]


LATENTS = {"exact": _least_squares, "eff": _direct}


def centred(weights: Tensor) -> Tensor:
    """A grid (X, Y, Z) moved by whole nodes so that its centroid comes nearest to the middle."""
    for axis, nodes in enumerate(weights.shape):
        place = torch.arange(nodes, dtype=weights.dtype) - nodes // 2
        others = [other for other in range(3) if other != axis]
        move = -round(float((weights.sum(dim=others) * place).sum() / weights.sum()))
        weights = weights.roll(move, axis)
        lost = slice(0, move) if move >= 0 else slice(nodes + move, nodes)
        weights.transpose(0, axis)[lost] = 0
    return weights / weights.sum()


def dilated(active: Tensor) -> Tensor:
    """Nodes with an active one among their 3 x 3 x 3 neighbours, (X, Y, Z) of bool."""
    return F.max_pool3d(active[None].float(), 3, 1, 1)[0] > 0


def refined(weights: Tensor, coarse: Level, fine: Level) -> Tensor:
    """Weights of a coarser grid, linearly between its nodes, at the nodes of a finer one."""
    ratio = fine.camera.steps()[0] / coarse.camera.steps()[0] / coarse.half
    line = torch.arange(-fine.half, fine.half + 1, dtype=weights.dtype) * ratio
    nodes = torch.stack(torch.meshgrid(line, line, line, indexing="ij"), dim=-1).flip(-1)
    found: Tensor = F.grid_sample(weights[None, None], nodes[None], align_corners=True)[0, 0]
    return found


def filled(picture: Tensor, known: Tensor) -> Tensor:
    """A picture (H, W) whose unknown pixels are smoothly filled from those around them."""
    if known.all() or not known.any():
        return picture
    share = F.avg_pool2d(known[None].to(picture), 2, ceil_mode=True)[0]
    half = F.avg_pool2d((picture * known)[None], 2, ceil_mode=True)[0] / share.clamp(min=1e-6)
    smooth = _resized(filled(half, share > 0), tuple(picture.shape))
    return torch.where(known, picture, smooth)


def _eroded(mask: Tensor, side: int) -> Tensor:
    return F.max_pool2d((~mask)[None].float(), side, 1, side // 2)[0] == 0


def _resized(picture: Tensor, size: tuple[int, ...], mode: str = "bilinear") -> Tensor:
    """(H, W) at another size; smaller ones are smoothed first."""
    resized = F.interpolate(picture[None, None], size=size, mode=mode, antialias=True)
    return resized[0, 0]

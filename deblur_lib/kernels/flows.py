"""Motion fields to learn from, their labels, and how far two fields lie apart.

A field is (..., 2, H, W): motion to the right and down, in pixels. A motion and its opposite blur
alike.
"""

import math

import torch
from torch import Tensor

RANGE = 36.0  # px of motion that the published strengths belong to
SIDE = 460.0  # px of the longer side of a picture that they belong to
# most of: translation (px) and its slope over the picture, both right and down; zoom; turn (rad);
# distance of the centre from the middle of the picture (px), both right and down
MOST = (27.0, 27.0, 0.3, 0.3, 5e-3, math.pi / 70, 15.0, 15.0)


def draw_flow(size: tuple[int, int], reach: float, generator: torch.Generator) -> Tensor:
    """The motion of a camera that moves sideways and ahead and turns about its axis.

    Eight numbers are drawn evenly: translations t with slopes r, u = t_x (1 + r_x (x/W - 1/2)) and
    v likewise; a zoom t_z d^1.5 away from a centre at distance d; a turn d tan(w) around it.
    Fields that move a pixel by more than `reach` are drawn anew.

    Args:
        size: height and width H, W of the picture, in pixels. Distances count in 460ths of the
            longer side, that of the published pictures, so that crops see all four parts.
        reach: largest motion along an axis, in pixels; all strengths shrink with it.
        generator: on any device, which the field is made on.

    Returns:
        (2, H, W), float32.

    Source: Gong et al. (2017), simulated motion flow, and the numbers of the published generator,
    which has the directions of zoom and turn exchanged; here each has its own.
    """
    while True:
        drawn = 2 * torch.rand(8, generator=generator, device=generator.device) - 1
        flow = _flow(size, drawn * drawn.new_tensor(MOST)) * (reach / RANGE)
        if flow.abs().max() <= reach:
            return flow


def _flow(size: tuple[int, int], strengths: Tensor) -> Tensor:
    height, width = size
    shift, slope, (zoom, turn), centre = torch.split(strengths, 2)
    down, right = (
        torch.arange(n, device=strengths.device).to(strengths) - (n - 1) / 2 for n in size
    )
    across = torch.stack(torch.meshgrid(right, down, indexing="xy"))  # (2, H, W), from the middle
    away = across * (SIDE / max(size)) - centre[:, None, None]
    around = torch.stack((-away[1], away[0]))
    part = across / across.new_tensor((width, height))[:, None, None]
    sideways = shift[:, None, None] * (1 + slope[:, None, None] * part)
    root = torch.linalg.vector_norm(away, dim=0).sqrt()
    zoomed: Tensor = zoom * root * away
    return sideways + zoomed + torch.tan(turn) * around


def labels(motion: Tensor) -> Tensor:
    """Whole pixels, of both signs that blur alike the one to the right (straight: down).

    Args:
        motion: (..., 2, H, W).

    Returns:
        The same shape, int64; u >= 0, and v >= 0 where u = 0.
    """
    whole = motion.round().long()
    u, v = whole.unbind(-3)
    back = (u < 0) | ((u == 0) & (v < 0))
    return torch.where(back.unsqueeze(-3), -whole, whole)


def flow_error(motion: Tensor, true: Tensor) -> float:
    """Mean squared error of a field, in square pixels, over both axes.

    Of each true motion the sign counts that lies nearer.

    Args:
        motion: (..., 2, H, W).
        true: the same shape.

    Source: Gong et al. (2017), mean squared error of motion flow; the freedom of sign is ours.
    """
    apart = torch.minimum((motion - true).square().sum(-3), (motion + true).square().sum(-3))
    return float(apart.double().mean()) / 2

"""A motion for every pixel from the confidences of labels: Markov random field, min-sum.

Each pixel of a grid takes one of its candidates: labels of high confidence, and some of every rank
below. The chosen ones minimise minus the confidences plus `smoothness` times the squared distances
between the motions of neighbours, which belief propagation approximates.

Source: constants and schedule of the released code of Sun et al., "Learning a Convolutional Neural
Network for Non-uniform Motion Blur Removal", CVPR 2015.

Shape legend: H height and W width of the grid, K labels, C candidates, N pairs of pixels.
"""

import torch
from torch import Tensor

from deblur_lib.kernels.epll import Progress

BEST = 20  # candidates from the top
RANKED = 30  # candidates evenly spaced over the remaining ranks
SWEEPS = 15
DAMPING = 0.5  # share of the new message
PAIRS = 256  # pixels whose pairwise costs exist at a time: they stay in a core's own cache
EVERY = slice(None)
HEADS, TAILS = slice(None, -1), slice(1, None)
# from a pixel to its neighbour below, above, to the right, to the left: rows, columns of both ends
WAYS = (
    ((HEADS, EVERY), (TAILS, EVERY)),
    ((TAILS, EVERY), (HEADS, EVERY)),
    ((EVERY, HEADS), (EVERY, TAILS)),
    ((EVERY, TAILS), (EVERY, HEADS)),
)


def candidate_ranks(labels: int) -> Tensor:
    """Ranks of the labels that a pixel may take, 0 the most confident; all where they are few."""
    if labels <= BEST + RANKED:
        return torch.arange(labels)
    spaced = BEST + torch.arange(RANKED) * (labels - BEST) / RANKED
    return torch.cat((torch.arange(BEST), spaced.round().long()))


def choose_motion(
    confidence: Tensor,
    motions: Tensor,
    *,
    smoothness: float,
    sweeps: int = SWEEPS,
    signless: bool = False,
    progress: Progress = lambda done: None,
) -> Tensor:
    """The motion of every pixel of a grid.

    Args:
        confidence: (H, W, K), the higher the likelier.
        motions: (K, 2), u to the right and v down in pixels, of the labels.
        smoothness: cost of a squared pixel of difference; 0 takes the most confident label.
        sweeps: how often the pixels tell their neighbours.
        signless: measure distances to the nearer of (u, v) and (-u, -v), which blur alike.
        progress: told the share that is done, in 0 to 1.

    Returns:
        (2, H, W).
    """
    if smoothness == 0:
        return motions[confidence.argmax(dim=-1)].permute(2, 0, 1)
    ranks = candidate_ranks(len(motions)).to(confidence.device)
    labels = torch.stack(
        [row.argsort(dim=-1, descending=True, stable=True)[:, ranks] for row in confidence]
    )  # (H, W, C)
    scaled = motions[labels] * smoothness**0.5  # (H, W, C, 2)
    unary = -confidence.gather(-1, labels)  # (H, W, C)
    chosen = propagate(unary, scaled, sweeps, signless=signless, progress=progress)  # (H, W)
    best = labels.gather(-1, chosen[..., None]).squeeze(-1)  # (H, W)
    return motions[best].permute(2, 0, 1)


def propagate(
    unary: Tensor,
    points: Tensor,
    sweeps: int,
    *,
    signless: bool = False,
    progress: Progress = lambda done: None,
) -> Tensor:
    """Candidates that make unary and pairwise costs small in sum, by min-sum belief propagation.

    All pixels send at once, in four directions; messages are damped, and their smallest entry is
    brought to zero, without which float32 drifts.

    Args:
        unary: (H, W, C), cost of each candidate.
        points: (H, W, C, 2); a pair of neighbours costs the squared distance of their points.
        sweeps: messages sent by each pixel.
        signless: see `choose_motion`.
        progress: see `choose_motion`.

    Returns:
        Indices of candidates, (H, W).
    """
    messages = [torch.zeros_like(unary) for _ in WAYS]  # (H, W, C) each, as received
    for sweep in range(sweeps):
        belief = unary + sum(messages)  # (H, W, C)
        sent = []
        for way, (start, end) in enumerate(WAYS):
            answer = messages[way ^ 1][start]  # what the receiver told: not told back
            sent.append(cheapest(belief[start] - answer, points[start], points[end], signless))
            progress((sweep + (way + 1) / len(WAYS)) / sweeps)
        for message, (_, end), told in zip(messages, WAYS, sent, strict=True):
            message[end].lerp_(told, DAMPING)
    return (unary + sum(messages)).argmin(dim=-1)


def cheapest(cost: Tensor, start: Tensor, end: Tensor, signless: bool) -> Tensor:
    """Cost of each candidate of the receivers with the best one of their senders, less the least.

    Args:
        cost: (H, W, C), of the senders' candidates.
        start: (H, W, C, 2), points of the senders.
        end: (H, W, C, 2), points of the receivers.
        signless: see `choose_motion`.

    Returns:
        (H, W, C), the smallest of each pixel 0.
    """
    found = [
        _cheapest(*part, signless=signless)
        for part in zip(
            *(torch.split(one.flatten(0, 1), PAIRS) for one in (cost, start, end)),
            strict=True,
        )
    ]
    message = torch.cat(found)  # (N, C)
    return (message - message.amin(dim=-1, keepdim=True)).to(cost).view(cost.shape)


def _cheapest(cost: Tensor, start: Tensor, end: Tensor, *, signless: bool) -> Tensor:
    """|b|^2 + min over a of cost + |a|^2 - 2 a b; in float64, for its parts outweigh the sum."""
    start, end = start.double(), end.double()  # a and b, (N, C, 2)
    alone = cost + start.square().sum(dim=-1)  # (N, C)
    pairs = end @ start.mT  # (N, C, C), receivers by senders
    if signless:
        pairs.abs_()
    least = pairs.mul_(-2).add_(alone[:, None]).amin(dim=-1)
    return least + end.square().sum(dim=-1)


def enlarge(field: Tensor, size: tuple[int, int], step: int) -> Tensor:
    """The field of a whole picture from every `step`-th pixel of it, by the nearest.

    Args:
        field: (2, h, w), at the rows and columns of `grid`.
        size: height and width of the picture.
        step: distance of the grid's pixels; odd.

    Returns:
        (2, H, W).
    """
    rows, columns = (
        (torch.arange(length, device=field.device) // step).clamp_(max=count - 1)
        for length, count in zip(size, field.shape[-2:], strict=True)
    )
    return field[:, rows[:, None], columns]


def grid(length: int, step: int) -> Tensor:
    """Every `step`-th of `length` positions, the middles of as many pieces; at least one."""
    return torch.arange(min(step // 2, length - 1), length, step)

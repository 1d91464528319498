"""Gong et al. (2017): layers, labels, drawn motions, learning, restoration."""

from typing import Any

import network_checks as checks
import pytest
import torch
from network_checks import batch
from torch import Tensor
from torch.nn import functional as F

from deblur_lib.errors import UsageError
from deblur_lib.evaluation.restore import restore
from deblur_lib.kernels.flows import draw_flow, flow_error, labels
from deblur_lib.kernels.line import line_blur
from deblur_lib.networks.gong2017 import Gong2017, evened
from deblur_lib.networks.true_blur import TrueBlur


@pytest.fixture(autouse=True)
def fixed_numbers() -> None:
    torch.manual_seed(0)


def small(reach: int = 4) -> Gong2017:
    options = {"components": 2, "patches": 200, "rounds": 2, "betas": (50.0,)}
    return Gong2017(divisor=16, reach=reach, **options).eval()  # type: ignore[arg-type]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_published_network_has_its_size() -> None:
    assert checks.parameter_count(Gong2017) == 9_089_488


def test_any_size_is_kept() -> None:
    narrow = Gong2017(divisor=96, reach=1)
    with torch.no_grad():
        for height in range(narrow.minimum_size, 98):
            size = (height, 108 - height)
            assert narrow.scores(batch(*size, 1)).shape[-2:] == size
    for height, width in ((1, 97), (97, 1), (8, 11), (12, 10)):
        checks.keeps_size(small(), batch(height, width, 1))


def test_scores_move_with_the_picture() -> None:
    network, wide = small(), batch(208, 208, 1)
    with torch.no_grad():
        here, there = (network.scores(wide[..., at : at + 192, at : at + 192]) for at in (16, 0))
    inner = slice(72, 104)  # out of reach of the border
    moved = slice(inner.start + 16, inner.stop + 16)
    torch.testing.assert_close(
        here[..., inner, inner], there[..., moved, moved], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("axis", [-1, -2])
@pytest.mark.parametrize("way", ["score", "score_pool3", "score_pool2"])
def test_scores_lie_on_the_pixels_that_they_are_of(way: str, axis: int) -> None:
    network = small()
    scales = {"score": 1.0, "score_pool3": 0.01, "score_pool2": 1e-4}
    with torch.no_grad():
        for name, layer in network.named_modules():
            if isinstance(layer, torch.nn.Conv2d):  # the mean of what it sees
                gain = (name == way or name not in scales) / scales.get(name, 1)
                layer.weight.fill_(gain / layer.weight[0].numel())
        ramp = torch.arange(160.0)
        ramp = (ramp if axis == -1 else ramp[:, None]).expand(1, 3, 160, 160) / 255
        up, down = (network.scores(one)[0, 0] for one in (1 + ramp, 2 - ramp))
    # what pools add to a rising ramp they take from a falling one
    found = ((up - down) / 2).diagonal() + 255 / 2
    torch.testing.assert_close(found[76:84], torch.arange(76.0, 84), rtol=0, atol=0.01)


def test_labels_are_read_off_both_axes() -> None:
    network = small(reach=3)
    scores = torch.zeros(1, 6 + 7, 1, 2)
    scores[0, [2, 6], 0, 0] = 1  # 2 to the right, 3 up
    scores[0, [0, 12], 0, 1] = 1  # 3 down
    network.scores = lambda blurred: scores  # type: ignore[method-assign]
    motion = network.estimate(torch.rand(3, 1, 2))
    assert motion.tolist() == [[[2, 0]], [[-3, 3]]]
    assert torch.equal(network.motion(motion, (1, 2)), motion)


def test_of_two_motions_that_blur_alike_one_is_the_label() -> None:
    motion = torch.tensor([[-1.6, 1.6, -0.2, 0.2, 0.0], [3.4, -3.4, -2.6, 2.6, 0.0]])[:, None]
    assert labels(motion)[:, 0].tolist() == [[2, 2, 0, 0, 0], [-3, -3, 3, 3, 0]]
    assert flow_error(motion, -motion) == 0
    assert flow_error(torch.zeros_like(motion), 3 * torch.ones_like(motion)) == 9


def test_drawn_motions_stay_in_reach_and_follow_their_generator() -> None:
    drawn = torch.stack([draw_flow((60, 80), 12, seeded(seed)) for seed in range(60)])
    assert 9 < drawn.abs().max() <= 12
    assert torch.equal(drawn[3], draw_flow((60, 80), 12, seeded(3)))
    small_one, large = (draw_flow(size, 12, seeded()) for size in ((60, 80), (120, 160)))
    torch.testing.assert_close(small_one[:, 30, 40], large[:, 60, 80], rtol=0, atol=0.1)


@pytest.mark.parametrize(("part", "wanted"), [(4, 1.0), (5, 0.0)])
def test_zoom_goes_outwards_and_a_turn_around(
    part: int, wanted: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = [0.0] * 8
    most[part] = 0.01
    monkeypatch.setattr("deblur_lib.kernels.flows.MOST", tuple(most))
    flow = draw_flow((61, 81), 36, seeded())
    down, right = torch.meshgrid(torch.arange(61.0) - 30, torch.arange(81.0) - 40, indexing="ij")
    outwards = F.normalize(torch.stack((right, down)), dim=0)
    strength = torch.linalg.vector_norm(flow, dim=0)
    along = (flow * outwards).sum(0).abs() / strength.clamp(min=1e-9)
    far = (right.square() + down.square()) > 25
    torch.testing.assert_close(along[far], torch.full_like(along[far], wanted), rtol=0, atol=1e-3)
    growth = strength[30, 80] / strength[30, 60]  # at twice the distance
    assert growth == pytest.approx(2**1.5 if part == 4 else 2, rel=1e-3)


def textures(count: int, generator: torch.Generator) -> Tensor:
    """Grain of several contrasts, (count, 3, 36, 36), whose blur is easy to read."""
    grain = F.avg_pool2d(torch.rand(count, 1, 38, 38, generator=generator), 3, 1) - 0.5
    contrast = 0.3 + 2 * torch.rand(count, 1, 1, 1, generator=generator)
    return (0.5 + contrast * grain).clamp(0, 1).expand(-1, 3, -1, -1)


def test_a_short_training_halves_the_error_of_no_motion() -> None:
    network = Gong2017(divisor=8, quick=True, reach=6, components=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    generator = seeded()
    for step in range(48):
        optimiser.param_groups[0]["lr"] = 2e-3 * min(1, step / 10, (54 - step) / 20)
        losses = network.blur_loss(textures(8, generator), generator)
        optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    held_out = textures(24, seeded(1))
    learnt = network.judge(held_out, seeded(2))

    def none(blurred: Tensor) -> Tensor:
        scores = blurred.new_zeros(len(blurred), network.right + 13, *blurred.shape[-2:])
        scores[:, [0, network.right + network.reach]] = 1
        return scores

    network.scores = none  # type: ignore[method-assign]
    assert learnt > network.judge(held_out, seeded(2)) / 2


def test_contrast_is_evened_where_learning_is_quick() -> None:
    picture = batch(40, 40, 1)
    faint = 0.2 + 0.1 * picture
    torch.testing.assert_close(evened(faint), evened(picture), rtol=0, atol=0.2)
    assert evened(picture).square().mean().sqrt() == pytest.approx(1, abs=0.1)
    assert evened(0.5 + 1e-4 * picture).abs().max() < 0.01


@pytest.mark.parametrize("quick", [False, True])
def test_every_weight_learns_from_sharp_crops(quick: bool) -> None:
    network = Gong2017(divisor=16, quick=quick, reach=4, components=1)
    losses = network.blur_loss(batch(48, 48), seeded())
    assert set(losses) == {"right", "down"}
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    assert checks.idle(network) == []


def test_the_same_generator_draws_the_same_blur() -> None:
    network, sharp = small(), batch(48, 48)
    with torch.no_grad():
        first, again, other = (network.blur_loss(sharp, seeded(seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert network.judge(sharp, seeded()) == network.judge(sharp, seeded()) < 0


def test_crops_that_the_motion_leaves_are_refused() -> None:
    with pytest.raises(UsageError, match=r"more than 4 px, got 4x9; take larger crops"):
        small().blur_loss(batch(4, 9), seeded())


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError, match="gong2017 needs a divisor up to 96, got 97"):
        Gong2017(divisor=97)


@pytest.mark.parametrize("options", [{"betas": ()}, {"betas": (50.0, 0.0)}, {"strength": -1.0}])
@pytest.mark.parametrize("network", [Gong2017, TrueBlur])
def test_a_prior_without_weight_is_refused(network: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"{network.name} needs a strength and at least one beta"):
        network(**options)


def test_a_restoration_is_its_two_steps() -> None:
    network, pictures = small(), batch(24, 32)
    network.prepare(batch(32, 32), 0)
    restored = restore(network, pictures)
    for one, done in zip(pictures, restored, strict=True):
        assert torch.equal(network.deconvolve(one, network.estimate(one)), done)
    assert restored.min() >= 0
    assert restored.max() <= 1
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert network(pictures).dtype == torch.float32
    loaded = small()
    loaded.load_state_dict(network.state_dict())
    assert torch.equal(restore(loaded, pictures), restored)


def test_the_true_motion_is_the_ceiling() -> None:
    network = small()
    sharp = F.avg_pool2d(batch(72, 72, 1)[0], 9, 1)
    sharp = ((sharp - sharp.mean()) * 6 + 0.5).clamp(0, 1)
    true = torch.tensor([7.0, -3.0])[:, None, None].repeat(1, 64, 64)
    network.prepare(sharp[None], 0)
    blurred = line_blur(true).apply(sharp)

    def gap(motion: Tensor) -> float:
        return float((network.deconvolve(blurred, motion) - sharp).square().mean())

    assert gap(true) < 0.5 * min(gap(torch.zeros_like(true)), gap(true.flip(0)))

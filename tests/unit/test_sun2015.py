"""Sun et al.: patch CNN, turned pictures, training by line blur, fields and restored pictures."""

import math

import network_checks as checks
import numpy as np
import pytest
import torch
from torch import Tensor

from deblur_lib.data.generated.scenes import photograph
from deblur_lib.errors import UsageError
from deblur_lib.kernels.flows import flow_error
from deblur_lib.kernels.line import line_blur, line_kernels
from deblur_lib.kernels.turning import Turned, margin
from deblur_lib.networks.sun2015 import PatchNet, Sun2015


@pytest.fixture(autouse=True)
def fixed_numbers() -> None:
    torch.manual_seed(0)


def small(**options: object) -> Sun2015:
    given = {"widths": (8, 16, 32), "lengths": (1, 3, 5), "components": 2, "betas": (50.0,)}
    return Sun2015(**given | options)  # type: ignore[arg-type]


def crops(name: str, count: int, height: int = 64, width: int = 64) -> Tensor:
    """Windows of a photograph or texture, (count, 3, height, width)."""
    whole, rng = photograph(name), np.random.default_rng(0)
    corners = [rng.integers((len(whole) - height, len(whole[0]) - width)) for _ in range(count)]
    cut = [whole[top : top + height, left : left + width] for top, left in corners]
    return torch.from_numpy(np.stack(cut)).permute(0, 3, 1, 2) / 255


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- labels ------------------------------------------------------------------------------------


def test_published_options_know_73_motions_and_361_on_turned_pictures() -> None:
    network = Sun2015(widths=(1, 1, 1), components=1)
    known, motions = network.known(), network.motions()
    assert known.shape == (73, 2)
    assert motions.shape == (361, 2)
    assert len(torch.unique((motions * 1e3).round(), dim=0)) == 361
    lengths = torch.linalg.vector_norm(known, dim=1).round().unique()
    assert lengths.tolist() == [0, *range(3, 26, 2)]
    degrees = torch.rad2deg(torch.atan2(-motions[1:, 1], motions[1:, 0])).round().unique()
    assert degrees.tolist() == list(range(0, 180, 6))


def test_parameters_are_those_of_the_published_layers() -> None:
    layers = (7 * 7 * 3 + 1) * 96 + (5 * 5 * 96 + 1) * 256 + (4 * 4 * 256 + 1) * 1024 + 1025 * 73
    assert checks.parameter_count(Sun2015) == layers


# --- patches and turned pictures ---------------------------------------------------------------


@pytest.mark.parametrize(("patch", "step"), [(30, 6), (34, 6), (31, 4), (33, 2)])
@torch.no_grad()
def test_shared_convolutions_tell_what_patches_tell_one_by_one(patch: int, step: int) -> None:
    network = PatchNet(patch, (4, 5, 6), 7)
    picture = torch.rand(3, patch + 2 * step, patch + 3 * step)
    found = network.everywhere(picture, step)[:3, :4]
    cut = picture.unfold(1, patch, step).unfold(2, patch, step).permute(1, 2, 0, 3, 4)
    single = network(cut.flatten(0, 1)).softmax(dim=1).view(3, 4, 7)
    torch.testing.assert_close(found, single)


@pytest.mark.parametrize(("patch", "size"), [(30, (127, 140)), (31, (140, 127))])
def test_an_upright_picture_is_cut_at_its_pixels(patch: int, size: tuple[int, int]) -> None:
    picture, turned = torch.rand(3, *size), Turned(size, 0.0, patch, 6, (patch - 1) / 2)
    ((rows, columns, band),) = turned.bands(picture)
    corners = picture.unfold(1, band.shape[1], 1).unfold(2, band.shape[2], 1)
    apart = (corners - band[:, None, None]).abs().amax(dim=(0, 3, 4))
    assert apart.min() < 1e-4
    assert band.shape[1:] == tuple(
        (one.stop - one.start - 1) * 6 + patch for one in (rows, columns)
    )
    assert min(size[0] - band.shape[1], size[1] - band.shape[2]) < 6  # no room for one more


@pytest.mark.parametrize("degrees", [0, 6, 24])
def test_pixels_hear_the_patches_over_them_by_nearness(degrees: int) -> None:
    angle = math.radians(degrees)
    turned = Turned((70, 80), angle, 20, 6, margin(20, [angle]))
    told = torch.rand(*turned.inside.shape, 4)
    rows, columns = torch.tensor([3, 20, 44]), torch.tensor([2, 41])
    found, has = turned.gather(told, rows, columns)
    places = torch.nonzero(turned.inside)
    middle = len(turned.inside) // 2
    centres = 6.0 * (places - middle)  # (patches, 2): y and x from the pivot
    for i, y in enumerate(rows.tolist()):
        for j, x in enumerate(columns.tolist()):
            right, down = x - float(turned.pivot[0]), y - float(turned.pivot[1])
            across = right * math.cos(angle) - down * math.sin(angle)
            below = right * math.sin(angle) + down * math.cos(angle)
            apart = centres - torch.tensor([below, across])
            weight = (-0.005 * apart.square().sum(1)).exp() * (apart.abs().amax(1) <= 9.5)
            assert bool(has[i, j]) == bool(weight.sum() > 0)
            wanted = (weight[:, None] * told[places[:, 0], places[:, 1]]).sum(0) / weight.sum()
            if has[i, j]:
                torch.testing.assert_close(found[i, j], wanted)


class Grating(PatchNet):
    """Tells the orientation of stripes by their gradients, instead of what it learned."""

    def everywhere(self, picture: Tensor, step: int) -> Tensor:
        cut = picture.mean(0).unfold(0, 30, step).unfold(1, 30, step)  # (h, w, 30, 30)
        across, down = (
            cut[..., 1:-1, 2:] - cut[..., 1:-1, :-2],
            cut[..., 2:, 1:-1] - cut[..., :-2, 1:-1],
        )
        energy = (across**2 - down**2).sum((-2, -1)), (2 * across * down).sum((-2, -1))
        along = torch.pi / 2 - torch.atan2(energy[1], energy[0]) / 2  # of the stripes
        apart = (along[..., None] - torch.arange(6) * torch.pi / 6 + torch.pi / 2) % torch.pi
        likely = (-10 * (apart - torch.pi / 2).square()).exp()
        return torch.cat((torch.zeros_like(likely[..., :1]), likely), dim=-1)


def stripes(degrees: float) -> Tensor:
    """Stripes along an orientation, counter-clockwise, (3, 96, 96)."""
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    angle = math.radians(degrees)
    return (0.5 + 0.5 * torch.sin(0.9 * (x * math.sin(angle) + y * math.cos(angle)))).expand(
        3, -1, -1
    )


def agrees(network: Sun2015, degrees: int) -> bool:
    u, v = network.estimate(stripes(degrees))
    found = torch.rad2deg(torch.atan2(-v, u)).round() % 180
    return bool((found == degrees % 180).all() and (torch.hypot(u, v) - 5).abs().max() < 1e-4)


@pytest.mark.parametrize("degrees", [0, 18, 30, 66, 90, 168])
def test_a_picture_turned_by_12_degrees_has_orientations_12_degrees_on(degrees: int) -> None:
    network = small(lengths=(1, 5), smoothness=0.0)
    network.classify = Grating(30, (8, 16, 32), 7)
    assert agrees(network, degrees)
    assert agrees(network, degrees + 12)
    if degrees == 66:
        network.smoothness = 1e4
        assert agrees(network, degrees + 12)


def test_confidences_of_each_angle_sum_to_one_up_to_the_border() -> None:
    network = small(rotations=3)
    found = network.confidence(torch.rand(3, 61, 75))
    assert found.shape == (20, 25, len(network.motions()))
    upright = found[..., : len(network.known())].sum(-1)
    torch.testing.assert_close(upright, torch.ones_like(upright))
    torch.testing.assert_close(found[0, 0], found[1, 1])  # repeated


# --- training ----------------------------------------------------------------------------------


def test_patches_of_training_are_blurred_along_their_labels() -> None:
    network = small(noise=0, cuts=40)
    half = line_kernels(network.known()).shape[-1] // 2
    side = network.patch + 2 * half
    sharp = crops("stream", 1, side, side)  # room for one place
    patches, labels = network.draw(sharp, seeded())
    assert len(labels.unique()) > 8
    for patch, motion in zip(patches, network.known()[labels], strict=True):
        field = motion[:, None, None].expand(2, side, side)
        blurred = line_blur(field).apply(sharp[0])[:, half:-half, half:-half]
        torch.testing.assert_close(patch, blurred, atol=1e-6, rtol=0)


def test_a_generator_decides_what_is_drawn_and_small_crops_are_enlarged() -> None:
    network, sharp = small(), torch.rand(2, 3, 20, 50)
    one, other, third = (network.draw(sharp, seeded(seed)) for seed in (0, 0, 1))
    assert one[0].shape == (32, 3, 30, 30)
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])
    assert not torch.equal(one[0], third[0])


def test_every_weight_receives_a_gradient() -> None:
    network = small()
    sum(network.blur_loss(torch.rand(2, 3, 64, 64), seeded()).values()).backward()
    assert checks.idle(network) == []


def test_a_short_training_halves_the_error_of_no_motion() -> None:
    network = small(widths=(16, 32, 64), lengths=(1, 5, 9), orientations=4, patch=24, noise=0)
    sharp, held_out, generator = crops("grass", 64), crops("stream", 16), seeded(1)
    known = network.known()
    still = -flow_error(torch.zeros(2, len(known), 1), known.T[..., None])
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    for _ in range(120):
        batch = torch.randint(len(sharp), (4,), generator=generator)
        loss = network.blur_loss(sharp[batch], generator)["cross_entropy"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert network.judge(held_out, seeded(2)) > still / 2


# --- restoration -------------------------------------------------------------------------------


def test_a_known_motion_gains_more_than_none_and_the_prior_stays_with_the_weights() -> None:
    network = small(components=4, patches=4000, rounds=4, betas=(50.0, 200.0))
    network.prepare(crops("grass", 4), 0)
    other = small(components=4)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.prior.covariances, network.prior.covariances)
    (sharp,) = crops("stream", 1)
    field = torch.tensor([6.0, 2.0])[:, None, None].expand(2, 64, 64)
    blurred = line_blur(field).apply(sharp)
    lost = (blurred - sharp).square().mean()
    restored = network.deconvolve(blurred, field)
    assert (restored - sharp).square().mean() < lost / 2
    assert (network.deconvolve(blurred, 0 * field) - sharp).square().mean() > lost / 2
    assert network.motion(field, (64, 64)) is field


@pytest.mark.parametrize("size", [(1, 97), (97, 1), (43, 60)])
def test_sizes_are_kept_and_pictures_restored_one_by_one(size: tuple[int, int]) -> None:
    network, blurred = small(smoothness=0.0), torch.rand(2, 3, *size)
    checks.keeps_size(network, blurred)
    if min(size) >= network.minimum_size:
        both = network(blurred)
        one = network.deconvolve(blurred[1], network.estimate(blurred[1]))
        assert torch.equal(both[1], one)


def test_a_bar_moves_to_the_end_where_it_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    network, blurred, told = small(sweeps=2), torch.rand(1, 3, 44, 44), list[float]()
    network(blurred)
    assert capsys.readouterr().err == ""
    network.shows_bar = True
    network(blurred)
    assert "motion:" in capsys.readouterr().err
    network.confidence(blurred[0], told.append)
    assert told == sorted(told)
    assert told[-1] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"patch": 17}, "patches of at least 18 px, got 17"),
        ({"widths": (8, 8)}, r"three widths, got \[8, 8\]"),
        ({"lengths": (1,)}, r"a length above 1, which is no motion, got \[1\]"),
        ({"lengths": ()}, r"a length above 1, which is no motion, got \[\]"),
        ({"step": 5}, "an even step, .* got 5"),
        ({"betas": ()}, "beta"),
        ({"strength": 0.0}, "strength"),
    ],
)
def test_options_that_make_no_network_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=f"sun2015 needs .*{words}"):
        small(**options)

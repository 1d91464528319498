"""Losses against their definitions, in half precision, at the size of a whole picture."""

import pytest
import torch
from torch import Tensor

from deblur_lib.errors import UsageError
from deblur_lib.losses import LOSSES, charbonnier, edge, l1, mse, spectrum, weighted
from deblur_lib.losses.edge import laplacian
from deblur_lib.losses.pixel import log_mse

SIZES = [(8, 8), (7, 8), (8, 7), (5, 9), (1, 4), (4, 1)]


def pictures(*shape: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator), torch.rand(shape, generator=generator)


def by_definition(restored: Tensor, sharp: Tensor, *, norm: str, modulus: bool) -> Tensor:
    """Eq. (5) read literally: both two-sided transforms, then their difference."""
    gap = torch.fft.fft2(restored, norm=norm) - torch.fft.fft2(sharp, norm=norm)
    return gap.abs().mean() if modulus else torch.view_as_real(gap).abs().mean()


def test_pixel_losses_on_numbers_done_by_hand() -> None:
    restored, sharp = torch.tensor([0.0, 0.5, 1.0, 1.0]), torch.tensor([0.0, 0.0, 0.5, 0.0])
    assert l1(restored, sharp) == pytest.approx(0.5)
    assert mse(restored, sharp) == pytest.approx(0.375)
    assert charbonnier(restored, sharp, epsilon=0.0) == pytest.approx(0.5)
    assert charbonnier(sharp, sharp) == pytest.approx(1e-3)


def test_the_logarithm_of_the_error_counts_every_picture_alike() -> None:
    sharp = torch.zeros(2, 3, 4, 4)
    restored = torch.stack([torch.full((3, 4, 4), 0.1), torch.full((3, 4, 4), 0.01)])
    decibels = torch.tensor([20.0, 40.0])
    expected = -decibels.mean() * torch.log(torch.tensor(10.0)) / 10
    assert log_mse(restored, sharp, least=0.0) == pytest.approx(float(expected), rel=1e-5)
    assert log_mse(sharp, sharp) == pytest.approx(-13.8155, abs=1e-3)


def test_the_edge_loss_sees_edges_and_not_brightness() -> None:
    flat = torch.full((1, 3, 12, 14), 0.3)
    assert laplacian(flat)[..., 4:-4, 4:-4].abs().max() < 1e-6
    step = flat.clone()
    step[..., 7:] = 0.9
    inside = laplacian(step)[0, 0, 5]
    assert inside[6:8].abs().max() > 0.1
    assert edge(flat + 0.2, flat + 0.2) == pytest.approx(1e-3)
    assert edge(step, flat) > 5 * edge(flat, flat)


def test_the_laplacian_of_one_bright_pixel_done_by_hand() -> None:
    dot = torch.zeros(1, 1, 12, 12)
    dot[..., 6, 6] = 1.0
    centre = 0.4**2  # after smoothing; the pixel lies on the thinned grid, and so do those two off
    near, far = 0.4 * 0.05, 0.05**2
    again = 4 * (centre * centre + 4 * near * near + 4 * far * far)
    assert laplacian(dot)[0, 0, 6, 6] == pytest.approx(1 - again, abs=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("norm", ["backward", "ortho"])
@pytest.mark.parametrize("modulus", [False, True])
def test_half_a_transform_gives_the_two_sided_mean(
    size: tuple[int, int], norm: str, modulus: bool
) -> None:
    restored, sharp = pictures(2, 3, *size)
    expected = by_definition(restored, sharp, norm=norm, modulus=modulus)
    value = spectrum(restored, sharp, norm=norm, modulus=modulus)  # type: ignore[arg-type]
    torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


def test_half_a_transform_gives_the_two_sided_gradient() -> None:
    restored, sharp = pictures(2, 3, 12, 10)
    restored.requires_grad_()
    (ours,) = torch.autograd.grad(spectrum(restored, sharp), restored)
    definition = by_definition(restored, sharp, norm="backward", modulus=False)
    (expected,) = torch.autograd.grad(definition, restored)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-6)


def test_onesided_is_the_plain_mean_over_half_a_transform() -> None:
    restored, sharp = pictures(1, 3, 6, 8)
    half = torch.view_as_real(torch.fft.rfft2(restored - sharp)).abs().mean()
    torch.testing.assert_close(spectrum(restored, sharp, onesided=True), half)
    assert not torch.isclose(half, spectrum(restored, sharp))


def test_one_constant_step_lands_in_one_number_of_the_transform() -> None:
    sharp = torch.zeros(1, 1, 4, 4)
    assert spectrum(sharp + 0.5, sharp) == pytest.approx(16 * 0.5 / 32)


@pytest.mark.parametrize("name", LOSSES)
def test_a_whole_picture_under_autocast_stays_finite_and_exact(name: str) -> None:
    restored, sharp = pictures(1, 3, 720, 1280)
    expected = LOSSES[name](restored, sharp)
    for dtype in (torch.bfloat16, torch.float16):
        with torch.autocast("cpu", dtype=dtype):
            value = LOSSES[name](restored, sharp)
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_outputs_are_compared_in_float32(name: str) -> None:
    restored, sharp = pictures(1, 3, 720, 1280)
    halved = restored.to(torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = LOSSES[name](halved, sharp)
    assert torch.equal(value, LOSSES[name](halved.float(), sharp))


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_is_finite_where_nothing_differs(name: str) -> None:
    _, sharp = pictures(1, 3, 8, 8)
    restored = sharp.clone().requires_grad_()
    LOSSES[name](restored, sharp).backward()
    assert restored.grad is not None
    assert torch.isfinite(restored.grad).all()


def test_weighted_adds_every_scale_against_a_bilinear_target() -> None:
    outputs = tuple(pictures(2, 3, side, 2 * side, seed=side)[0] for side in (4, 8, 16))
    _, sharp = pictures(2, 3, 16, 32)
    targets = [
        torch.nn.functional.interpolate(sharp, scale_factor=factor, mode="bilinear")
        for factor in (0.25, 0.5, 1)
    ]
    pairs = list(zip(outputs, targets, strict=True))
    content = sum(l1(*pair) for pair in pairs)
    frequency = sum(spectrum(*pair) for pair in pairs)
    total, terms = weighted(outputs, sharp, {"l1": 1.0, "spectrum": 0.1}, scales=True)
    torch.testing.assert_close(terms, {"l1": content, "spectrum": frequency})
    torch.testing.assert_close(total, content + 0.1 * frequency)


def test_weighted_without_scales_looks_at_the_last_output_only() -> None:
    restored, sharp = pictures(1, 3, 8, 8)
    total, terms = weighted((restored[..., ::2, ::2], restored), sharp, {"mse": 2.0}, scales=False)
    assert total == pytest.approx(2 * mse(restored, sharp))
    assert list(terms) == ["mse"]


def test_weighted_gives_a_gradient_to_every_output_and_none_to_the_log() -> None:
    outputs = tuple(pictures(1, 3, side, side)[0].requires_grad_() for side in (4, 8))
    total, terms = weighted(outputs, torch.zeros(1, 3, 8, 8), {"l1": 1.0}, scales=True)
    total.backward()
    assert all(output.grad is not None and output.grad.any() for output in outputs)
    assert not any(term.requires_grad for term in terms.values())


def test_weighted_refuses_unknown_and_missing_losses() -> None:
    picture, _ = pictures(1, 3, 8, 8)
    with pytest.raises(UsageError, match="did you mean 'spectrum'"):
        weighted((picture,), picture, {"spectrun": 1.0}, scales=False)
    with pytest.raises(UsageError, match="needs one loss at least"):
        weighted((picture,), picture, {}, scales=False)

"""EPLL with a known blur: gains under noise, against Richardson-Lucy, refusals, progress."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from deblur_lib.data.generated.kernels import shake_kernel
from deblur_lib.data.generated.scenes import crop_photograph, photograph
from deblur_lib.errors import UsageError
from deblur_lib.kernels.epll import epll, patch_sum, progress_bar
from deblur_lib.kernels.line import line_blur
from deblur_lib.kernels.mixture import Mixture
from deblur_lib.kernels.operators import Operator, uniform

SIDE = 96


def scene(name: str, seed: int = 0) -> Tensor:
    picture = crop_photograph(np.random.RandomState(seed), photograph(name), SIDE, 0)
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)


SCENES = [scene(name, seed) for seed, name in enumerate(("brushes", "nuthatch", "room"))]


def field(u: float, v: float) -> Tensor:
    return torch.tensor([u, v])[:, None, None].repeat(1, SIDE, SIDE)


def turning(length: float) -> Tensor:
    """Motions of one length whose direction makes half a turn over the picture."""
    angles = torch.linspace(0, torch.pi, SIDE)[None].expand(SIDE, SIDE)
    return length * torch.stack((angles.cos(), angles.sin()))


@cache
def prior() -> Mixture:
    """20 components of other photographs' patches."""
    crops = [scene(name, seed) for seed in range(4) for name in ("coffee", "china", "dogs")]
    mixture = Mixture(20)
    mixture.fit_crops(torch.stack(crops), 0, patches=10_000, rounds=8)
    return mixture


def noisy(x: Tensor, blur: Operator) -> Tensor:
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    return (blur.apply(x) + 0.01 * noise).clamp(0, 1)


def psnr(x: Tensor, true: Tensor) -> float:
    return float(-10 * (x - true).square().mean().log10())


def richardson_lucy(y: Tensor, blur: Operator, steps: int) -> Tensor:
    x, reached = y, blur.transpose(torch.ones_like(y))
    for _ in range(steps):
        x = x * blur.transpose(y / blur.apply(x).clamp(min=1e-6)).clamp(min=0) / reached
    return x.clamp(0, 1)


@pytest.mark.parametrize(
    ("motion", "gain"),
    [(field(2.0, 0.9), 1.5), (field(-7.8, 4.5), 3), (field(10.5, 18.2), 3.5), (turning(9), 3)],
    ids=["2.2 px", "9 px", "21 px", "turning"],
)
def test_a_known_motion_is_taken_away_under_noise(motion: Tensor, gain: float) -> None:
    blur, gains, ahead = line_blur(motion), [], []
    for x in SCENES:
        y = noisy(x, blur)
        restored = psnr(epll(y, blur, prior()), x)
        gains.append(restored - psnr(y, x))
        ahead.append(restored - psnr(richardson_lucy(y, blur, 50), x))
    assert np.mean(gains) >= gain
    assert np.mean(ahead) > 0


def test_a_known_shake_is_taken_away_under_noise() -> None:
    gains = []
    for seed, x in enumerate(SCENES):
        kernel = torch.from_numpy(shake_kernel(np.random.RandomState(seed), 24.0, 10))
        blur = uniform(kernel, (SIDE, SIDE))
        y = noisy(x, blur)
        gains.append(psnr(epll(y, blur, prior()), x) - psnr(y, x))
    assert np.mean(gains) >= 4


def test_a_wrong_blur_does_harm() -> None:
    x, true, wrong = SCENES[1], line_blur(field(9, 0)), line_blur(field(0, 9))
    y = noisy(x, true)
    assert psnr(epll(y, wrong, prior(), betas=(50.0,)), x) < psnr(y, x)


def test_less_strength_smooths_more() -> None:
    blur = line_blur(field(0, 0))
    y = noisy(SCENES[1], blur)
    weak, strong = (epll(y, blur, prior(), strength=one, betas=(50.0,)) for one in (1e3, 1e7))
    assert (strong - y).abs().max() < 0.01
    assert (weak - y).abs().mean() > 3 * (strong - y).abs().mean()


def test_it_stays_in_range_and_tells_how_far_it_came() -> None:
    blur, told = line_blur(field(3, 1)), list[float]()
    y = noisy(SCENES[0], blur)[:, :40, :50] * 2 - 0.5
    near = line_blur(torch.ones(2, 40, 50))
    restored = epll(y, near, prior(), betas=(50.0, 800.0), progress=told.append)
    assert restored.min() == 0
    assert restored.max() == 1
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) == 3


def test_automatic_half_precision_changes_nothing() -> None:
    y, blur = SCENES[0][:, :32, :32], line_blur(field(3, 1)[:, :32, :32])
    expected = epll(y, blur, prior(), betas=(50.0,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(epll(y, blur, prior(), betas=(50.0,)), expected)


def test_strips_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    x = SCENES[0][:, :30, :41]
    whole = patch_sum(x, 8, prior().denoiser(0.01))
    monkeypatch.setattr("deblur_lib.kernels.epll.PATCHES", 3 * 34 * 5)  # five rows of patches
    torch.testing.assert_close(patch_sum(x, 8, prior().denoiser(0.01)), whole, rtol=1e-5, atol=1e-5)
    cover = patch_sum(torch.ones(1, 30, 41), 8, torch.ones_like)
    assert cover[0, 7:-7, 7:-7].unique().tolist() == [64]
    assert cover[0, 0, 0] == 1
    torch.testing.assert_close(patch_sum(x, 8, lambda patches: patches), cover * x)


def test_what_cannot_be_restored_is_refused() -> None:
    for size, options in ((7, {}), (8, {"strength": 0.0}), (8, {"betas": (50.0, -1.0)})):
        with pytest.raises(UsageError, match="at least 8 px, a strength and betas above 0"):
            epll(torch.rand(3, size, 9), line_blur(torch.ones(2, size, 9)), prior(), **options)


def test_a_bar_shows_only_where_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (True, False):
        with progress_bar("epll", shown=shown) as move:
            move(0.5)
            move(1.0)
        assert ("epll:" in capsys.readouterr().err) == shown

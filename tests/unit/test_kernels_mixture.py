"""The mixture of patches: EM, floors, what it makes of noisy patches."""

import pytest
import torch
from torch import Tensor

from deblur_lib.data.generated.scenes import photograph
from deblur_lib.errors import DataError, UsageError
from deblur_lib.kernels.mixture import FLOOR, Mixture, draw_patches


def crops(side: int = 64) -> Tensor:
    """Squares of a photograph, (6, 3, side, side)."""
    whole = torch.from_numpy(photograph("coffee").copy()).permute(2, 0, 1) / 255
    places = [(row, column) for row in (0, 200) for column in (0, 150, 300)]
    return torch.stack([whole[:, y : y + side, x : x + side] for y, x in places])


def patches(count: int = 3000) -> Tensor:
    return draw_patches(crops(), 8, count, torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def fitted() -> Mixture:
    mixture = Mixture(6)
    mixture.fit(patches(), rounds=5)
    return mixture


def test_no_round_lowers_the_likelihood() -> None:
    found = torch.tensor(Mixture(6).fit(patches().double(), rounds=12, tolerance=0))
    assert len(found) == 13
    assert (found.diff() > -1e-5).all()
    assert found[-1] > found[0] + 1


def test_rounds_end_when_they_gain_little() -> None:
    assert len(Mixture(1).fit(patches(), rounds=50)) == 2  # one component is found at once


def test_two_kinds_of_patches_are_told_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    weak, strong = (torch.randn(n, 64, generator=generator) for n in (3000, 1000))
    mixture = Mixture(2)
    mixture.fit(torch.cat((0.1 * strong, 0.01 * weak)))
    torch.testing.assert_close(mixture.weights, torch.tensor([0.75, 0.25]), rtol=0, atol=0.01)
    spread = mixture.covariances.diagonal(dim1=1, dim2=2).mean(1).sqrt()
    torch.testing.assert_close(spread, torch.tensor([0.01, 0.1]), rtol=0.02, atol=0)


def test_flat_patches_have_the_least_variance() -> None:
    flat = Mixture(3)
    flat.fit(torch.zeros(50, 64))
    expected = (FLOOR * torch.eye(64)).expand(3, 64, 64)
    torch.testing.assert_close(flat.covariances, expected, rtol=1e-4, atol=1e-12)
    assert flat.denoiser(0.01)(torch.full((2, 64), 0.5)).sub(0.5).abs().max() < 1e-6


def test_one_component_is_a_wiener_filter() -> None:
    mixture, noisy = Mixture(1), patches(40) + 0.4
    mixture.fit(patches())
    inner = mixture.covariances[0].double()
    mean = noisy.mean(1, keepdim=True)
    wiener = inner @ torch.linalg.inv(inner + 0.02 * torch.eye(64))
    expected = (noisy - mean).double() @ wiener.T + mean
    torch.testing.assert_close(
        mixture.denoiser(0.02)(noisy), expected.float(), rtol=1e-5, atol=1e-5
    )


def test_without_noise_patches_stay_as_they_are(fitted: Mixture) -> None:
    noisy = patches(50) + 0.4
    torch.testing.assert_close(fitted.denoiser(1e-12)(noisy), noisy, rtol=0, atol=1e-5)


def test_each_patch_goes_to_the_component_that_explains_it_best(fitted: Mixture) -> None:
    z = patches(500).double()
    noisy = fitted.covariances.double() + torch.eye(64) / 200
    scores = torch.stack([
        weight.log() + torch.distributions.MultivariateNormal(z.new_zeros(64), one).log_prob(z)
        for weight, one in zip(fitted.weights.double(), noisy, strict=True)
    ])  # fmt: skip
    best = scores.argmax(0)
    assert len(best.unique()) > 2
    filters = fitted.covariances.double() @ torch.linalg.inv(noisy)
    expected = (filters[best] @ z[..., None])[..., 0].float()
    torch.testing.assert_close(fitted.denoiser(1 / 200)(z.float()), expected, rtol=0, atol=1e-5)


def test_the_same_crops_and_seed_fit_alike_and_a_checkpoint_is_whole() -> None:
    first, again, other = (Mixture(4) for _ in range(3))
    for mixture, seed in ((first, 0), (again, 0), (other, 1)):
        mixture.fit_crops(crops(), seed, patches=500, rounds=3)
    assert torch.equal(first.covariances, again.covariances)
    assert not torch.equal(first.covariances, other.covariances)
    loaded = Mixture(4)
    loaded.load_state_dict(first.state_dict())
    assert torch.equal(loaded.weights, first.weights)
    assert not list(loaded.parameters())


def test_patches_are_gray_and_without_mean() -> None:
    drawn = draw_patches(crops(), 8, 200, torch.Generator().manual_seed(0))
    assert drawn.shape == (200, 64)
    assert drawn.mean(1).abs().max() < 1e-6
    red = crops() * torch.tensor([1.0, 0, 0])[:, None, None]
    one = torch.Generator().manual_seed(0)
    whole = draw_patches(crops()[:, :1].expand(-1, 3, -1, -1), 8, 200, one.clone_state())
    torch.testing.assert_close(draw_patches(red, 8, 200, one), 0.299 * whole, rtol=0, atol=1e-6)


def test_too_little_to_fit_is_refused() -> None:
    with pytest.raises(DataError, match="4 components needs at least as many patches, got 3"):
        Mixture(4).fit(patches(3))
    with pytest.raises(DataError, match="8 px need crops of at least that size, got 6 of 7x7"):
        Mixture(4).fit_crops(crops(7), 0)
    with pytest.raises(DataError, match="got 0 of 64x64"):
        Mixture(4).fit_crops(crops()[:0], 0)
    with pytest.raises(UsageError, match="at least one component"):
        Mixture(0)

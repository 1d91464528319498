"""VGG19 features and the losses on them: layers, weights by digest, the remark, gradients."""

from pathlib import Path

import pytest
import torch
from torch import nn

from deblur_lib.errors import CheckpointError, UsageError
from deblur_lib.losses import FEATURE_LOSSES, perceptual, remarks, vgg, weighted
from deblur_lib.provenance import file_digest


@pytest.fixture(autouse=True)
def no_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.delenv(vgg.VARIABLE, raising=False)
    perceptual.shared.cache_clear()


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand(2, 3, 16, 24, generator=generator),
        torch.rand(2, 3, 16, 24, generator=generator),
    )


def test_the_trunk_is_vgg19s() -> None:
    with torch.device("meta"):
        trunk = nn.Sequential(*vgg._trunk())
    assert sum(one.numel() for one in trunk.parameters()) == 20_024_384
    assert len(trunk) == len(vgg.LAYERS) == 37
    for layer, kind in zip(trunk, vgg.LAYERS, strict=True):
        wanted = {"conv": nn.Conv2d, "relu": nn.ReLU, "pool": nn.MaxPool2d}[kind[:4]]
        assert isinstance(layer, wanted)
    assert (vgg.LAYERS[14], vgg.LAYERS[15]) == ("conv3_3", "relu3_3")


def test_layers_are_given_in_the_order_asked_for() -> None:
    features = vgg.VGG19Features(("relu3_3", "conv1_2", "conv3_3"))
    after, fine, before = features(pictures()[0])
    assert after.shape == before.shape == (2, 256, 4, 6)
    assert fine.shape == (2, 64, 16, 24)
    assert before.min() < 0
    assert torch.equal(after, before.relu())


def test_random_weights_are_the_same_everywhere_and_say_so() -> None:
    blurred, _ = pictures()
    first, second = vgg.VGG19Features(), vgg.VGG19Features()
    assert first.random_weights
    assert torch.equal(first(blurred)[0], second(blurred)[0])
    (said,) = remarks({"l1": 1.0, "perceptual": 0.006})
    assert "random weights (seed 19)" in said
    assert remarks({"l1": 1.0}) == ()


def public_file(path: Path) -> Path:
    features = nn.ModuleDict({"features": nn.Sequential(*vgg._trunk()[:3])})
    with torch.no_grad():
        for one in features.parameters():
            one.fill_(0.25)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(features.state_dict() | {"classifier.0.bias": torch.zeros(4)}, path)
    return path


@pytest.mark.parametrize("place", ["cache", "variable", "argument"])
def test_weights_are_found_and_checked(
    place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cached = tmp_path / "torch" / "hub" / "checkpoints" / vgg.WEIGHTS
    path = public_file(cached if place == "cache" else tmp_path / "mine.pth")
    if place == "variable":
        monkeypatch.setenv(vgg.VARIABLE, str(path))
    given = path if place == "argument" else None
    with pytest.raises(CheckpointError, match="begins with dcbb9e9d"):
        vgg.VGG19Features(("conv1_2",), weights=given)
    monkeypatch.setattr(vgg.read_weights, "__kwdefaults__", {"digest": file_digest(path)[:8]})
    features = vgg.VGG19Features(("conv1_2",), weights=given)
    assert not features.random_weights
    assert all(one.eq(0.25).all() for one in features.parameters())
    assert (vgg.remark() == "") is (place != "argument")
    with pytest.raises(CheckpointError, match=r"lacks features\.5\.weight"):
        vgg.VGG19Features(("conv2_1",), weights=given)


def test_a_wrong_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "vgg.pth"
    monkeypatch.setenv(vgg.VARIABLE, str(path))
    with pytest.raises(CheckpointError, match="which is no file"):
        vgg.VGG19Features()
    path.write_bytes(b"cut short")
    monkeypatch.setattr(vgg.read_weights, "__kwdefaults__", {"digest": file_digest(path)[:8]})
    with pytest.raises(CheckpointError, match="holds no weights"):
        vgg.VGG19Features()


@pytest.mark.parametrize("name", FEATURE_LOSSES)
def test_losses_are_zero_for_equal_pictures_and_move_the_restored_one_only(name: str) -> None:
    restored, sharp = (one.requires_grad_() for one in pictures())
    assert FEATURE_LOSSES[name](sharp, sharp) == 0
    value = FEATURE_LOSSES[name](restored, sharp)
    assert value.shape == ()
    value.backward()
    assert restored.grad is not None
    assert restored.grad.abs().min() > 0
    assert sharp.grad is None


def test_losses_are_means_over_channels_and_positions() -> None:
    restored, sharp = pictures()
    (ours,), (target,) = (vgg.VGG19Features()(one) for one in (restored, sharp))
    torch.testing.assert_close(
        FEATURE_LOSSES["perceptual"](restored, sharp), (ours - target).pow(2).mean()
    )
    gap = (ours.relu() - target.relu()).abs().mean()
    torch.testing.assert_close(FEATURE_LOSSES["perceptual_l1"](restored, sharp), gap)
    signed = vgg.VGG19Features(values="signed")
    torch.testing.assert_close(signed.shift, signed.scale)
    both = perceptual.PerceptualLoss(("conv1_1", "conv3_3"))
    assert both(restored, sharp) > FEATURE_LOSSES["perceptual"](restored, sharp)


def test_a_recipe_weighs_them_like_any_other_loss() -> None:
    restored, sharp = pictures()
    total, parts = weighted((restored,), sharp, {"mse": 0.5, "perceptual": 0.006}, scales=False)
    torch.testing.assert_close(total, 0.5 * parts["mse"] + 0.006 * parts["perceptual"])
    coarse = torch.zeros_like(restored)
    _, both = weighted((coarse, restored), sharp, {"mse": 0.5, "perceptual": 0.006}, scales=True)
    assert both["perceptual"] == parts["perceptual"]  # the last output alone, zhao2020 Eq. (7)
    assert both["mse"] > parts["mse"]
    with pytest.raises(UsageError, match="did you mean 'perceptual"):
        weighted((restored,), sharp, {"perceptul": 1.0}, scales=False)


def test_the_trunk_is_built_once_and_frozen() -> None:
    loss = perceptual.shared(("conv3_3",), "mse", "imagenet", torch.device("cpu"))
    assert loss is perceptual.shared(("conv3_3",), "mse", "imagenet", torch.device("cpu"))
    assert loss.random_weights
    assert not any(one.requires_grad for one in loss.parameters())


def test_unknown_words_are_refused() -> None:
    with pytest.raises(UsageError, match="no VGG19 layer is called 'conv3_5'"):
        vgg.VGG19Features(("conv3_5",))
    with pytest.raises(UsageError, match="known: l1, mse"):
        perceptual.PerceptualLoss(distance="l2")

"""Features of VGG19 (Simonyan and Zisserman, 2015): our own trunk, public weights where they are.

Weights come from the file that the environment variable DEBLUR_VGG19 names, else from torch's own
download cache; nothing is downloaded. Without either, the trunk gets random weights from a fixed
seed. Such features still compare textures, but not as the papers do, so every number made with
them must say so: ask `remark`. The printed protocols are refused with them
(`runs.vetting.check_ready`) unless the variable says "random", which takes them even where public
weights are at hand.
"""

import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from deblur_lib.errors import CheckpointError, UsageError, unknown_name
from deblur_lib.provenance import file_digest

WEIGHTS = "vgg19-dcbb9e9d.pth"
DIGEST = "dcbb9e9d"  # first digits of the file's SHA-256, part of its public name
VARIABLE = "DEBLUR_VGG19"
RANDOM = "random"  # value of the variable that asks for random weights
SEED = 19
STAGES = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels, convolutions
LAYERS = tuple(  # "conv1_1", "relu1_1", ..., by position; pooling layers have no name
    name
    for stage, (_, count) in enumerate(STAGES, start=1)
    for name in (
        *(f"{kind}{stage}_{index}" for index in range(1, count + 1) for kind in ("conv", "relu")),
        f"pool{stage}",
    )
)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, RGB in [0, 1]
Range = Literal["imagenet", "signed"]


class VGG19Features(nn.Module):
    """Feature maps of chosen layers; frozen.

    Args:
        layers: names in `LAYERS`: "conv3_3" is before the ReLU, "relu3_3" after it.
        weights: file with the public weights; found by `find_weights` when None.
        values: what the trunk is fed: "imagenet" (mean 0, deviation 1 over ImageNet) or "signed"
            (pictures in [-1, 1], as DeblurGAN's code does).

    Attributes:
        random_weights: True where no weight file was found.

    Raises:
        UsageError: an unknown layer.
        CheckpointError: a weight file that is not the public one.
    """

    def __init__(
        self,
        layers: Sequence[str] = ("conv3_3",),
        *,
        weights: Path | None = None,
        values: Range = "imagenet",
    ) -> None:
        super().__init__()
        for layer in layers:
            if layer not in LAYERS:
                raise UsageError(unknown_name("VGG19 layer", layer, LAYERS, see="losses.vgg"))
        self.positions = tuple(LAYERS.index(layer) for layer in layers)
        self.features = nn.Sequential(*_trunk()[: max(self.positions) + 1])
        path = weights or find_weights()
        self.random_weights = path is None
        if path is None:
            _fill_at_random(self.features)
        else:
            self._load(path)
        shift, scale = (MEAN, DEVIATION) if values == "imagenet" else ((0.5,) * 3, (0.5,) * 3)
        self.register_buffer("shift", torch.tensor(shift).view(3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(scale).view(3, 1, 1), persistent=False)
        self.requires_grad_(False).eval()

    def _load(self, path: Path) -> None:
        public = read_weights(path)
        wanted = self.state_dict()
        lacking = [key for key in wanted if key not in public]
        if lacking:
            raise CheckpointError(f"{path} lacks {lacking[0]}; fetch {WEIGHTS} again")
        self.load_state_dict({key: public[key] for key in wanted}, strict=True)

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Feature maps (B, C, h, w) of a batch (B, 3, H, W) in [0, 1], in the order asked for."""
        x = (picture - self.get_buffer("shift")) / self.get_buffer("scale")
        found: dict[int, Tensor] = {}
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in self.positions:
                found[position] = x
        return tuple(found[position] for position in self.positions)


def remark() -> str:
    """What must stand beside every number made with these features; "" with the public weights."""
    if find_weights() is not None:
        return ""
    why = f"no {WEIGHTS} in torch's cache and {VARIABLE} is not set"
    if random_wanted():
        why = f"{VARIABLE} asks for them"
    return f"VGG19 features with random weights (seed {SEED}): {why}"


def random_wanted() -> bool:
    """True where the environment asks for random weights."""
    return os.environ.get(VARIABLE) == RANDOM


def find_weights() -> Path | None:
    """The weight file to use, if there is one and random weights are not asked for.

    Raises:
        CheckpointError: the variable names a file that is not there.
    """
    named = os.environ.get(VARIABLE)
    if named == RANDOM:
        return None
    if named:
        if not Path(named).is_file():
            raise CheckpointError(f"{VARIABLE} names {named}, which is no file; mend or unset it")
        return Path(named)
    cached = Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    return cached if cached.is_file() else None


def read_weights(path: Path, *, digest: str = DIGEST) -> dict[str, Any]:
    """Read the public weights of VGG19 without running code from the file.

    Raises:
        CheckpointError: another digest, or no state dict.
    """
    found = file_digest(path)
    if not found.startswith(digest):
        raise CheckpointError(
            f"{path} should have a SHA-256 that begins with {digest}, has {found[:16]}...; "
            f"delete it and fetch {WEIGHTS} again"
        )
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path} holds no weights ({error}); fetch {WEIGHTS}") from error
    return {key: value for key, value in state.items() if key.startswith("features.")}


def _trunk() -> list[nn.Module]:
    layers: list[nn.Module] = []
    last = 3
    for channels, count in STAGES:
        for _ in range(count):
            layers += [nn.Conv2d(last, channels, 3, padding=1), nn.ReLU()]
            last = channels
        layers.append(nn.MaxPool2d(2))
    return layers


def _fill_at_random(features: nn.Sequential) -> None:
    generator = torch.Generator().manual_seed(SEED)
    for layer in features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

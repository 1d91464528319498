"""Restoring in bfloat16: what is multiplied so, what comes back, and who is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from networks import SMALL
from PIL import Image

from deblur_lib.catalogue import build
from deblur_lib.errors import DeviceError
from deblur_lib.evaluation.restore import restore
from deblur_lib.restoring.batch import Wishes, restore_inputs
from deblur_lib.restoring.precision import shorten
from deblur_lib.training.seeding import fresh_network


def test_a_network_multiplies_in_bfloat16_and_returns_float32() -> None:
    network, blurred = fresh_network("mimo_unet", SMALL, seed=0), torch.rand(1, 3, 32, 32)
    seen: list[torch.dtype] = []
    first = next(one for one in network.modules() if isinstance(one, torch.nn.Conv2d))
    first.register_forward_hook(lambda *told: seen.append(told[2].dtype))
    exact = restore(network, blurred)
    short = restore(shorten(network), blurred)
    assert seen == [torch.float32, torch.bfloat16]
    assert exact.dtype == short.dtype == torch.float32
    assert 0 < (exact - short).abs().max() < 0.05


def test_a_method_that_estimates_blur_is_refused() -> None:
    with pytest.raises(DeviceError, match="float32 alone, precision bf16 was asked for"):
        shorten(build("whyte2012"))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_photographs_are_restored_in_the_precision_asked_for(
    tmp_path: Path, weights: Path, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shortened: list[str] = []
    monkeypatch.setattr(
        "deblur_lib.restoring.batch.shorten",
        lambda network: shortened.append(network.name) or shorten(network),
    )
    photo = tmp_path / "photo.png"
    Image.fromarray(np.full((24, 24, 3), 90, np.uint8)).save(photo)
    wishes = Wishes(precision=precision, bars=False)
    said: list[str] = []
    done = restore_inputs([str(photo)], weights, tmp_path / "out", wishes=wishes, say=said.append)
    assert done == (1, 0)
    assert shortened == (["mimo_unet"] if precision == "bf16" else [])

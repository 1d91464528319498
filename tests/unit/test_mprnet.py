"""MPRNet: patches, gradients, odd sizes, start, refusals. Its numbers: tests/golden."""

from pathlib import Path

import network_checks as checks
import pytest
import torch
from network_checks import batch

from deblur_lib.errors import UsageError
from deblur_lib.networks.mprnet import MPRNet, join, split
from deblur_lib.weights.published import fill
from deblur_lib.weights.tensors import read_tensors, write_tensors


def small(start: str = "random", reduction: int = 4) -> MPRNet:
    torch.manual_seed(0)
    return MPRNet(features=8, unet_step=4, orsnet_step=4, cabs=1, reduction=reduction, start=start)


def test_parameter_count_is_the_published_one() -> None:
    assert checks.parameter_count(MPRNet) == 20_127_073


def test_every_stage_gives_a_picture_of_full_size() -> None:
    network, blurred = small(), batch()
    outputs = network.forward_all(blurred)
    assert [one.shape for one in outputs] == [blurred.shape] * 3
    assert torch.equal(network(blurred), outputs[-1])


def test_every_weight_receives_a_gradient() -> None:
    network = small(reduction=1)  # the ReLU inside an attention silences half of its channels
    sum(one.square().mean() for one in network.forward_all(batch())).backward()  # type: ignore[union-attr]
    assert checks.idle(network) == []


def test_patches_lie_row_by_row_and_join_again() -> None:
    picture = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)
    patches = split(picture, 2, 3)
    assert patches.shape == (12, 3, 2, 2)
    assert torch.equal(patches[0], picture[0, :, :2, :2])
    assert torch.equal(patches[2], picture[0, :, :2, 4:])
    assert torch.equal(patches[3], picture[0, :, 2:, :2])
    assert torch.equal(patches[6], picture[1, :, :2, :2])
    assert torch.equal(join(patches, 2, 3), picture)
    assert torch.equal(join(join(split(picture, 2, 2), 1, 2), 2, 1), picture)


def test_what_a_stage_sees_of_its_neighbours() -> None:
    network, blurred = small().eval(), batch(32, 32, 1)
    changed = blurred.clone()
    changed[..., 24:, 24:] = 0  # in the last quarter
    with torch.inference_mode():
        pairs = zip(network.forward_all(blurred), network.forward_all(changed), strict=True)
        first, second, last = ((one - other).abs().amax((0, 1)) for one, other in pairs)
    assert not first[:16].any()  # halves are decoded apart
    assert first[16:, :16].any()  # quarters of a half together
    assert second[:16].any()
    assert last[:16].any()


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(small(), batch())


def test_one_slope_serves_every_block() -> None:
    network = small()
    slopes = [one for one in network.modules() if isinstance(one, torch.nn.PReLU)]
    assert len(slopes) == 1  # modules() counts what is shared once
    keys = [key for key, one in network.state_dict().items() if one.shape == (1,)]
    assert len(keys) == 3 + 2 * (6 + 8) + 3  # shallow features, two U-Nets, one block in each ORB


def test_the_shared_slope_survives_a_weights_file(tmp_path: Path) -> None:
    network, fresh, blurred = small().eval(), small().eval(), batch()
    torch.nn.init.constant_(network.stage3_orsnet.orb1.body[0].body[1].weight, 0.5)
    write_tensors(tmp_path / "weights.safetensors", network.state_dict())
    fill(fresh, read_tensors(tmp_path / "weights.safetensors"), source="weights")
    with torch.inference_mode():
        assert torch.equal(fresh(blurred), network(blurred))
        assert not torch.equal(fresh(blurred), small().eval()(blurred))


def test_a_start_at_the_identity_gives_the_input_back_at_every_stage_and_learns() -> None:
    network, blurred = small("identity"), batch()
    for one in network.forward_all(blurred):
        assert torch.equal(one, blurred)
    checks.learns(network, blurred, blurred.flip(-1), to=0.95, steps=8, lr=2e-3, outputs=3)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    checks.keeps_result_in_other_formats(small(), batch(), atol=5e-2)


def test_any_size_from_1_to_97_is_kept() -> None:
    torch.manual_seed(0)
    network = MPRNet(features=4, unet_step=0, orsnet_step=0, cabs=1)
    checks.keeps_any_size(network)
    assert not network.tile_safe


def test_padding_changes_nothing_where_none_is_needed() -> None:
    checks.needs_no_padding(small(), batch(32, 48))


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"features": 3}, "as many features as its reduction.* got features 3, reduction 4"),
        ({"reduction": 0}, "reduction 0"),
        ({"unet_step": -1}, "steps of 0 or more.* unet_step -1"),
        ({"orsnet_step": -1}, "orsnet_step -1"),
        ({"cabs": 0}, "cabs 0"),
        ({"start": "zero"}, "no choice of start is called 'zero'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, object], needle: str) -> None:
    with pytest.raises(UsageError, match=needle), torch.device("meta"):
        MPRNet(**options)  # type: ignore[arg-type]


def test_sizes_it_cannot_take_are_refused() -> None:
    with pytest.raises(UsageError, match="mprnet needs height and width divisible by 8, got 16x20"):
        small()(torch.zeros(1, 3, 16, 20))
    with pytest.raises(UsageError, match=r"needs a batch \(B, 3, H, W\) .* got shape"):
        small()(torch.zeros(3, 16, 16))

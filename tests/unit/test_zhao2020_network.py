"""zhao2020's network: sizes, what flows where, every ablation switch, what it refuses."""

import network_checks as checks
import pytest
import torch
from torch import Tensor, nn

from deblur_lib.errors import UsageError
from deblur_lib.papers.zhao2020.network import FeatureFlowDeblurrer

NARROW = {"channels": [4, 6, 8], "blocks": 1}


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


def clip(batch: int = 1, height: int = 16, width: int = 20) -> Tensor:
    return torch.rand(batch, 3, 3, height, width)


@pytest.mark.parametrize(
    ("options", "count"), [({}, 17_547_014), ({"flow_levels": [1, 2, 3]}, 17_568_070)]
)
def test_parameter_count(options: dict[str, object], count: int) -> None:
    assert checks.parameter_count(FeatureFlowDeblurrer, **options) == count


def test_features_have_the_printed_shapes() -> None:
    with torch.device("meta"):
        flow = FeatureFlowDeblurrer().feature_flow(torch.rand(1, 3, 256, 256))
    assert [tuple(one.shape[1:]) for one in flow] == [(32, 256, 256), (64, 128, 128), (128, 64, 64)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stages": 1},
        {"flow_levels": []},
        {"flow_levels": [1, 2, 3], "flow_fuse_act": False},
        {"skip2": "mean"},
        {"skip2": "concat1x1", "norm": "none"},
        {"skips": False},
        {"stage1_residual": False, "stage2_residual": False},
        {"detach_p0": True},
        {"neighbours": "middle"},
    ],
)
def test_every_switch_restores_and_trains_every_weight(options: dict[str, object]) -> None:
    network = FeatureFlowDeblurrer(**NARROW, **options)
    blurred = clip(2)
    outputs = network.forward_all(blurred)
    assert len(outputs) == options.get("stages", 2)
    assert {tuple(one.shape) for one in outputs} == {(2, 3, 16, 20)}
    sum(one.square().mean() for one in outputs).backward()
    assert checks.idle(network, cancelled="bias$") == []


def test_the_first_estimate_comes_from_the_current_frame_alone() -> None:
    network = FeatureFlowDeblurrer(**NARROW).eval()
    blurred = clip()
    changed = blurred.clone()
    changed[:, 0] = torch.rand_like(changed[:, 0])
    (first, result), (first_2, result_2) = (
        network.forward_all(blurred),
        network.forward_all(changed),
    )
    assert torch.equal(first, first_2)
    assert not torch.equal(result, result_2)
    changed = blurred.clone()
    changed[:, 2] = torch.rand_like(changed[:, 2])
    assert not torch.equal(result, network(changed))
    single = FeatureFlowDeblurrer(**NARROW, stages=1).eval()
    wanted = {key: one for key, one in network.state_dict().items() if key in single.state_dict()}
    single.load_state_dict(wanted)
    assert torch.equal(single(blurred), first)


@pytest.mark.parametrize(("neighbours", "order"), [("exchanged", [2, 1, 0]), ("middle", [1, 1, 1])])
def test_neighbours_are_replaced_without_touching_a_weight(
    neighbours: str, order: list[int]
) -> None:
    network = FeatureFlowDeblurrer(**NARROW).eval()
    changed = FeatureFlowDeblurrer(**NARROW, neighbours=neighbours).eval()
    changed.load_state_dict(network.state_dict())
    blurred = clip()
    assert torch.equal(changed(blurred), network(blurred[:, order]))
    assert not torch.equal(changed(blurred), network(blurred))
    with pytest.raises(UsageError, match="choice of neighbours"):
        FeatureFlowDeblurrer(neighbours="none")


def test_flow_reaches_the_second_stage_only_through_its_levels() -> None:
    network = FeatureFlowDeblurrer(**NARROW).eval()
    blurred = clip()
    first, previous, following = blurred[:, 1], blurred[:, 0], blurred[:, 2]
    flow = network.feature_flow(first)
    plain = network.refine(first, previous, following, flow)
    shifted = (flow[0] + 1, flow[1] + 1, flow[2])
    assert torch.equal(network.refine(first, previous, following, shifted), plain)
    shifted = (flow[0], flow[1], flow[2] * torch.rand_like(flow[2]))
    assert not torch.equal(network.refine(first, previous, following, shifted), plain)
    without = FeatureFlowDeblurrer(**NARROW, flow_levels=[]).eval()
    assert torch.equal(
        without.refine(first, previous, following, flow),
        without.refine(first, previous, following, shifted),
    )


def test_untrained_last_layers_return_the_current_frame() -> None:
    network = FeatureFlowDeblurrer(**NARROW).eval()
    for decoder in (network.decode, network.decode_both):
        nn.init.zeros_(decoder.tail.weight)
        nn.init.zeros_(decoder.tail.bias)
    blurred = clip()
    for output in network.forward_all(blurred):
        torch.testing.assert_close(output, blurred[:, 1])


def test_the_gradient_stops_between_the_stages_when_asked() -> None:
    for detach in (False, True):
        network = FeatureFlowDeblurrer(**NARROW, flow_levels=[], detach_p0=detach)
        if detach:
            network.stage2_residual = True
        network(clip()).mean().backward()
        reached = network.decode.tail.weight.grad is not None
        assert reached is not detach


def test_pictures_of_a_batch_do_not_see_each_other() -> None:
    checks.keeps_pictures_apart(FeatureFlowDeblurrer(**NARROW), clip(2))


@pytest.mark.parametrize(
    ("options", "needle"),
    [
        ({"stages": 3}, "stages needs 1 or 2, got 3"),
        ({"flow_levels": [4]}, r"distinct levels among 1, 2, 3, got \[4\]"),
        ({"skip2": "max"}, "known: concat1x1, mean, sum"),
        ({"norm": "batch"}, "known: instance, none"),
        ({"channels": [8, 8]}, r"three levels, got \[8, 8\]"),
    ],
)
def test_an_unknown_option_is_refused(options: dict[str, object], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        FeatureFlowDeblurrer(**(NARROW | options))


@pytest.mark.parametrize("shape", [(1, 3, 16, 16), (1, 5, 3, 16, 16), (1, 3, 3, 18, 16)])
def test_a_wrong_clip_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="zhao2020 needs"):
        FeatureFlowDeblurrer(**NARROW)(torch.rand(shape))

"""The recurrent network: size, order of the frames, memory between steps, what it refuses."""

import network_checks as checks
import pytest
import torch

from deblur_lib.errors import UsageError
from deblur_lib.networks.rdn import RDN


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    torch.manual_seed(0)


def test_parameter_count() -> None:
    assert checks.parameter_count(RDN) == 3_671_517


def test_every_weight_receives_a_gradient() -> None:
    network = RDN(features=4)
    estimates = network.forward_all(torch.rand(2, 3, 3, 16, 24))
    assert [tuple(one.shape) for one in estimates] == [(2, 3, 16, 24)] * 2
    estimates[-1].square().mean().backward()
    assert checks.idle(network, cancelled="bias$") == []


def test_an_untrained_last_norm_returns_the_middle_frame() -> None:
    network = RDN(features=4).eval()
    torch.nn.init.zeros_(network.u3_4_conv.bn.weight)
    blurred = torch.rand(1, 3, 3, 16, 24)
    torch.testing.assert_close(network(blurred), blurred[:, 1])


def test_frames_are_used_in_the_order_asked_for() -> None:
    blurred = torch.rand(1, 3, 3, 16, 24)
    network = RDN(features=4, order=(1, 2, 0)).eval()
    swapped = RDN(features=4, order=(2, 1, 0)).eval()
    swapped.load_state_dict(network.state_dict())
    assert torch.equal(network(blurred), swapped(blurred[:, [0, 2, 1]]))
    first, _ = network.forward_all(blurred)
    blurred[:, 0] = 0
    assert torch.equal(network.forward_all(blurred)[0], first)  # step 1 has not seen frame 0


def test_steps_remember_the_features_of_the_step_before() -> None:
    network = RDN(features=4).eval()
    observation, estimate = torch.rand(2, 1, 3, 16, 24)
    plain, memory = network.step(observation, estimate, None)
    assert [tuple(one.shape[1:]) for one in memory] == [(32, 2, 3), (16, 4, 6), (8, 8, 12)]
    assert not torch.equal(network.step(observation, estimate, memory)[0], plain)


def test_wrong_orders_and_clips_are_refused() -> None:
    with pytest.raises(UsageError, match=r"rdn needs an order of frames 0, 1 and 2, got \[1, 2\]"):
        RDN(order=(1, 2))
    with pytest.raises(UsageError, match=r"rdn needs a batch \(B, 3, 3, H, W\)"):
        RDN(features=4)(torch.rand(1, 3, 16, 16))
    with pytest.raises(UsageError, match="at least 16, got 8x16"):
        RDN(features=4)(torch.rand(1, 3, 3, 8, 16))


def test_a_start_at_the_identity_gives_the_estimate_back() -> None:
    network = RDN(features=4, start="identity")
    clip = torch.rand(1, 3, 3, 16, 16)
    for estimate in network.forward_all(clip):
        torch.testing.assert_close(estimate, clip[:, 1])
    network.forward_all(clip)[-1].square().sum().backward()
    scale = network.u3_4_conv.bn.weight.grad
    assert scale is not None
    assert scale.abs().sum() > 0

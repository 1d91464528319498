"""ConvIR: sizes, gradients, the untrained start, what it refuses. Its numbers: tests/golden."""

import network_checks as checks
import pytest
import torch
import torch.nn.functional as F
from network_checks import batch

from deblur_lib.errors import UsageError
from deblur_lib.networks.convir import ConvIR, DynamicFilter


def small(**options: str) -> ConvIR:
    torch.manual_seed(0)
    return ConvIR(base_channels=8, num_res=1, dilations=(1, 1, 1), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("num_res", "count"), [(4, 5_530_505), (8, 8_630_665), (16, 14_830_985)])
def test_parameter_count_is_the_published_one(num_res: int, count: int) -> None:
    assert checks.parameter_count(ConvIR, num_res=num_res) == count


def test_outputs_are_coarse_to_fine_and_the_last_is_the_result() -> None:
    network, blurred = small().eval(), batch(64, 96)
    outputs = network.forward_all(blurred)
    assert [tuple(one.shape[-2:]) for one in outputs] == [(16, 24), (32, 48), (64, 96)]
    assert torch.equal(network(blurred), outputs[-1])


def test_every_parameter_gets_a_gradient() -> None:
    network = small()
    for name, one in network.named_parameters():
        if name.endswith(("lamb_l", "inside_all", "gamma")):
            torch.nn.init.normal_(one)  # zeros at first, which hide the filters
    sum(one.square().mean() for one in network.forward_all(batch(64, 96))).backward()  # type: ignore[union-attr]
    assert checks.idle(network, above=1e-9, cancelled="SCM") == []


def test_training_lowers_the_loss() -> None:
    blurred = batch(64, 96)
    found = checks.losses(small(), blurred, F.avg_pool2d(blurred, 3, 1, 1), steps=8, lr=3e-3)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.95 * found[0]


def test_started_at_the_identity_it_gives_the_nearest_pixels_of_its_input() -> None:
    network, blurred = small(start="identity").eval(), batch(64, 96)
    quarter, half, full = network.forward_all(blurred)
    assert torch.equal(full, blurred)
    assert torch.equal(half, blurred[..., ::2, ::2])
    assert torch.equal(quarter, blurred[..., ::4, ::4])


@pytest.mark.parametrize("kernel", [(3, 3), (1, 3), (3, 1)])
def test_a_filter_is_its_published_formula(kernel: tuple[int, int]) -> None:
    torch.manual_seed(0)
    one = DynamicFilter(16, kernel, 2, norm=kernel == (3, 3)).eval()
    x = torch.rand(2, 16, 6, 7)
    assert torch.equal(one(x), x)  # untrained
    for weight in (one.lamb_l, one.lamb_h, one.inside_all):
        torch.nn.init.normal_(weight)
    taps = torch.tanh(one.bn(one.conv(x.mean((2, 3), keepdim=True)))).view(2, 8, 1, -1, 1)
    down, across = (side - 1 for side in kernel)
    padded = F.pad(x, (across, across, down, down), mode="reflect")
    patches = F.unfold(padded, kernel, dilation=2).view(2, 8, 2, -1, 42)
    low = (patches * taps).sum(3).view(x.shape)
    inside, axes = one.inside_all, one.axes
    low = (1 + inside) * low - inside * x.mean(axes, keepdim=True)
    wanted = one.lamb_l[:, None, None] * low + (1 + one.lamb_h[:, None, None]) * x
    torch.testing.assert_close(one(x), wanted)


def test_channels_last_and_bfloat16_keep_the_result() -> None:
    network = small()
    for name, one in network.named_parameters():
        if name.endswith(("lamb_l", "inside_all", "gamma")):
            torch.nn.init.normal_(one, std=0.3)
    checks.keeps_result_in_other_formats(network, batch(64, 96), atol=3e-2)


def test_any_size_is_kept() -> None:
    checks.keeps_any_size(small())


def test_padding_changes_nothing_where_none_is_needed() -> None:
    checks.needs_no_padding(small(), batch(64, 96))


@pytest.mark.parametrize(
    ("dilations", "smallest"), [((7, 9, 11), 256), ((3, 7, 9), 128), ((1, 1, 1), 64)]
)
def test_dilations_decide_the_smallest_picture(dilations: tuple[int, ...], smallest: int) -> None:
    torch.manual_seed(0)
    network = ConvIR(base_channels=8, num_res=1, dilations=dilations).eval()
    assert network.minimum_size == smallest
    with torch.no_grad():
        assert network(batch(smallest, smallest, 1)).shape[-1] == smallest
        with pytest.raises(UsageError, match=f"height and width of at least {smallest}, got"):
            network(batch(smallest - 32, smallest, 1))
        network.minimum_size = 1
        with pytest.raises(RuntimeError, match="Padding size"):
            network(batch(smallest - 32, smallest, 1))


def test_options_and_batches_it_cannot_take_are_refused() -> None:
    with pytest.raises(UsageError, match=r"base_channels in multiples of 8 .* got 12 and 16"):
        ConvIR(base_channels=12)
    with pytest.raises(UsageError, match="num_res of at least 1, got 8 and 0"):
        ConvIR(base_channels=8, num_res=0)
    with pytest.raises(UsageError, match=r"three dilations of at least 1, got \[1, 2\]"):
        ConvIR(dilations=[1, 2])
    with pytest.raises(UsageError, match="choice of start is called 'identty'; did you mean"):
        small(start="identty")
    with pytest.raises(
        UsageError, match="convir needs height and width divisible by 32, got 72x96"
    ):
        small()(batch(72, 96))
    with pytest.raises(UsageError, match=r"batches of at least 2 in training, .* got 1"):
        small()(batch(64, 96, 1))

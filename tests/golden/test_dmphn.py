"""The multi-patch networks give what the published code gives."""

import pytest
import torch

from deblur_lib.catalogue import build
from deblur_lib.errors import UsageError
from golden import goldens

VARIANTS = {"dmphn_124": {}, "dmphn_1248": {"levels": 4}, "dmphn_stack4": {"stages": 4}}
PARAMETERS = {"dmphn_124": 5_424_393, "dmphn_1248": 7_232_524, "dmphn_stack4": 21_697_572}


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_every_level_and_stage_agrees(name: str) -> None:
    golden = goldens.load(name)
    network = build("dmphn", **VARIANTS[name]).eval()
    goldens.fill(network, golden)
    assert sum(one.numel() for one in network.parameters()) == PARAMETERS[name]
    with torch.no_grad():
        if "stages" in VARIANTS[name]:
            outputs = [one - 0.5 for one in network.forward_all(golden.blurred + 0.5)]
        else:
            outputs = list(reversed(network.forward_levels(golden.blurred + 0.5)))
            restored = network(golden.blurred + 0.5) - 0.5
            goldens.assert_agrees(restored, golden)
    goldens.assert_all_agree(outputs, golden)


@pytest.mark.parametrize("options", [{}, {"levels": 4}, {"stages": 2}])
def test_every_parameter_learns(options: dict[str, int]) -> None:
    torch.manual_seed(0)
    network = build("dmphn", features=8, **options)
    network(torch.rand(1, 3, 32, 48)).square().mean().backward()
    assert all(one.grad is not None and one.grad.abs().sum() > 0 for one in network.parameters())


def test_a_size_it_cannot_split_is_refused() -> None:
    with pytest.raises(UsageError, match="divisible by 8, got 30x48"):
        build("dmphn", features=4)(torch.rand(1, 3, 30, 48))


@pytest.mark.parametrize(
    ("options", "got"),
    [({"levels": 5}, "3 or 4 levels, got 5"), ({"stages": 0}, "option stages of dmphn: .* got 0")],
)
def test_levels_and_stages_that_do_not_exist_are_refused(options: dict[str, int], got: str) -> None:
    with pytest.raises(UsageError, match=got):
        build("dmphn", **options)

"""What a training step takes, told before anything starts."""

import re

import pytest
import torch
from click.testing import CliRunner
from training_parts import adversarial, critic, recipe, tiny

from deblur_lib.cli import main
from deblur_lib.spec import override
from deblur_lib.training import loop
from deblur_lib.training.pace import pace


def test_larger_crops_take_more_memory_and_the_state_holds_weights_moments_and_mean() -> None:
    cpu = torch.device("cpu")
    small, large = (
        pace(tiny(), recipe(crop=side), device=cpu, precision="fp32") for side in (16, 64)
    )
    weights = sum(one.nbytes for one in tiny().parameters())
    assert small.weights == large.weights == weights
    assert 3 * weights < small.state < 3.2 * weights  # two moments and a count for each parameter
    assert large.memory > 4 * small.memory > 0
    assert small.seconds > 0
    kept = pace(tiny(), recipe(crop=16, ema=0.9), device=cpu, precision="fp32")
    assert kept.state > small.state + weights


def test_a_second_player_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "build_critic", lambda game: critic())
    cpu = torch.device("cpu")
    alone = pace(tiny(), override(adversarial(), {"adversarial": None}), device=cpu,
                 precision="fp32")  # fmt: skip
    assert pace(tiny(), adversarial(), device=cpu, precision="fp32").state > alone.state


def test_a_dry_run_tells_recipe_time_memory_and_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    command = ["reproduce", "wan2023", "--dry-run", "--quiet", "--profile", "smoke"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    first = (
        r"wan2023_baseline-s0-\w{8} +synth-gopro-linear, 4 steps of 2 crops of 32 px, "
        r"rate 1e−4 cosine, loss 1 l1 \+ 0.1 spectrum: to do, \d+\.\d min"
    )
    assert any(re.fullmatch(first, line) for line in lines), lines
    time, memory, disk = lines[-3:]
    assert re.fullmatch(r"time: 0\.\d h of training for 6 runs, \d+ at once", time)
    small = r"[1-9]\d*\.\d (KiB|MiB) (of tensors|for weights)"
    assert re.search(f"^memory: {small}", memory), memory
    assert re.search(f"^disk: {small}", disk), disk
    assert not list(tmp_path.glob("wan2023/*/*/config.json"))


def test_a_budget_for_a_graphics_processor_is_not_tried_on_a_processor() -> None:
    command = ["reproduce", "wan2023", "--dry-run", "--quiet", "--profile", "gpu"]
    done = CliRunner().invoke(main, [*command, "--device", "cpu"])
    assert "time: not measured, gpu is a budget for a graphics processor" in done.output
    (disk,) = re.findall(r"^disk: (\S+) GiB for weights, beside states", done.output, re.MULTILINE)
    assert float(disk) > 1

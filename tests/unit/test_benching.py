"""`deblur bench`: which networks, what is told of each, and where it is stored."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch
from click.testing import CliRunner

from deblur_lib import catalogue, papers, seals
from deblur_lib.cli import main
from deblur_lib.errors import UsageError
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import read_json
from deblur_lib.report import columns
from deblur_lib.runs import benching, measurements
from deblur_lib.runs.benching import Subject, bench, subjects

CPU = torch.device("cpu")
SMALL = Subject("mimo_unet", {"base_channels": 4, "blocks": 1}, ("wan2023/mimo_unet",))


def test_every_compared_network_is_measured_once_at_its_published_size() -> None:
    found = subjects()
    rows = [row for one in found for row in one.rows]
    wanted = [
        f"{paper}/{one.id}"
        for paper in papers.names()
        for one in columns.networks_of(papers.load(paper))
    ]
    assert sorted(rows) == sorted(wanted)
    assert len({(one.network, json.dumps(one.options, sort_keys=True)) for one in found}) == len(
        found
    )
    shared = next(one for one in found if "wan2023/deblurgan_v2" in one.rows)
    assert "li2026/deblurgan_v2" in shared.rows


def test_a_network_that_no_row_runs_comes_as_it_is_built() -> None:
    assert subjects(["nafnet"]) == [Subject("nafnet", {})]
    assert {one.network for one in subjects(["srn", "nafnet"])} == {"srn", "nafnet"}
    with pytest.raises(UsageError, match="did you mean 'srn'"):
        subjects(["snr"])


@pytest.fixture(scope="module")
def measured() -> list[measurements.Measured]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(benching, "CROP", 64)
        return list(bench(SMALL, CPU, sizes=[(30, 50)], precisions=("fp32", "bf16")))


def test_each_precision_has_a_pass_and_a_step(measured: list[measurements.Measured]) -> None:
    side = 64
    assert [(one.what, one.precision, one.height, one.width) for one in measured] == [
        ("forward", "fp32", 32, 52), ("forward", "bf16", 32, 52),
        ("step", "fp32", side, side), ("step", "bf16", side, side),
    ]  # fmt: skip
    for one in measured:
        assert one.seconds
        assert one.low
        assert one.high
        assert one.low <= one.seconds <= one.high
        assert one.flops == 2 * (one.macs or 0) > 0
        assert (one.peak_memory or 0) > 4 * one.parameters > 0
        assert "Fourier" in one.counter
        assert (one.device, one.threads, one.why) == ("cpu", 1, "")
    with torch.device("meta"):
        assert measured[0].parameters == sum(
            one.numel() for one in catalogue.build("mimo_unet", **SMALL.options).parameters()
        )


def test_a_network_whose_norms_need_two_pictures_steps_with_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benching, "CROP", 64)
    narrow = Subject("convir", {"base_channels": 8, "num_res": 1})
    found = list(bench(narrow, CPU, sizes=[(64, 64)], precisions=("fp32",)))
    assert [(one.what, one.batch) for one in found] == [("forward", 1), ("step", 2)]
    assert all(one.seconds for one in found)


def test_what_does_not_fit_into_memory_is_told_and_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benching, "SPARE", 0.0)
    (found,) = bench(SMALL, CPU, sizes=[(32, 32)], precisions=("fp32",), step=False)
    assert found.seconds is None
    assert "GiB of memory" in found.why


@pytest.mark.parametrize(("spare", "measured"), [(0.9, True), (1.1, False)])
def test_a_step_is_weighed_before_it_is_taken(
    monkeypatch: pytest.MonkeyPatch, spare: float, measured: bool
) -> None:
    """Memory that runs out ends the process, and with it all that was not measured yet."""
    monkeypatch.setattr(benching, "CROP", 64)
    (_, step) = bench(SMALL, CPU, sizes=[(64, 64)], precisions=("fp32",))
    assert step.peak_memory
    free = SimpleNamespace(available=step.peak_memory / benching.SPARE / spare)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: free)
    (_, again) = bench(SMALL, CPU, sizes=[(64, 64)], precisions=("fp32",))
    assert bool(again.seconds) == measured, again.why


class Quick(EstimatingDeblurrer):
    """A method whose work no counter sees."""

    def estimate(self, blurred: torch.Tensor) -> None:
        """Nothing."""

    def deconvolve(self, blurred: torch.Tensor, blur: None) -> torch.Tensor:
        return blurred


def test_a_method_without_a_count_is_timed_once_and_takes_no_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benching, "fresh_network", lambda *_, **__: Quick())
    (found,) = bench(Subject("sun2015", {}), CPU, sizes=[(16, 24), (32, 32)])
    assert (found.what, found.macs, found.precision) == ("forward", None, "fp32")
    assert (found.height, found.width, found.peak_memory) == (16, 24, None)
    assert found.seconds is not None


def test_a_control_that_is_told_the_motion_has_nothing_to_measure() -> None:
    assert "true_blur" not in {one.network for one in subjects()}
    with pytest.raises(UsageError, match="told the motion"):
        next(bench(Subject("true_blur", {}), CPU))


def test_the_table_is_stored_sealed_as_csv_and_json(
    measured: list[measurements.Measured], tmp_path: Path
) -> None:
    measurements.write(tmp_path, measured, CPU)
    with open(tmp_path / "networks.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == measurements.COLUMNS
    assert [row["precision"] for row in rows] == ["fp32", "bf16", "fp32", "bf16"]
    told = read_json(tmp_path / "networks.json")
    assert told["machine"]["processor"]
    assert told["rows"][0]["rows"] == "wan2023/mimo_unet"
    assert seals.is_whole(tmp_path)


def test_the_command_says_what_it_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(benching, "subjects", lambda names: [SMALL])
    words = ["bench", "mimo_unet", "--size", "40x32", "--no-step", "--precision", "fp32"]
    done = CliRunner().invoke(main, [*words, "--device", "cpu", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "forward  40x32" in done.output
    assert "1 measurements in" in done.output
    assert (tmp_path / "networks.csv").is_file()
    wrong = CliRunner().invoke(main, ["bench", "--size", "big"])
    assert wrong.exit_code == 2
    assert "WIDTHxHEIGHT" in wrong.output


def test_a_table_is_gone_on_with_and_only_again_replaces(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(benching, "subjects", lambda names: [SMALL])

    def measure(*more: str) -> tuple[list[str], list[float]]:
        words = ["bench", "--no-step", "--device", "cpu", "--out", str(tmp_path), *more]
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
        rows = read_json(tmp_path / "networks.json")["rows"]
        return [f"{one['width']} {one['precision']}" for one in rows], [
            one["seconds"] for one in rows
        ]

    first, then = ("--size", "40x32", "--precision", "fp32"), ("--size", "64x64", "--size", "40x32")
    names, times = measure(*first)
    assert names == ["40 fp32"]
    names, longer = measure(*then, "--precision", "fp32")
    assert names == ["40 fp32", "64 fp32"]
    assert longer[:1] == times
    assert measure(*first)[1] == longer
    names, anew = measure(*first, "--again")
    assert names == ["40 fp32", "64 fp32"]
    assert anew[0] != longer[0]
    assert anew[1] == longer[1]


def test_a_table_of_another_machine_is_not_mixed_with_this_one(
    measured: list[measurements.Measured], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    measurements.write(tmp_path, measured, CPU)
    assert measurements.stored(tmp_path, CPU) == measured
    here = measurements.provenance.hardware()
    monkeypatch.setattr(measurements.provenance, "hardware", lambda _: here | {"cores": "640"})
    done = CliRunner().invoke(main, ["bench", "nafnet", "--device", "cpu", "--out", str(tmp_path)])
    assert done.exit_code == 2
    assert "here it is 640" in done.output
    assert "take another --out" in done.output

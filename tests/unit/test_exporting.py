"""ONNX files compute what the network does, say what they need, and name no machine."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from networks import stored
from training_parts import Tiny, tiny

from deblur_lib import catalogue
from deblur_lib.cli import main
from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation import exporting
from deblur_lib.evaluation.exporting import export
from deblur_lib.weights.checkpoint import read_card, save
from deblur_lib.weights.limits import FIXED, REFUSED


def restored(path: Path, picture: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"blurred": picture.numpy()})
    return np.asarray(found)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network by the command, both ways of storing."""
    folder = tmp_path_factory.mktemp("onnx")
    source = str(stored(folder / "net.safetensors", options={"base_channels": 8, "blocks": 1}))
    for name, more in (("whole", []), ("half", ["--half"])):
        out = str(folder / f"{name}.onnx")
        done = CliRunner().invoke(main, ["weights", "export", source, "--out", out, *more])
        assert done.exit_code == 0, done.output
        assert "mimo_unet, free height and width" in done.output
    return folder


def network_of(folder: Path) -> Any:
    from deblur_lib.weights.checkpoint import open_network

    return open_network(folder / "net.safetensors")[0]


@pytest.mark.parametrize("size", [(64, 64), (36, 100)])
def test_any_size_restores_as_the_network(exported: Path, size: tuple[int, int]) -> None:
    picture = torch.rand(1, 3, *size)
    with torch.no_grad():
        ours = network_of(exported)(picture).numpy()
    assert np.abs(restored(exported / "whole.onnx", picture) - ours).max() < 1e-5
    assert np.abs(restored(exported / "half.onnx", picture) - ours).max() < 2 / 255


def test_half_the_weights_is_half_the_file(exported: Path) -> None:
    whole, half = ((exported / f"{name}.onnx").stat().st_size for name in ("whole", "half"))
    assert half < 0.7 * whole


def test_the_file_names_no_machine_and_the_card_says_what_it_needs(exported: Path) -> None:
    held = (exported / "whole.onnx").read_bytes()
    for trace in (b"site-packages", b"deblur_lib", b".py", str(Path.cwd()).encode(), b"/home"):
        assert trace not in held
    onnx.checker.check_model(onnx.load(exported / "whole.onnx"))
    told = json.loads((exported / "whole.onnx.json").read_text(encoding="utf-8"))
    assert (told["multiple_of"], told["minimum_size"], told["half"]) == ([4, 4], 1, False)
    assert told["shape"][:2] == [1, 3]
    assert all(isinstance(one, str) for one in told["shape"][2:])
    assert told["difference"] <= exporting.LIMIT


def test_a_checkpoint_of_the_same_name_stays_readable(tmp_path: Path) -> None:
    save(tmp_path / "best.safetensors", tiny(), name="mimo_unet")
    export(tiny(), tmp_path / "best.onnx", side=32)
    assert read_card(tmp_path / "best.safetensors").network == "mimo_unet"
    with pytest.raises(UsageError, match=r"needs the ending \.onnx, got best\.safetensors"):
        export(tiny(), tmp_path / "best.safetensors", side=32)


def test_a_fixed_size_says_why(tmp_path: Path) -> None:
    made = export(tiny().eval(), tmp_path / "tiny.onnx", side=31)
    assert made.shape == [1, 3, 32, 32]
    assert made.why_fixed == "asked for 31 px"
    assert set(FIXED) | set(REFUSED) <= set(catalogue.networks())


@pytest.mark.parametrize("name", ["mb_taylorformer_v2", "whyte2012"])
def test_what_makes_no_graph_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    with torch.device("meta"):
        network = catalogue.build(name)
    with pytest.raises(UsageError, match=f"{name} cannot be exported: (the exported|it estimates)"):
        export(network, tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_restores_otherwise_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(model: Any) -> None:
        values = onnx.numpy_helper.to_array(model.graph.initializer[0]) + 1
        name = model.graph.initializer[0].name
        model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(values, name))

    monkeypatch.setattr(exporting, "_cleaned", damaged)
    network = Tiny().train()
    with pytest.raises(EvaluationError, match=r"Tiny as ONNX differs by .* take trained ones"):
        export(network, tmp_path / "x.onnx", side=32)
    assert network.training
    assert all(one.requires_grad for one in network.parameters())
    assert not list(tmp_path.iterdir())


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "NEEDS", ("onnx", "onnx_of_tomorrow"))
    with pytest.raises(UsageError, match=r"needs onnx_of_tomorrow; install .*deblur-lib\[export\]"):
        export(tiny(), tmp_path / "x.onnx")

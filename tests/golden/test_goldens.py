"""The golden helper itself: the weight rule, aliases, constants, strictness, rebuilt inputs."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from golden import goldens


def golden(state: list[tuple[str, list[int], str]], **about: object) -> goldens.Golden:
    return goldens.Golden("made_up", {"gain": 0.5, "state_dict": state} | about, {})


@pytest.mark.parametrize("name", goldens.names())
def test_every_golden_lists_as_many_weights_as_it_counts(name: str) -> None:
    about = goldens.load(name).about
    shared = about.get("aliases", {})
    counted = sum(
        torch.Size(shape).numel()
        for key, shape, _ in about["state_dict"]
        if key not in shared and not key.endswith(("running_mean", "running_var", "tracked"))
    )
    assert about["parameter_count"] == counted


def test_a_missing_input_is_rebuilt_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = (1, 3, 4, 4)
    digest = hashlib.sha256(goldens.random_input(shape).numpy().tobytes()).hexdigest()
    about = {"input_shape": shape, "input_sha256": digest}
    (tmp_path / "small.json").write_text(json.dumps(about))
    np.savez(tmp_path / "small.npz", output_0=np.zeros(2), output_1=np.ones(2))
    monkeypatch.setattr(goldens, "DATA", tmp_path)
    small = goldens.load("small")
    assert torch.equal(small.blurred, goldens.random_input(shape))
    assert [float(output.mean()) for output in small.outputs] == [0, 1]
    (tmp_path / "small.json").write_text(json.dumps(about | {"input_sha256": "0"}))
    with pytest.raises(AssertionError, match="not the reference's"):
        goldens.load("small")


def test_weight_rule_by_name_and_shape() -> None:
    rule = goldens.weight
    assert rule("a.weight", (8, 4, 3, 3), 0.9).std() == pytest.approx(0.9 / 6, rel=0.15)
    assert rule("a.weight", (2000,), 0.9).mean() == pytest.approx(1, abs=0.01)
    assert rule("a.bias", (2000,), 0.9).std() == pytest.approx(0.1, rel=0.1)
    assert rule("a.running_var", (2000,), 0.9).min() >= 1
    assert rule("a.running_mean", (2000,), 0.9).mean() == pytest.approx(0, abs=0.01)
    assert rule("a.num_batches_tracked", (), 0.9).dtype == torch.int64
    assert not torch.equal(rule("a.bias", (4,), 1.0), rule("b.bias", (4,), 1.0))


def test_constants_and_shared_tensors() -> None:
    values = goldens.weights(
        golden(
            [("first", [2, 2], ""), ("second", [2, 2], ""), ("fixed", [2], "")],
            aliases={"first": "second"},
            exceptions={"fixed": [3.0, 4.0]},
        )
    )
    assert torch.equal(values["first"], values["second"])
    assert values["fixed"].tolist() == [3.0, 4.0]


def test_fill_is_strict_but_for_second_names() -> None:
    weight, bias = ("weight", [3, 2], ""), ("bias", [3], "")
    network = nn.Linear(2, 3)
    goldens.fill(network, golden([weight, bias, ("w2", [3, 2], "")], aliases={"w2": "weight"}))
    assert torch.equal(network.weight, goldens.weight("weight", (3, 2), 0.5))
    with pytest.raises(RuntimeError, match="Missing key"):
        goldens.fill(network, golden([weight]))
    with pytest.raises(RuntimeError, match="Unexpected key"):
        goldens.fill(network, golden([weight, bias, ("extra", [1], "")]))
    with pytest.raises(AssertionError, match="become weight"):
        goldens.fill(network, golden([weight, bias]), rename=lambda key: "weight")


def test_disagreement_is_noticed() -> None:
    reference = 100 * goldens.random_input((1, 3, 8, 8))
    small = goldens.Golden("made_up", {"arrays": {}}, {"output_0": reference.numpy()})
    near, far = (reference + share * goldens.USUAL * reference.std() for share in (0.9, 1.1))
    goldens.assert_agrees(near, small)
    goldens.assert_all_agree([near], small)
    with pytest.raises(AssertionError, match=r"output_0 of made_up: .* standard deviations"):
        goldens.assert_agrees(far, small)
    with pytest.raises(AssertionError, match="is not"):
        goldens.assert_agrees(reference[..., 1:], small)
    with pytest.raises(AssertionError):
        goldens.assert_all_agree([near, near], small)


@pytest.mark.parametrize(
    ("name", "key", "tolerance"),
    [
        ("dmphn_124", "output_0", goldens.USUAL),
        ("deepdeblur", "input_1", goldens.USUAL),
        ("restormer", "output_0", goldens.FAINT),
        ("rdn", "output_1", goldens.OF_INPUT),
        ("deblurgan", "output_1", goldens.USUAL),
        ("deblurgan", "output_2", goldens.OF_INPUT),
        ("deblurgan_d", "output_1", goldens.OF_INPUT),
        ("deblurgan_v2_inception", "output_2", goldens.OF_INPUT),
    ],
)
def test_the_tolerance_follows_the_array(name: str, key: str, tolerance: float) -> None:
    assert goldens.load(name).tolerance(key) == tolerance

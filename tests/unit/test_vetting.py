"""What cannot be is refused before anything starts, in a notebook and in a dry run alike."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deblur_lib import papers
from deblur_lib.cli import main
from deblur_lib.errors import UsageError
from deblur_lib.losses import vgg
from deblur_lib.notebook.room import open_paper
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.runs.vetting import check_ready, checked_plan
from deblur_lib.spec import PROFILES

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"recipe": {"steps": 0}}, "'steps': 0"),
    ({"recipe": {"steps": -5}}, "'steps': -5"),
    ({"recipe": {"batch": 0}}, "'batch': 0"),
    ({"recipe": {"crop": 0}}, "'crop': 0"),
    ({"recipe": {"lr": 0.0}}, "'lr': 0.0"),
    ({"recipe": {"batch": 4, "accumulate": 3}}, "'accumulate': 3"),
    ({"recipe": {"validate": 0}}, "'validate': 0"),
    ({"recipe": {"weight_decay": -1.0}}, "weight_decay"),
    ({"recipe": {"betas": [0.9, 1.0]}}, "betas"),
    ({"recipe": {"crop": 4096}}, "needs pictures of 4096 pixels"),
    (
        {"recipe": {"crop": 30}},
        "divisible by 32, got 30x30; choose another `crop` for deblurgan_v2",
    ),
    ({"recipe": {"loss": {"edgy": 1.0}}}, "did you mean 'edge'"),
    ({"recipe": {"loss": {"l1": 0.0}}}, "loss l1 needs a weight above 0, got 0.0"),
    ({"recipe": {"loss": {"l1": -1.0}}}, "loss l1 needs a weight above 0, got -1.0"),
    ({"recipe": {"augment": ["hflipp"]}}, "did you mean 'hflip'"),
    ({"recipe": {"adversarial": {"discriminator": "patchgann"}}}, "did you mean 'patchgan'"),
    ({"recipe": {"adversarial": {"discriminator": "patchgan", "critic_steps": 0}}}, "critic_steps"),
    ({"recipe": {"stepz": 5}}, "did you mean 'steps'"),
    ({"data": {"sise": 64}}, "did you mean 'size'"),
    ({"data": {"size": 8}}, "size"),
    ({"data": {"size": "64"}}, "size"),
    ({"data": {"psnr": [30.0, 20.0]}}, "psnr"),
    ({"data": {"size": 16.5}}, "size"),
    ({"data": {"photographs": "/nope"}}, "a folder of pictures, there is none at /nope"),
    ({"seeds": [-1]}, "seeds needs whole numbers from 0 on"),
    ({"seeds": [0, 0]}, "each once"),
    ({"seeds": [0.5]}, "type int"),
    ({"seeds": [True]}, "type int"),
    ({"devices": True}, "type int"),
    ({"devices": 0}, "got 0"),
    ({"devices": 3}, "(8: 1, 2, 4, 8), got 3"),
    ({"devices": 2, "recipe": {"batch": 6, "accumulate": 2}}, "6 in 2 parts: 1, 3"),
    ({"options": {"wan2023": {"skipp": "add"}}}, "did you mean 'skip'"),
    ({"options": {"wan2023": {"skip": "dfmm"}}}, "dfmm"),
    ({"options": {"wan2023": {"base_channels": -8}}}, "base_channels"),
    ({"options": {"wan2023": {"base_channels": "8"}}}, "base_channels"),
    ({"options": {"wan2032": {}}}, "did you mean 'wan2023'"),
    ({"methods": ["wan2032"]}, "did you mean 'wan2023'"),
    ({"sources": {"synth-gopro-linear": "mine"}}, "no data set is called 'mine'"),
    ({"roots": {"gopro-linear": "no/such/folder"}}, "no/such/folder is none"),
]


@pytest.mark.parametrize(("asked", "needle"), WRONG, ids=lambda value: str(value))
def test_a_value_that_cannot_be_is_refused(asked: dict[str, Any], needle: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_paper("wan2023", **asked)
    assert needle in str(refused.value)
    settings = [f"--set={name}={value!r}" for name, value in asked.items()]
    done = CliRunner().invoke(main, ["reproduce", "wan2023", "--dry-run", *settings])
    assert done.exit_code == 2, done.output
    assert needle in done.output
    assert "steps  " not in done.output


@pytest.mark.parametrize(
    ("asked", "needle"),
    [
        ({"methods": '["wan2023"]'}, r"type list .* type str; .* papermill -y 'methods: \[a, b\]'"),
        ({"seeds": "[0, 1]"}, "papermill -y 'seeds: "),
        ({"options": "{}"}, r"type dict .* papermill -y 'options: \{a: 1\}'"),
        ({"recipe": '{"steps": 5}'}, "papermill -y 'recipe: "),
        ({"data": "{}"}, "papermill -y 'data: "),
        ({"roots": "data"}, "papermill -y 'roots: "),
        ({"sources": "mine"}, "papermill -y 'sources: "),
        ({"seeds": 3}, "type list"),
        ({"methods": [3]}, "methods item needs a value of type str"),
        ({"options": {"wan2023": "skip"}}, "options item needs a value of type dict"),
        ({"roots": {"mine": 3}}, "roots item needs a value of type str"),
        ({"recipe": {"lr": float("nan")}}, "finite numbers"),
    ],
    ids=str,
)
def test_text_in_place_of_a_list_is_told_how_to_pass_one(
    asked: dict[str, Any], needle: str
) -> None:
    with pytest.raises(UsageError, match=needle):
        open_paper("wan2023", **asked)


def test_the_text_false_is_not_taken_for_true() -> None:
    with pytest.raises(UsageError, match=r"type bool .* papermill -y 'interactive: false'"):
        open_paper("wan2023").explore(interactive="false")  # type: ignore[arg-type]


def test_what_can_be_is_let_through(tmp_path: Path) -> None:
    room = open_paper(
        "wan2023",
        seeds=range(2),
        recipe={"steps": 5, "augment": ("hflip", "rotate"), "warmup": 0},
        data={"size": 256},
        options={"wan2023": {"base_channels": 8}},
        roots={"mine": str(tmp_path)},
        sources={"synth-gopro-linear": "mine"},
    )
    assert {run.seed for run in room.plan.runs} == {0, 1}


@pytest.mark.parametrize("paper", papers.names())
def test_what_is_declared_passes_the_same_checks(paper: str) -> None:
    for profile in PROFILES:
        declared = make_plan(Request(paper, profile))
        recipe = {"validate": declared.runs[0].train.validate}
        small = profile in ("smoke", "demo")
        options = {str(run.method.network): {} for run in declared.runs} if small else {}
        checked_plan(Request(paper, profile, options=options, recipe=recipe))  # type: ignore[arg-type]


def test_missing_pictures_stop_before_the_start_and_are_told_in_a_dry_run() -> None:
    asked = Request("wan2023", profile="paper", methods=("wan2023",))
    with pytest.raises(UsageError, match="gopro-linear needs its folder"):
        check_ready(checked_plan(asked))
    done = CliRunner().invoke(main, ["reproduce", "wan2023", "--profile", "paper", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "not ready: gopro-linear needs its folder" in done.output
    assert "\nand realblur-j needs its folder" in done.output
    assert "\nand the loss of deblurgan_v2 needs VGG19's public weights" in done.output


def test_the_printed_protocol_needs_vgg19_or_the_word_for_random_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv(vgg.VARIABLE, raising=False)
    roots = {"dvd-flow": str(tmp_path)}
    plan = checked_plan(Request("zhao2020", profile="paper", roots=roots))
    with pytest.raises(
        UsageError, match=r"loss of deblurgan, zhao2020.* needs VGG19's public weig"
    ):
        check_ready(plan)
    plain = checked_plan(Request("zhao2020", profile="paper", roots=roots, methods=("rdn",)))
    check_ready(plain)
    monkeypatch.setenv(vgg.VARIABLE, vgg.RANDOM)
    check_ready(plan)
    assert "asks for them" in vgg.remark()

"""Requests resolve to the same runs everywhere, and only settings that matter change a run's id."""

import dataclasses
from pathlib import Path

import pytest

from deblur_lib import catalogue, papers
from deblur_lib.cli.matrix import _plans
from deblur_lib.errors import UsageError
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, Request, make_plan
from deblur_lib.spec import PROFILES, Adversarial


def test_every_method_runs_with_every_seed() -> None:
    plan = make_plan(Request("wan2023", profile="smoke", seeds=(3, 4)))
    methods = {run.method.id for run in plan.runs}
    assert {"wan2023", "wan2023_dffm", "wan2023_baseline", "mimo_unet"} <= methods
    assert len(plan.runs) == 2 * len(methods)
    assert len({run.id for run in plan.runs}) == len(plan.runs)


def test_a_profile_may_give_some_methods_fewer_seeds_and_the_request_overrides_it() -> None:
    def seeds(**request: object) -> dict[str, tuple[int, ...]]:
        runs = make_plan(Request("wan2023", profile="demo", **request)).runs  # type: ignore[arg-type]
        return {name: tuple(run.seed for run in runs if run.method.id == name)
                for name in ("wan2023", "dbgan")}  # fmt: skip

    assert seeds() == {"wan2023": (0, 1, 2), "dbgan": (0,)}
    assert seeds(seeds=(5, 6)) == {"wan2023": (5, 6), "dbgan": (5, 6)}
    assert seeds(methods=("dbgan", "wan2023"))["dbgan"] == (0,)


@pytest.mark.parametrize("wrong", [{"nobody": (0,)}, {"wan2023": (1,)}, {"wan2023": ()}])
def test_seeds_of_an_unknown_method_or_without_the_first_seed_are_refused(
    wrong: dict[str, tuple[int, ...]],
) -> None:
    paper = papers.load("wan2023")
    profiles = tuple(dataclasses.replace(one, seeds_of=wrong) for one in paper.profiles)
    with pytest.raises(ValueError, match=r"seeds_of .* begin with 0"):
        dataclasses.replace(paper, profiles=profiles)


def test_the_run_id_follows_what_can_change_a_number() -> None:
    base = Request("wan2023", profile="smoke")
    shared = dataclasses.replace(base, device="cpu", devices=2)
    same = make_plan(shared).runs[0]
    first = make_plan(base).runs[0]
    assert same.id == first.id
    assert store.run_base(shared) == store.run_base(base)
    network = str(first.method.network)
    for change in (
        {"recipe": {"lr": 5e-4}},
        {"seeds": (7,)},
        {"data": {"count": 5}},
        {"precision": "fp32"},
        {"options": {network: {"base_channels": 16}}},
    ):
        assert make_plan(dataclasses.replace(base, **change)).runs[0].id != first.id, change


def test_the_profile_overrides_the_recipe_and_the_request_overrides_both() -> None:
    paper = make_plan(Request("wan2023", "paper", methods=("wan2023",))).runs[0].train.steps
    smoke = make_plan(Request("wan2023", profile="smoke")).runs[0].train.steps
    asked = make_plan(Request("wan2023", profile="smoke", recipe={"steps": 17})).runs[0]
    assert paper > 1_000_000 > smoke
    assert asked.train.steps == 17


def test_every_network_has_a_precision_one_of_a_new_room_too() -> None:
    assert catalogue.networks().keys() > catalogue.BF16
    assert catalogue.precision("mine2024") == "fp32"
    for paper in papers.names():
        for profile in PROFILES:
            runs = make_plan(Request(paper, profile)).runs
            assert {run.settings["precision"] for run in runs} <= {"fp32", "bf16"}
    runs = {run.method.id: run.precision for run in make_plan(Request("wan2023")).runs}
    assert (runs["wan2023"], runs["deblurgan_v2"]) == ("bf16", "fp32")


def test_a_precision_asked_for_by_name_makes_no_other_run_than_the_same_one_declared() -> None:
    ids = [
        {
            run.id
            for run in make_plan(Request("wan2023", methods=("wan2023",), precision=asked)).runs
        }
        for asked in ("auto", "bf16", "fp32")
    ]
    assert ids[0] == ids[1]
    assert not ids[0] & ids[2]


def test_a_profile_may_choose_the_precision_and_the_request_overrides_it() -> None:
    assert {run.precision for run in make_plan(Request("li2026")).runs} == {"fp32"}
    assert {run.precision for run in make_plan(Request("li2026", precision="bf16")).runs} == {
        "bf16"
    }
    assert {run.precision for run in make_plan(Request("li2026", profile="gpu")).runs} == {"bf16"}


def test_a_recipe_takes_lists_and_mappings_as_notebooks_hold_them() -> None:
    recipe = {"augment": ["rotate", "noise"], "adversarial": {"discriminator": "patchgan"}}
    run = make_plan(Request("sang2018", profile="smoke", recipe=recipe)).runs[0]
    assert run.train.augment == ("rotate", "noise")
    assert run.train.adversarial == Adversarial("patchgan")
    with pytest.raises(UsageError, match=r"Train.augment.* valid array, got 'noise'"):
        make_plan(Request("sang2018", profile="smoke", recipe={"augment": "noise"}))
    game = {"discriminator": "patchgan", "loss": "lsgann"}
    with pytest.raises(UsageError, match=r"adversarial.*loss.*got 'lsgann'"):
        make_plan(Request("sang2018", profile="smoke", recipe={"adversarial": game}))


def test_other_pictures_may_take_the_place_of_the_declared_ones() -> None:
    sources = {"gopro-linear": "mine"}
    plan = make_plan(Request("wan2023", profile="paper", sources=sources))
    declared = make_plan(Request("wan2023", profile="paper"))
    assert {run.train_on for run in plan.runs} == {"mine"}
    assert plan.profile.test_on == {"gopro_test": "mine", "realblur_j": "realblur-j"}
    assert declared.profile.test_on["gopro_test"] == "gopro-linear"
    assert not {run.id for run in plan.runs} & {run.id for run in declared.runs}


@pytest.mark.parametrize(
    ("request_", "needle"),
    [
        (Request("wan2032"), "did you mean 'wan2023'"),
        (Request("wan2023", profile="dmeo"), "did you mean 'demo'"),
        (Request("wan2023", device="gpu"), "known: auto, cpu, cuda, mps"),
        (Request("wan2023", methods=("dmphn",)), "no method run at profile demo"),
        (
            Request("wan2023", sources={"gopro": "mine"}),
            "demo is called 'gopro'",
        ),
        (Request("wan2023", recipe={"step": 5}), "did you mean 'steps'"),
        (Request("wan2023", options={"mimo": {}}), "did you mean 'mimo_unet'"),
    ],
)
def test_a_wrong_name_is_refused(request_: Request, needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        make_plan(request_)


def test_runs_lie_where_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    run = make_plan(Request("wan2023", profile="smoke")).runs[0]
    assert store.run_folder(run) == tmp_path / "wan2023" / "smoke" / run.id


def test_seeds_of_a_run_are_those_that_its_rows_have() -> None:
    def asked(seeds: str) -> Plan:
        (found,) = _plans(["zhao2020"], profile="study", settings=(), seeds=seeds)
        return found

    whole = asked("")
    second = asked("1")
    assert not second.request.altered
    assert second.runs == tuple(one for one in whole.runs if one.seed == 1)
    assert "zhao2020_long" in {one.method.id for one in asked("0").runs}
    assert "zhao2020_long" not in {one.method.id for one in second.runs}
    others = asked("1,7")  # no row has seed 7: all rows are run with both
    assert {(one.method.id, one.seed) for one in others.runs} == {
        (one.method.id, seed) for one in whole.runs for seed in (1, 7)
    }
    assert others.request.seeds == (1, 7)

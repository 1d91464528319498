"""Which check sets a request means."""

import dataclasses

import pytest

from deblur_lib import papers
from deblur_lib.data.real import checksets
from deblur_lib.errors import UsageError
from deblur_lib.notebook.parameters import request_of
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.spec import CHECKS, CLIP_CHECKS, CheckSet


def ids(found: tuple[CheckSet, ...]) -> list[str]:
    return [one.id for one in found]


def test_without_names_the_papers_sets_in_roots_are_taken() -> None:
    roots = {"gopro-linear": "a", "other": "b"}
    assert ids(checksets.choose(CHECKS, (), roots, ())) == ["gopro_real"]
    assert ids(checksets.choose(CHECKS, (), {}, ())) == []
    assert ids(checksets.choose(CHECKS, (), roots, {"gopro-linear"})) == []
    assert make_plan(Request("wan2023", "paper", roots=roots)).checks == ()


def test_any_data_set_folder_or_generated_set_can_be_named() -> None:
    roots = {"gopro-linear": "a", "reds": "b", "mine": "c", "reds-180p": "d"}
    asked = ("mine", "gopro-linear", "reds", "synth-shake", "reds_real", "mine")
    own, gopro, reds, made, declared = checksets.choose(CHECKS, asked, roots, ())
    assert (own.data, own.split, own.settings) == ("mine", "test", {})
    assert (gopro.split, gopro.title) == ("test", "GoPro, blur pictures")
    assert (reds.split, made.root) == ("validation", "")
    assert declared is CHECKS[1]
    (clips,) = checksets.choose(CLIP_CHECKS, ("mine",), roots, ())
    assert clips.settings == {"clips": True}  # as the paper's own


@pytest.mark.parametrize(
    ("asked", "needle"),
    [
        ("gopro_rael", "did you mean 'gopro_real'"),
        ("mien", "did you mean 'mine'"),
        ("synth-shaek", "did you mean 'synth-shake'"),
        ("reds_real", "needs its folder .*CC BY 4.0.*give roots="),
        ("hide", "needs its folder"),
        ("photos", "no check here: the networks learn from photos"),
    ],
)
def test_a_set_that_cannot_be_is_refused_when_the_plan_is_made(asked: str, needle: str) -> None:
    roots = {"mine": "c", "photos": "d"}
    request = Request(
        "wan2023", "smoke", roots=roots, checks=(asked,), sources={"synth-gopro-linear": "photos"}
    )
    if asked != "photos":
        request = dataclasses.replace(request, sources={})
    with pytest.raises(UsageError, match=needle):
        make_plan(request)


def test_names_of_checks_are_texts() -> None:
    assert request_of("wan2023", {"checks": ["a"]}).checks == ("a",)
    with pytest.raises(UsageError, match="checks item"):
        request_of("wan2023", {"checks": [1]})


@pytest.mark.parametrize("paper", papers.names())
def test_every_paper_declares_checks_that_it_can_take(paper: str) -> None:
    declared = papers.load(paper)
    clips = any("clip" in one for profile in declared.profiles for one in profile.test_on.values())
    assert declared.checks == (CLIP_CHECKS if clips else CHECKS)

"""Only rows of a profile as it is declared are published, and they stay as they are."""

import dataclasses
from pathlib import Path

import fake_results
import pytest

from deblur_lib import papers, seals
from deblur_lib.errors import MissingRowsError, UsageError
from deblur_lib.records import write_manifests
from deblur_lib.runs.plan import Plan, Request, make_plan, with_first_seeds
from deblur_lib.runs.publishing import check_declared, remarks, stored_folders


def test_what_is_published_is_as_its_lists_say() -> None:
    root = papers.ROOT.parents[1] / "results"
    folders = stored_folders(root)
    assert {one.parent.name for one in folders} >= {*papers.names(), "judge"}
    assert [one for one in folders if not seals.is_whole(one)] == []
    assert [name for one in folders for name in seals.differing(one)] == []
    assert all("other code" in one or "not recorded" in one for one in remarks(root))


def ran(folder: Path, request: Request) -> Path:
    """A results folder with the manifests of a request."""
    return stored(folder, make_plan(request))


def stored(folder: Path, plan: Plan) -> Path:
    """A results folder with the manifests of a plan."""
    base = fake_results.manifest("wan2023", "demo", "wan2023", 0)
    write_manifests(
        folder / "manifests.json", [dataclasses.replace(base, run=run.id) for run in plan.runs]
    )
    return folder


def test_rows_of_the_declared_runs_are_published_in_any_precision(tmp_path: Path) -> None:
    check_declared(ran(tmp_path, Request("wan2023")), "wan2023", "demo")
    check_declared(ran(tmp_path, Request("wan2023", precision="bf16")), "wan2023", "demo")


def test_the_first_three_seeds_of_five_are_whole_and_four_are_not(tmp_path: Path) -> None:
    check_declared(ran(tmp_path, Request("wan2023", "study")), "wan2023", "study")
    whole = make_plan(Request("wan2023", "study"))
    for count, fine in ((2, False), (3, True), (4, False)):
        part = with_first_seeds(whole, count)
        assert {run.seed for run in part.runs} == {*range(count)}
        folder = stored(tmp_path, part)
        if fine:
            check_declared(folder, "wan2023", "study")
        else:
            with pytest.raises(MissingRowsError, match=f"holds {len(part.runs)} of them and 0 of"):
                check_declared(folder, "wan2023", "study")


@pytest.mark.parametrize(
    ("request_", "needle"),
    [
        (Request("wan2023", recipe={"steps": 5}), r"holds 0 of them and \d+ of other settings"),
        (Request("wan2023", methods=("wan2023",)), "holds 3 of them and 0 of other settings"),
        (Request("wan2023", seeds=(7,)), "holds 0 of them"),
    ],
)
def test_other_rows_are_not(tmp_path: Path, request_: Request, needle: str) -> None:
    with pytest.raises(MissingRowsError, match=needle):
        check_declared(ran(tmp_path, request_), "wan2023", "demo")


def test_nor_are_none_and_those_of_smoke(tmp_path: Path) -> None:
    with pytest.raises(MissingRowsError, match="holds 0 of them"):
        check_declared(tmp_path, "wan2023", "demo")
    with pytest.raises(UsageError, match="smoke is not published"):
        check_declared(ran(tmp_path, Request("wan2023", "smoke")), "wan2023", "smoke")

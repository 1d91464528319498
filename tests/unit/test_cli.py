"""The command's verbs exist, name what they know, and load nothing heavy before they need it."""

import errno
import gc
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from deblur_lib import catalogue, papers
from deblur_lib.cli import main
from deblur_lib.cli.group import loading
from deblur_lib.cli.matrix import _plans
from deblur_lib.errors import BookError
from deblur_lib.notebook import reproduce as engine
from deblur_lib.profiles import PROFILES
from deblur_lib.records import write_json
from deblur_lib.runs import store
from deblur_lib.runs.plan import Request, make_plan
from deblur_lib.training import pace


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, arguments)
    return done.exit_code, done.output


def test_the_verbs_are_these() -> None:
    assert sorted(main.commands) == [
        "agree", "bench", "book", "coverage", "data", "judge", "list", "publish", "reproduce",
        "restore", "run", "score", "status", "train", "verify", "weights",
    ]  # fmt: skip


def verbs(group: click.Group, *names: str) -> dict[tuple[str, ...], click.Command]:
    """Every command that does something, by its words."""
    found = {}
    for name, one in group.commands.items():
        own = (*names, name)
        found |= verbs(one, *own) if isinstance(one, click.Group) else {own: one}
    return found


@pytest.mark.parametrize("verb", verbs(main), ids=" ".join)
def test_help_tells_of_every_option_and_has_examples_a_line_each(verb: tuple[str, ...]) -> None:
    options = [one for one in verbs(main)[verb].params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []
    status, text = run(*verb, "--help")
    _, told, examples = text.partition("Examples:\n")
    assert (status, bool(told)) == (0, True)
    lines = [line.strip() for line in examples.partition("\n\n")[0].strip().splitlines()]
    assert all(line.startswith(f"deblur {' '.join(verb)}") for line in lines)
    assert max(map(len, text.splitlines())) <= 100
    for line in lines:  # each option that an example shows is one there is
        known = {"--help", *(name for one in options for name in one.opts)}
        assert {word for word in shlex.split(line) if word.startswith("--")} <= known


def test_list_names_every_paper_and_network() -> None:
    status, text = run("list")
    assert status == 0
    for name in (*papers.names(), *catalogue.networks()):
        assert name in text


def test_list_of_a_paper_tells_its_rows() -> None:
    status, text = run("list", "sang2018")
    assert status == 0
    assert "quoted only: " not in text
    assert "sang2018_content" in text
    assert "whyte2012" in text


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (("list", "wan2032"), "did you mean 'wan2023'"),
        (("reproduce", "wan2032"), "did you mean 'wan2023'"),
        (("publish", "wan2023", "--profile", "paper"), "deblur reproduce"),
        (("publish", "wan2023", "--profile", "smoke"), "smoke is not published"),
    ],
)
def test_a_wrong_name_is_one_clear_line(arguments: tuple[str, ...], needle: str) -> None:
    status, text = run(*arguments)
    assert status in (1, 2)
    assert needle in text
    assert "Traceback" not in text


def test_a_disk_that_cannot_be_written_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "book/_generated")

    monkeypatch.setattr("deblur_lib.book.build", full)
    status, text = run("book")
    assert status == 1
    assert text.startswith("deblur: book/_generated could not be written (Read-only file system);")


def test_a_dry_run_lists_the_runs_and_starts_nothing() -> None:
    status, text = run("reproduce", "wan2023", "--profile", "paper", "--dry-run")
    assert status == 0
    assert "wan2023_dffm-s0-" in text
    assert "1578000 steps" in text


def test_garbage_is_collected_again_once_libraries_are_loaded() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.unfreeze()


def test_what_is_published_is_shown_at_its_largest_profile(tmp_path: Path) -> None:
    (*_, largest) = store.published_profiles("wan2023")
    status, text = run("reproduce", "wan2023", "--published", "--dry-run")
    assert status == 0
    assert f"runs are shown from results/wan2023/{largest}" in text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "project_root", lambda: tmp_path)
        assert store.published_profiles("wan2023") == []
    assert {"demo"} <= {*store.published_profiles("wan2023")} <= {*PROFILES[1:]}


@pytest.mark.parametrize("paper", papers.names())
def test_a_dry_run_times_every_row_that_learns(
    paper: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    monkeypatch.setattr(pace, "LONGEST", 0.0)
    status, text = run("reproduce", paper, "--profile", "smoke", "--dry-run", "--quiet")
    assert status == 0
    lines = [line for line in text.splitlines() if " to do" in line]
    plan = make_plan(Request(paper, "smoke"))
    assert len(lines) == len(plan.runs)
    assert [" min" in line for line in lines] == [run.steps > 0 for run in plan.runs]


@pytest.mark.parametrize(
    "command",
    [
        "verify",
        "coverage",
        "book",
        "publish wan2023",
        "reproduce wan2023 --dry-run",
        "agree wan2023",
    ],
)
def test_outside_a_checkout_it_says_so(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    status, text = run(*command.split())
    assert status == 2
    assert "a checkout of the project is needed" in text


def assert_unloaded(code: str, heavy: tuple[str, ...]) -> None:
    """Run some code in a process of its own, which must load none of these libraries."""
    check = (
        f"{code}\nimport sys\n"
        f"loaded = [one for one in {heavy} if one in sys.modules]; assert not loaded, loaded"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_help_waits_for_nothing_heavy() -> None:  # and takes under 0.3 s
    heavy = ("torch", "pandas", "numpy", "pydantic", "yaml", "PIL")
    code = (
        "import time; from deblur_lib.cli import main; "
        "main(['--help'], standalone_mode=False); assert time.process_time() < 0.3"
    )
    assert_unloaded(code, heavy)


def test_a_photograph_waits_for_no_library_that_it_does_not_need() -> None:
    heavy = ("pandas", "scipy", "cv2", "av", "matplotlib", "skimage", "jinja2")
    assert_unloaded("import deblur_lib.restoring.batch", heavy)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BookError("the kernel was killed")])
def test_what_is_stored_is_told_when_an_execution_does_not_end(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path))
    plan = make_plan(Request("wan2023", "smoke"))
    done, begun, damaged = (store.run_folder(run) for run in plan.runs[:3])
    write_json(done / "manifest.json", [])
    for slot, step in (("a", 70), ("b", 73)):
        write_json(begun / f"resume-{slot}.json", {"counters": {"step": step}})
    damaged.mkdir(parents=True)
    (damaged / "resume-a.json").write_text('{"counters": {')

    def stops(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(engine, "reproduce", stops)
    status, text = run("reproduce", "wan2023", "--profile", "smoke", "--force")
    assert status == (130 if isinstance(error, KeyboardInterrupt) else 1)
    steps = plan.runs[1].train.steps
    assert (
        f"1 of {len(plan.runs)} runs are finished; {plan.runs[1].id} is stored at step 73 of "
        f"{steps}; the same command goes on from there" in text
    )
    assert text.splitlines()[-1].startswith("deblur: ")
    assert "Aborted" not in text
    assert "Traceback" not in text


def test_all_names_every_paper_once() -> None:
    plans = _plans(("wan2023", "all"), profile="smoke", settings=())
    assert [one.paper.id for one in plans] == list(papers.names())

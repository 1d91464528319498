"""The page of the commands shows examples that run, and the options as they are."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from test_cli import verbs

from deblur_lib.book.commands import DECLARED, Section, commands_page, sections
from deblur_lib.cli import main
from deblur_lib.cli.captured import capture
from deblur_lib.errors import BookError
from deblur_lib.records import read_json

BOOK = Path(__file__).resolve().parents[2] / "book"
PRINTED: dict[str, str] = read_json(BOOK / "commands.json")


def test_every_short_example_ends_well(tmp_path: Path) -> None:
    before, here = dict(os.environ), Path.cwd()
    short = [replace(one, help=[]) for one in sections(BOOK) if not one.slow]
    printed = capture(tmp_path, short)
    assert (dict(os.environ), Path.cwd()) == (before, here)
    assert {command for one in short for command in one.examples} == set(printed)
    assert printed["deblur data check pairs --crop 64 --html report.html"].endswith(
        "no problems found\npage: report.html\n"
    )
    assert str(tmp_path) not in "".join(printed.values())


def test_an_example_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookError, match=r"`deblur list none` ended with 2, not 0:\n.*none"):
        capture(tmp_path, [Section("a", "b", ["deblur list none"])])


@pytest.mark.parametrize("command", [one for one in PRINTED if one.endswith("--help")])
def test_the_options_on_the_page_are_those_of_today(command: str) -> None:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(
        main, command.split()[1:], prog_name="deblur", color=False
    )
    assert done.output == PRINTED[command], "run `make commands`"


def test_the_page_tells_the_options_of_every_command() -> None:
    told = [one for section in sections(BOOK) for one in section.help]
    assert sorted(told) == sorted(map(" ".join, verbs(main)))


def test_the_page_shows_each_example_with_its_output() -> None:
    text = commands_page(BOOK)
    for section in sections(BOOK):
        assert f"## {section.title}\n" in text
        for command in section.typed():
            shown = text.replace(" \\\n>   ", " ")  # long ones go on in the next line
            assert f"$ {command}\n{PRINTED[command].rstrip()}\n````" in shown
    assert max(len(one) for one in text.splitlines() if one.startswith(("$", "> "))) < 80
    assert "/tmp" not in text


def test_output_of_other_examples_is_refused(tmp_path: Path) -> None:
    for path in BOOK.glob("commands.*"):
        shutil.copy(path, tmp_path)
    declared = yaml.safe_load((tmp_path / DECLARED).read_text(encoding="utf-8"))
    declared[1]["examples"][0] = "deblur data list gopro"
    (tmp_path / DECLARED).write_text(yaml.safe_dump(declared), encoding="utf-8")
    with pytest.raises(BookError, match=r"other examples .*\(deblur data list gopro\); run `make"):
        commands_page(tmp_path)

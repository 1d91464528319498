"""Parameters from the command line keep their types or are refused."""

import json
from pathlib import Path

import pytest

from deblur_lib.errors import UsageError
from deblur_lib.reproduce import notebook_parameters, parse_settings

DEFAULTS = {"name": "a", "rate": 0.1, "count": 3, "flag": True, "items": [], "table": {}}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ({"name": "x=y"}, "x=y"),
        ({"name": "1e-3"}, "1e-3"),
        ({"rate": "1e-3"}, 1e-3),
        ({"rate": "2"}, 2),
        ({"count": "-4"}, -4),
        ({"flag": "false"}, False),
        ({"flag": "True"}, True),
        ({"items": "[3, 4]"}, [3, 4]),
        ({"items": '["a", null]'}, ["a", None]),
        ({"table": "{'a': {'b': 1e-3}}"}, {"a": {"b": 1e-3}}),
    ],
)
def test_a_value_keeps_its_type(setting: dict[str, str], value: object) -> None:
    (parsed,) = parse_settings(setting, DEFAULTS).values()
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("setting", "needle"),
    [
        ({"nmae": "x"}, "did you mean 'name'"),
        ({"count": "1.5"}, "type int"),
        ({"count": "true"}, "type int"),
        ({"flag": "no"}, "needs a number, true, false"),
        ({"flag": "0"}, "type bool"),
        ({"items": "3"}, "type list"),
        ({"table": "[1]"}, "type dict"),
    ],
)
def test_a_wrong_value_is_refused(setting: dict[str, str], needle: str) -> None:
    with pytest.raises(UsageError, match=needle):
        parse_settings(setting, DEFAULTS)


@pytest.mark.parametrize("tags", [[], ["parameters", "parameters"]])
def test_a_notebook_needs_one_parameters_cell(tmp_path: Path, tags: list[str]) -> None:
    cells = [{"metadata": {"tags": [tag]}, "source": ["a = 1"]} for tag in tags]
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    with pytest.raises(UsageError, match=f"has {len(tags)}"):
        notebook_parameters(path)

"""experiment.py of a room is data: calls of declared classes with literals, nothing that runs.

Constants of `spec`, such as the shared budgets, count as literals. Two functions of `spec` may be
called: they only expand what is written, `columns` into columns, `extend` into a declaration.
"""

import ast
import dataclasses
from pathlib import Path

import pytest

from deblur_lib import papers, spec
from deblur_lib.runs.plan import Request, make_plan

FILES = sorted(papers.ROOT.glob("*/experiment.py"))
CALLABLE = {name for name, value in vars(spec).items() if isinstance(value, type)}
CALLABLE |= {"columns", "extend"}


def problems(source: str) -> list[str]:
    """What in a declaration is more than a literal."""
    tree = ast.parse(source)
    found: list[str] = []
    known: set[str] = set()
    for statement in tree.body:
        if _is_text(statement):
            continue
        if isinstance(statement, ast.ImportFrom):
            if statement.module != "deblur_lib.spec":
                found.append(f"line {statement.lineno}: imports from {statement.module}")
            known |= {one.name for one in statement.names if one.name.isupper()}
            continue
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            found.append(f"line {statement.lineno}: {type(statement).__name__}")
            continue
        found += _values(statement.value, known)
        known.add(statement.targets[0].id)
    return found


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _values(node: ast.expr, known: set[str]) -> list[str]:
    if isinstance(node, ast.Constant):
        return []
    if isinstance(node, ast.Name):
        return [] if node.id in known else [f"line {node.lineno}: {node.id} is not declared above"]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _values(node.operand, known)
    if isinstance(node, ast.Tuple | ast.List):
        return [one for item in node.elts for one in _values(item, known)]
    if isinstance(node, ast.Dict):
        keys = [key for key in node.keys if key is not None]
        unpacked = ["a dict is unpacked"] if len(keys) < len(node.keys) else []
        return unpacked + [one for item in (*keys, *node.values) for one in _values(item, known)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLABLE:
        arguments = [*node.args, *(one.value for one in node.keywords)]
        unpacked = ["a dict is unpacked"] if any(one.arg is None for one in node.keywords) else []
        return unpacked + [one for item in arguments for one in _values(item, known)]
    return [f"line {node.lineno}: {ast.unparse(node)[:60]} is no literal"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_an_experiment_holds_literals_only(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


def test_there_is_a_room() -> None:
    assert FILES


@pytest.mark.parametrize(
    ("source", "needle"),
    [
        ("for i in range(3):\n    pass", "For"),
        ("def f():\n    return 1", "FunctionDef"),
        ("A = [i for i in (1, 2)]", "is no literal"),
        ("A = 2 * 3", "is no literal"),
        ("A = print('x')", "is no literal"),
        ("A = B", "not declared above"),
        ("import os", "Import"),
        ("from os import path", "imports from os"),
        ("from deblur_lib.spec import override\nA = override", "not declared above"),
        ("A = {}\nB = {**A}", "unpacked"),
        ("A = {}\nB = Method(**A)", "unpacked"),
        ("A = ()\nB = (*A,)", "is no literal"),
        ("from deblur_lib.spec import override\nA = override({}, {})", "is no literal"),
    ],
)
def test_more_than_a_literal_is_found(source: str, needle: str) -> None:
    assert any(needle in one for one in problems(source))


USED = {
    "step": {"decay", "decay_every"},
    "polynomial": {"decay", "lr_floor"},
    "linear": {"decay_from", "lr_floor"},
    "cosine": {"lr_floor"},
}  # fields of a recipe that a schedule reads besides the rate


def leaks(paper: spec.Paper) -> list[str]:
    """Overrides of `schedule` that take over a parameter which was set for another schedule."""
    found = []
    usual = spec.Train(steps=1, batch=1, crop=1, lr=1.0)
    for profile in paper.profiles:
        for method in paper.methods:
            recipe = paper.recipe
            layers = (profile.train, method.train, profile.train_of.get(method.id, {}))
            for layer in layers:
                schedule = layer.get("schedule", recipe.schedule)
                found += [
                    f"{profile.name} {method.id}: {schedule} inherits {name}"
                    for name in USED.get(schedule, set()) - set(layer)
                    if schedule != recipe.schedule and getattr(recipe, name) != getattr(usual, name)
                ]
                recipe = spec.override(recipe, layer)
    return found


@pytest.mark.parametrize("name", papers.names())
def test_a_change_of_schedule_brings_its_parameters(name: str) -> None:
    assert leaks(papers.load(name)) == []


def test_a_schedule_that_inherits_is_found() -> None:
    paper = papers.load("zhao2020")
    method = dataclasses.replace(paper.methods[0], train={"schedule": "step"})
    changed = dataclasses.replace(paper, methods=(method, *paper.methods[1:]))
    assert "demo nah2017: step inherits decay" in leaks(changed)


LINEAR = {"synth-gopro-linear", "synth-clip"}  # means of light, as GoPro's linear pictures


@pytest.mark.parametrize("name", papers.names())
def test_rooms_learn_from_linear_blur_of_the_length_that_is_told(name: str) -> None:
    paper = papers.load(name)
    long = [one.id for one in paper.methods if one.apart]
    assert len(long) == 1
    for profile in paper.profiles:
        if profile.name != "paper":
            assert profile.train_on in LINEAR, profile.name
            tested = [profile.test_on[one] for one in profile.test_on if "gopro" in one]
            assert set(tested) <= LINEAR, profile.name
        if profile.name == "study":
            assert profile.data["blur"] == 0.5
            assert profile.data_of[long[0]]["blur"] == 1.0


def test_rows_that_are_about_their_pictures_have_them() -> None:
    for profile in papers.load("zhao2020").profiles:
        assert profile.test_on["sharp_clips"] == "synth-clip-short", profile.name
    for budget, pictures in (("study", "synth-gopro-gamma"), ("paper", "gopro-gamma")):
        asked = Request("sang2018", budget, methods=("sang2018_light",))  # type: ignore[arg-type]
        assert {run.train_on for run in make_plan(asked).runs} == {pictures}

"""pyproject.toml, constraints.txt, environment.yml and the npm files name one set of versions."""

import json
import re
import tomllib
from importlib import metadata
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from tree import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINS = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in LINES}
NEEDS = [
    Requirement(text)
    for text in [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]
]
EXTRAS = "[notebooks,book,test]"


def test_constraints_are_exact_and_of_no_one_machine() -> None:
    assert len(PINS) == len(LINES)
    for line in LINES:
        name, _, version = line.partition("==")
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name), line
        assert Version(version).local is None, (
            f"{line}: a local build cannot be installed elsewhere"
        )
    assert PINS["torch"] == "2.13.0"


@pytest.mark.parametrize("need", NEEDS, ids=str)
def test_every_need_is_pinned_within_its_range(need: Requirement) -> None:
    pinned = PINS.get(canonicalize_name(need.name))
    assert pinned, f"{need.name} has no line in constraints.txt"
    assert need.specifier.contains(pinned), f"{need} does not allow the pinned {pinned}"


def closure() -> dict[str, str]:
    """Every installed package that the project and its extras pull in, with its version."""
    found: dict[str, str] = {}
    waiting = [(need, frozenset({""})) for need in NEEDS]
    while waiting:
        need, extras = waiting.pop()
        name = canonicalize_name(need.name)
        if need.marker and not any(need.marker.evaluate({"extra": one}) for one in extras):
            continue
        try:
            found_before = name in found and not need.extras
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        if not found_before:
            wanted = frozenset({"", *need.extras})
            waiting += [(Requirement(one), wanted) for one in metadata.requires(name) or []]
    return found


def test_all_that_is_installed_is_pinned_to_what_is_installed() -> None:
    installed = closure()
    assert len(installed) > len(NEEDS)
    for name, version in installed.items():
        assert name in PINS, f"{name} is pulled in but not pinned in constraints.txt"
        assert PINS[name] == Version(version).public, f"{name}: pinned {PINS[name]}, is {version}"


def test_environment_yml_only_points_to_the_pins() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [one for one in environment["dependencies"] if isinstance(one, str)]
    (pip,) = (one["pip"] for one in environment["dependencies"] if isinstance(one, dict))
    assert plain == [f"python{PROJECT['requires-python']}", "pip", "nodejs"]
    assert pip == ["-c constraints.txt", f"-e .{EXTRAS}"]
    assert environment["channels"] == ["conda-forge"]


def test_the_makefile_installs_the_same() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"-c constraints.txt -e '.{EXTRAS}'" in text
    for name in ("reproduce", "published", "test", "book", "lint"):
        assert re.search(rf"^{name}: \.venv/ready\b", text, re.MULTILINE)


def test_scripts_of_the_book_are_locked_without_a_host() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    locked = json.loads(text)["packages"]
    assert locked[""]["dependencies"] == package["dependencies"]
    assert locked[""]["devDependencies"] == package["devDependencies"]
    for name, version in (package["dependencies"] | package["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert locked[f"node_modules/{name}"]["version"] == version
        assert locked[f"node_modules/{name}"]["integrity"].startswith("sha512-")
    assert "://" not in text


def test_the_citation_names_the_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_the_metadata_for_machines_say_what_the_citation_says() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    found = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    assert found["version"] == PROJECT["version"]
    assert found["license"].endswith(f"/{PROJECT['license']}")
    assert [one["name"] for one in found["author"]] == [one["name"] for one in citation["authors"]]
    assert found["keywords"] == citation["keywords"]
    assert found["description"] == " ".join(citation["abstract"].split())
    assert {Requirement(one) for one in found["softwareRequirements"]} <= set(NEEDS)


def test_container_and_borrowed_machines_install_the_tested_versions() -> None:
    container = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "make published" in container  # installs with constraints.txt, trains nothing
    after = ROOT / ".binder" / "postBuild"
    assert after.stat().st_mode & 0o111
    assert "-c constraints.txt -e '.[notebooks,book]'" in after.read_text(encoding="utf-8")
    python = (ROOT / ".binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert (
        Version(python.removeprefix("python-"))
        in Requirement(f"x{PROJECT['requires-python']}").specifier
    )


def test_the_workflow_trains_nothing_and_publishes_what_a_browser_has_read() -> None:
    flow = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text(encoding="utf-8"))
    build, deploy = flow["jobs"]["build"], flow["jobs"]["deploy"]
    steps = [one.get("run", one.get("uses", "")) for one in build["steps"]]
    made, read, kept = (
        next(number for number, one in enumerate(steps) if text in one)
        for text in ("make published", "tests/browser", "upload-pages-artifact")
    )
    assert made < read < kept
    assert deploy["needs"] == "build"
    assert "refs/heads/main" in deploy["if"]
    assert flow["permissions"] == {"contents": "read"}

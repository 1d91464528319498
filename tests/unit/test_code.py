"""What counts as code that can change a number, for training and for scoring."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deblur_lib import catalogue, code

NETWORK = "deblur_lib.papers.wan2023.network"
OTHER = "deblur_lib.networks.nafnet"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package's sources."""
    copy = tmp_path_factory.mktemp("code") / "deblur_lib"
    shutil.copytree(code.LIBRARY, copy, ignore=shutil.ignore_patterns("__pycache__", "*.jpg"))
    return copy


def digests(library: Path) -> tuple[str, str, str]:
    """Of training the network, of training another one, of scoring."""
    code.digest.cache_clear()
    training = [code.digest("training", one, library=library) for one in (NETWORK, OTHER)]
    return *training, code.digest("scoring", library=library)


def after(library: Path, module: str, change: Callable[[str], str]) -> tuple[bool, bool, bool]:
    """Which digests change when a module does."""
    path = library / module
    before, text = digests(library), path.read_text(encoding="utf-8")
    assert change(text) != text, "nothing was changed"
    path.write_text(change(text), encoding="utf-8")
    try:
        return tuple(a != b for a, b in zip(before, digests(library), strict=True))  # type: ignore[return-value]
    finally:
        path.write_text(text, encoding="utf-8")


def more(text: str) -> str:
    return text + "\n\nMORE = 1\n"


@pytest.mark.parametrize(
    ("module", "changed"),
    [
        ("training/side.py", (True, True, False)),
        ("losses/spectrum.py", (True, True, False)),
        ("nn/base.py", (True, True, False)),
        ("data/augment.py", (True, True, False)),
        ("papers/wan2023/blocks.py", (True, False, False)),
        ("networks/mimo_unet.py", (True, False, False)),
        ("evaluation/metrics.py", (False, False, True)),
        ("evaluation/conventions.py", (False, False, True)),
        ("data/pairs.py", (True, True, True)),
        ("report/tables.py", (False, False, False)),
        ("papers/wan2023/experiment.py", (False, False, False)),
        ("training/journal.py", (False, False, False)),
        ("records.py", (False, False, False)),
        ("networks/srn.py", (False, False, False)),
        ("networks/__init__.py", (False, False, False)),
    ],
)
def test_a_change_counts_where_it_can_change_a_number(
    library: Path, module: str, changed: tuple[bool, bool, bool]
) -> None:
    assert after(library, module, more) == changed


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"# a comment\n{text}",
        lambda text: text.replace('"""', '"""Other words. ', 1),
        lambda text: text.replace(" = ", "  =  "),
        lambda text: text.replace("\n\n", "\n\n\n\n"),
    ],
    ids=["comment", "docstring", "blanks", "lines"],
)
def test_words_and_layout_do_not_count(library: Path, change: Callable[[str], str]) -> None:
    assert after(library, "papers/wan2023/blocks.py", change) == (False, False, False)


def test_a_module_may_move(library: Path) -> None:
    before = digests(library)
    (library / "nn" / "parts.py").rename(library / "nn" / "choices.py")
    users = [one for one in library.rglob("*.py") if "nn.parts" in one.read_text(encoding="utf-8")]
    for one in users:
        text = one.read_text(encoding="utf-8")
        one.write_text(text.replace("nn.parts", "nn.choices"), encoding="utf-8")
    assert users
    assert digests(library) == before


@pytest.mark.parametrize(
    ("old", "new"), [("+ ", "- "), ("softmax", "sigmoid"), ("1", "2"), ("nn.Conv2d", "nn.Conv3d")]
)
def test_a_sign_a_name_and_a_number_count(library: Path, old: str, new: str) -> None:
    assert after(library, "papers/wan2023/blocks.py", lambda text: text.replace(old, new))[0]


def test_every_network_is_defined_where_the_catalogue_says() -> None:
    for known in (catalogue.networks(), catalogue.discriminators()):
        for place in known.values():
            module = place.partition(":")[0].removeprefix("deblur_lib.")
            assert module in code.used("training", f"deblur_lib.{module}"), place

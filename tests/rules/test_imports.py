"""Imports go one way, and what must work without PyTorch never loads it."""

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter

import pytest
from tree import LIBRARY, ROOT, imports, modules

ORDER = (
    *(
        "errors",
        "files",
        "locks",
        "profiles",
        "spec",
        "records",
        "provenance",
        "seals",
        "code",
        "devices",
        "windows",
    ),
    *("nn", "losses", "data", "kernels", "networks", "papers", "catalogue", "weights"),
    *("evaluation", "training", "report", "runs", "restoring", "notebook", "book", "cli"),
)
DECLARED = {"errors", "files", "profiles", "spec", "records", "provenance", "seals", "windows"}
TORCH = {"torch", "lightning"}

Graph = dict[str, set[str]]


@pytest.fixture(scope="module")
def graph() -> Graph:
    known = modules()
    return {name: imports(name, path, known) for name, path in known.items()}


def corridor(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def is_declaration(module: str) -> bool:
    return module.startswith("deblur_lib.papers.") and module.endswith(".experiment")


def edges(graph: Graph) -> list[tuple[str, str]]:
    return [(name, one) for name, used in graph.items() for one in used if corridor(one)]


def backward(graph: Graph) -> list[str]:
    """Imports of something that stands further down the order; modules without a place in it."""
    lost = {corridor(name) for name in graph} - {"", *ORDER}
    return [f"{name} has no place in the order" for name in sorted(lost)] + [
        f"{module} imports {used}"
        for module, used in edges(graph)
        if corridor(module)
        and corridor(used) in ORDER
        and ORDER.index(corridor(used)) > ORDER.index(corridor(module))
    ]


def circles(graph: Graph) -> list[str]:
    """Modules that import one another, directly or by way of others."""
    sorter = TopologicalSorter({name: used & set(graph) for name, used in graph.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        return [" imports ".join(reversed(error.args[1]))]
    return []


def beyond_declarations(graph: Graph) -> list[str]:
    """What reports and declarations import besides declarations and records."""
    found = []
    for module, used in graph.items():
        if corridor(module) == "report":
            allowed, whole = DECLARED | {"report"}, {"deblur_lib.papers"}
        elif is_declaration(module):
            allowed, whole = {"spec"}, set[str]()
        else:
            continue
        bad = {one for one in used if corridor(one) and corridor(one) not in allowed} - whole
        found += [f"{module} imports {one}" for one in bad | (used & TORCH)]
    return found


def between_papers(graph: Graph) -> list[str]:
    """Papers that import another paper, and comparators that import one."""
    found = []
    for module, used in edges(graph):
        parts, other = module.split("."), used.split(".")
        if other[1] != "papers" or len(other) < 3:
            continue
        own = parts[1] == "papers" and parts[2:3] == other[2:3]
        if parts[1] in ("papers", "networks") and not own:
            found.append(f"{module} imports {used}")
    return found


def test_the_tree_was_read(graph: Graph) -> None:
    assert {"deblur_lib.spec", "deblur_lib.nn.base", "deblur_lib.cli"} <= set(graph)
    assert "deblur_lib.spec" in graph["deblur_lib.records"]
    assert "torch" in graph["deblur_lib.nn.base"]


def test_imports_go_one_way(graph: Graph) -> None:
    assert backward(graph) == []


def test_no_module_imports_itself_by_way_of_others(graph: Graph) -> None:
    assert circles(graph) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_reports_and_declarations_see_declarations_only(graph: Graph) -> None:
    assert beyond_declarations(graph) == []


def test_papers_and_comparators_do_not_import_papers(graph: Graph) -> None:
    assert between_papers(graph) == []


@pytest.mark.parametrize(
    ("rule", "module", "used"),
    [
        (backward, "deblur_lib.nn.base", "deblur_lib.networks.srn"),
        (backward, "deblur_lib.data.pairs", "deblur_lib.training.loop"),
        (backward, "deblur_lib.networks.srn", "deblur_lib.report.tables"),
        (backward, "deblur_lib.evaluation.runner", "deblur_lib.training.loop"),
        (backward, "deblur_lib.runs.plan", "deblur_lib.notebook.room"),
        (beyond_declarations, "deblur_lib.report.tables", "deblur_lib.nn"),
        (beyond_declarations, "deblur_lib.report.tables", "deblur_lib.papers.wan2023.network"),
        (beyond_declarations, "deblur_lib.report.tables", "torch"),
        (beyond_declarations, "deblur_lib.papers.wan2023.experiment", "deblur_lib.records"),
        (between_papers, "deblur_lib.papers.li2026.network", "deblur_lib.papers.wan2023.blocks"),
        (between_papers, "deblur_lib.networks.srn", "deblur_lib.papers.wan2023.blocks"),
    ],
)
def test_a_wrong_import_is_found(rule, module: str, used: str) -> None:  # type: ignore[no-untyped-def]
    assert rule({module: {used}}) == [f"{module} imports {used}"]


def test_devices_are_never_hard_coded() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.py")}
    assert [name for name, text in texts.items() if ".cuda(" in text] == []


@pytest.mark.parametrize(
    "code",
    [
        "import deblur_lib.notebook.room",
        "import deblur_lib.book",
        "from deblur_lib import papers; [papers.load(name) for name in papers.names()]",
        "from deblur_lib import catalogue; assert catalogue.networks()",
        "from deblur_lib.report import agreement_view",
        "from deblur_lib.cli import main; "
        "[main([verb], standalone_mode=False) for verb in ('list', 'status', 'coverage')]",
    ],
    ids=lambda code: code.split(";")[0],
)
def test_this_works_without_loading_torch(code: str) -> None:
    check = "import sys; assert 'torch' not in sys.modules, 'torch was loaded'"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {check}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

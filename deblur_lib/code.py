"""Digests of the code that can change a number: one for training, one for scoring. No torch.

The modules are found by following imports from where training and scoring begin. Comments,
docstrings, formatting and places in the tree do not count. Pictures do not either: they are known
by their own digests, and generated ones by the version of their generator. Nor do modules that
store, guard, tell and take the time.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = __package__
LIBRARY = Path(__file__).resolve().parent
PAIRS = ("data.pairs", "data.clips.pairs")
BEGIN = {
    "training": ("training.loop", *PAIRS),
    "scoring": ("evaluation.runner", "data.windows", *PAIRS),
}
FOLLOWED = {
    "training": ("training", "losses", "nn", "kernels", "networks", "papers", "data.augment",
                 "data.loader", *PAIRS),
    "scoring": ("evaluation", "data.windows", *PAIRS),
}  # fmt: skip
ASIDE = {
    *("training.checks", "training.interrupts", "training.job", "training.journal"),
    *("training.memory", "training.result", "training.state", "evaluation.timing", "networks"),
}


@cache
def digest(kind: str, *modules: str, library: Path = LIBRARY) -> str:
    """SHA-256 over the code that trains or scores, as it was when first asked for.

    Args:
        kind: "training" or "scoring".
        modules: dotted names of the modules that define the networks at work.
        library: folder of the package.
    """
    parts = [_read(library, one)[0] for one in used(kind, *modules, library=library)]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def used(kind: str, *modules: str, library: Path = LIBRARY) -> tuple[str, ...]:
    """The modules whose code counts, by their names below the package."""
    todo = [*BEGIN[kind], *(one.removeprefix(f"{PACKAGE}.") for one in modules)]
    done: set[str] = set()
    while todo:
        name = todo.pop()
        inside = any(f"{name}.".startswith(f"{one}.") for one in FOLLOWED[kind])
        if inside and name not in done | ASIDE and _file(library, name):
            done.add(name)
            todo += _read(library, name)[1]
    return tuple(sorted(done))


def _file(library: Path, name: str) -> Path | None:
    place = library.joinpath(*name.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((one for one in files if one.is_file()), None)


def _read(library: Path, name: str) -> tuple[str, list[str]]:
    path = _file(library, name)
    return _meaning(path.read_text(encoding="utf-8") if path else "")


@cache
def _meaning(text: str) -> tuple[str, list[str]]:
    """Digest of what a module means, the same for every Python, and what it imports."""
    tree, found = ast.parse(text), []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        elif isinstance(node, ast.Import):
            found += [one.name for one in node.names]
    own = [one.removeprefix(f"{PACKAGE}.") for one in found if one.startswith(f"{PACKAGE}.")]
    return hashlib.sha256(repr(_plain(tree)).encode()).hexdigest(), own


def _plain(node: object) -> object:
    """Syntax without docstrings, places and where its imports come from."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    skipped = {"kind", "type_comment", "type_ignores", "ctx"}
    if isinstance(node, ast.ImportFrom):
        skipped |= {"module", "level"}
    fields = {name: one for name, one in ast.iter_fields(node) if name not in skipped}
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        fields["body"] = [one for one in node.body if not _is_text(one)]
    kept = [(name, _plain(one)) for name, one in fields.items() if one not in (None, [])]
    return (type(node).__name__, kept)


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )

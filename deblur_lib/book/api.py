"""The reference pages, read from signatures and docstrings without importing the library."""

import re
from collections.abc import Iterator
from pathlib import Path

import griffe

from deblur_lib.records import write_text

SPINE = ("errors", "records", "provenance", "devices", "windows")
TITLES = {
    "spine": "The ground: errors, records, devices",
    "front": "Catalogue",
}
SPECIAL = re.compile(r"([\\*_$<>\[\]{}|#~])")


def write_reference(book: Path, package: Path) -> list[str]:
    """Write one page per corridor of the library to book/api.

    Args:
        book: folder of the book's sources.
        package: folder of the library.

    Returns:
        Names of the pages.
    """
    folder = book / "api"
    for old in folder.glob("*.md"):
        old.unlink()
    library = griffe.load(
        package.name,
        search_paths=[str(package.parent)],
        try_relative_path=False,
        docstring_parser="google",
        docstring_options={"warnings": False, "warn_unknown_params": False},
        allow_inspection=False,
    )
    assert isinstance(library, griffe.Module)
    pages: dict[str, list[griffe.Module]] = {}
    for module in _modules(library):
        pages.setdefault(_page_of(module), []).append(module)
    for name, modules in pages.items():
        title = TITLES.get(name, f"deblur_lib.{name}")
        blocks = [f"# {_escape(title)}"]
        blocks += [block for one in modules for block in _module(one, title)]
        write_text(folder / f"{name}.md", "\n\n".join(blocks) + "\n")
    return sorted(pages)


def _modules(module: griffe.Module) -> Iterator[griffe.Module]:
    if module.docstring:
        yield module
    for name in sorted(module.modules):
        if not name.startswith("_") and not module.modules[name].is_alias:
            yield from _modules(module.modules[name])


def _page_of(module: griffe.Module) -> str:
    parts = module.path.split(".")
    if len(parts) > 1 and (len(parts) > 2 or module.is_init_module):
        return parts[1]
    return "spine" if parts[-1] in SPINE else "front"


def _module(module: griffe.Module, title: str) -> Iterator[str]:
    level = "##"
    if module.path != title:
        yield f"## {_escape(module.path)}"
        level = "###"
    yield from _docstring(module)
    for name, member in module.members.items():
        if name.startswith("_") or member.is_alias or not member.has_docstring:
            continue
        if isinstance(member, griffe.Class):
            yield from _class(member, level)
        elif isinstance(member, griffe.Function):
            yield from _function(member, level)


def _class(cls: griffe.Class, level: str) -> Iterator[str]:
    yield f"{level} {_escape(cls.path.removeprefix('deblur_lib.'))}"
    bases = ", ".join(str(base) for base in cls.bases)
    start = cls.members.get("__init__")
    arguments = _arguments(start) if isinstance(start, griffe.Function) else None
    lines = [f"class {cls.name}" + (f"({bases})" if bases else "")]
    lines += list(_fields(cls)) if arguments is None else ["", f"{cls.name}({arguments})"]
    yield _code("\n".join(lines))
    yield from _docstring(cls)
    for name, member in cls.members.items():
        if name.startswith("_") or not isinstance(member, griffe.Function):
            continue
        if member.has_docstring:
            yield from _function(member, level + "#")


def _fields(cls: griffe.Class) -> Iterator[str]:
    for name, member in cls.members.items():
        if isinstance(member, griffe.Attribute) and member.annotation and name[0] != "_":
            default = f" = {member.value}" if member.value else ""
            yield f"    {name}: {member.annotation}{default}"


def _function(function: griffe.Function, level: str) -> Iterator[str]:
    yield f"{level} {_escape(function.path.removeprefix('deblur_lib.'))}"
    returns = f" -> {function.returns}" if function.returns else ""
    kind = "" if "property" not in function.labels else "property "
    yield _code(f"{kind}{function.name}({_arguments(function)}){returns}")
    yield from _docstring(function)


def _arguments(function: griffe.Function) -> str:
    texts, star = [], False
    for one in function.parameters:
        if one.name == "self" or one.name == "cls":
            continue
        if one.kind is griffe.ParameterKind.keyword_only and not star:
            texts.append("*")
            star = True
        mark = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(one.kind or griffe.ParameterKind.positional_or_keyword, "")
        star = star or mark == "*"
        text = mark + one.name + (f": {one.annotation}" if one.annotation else "")
        texts.append(text + (f" = {one.default}" if one.default and not mark else ""))
    flat = ", ".join(texts)
    return flat if len(flat) < 60 else "\n    " + ",\n    ".join(texts) + ",\n"


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _docstring(thing: griffe.Object) -> Iterator[str]:
    if thing.docstring is None:
        return
    for section in thing.docstring.parsed:
        kind, value = section.kind.value, section.value
        if kind == "text":
            yield _text(value)
        elif kind in ("parameters", "attributes", "other parameters"):
            yield _terms((_names(one), one.description) for one in value)
        elif kind == "raises":
            yield "**Raises**"
            yield _terms((str(one.annotation), one.description) for one in value)
        elif kind in ("returns", "yields"):
            yield f"**{kind.capitalize()}**"
            yield _text("\n".join(one.description for one in value))
        elif kind == "admonition":
            yield f"**{section.title}:** {_text(value.contents)}"


def _names(item: griffe.DocstringNamedElement) -> str:
    """Name of a described item; several that share a description come split at the first blank."""
    return f"{item.name} {item.annotation}" if item.name.endswith(",") else item.name


def _terms(items: Iterator[tuple[str, str]]) -> str:
    return "\n\n".join(
        f"`{name}`\n: " + _text(description).replace("\n", "\n  ") for name, description in items
    )


def _text(text: str) -> str:
    """Docstring prose as Markdown: code spans and indented blocks as they are, the rest escaped."""
    return "\n".join(
        line if line.startswith("    ") else _escape(line) for line in text.splitlines()
    )


def _escape(line: str) -> str:
    parts = line.split("`")
    if len(parts) % 2 == 0:  # a code span that goes over the line's end
        return SPECIAL.sub(r"\\\1", line)
    return "`".join(
        part if index % 2 else SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts)
    )

"""Which pictures a request's networks are checked on: declared sets, or any folder in `roots`."""

from collections.abc import Collection, Mapping, Sequence

from deblur_lib.data.real.sources import SOURCES
from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.spec import CheckSet


def choose(
    declared: Sequence[CheckSet],
    asked: Sequence[str],
    roots: Mapping[str, str],
    learnt: Collection[str],
) -> tuple[CheckSet, ...]:
    """The check sets of a request.

    Args:
        declared: those of the paper.
        asked: names of declared sets, data ids, or names in `roots`; none takes the declared ones
            whose folder is in `roots`.
        roots: folder of each real data set.
        learnt: data ids and folders that the networks learn from; nothing of them can check.

    Raises:
        UsageError: an unknown name, a set without its folder, or one that networks learn from.
    """
    known = {one.id: one for one in declared}
    if not asked:
        return tuple(
            one for one in declared if one.root in roots and not _taken(one, roots, learnt)
        )
    clips = any(one.settings.get("clips") for one in declared)
    chosen = [known.get(name) or _other(name, known, roots, clips) for name in dict.fromkeys(asked)]
    for one in chosen:
        if one.root and one.root not in roots:
            raise UsageError(
                f"check {one.id} needs its folder ({one.licence}): give "
                f'roots={{"{one.root}": "<folder>"}}, or leave it out of `checks`'
            )
        if _taken(one, roots, learnt):
            raise UsageError(
                f"check {one.id} is no check here: the networks learn from {one.root}; leave it "
                "out of `checks`, or train on other pictures"
            )
    return tuple(chosen)


def _taken(check: CheckSet, roots: Mapping[str, str], learnt: Collection[str]) -> bool:
    return check.root in learnt or roots.get(check.root) in learnt


def _other(name: str, declared: Collection[str], roots: Mapping[str, str], clips: bool) -> CheckSet:
    """A set that the paper does not declare: a data set, or a user's own folder."""
    settings: dict[str, bool | str] = {"clips": True} if clips else {}
    if name in SOURCES:
        source = SOURCES[name]
        split = "test" if "test" in source.counts else "validation"
        terms = f"{source.licence}, {source.page}"
        return _made(name, source.title, terms, split=split, settings=settings)
    if name in roots:
        return _made(name, f"{name}, a folder of your own", "your own", settings=settings)
    from deblur_lib.data.generated.variants import (
        VARIANTS,  # loads torch, so only where nothing else fits
    )

    if name in VARIANTS:
        return _made(name, f"{name}, generated", "made by this library", root="")
    known = {*declared, *SOURCES, *VARIANTS, *roots}
    raise UsageError(unknown_name("check set", name, known, see="the parameter `checks`"))


def _made(name: str, title: str, licence: str, **more: object) -> CheckSet:
    fields = {"id": name, "title": title, "data": name, "root": name, "licence": licence}
    return CheckSet(why="Named in the request.", **(fields | more))  # type: ignore[arg-type]

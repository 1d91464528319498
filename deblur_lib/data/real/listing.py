"""What is known of every data set, for `deblur data list`. No torch."""

from dataclasses import dataclass, field

from deblur_lib.data.real.sources import SOURCES, Source
from deblur_lib.spec.kinds import KINDS


@dataclass(frozen=True)
class Known:
    """What is known of a data set.

    Attributes:
        id: data id, as `roots`, notebooks and `deblur train --mix` name it.
        title: name for readers.
        licence: terms of use.
        page: where to get it; "" for what the suite makes itself.
        pairs: official number by split.
        size: width and height of its pictures, "" where they vary or are chosen.
        layouts: how it may lie on disk, official first.
        note: what readers should know.
    """

    id: str
    title: str
    licence: str
    page: str = ""
    pairs: dict[str, int] = field(default_factory=dict)
    size: str = ""
    layouts: list[str] = field(default_factory=list)
    note: str = ""

    def text(self) -> str:
        """All of it, for people."""
        pairs = ", ".join(f"{split} {count}" for split, count in self.pairs.items())
        lines = {
            "data id": self.id,
            "title": self.title,
            "licence": self.licence,
            "get it": self.page,
            "pairs": pairs,
            "size": self.size,
            "note": self.note,
        }
        told = [f"{name:<9} {one}" for name, one in lines.items() if one]
        return "\n".join([*told, *(f"{'layout':<9} {one}" for one in self.layouts)])


def every() -> dict[str, Known]:
    """All sets by data id: real ones, then those that the suite makes."""
    real = {name: _real(source) for name, source in SOURCES.items()}
    made = {name: Known(name, text, "made by this library") for name, text in KINDS.items()}
    return real | made


def _real(source: Source) -> Known:
    return Known(
        source.id,
        source.title,
        source.licence,
        source.page,
        dict(source.counts),
        "x".join(map(str, source.size)) if source.size else "",
        [layout.name for layout in source.layouts],
        source.note,
    )


def table(chosen: list[Known]) -> str:
    """A line each, with a second one that says where to get it."""
    width = max(len(one.id) for one in chosen)
    lines = []
    for one in chosen:
        pairs = ", ".join(f"{count} {split}" for split, count in one.pairs.items())
        facts = "; ".join(filter(None, (one.title, pairs, one.licence)))
        lines.append(f"{one.id:<{width}}  {facts}")
        lines += [f"{'':<{width}}  {one.page}"] if one.page else []
    return "\n".join(lines)

"""The page of the data: every photograph with author and licence, every kind of generated blur."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from deblur_lib.data.generated.scenes import DECLARED, SPLITS, TEXTURES, Photograph, photograph
from deblur_lib.files import atomic
from deblur_lib.report.markup import escape
from deblur_lib.spec.kinds import KINDS

SIDE = (144, 96)  # of a thumbnail, in pixels
HEADS = {
    "test": "Test photographs, in the order in which test pairs take them",
    "validation": "Validation photographs",
    "train": "Training photographs",
}


def pictures_page(folder: Path) -> str:
    """Markdown of the page, with thumbnails written below `folder`."""
    kinds = [f"| {name} | {told} |" for name, told in KINDS.items()]
    lines = ["## Kinds of generated pairs", "", "| id | what blurs it |", "|---|---|", *kinds, ""]
    for split in reversed(SPLITS):
        shown = [one for one in DECLARED.values() if one.split == split]
        lines += [f"## {HEADS[split]}", "", "| picture | title | author | licence | from |"]
        lines += ["|---|---|---|---|---|", *(_row(folder, one) for one in shown), ""]
    shared = ", ".join(TEXTURES["validation"])
    return "\n".join([*lines, f"Validation shares the textures of training: {shared}.", ""])


def _row(folder: Path, one: Photograph) -> str:
    target = folder / "photographs" / f"{one.name}.jpg"
    with io.BytesIO() as stream:
        small = ImageOps.contain(Image.fromarray(photograph(one.name)), SIDE)
        small.save(stream, "JPEG", quality=85)
        with atomic(target) as temporary:
            temporary.write_bytes(stream.getvalue())
    source = f"{one.source}, {one.done}" if one.done else one.source
    title = escape(one.title)
    cells = (
        f"![{title}](/_generated/photographs/{one.name}.jpg)",
        f"{title} ({one.name})",
        escape(one.author),
        f"[{escape(one.licence)}]({one.url})",
        escape(source),
    )
    return "| " + " | ".join(cells) + " |"

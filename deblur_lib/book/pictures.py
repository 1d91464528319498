"""Pictures of pages, and the page of the data: every photograph, every kind of generated blur."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from deblur_lib.data.generated.scenes import DECLARED, SPLITS, TEXTURES, Photograph, photograph
from deblur_lib.files import atomic
from deblur_lib.report.markup import escape
from deblur_lib.spec.kinds import KINDS

SIDE = (144, 96)  # of a thumbnail, in pixels
HEAVY = 2**17  # bytes of a figure that is made smaller for its page
WIDTH = 720  # of such a figure, in pixels: what a page shows beside its menus
COLOURS = 256  # of its palette
QUALITY = 90  # of WebP: far fewer bytes than a PNG, and no difference that shows
HEADING = "| picture | title | author | licence | from |"
HEADS = {
    "test": "Test photographs, in the order in which test pairs take them",
    "validation": "Validation photographs",
    "train": "Training photographs",
}


def compressed(source: Path, folder: Path, name: str) -> str:
    """Write a stored picture for a page, with a little loss; the stored one has none.

    Args:
        source: the stored picture.
        folder: of the generated parts of the book.
        name: of the written picture, without suffix.

    Returns:
        Its address in the book.
    """
    with Image.open(source) as opened, io.BytesIO() as stream:
        opened.convert("RGB").save(stream, "WEBP", quality=QUALITY, method=6)
        with atomic(folder / "pictures" / f"{name}.webp") as temporary:
            temporary.write_bytes(stream.getvalue())
    return f"/_generated/pictures/{name}.webp"


def lighter(figure: bytes) -> bytes:
    """A figure as PNG for a page: one full of photographs at the width that the page shows."""
    if len(figure) <= HEAVY:
        return figure
    with Image.open(io.BytesIO(figure)) as opened, io.BytesIO() as stream:
        size = (WIDTH, round(opened.height * WIDTH / opened.width))
        small = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
        # the palette of every second pixel each way serves as well, and is found faster
        few = small.resize((WIDTH // 2, max(1, size[1] // 2)), Image.Resampling.NEAREST)
        palette = few.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
        page = small.quantize(palette=palette, dither=Image.Dither.NONE)
        page.save(stream, "PNG", optimize=True)
        return min(stream.getvalue(), figure, key=len)


def pictures_page(folder: Path) -> str:
    """Markdown of the page, with thumbnails written below `folder`."""
    kinds = [f"| {name} | {told} |" for name, told in KINDS.items()]
    lines = ["## Kinds of generated pairs", "", "| id | what blurs it |", "|---|---|", *kinds, ""]
    for split in reversed(SPLITS):
        for head, kind in ((HEADS[split], False), (f"Textures of {split} scenes", True)):
            mine = [one for one in DECLARED.values() if one.split == split]
            shown = [one for one in mine if (one.kind == "texture") is kind]
            rows = [HEADING, "|---|---|---|---|---|", *(_row(folder, one) for one in shown)]
            lines += [f"## {head}", "", *rows, ""] if shown else []
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

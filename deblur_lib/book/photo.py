"""The page of the weights for photographs: what was tried, what it gained, what is left alone."""

from pathlib import Path

import pandas as pd

from deblur_lib.book.blocks import shown
from deblur_lib.files import atomic
from deblur_lib.records import read_json
from deblur_lib.report import numbers
from deblur_lib.report.attempts import attempts, figure, table
from deblur_lib.report.markup import escape, pipe_table

PICTURE = "photo-attempts.png"


def photo_page(folder: Path, root: Path) -> str:
    """Table and figure of the published attempts, its picture drawn below `folder`.

    Args:
        folder: of the generated pages.
        root: results/photo.

    Returns:
        Markdown.
    """
    found = attempts(root)
    if not found:
        return "No attempt is published yet.\n"
    picture, alt = figure(found)
    with atomic(folder / "pictures" / PICTURE) as path:
        path.write_bytes(picture)
    chosen = "The mark on each line is where its weights were chosen."
    tried = "\n\n".join(
        f"{escape(one.id)}\n: {escape(one.words.changed)}: {escape(one.words.outcome)}."
        for one in found
    )
    return f"{tried}\n\n{pipe_table(table(found))}\n\n{shown(PICTURE, alt)}\n\n{chosen}\n"


def left_alone(card: Path) -> str:
    """Which photographs some weights leave as they are, and how often that errs, as Markdown.

    Args:
        card: the .json beside the weights; it need not be there.
    """
    held = read_json(card).get("keeping") if card.is_file() else None
    if not held:
        return "This was not measured yet: every photograph is restored.\n"
    lines = {
        name: {
            "pairs": str(one["pairs"]),
            "sharp, kept": _share(one["sharp_kept"]),
            "sharp, harmed": _share(one["sharp_harmed"]),
            "blurred, kept": _share(one["blurred_kept"]),
        }
        for name, one in sorted(held["rates"].items())
    }
    frame = pd.DataFrame(lines.values(), index=pd.Index(lines, name="pictures"))
    below = numbers.number(held["below"])
    return f"Kept is what has a *{held['measure']}* below {below}.\n\n{pipe_table(frame)}\n"


def _share(value: float) -> str:
    return f"{numbers.fixed(100 * value, 1)} %"

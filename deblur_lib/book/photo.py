"""The page of the weights for photographs: what was tried, and what it gained for which time."""

from pathlib import Path

from deblur_lib.files import atomic
from deblur_lib.report.attempts import attempts, figure, table
from deblur_lib.report.markup import escape, pipe_table


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
    target = folder / "pictures" / "photo-attempts.png"
    with atomic(target) as path:
        path.write_bytes(picture)
    shown = f"![{escape(alt)}](/_generated/pictures/{target.name})"
    return f"{pipe_table(table(found))}\n\n{shown}\n"

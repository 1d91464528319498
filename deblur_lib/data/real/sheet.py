"""The report on a folder as one page with thumbnails of the pictures concerned."""

import base64
import io
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from deblur_lib.data.pictures.reading import read_picture
from deblur_lib.data.real.checks import Problem
from deblur_lib.data.real.doctor import FolderReport
from deblur_lib.errors import DataError
from deblur_lib.records import write_text

SHOWN = 24  # offenders of a problem with thumbnails
SIDE = 192  # of a thumbnail, in pixels
STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
section{border-top:1px solid #999;margin-top:1.5rem}figure{display:inline-block;margin:.5rem;
vertical-align:top;max-width:26rem}figcaption{overflow-wrap:anywhere;font-size:.85rem}
img{margin-right:.25rem;image-rendering:pixelated}pre{white-space:pre-wrap}"""


def write_sheet(report: FolderReport, path: Path) -> None:
    """Write the page: one file, nothing is loaded from elsewhere, every name is escaped.

    Args:
        report: of `doctor.check_folder`.
        path: the page.

    Raises:
        RecordError: it cannot be written.
    """
    title = f"{_text(report.folder)}: {len(report.problems)} problem(s)"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>",
        f"<pre>{_text(report.text())}</pre>",
        *(_section(report, problem) for problem in report.problems),
        "</body></html>\n",
    ]
    write_text(path, "\n".join(parts))


def _section(report: FolderReport, problem: Problem) -> str:
    shown = "".join(_figure(report, name) for name in problem.names[:SHOWN])
    left = len(problem.names) - SHOWN
    more = f"<p>and {left} more</p>" if left > 0 else ""
    return (
        f"<section><h2>{_text(problem.code)}</h2><p>{_text(problem.text)}</p>{shown}{more}"
        "</section>"
    )


def _figure(report: FolderReport, name: str) -> str:
    files = report.pictures.get(name, (name,))
    pictures = "".join(_thumbnail(Path(report.folder) / one, one) for one in files)
    return f"<figure>{pictures}<figcaption>{_text(name)}</figcaption></figure>"


def _thumbnail(path: Path, name: str) -> str:
    """A picture in small as part of the page, or why there is none."""
    try:
        rgb = read_picture(path).rgb
    except DataError as error:
        return f"<p>{_text(str(error))}</p>" if path.is_file() else ""
    step = max(1, -(-max(rgb.shape[:2]) // SIDE))
    small = Image.fromarray(np.floor(rgb[::step, ::step] * 255 + 0.5).astype(np.uint8))
    with io.BytesIO() as file:
        small.save(file, "JPEG", quality=80)
        data = base64.b64encode(file.getvalue()).decode()
    size = f'width="{small.width}" height="{small.height}"'
    return f'<img {size} alt="{_text(name)}" src="data:image/jpeg;base64,{data}">'


def _text(value: str) -> str:
    return escape(value.encode(errors="backslashreplace").decode(), quote=True)

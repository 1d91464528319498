"""A page that shows photographs before and after: a slider, and where the blur was and is.

Everything it shows lies beside it under numbers; it asks nothing of any other place.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from deblur_lib.data.pictures.reading import Picture
from deblur_lib.errors import UsageError
from deblur_lib.evaluation.restore import Say
from deblur_lib.files import beside, whole_folder
from deblur_lib.restoring.blurmap import CELL, Map, blur_map

NAME = "compare"  # folder of the page, below that of the results
MARK = '<meta name="generator" content="deblur restore --compare">'
SIDE = 1600  # px, longest side of a picture on the page
WIDEST = 4.0  # px, radius of the blur at the end of the colours

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{{ mark | safe }}
<title>Before and after</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem }
h2 { font-size: 1.1rem; overflow-wrap: anywhere }
.stage { position: relative; --at: 50% }
.stage img { display: block; width: 100%; height: auto }
.stage .before { position: absolute; inset: 0; clip-path: inset(0 calc(100% - var(--at)) 0 0) }
.stage::after { content: ""; position: absolute; inset: 0 auto 0 var(--at); width: 2px;
  background: #fff; outline: 1px solid #000 }
input { width: 100%; margin: .5rem 0 }
.maps { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
figure { margin: 0 }
.maps img { width: 100%; image-rendering: pixelated; background: #777 }
</style>
</head>
<body>
<h1>Before and after</h1>
<p>Maps: radius of the blur at edges in pixels, from 0 (dark) to {{ widest }} (light), in squares of
{{ cell }} px; gray where no edge shows it. Edges along a motion do not show it.</p>
{% for one in shots %}
<section>
<h2>{{ one.name }}</h2>
<div class="stage">
<img src="{{ one.number }}-after.jpg" width="{{ one.size[0] }}" height="{{ one.size[1] }}"
 loading="lazy" alt="{{ one.name }}, restored">
<img class="before" src="{{ one.number }}-before.jpg" loading="lazy"
 alt="{{ one.name }}, as it came">
</div>
<label>As it came, left; restored, right
<input type="range" min="0" max="100" value="50"></label>
<div class="maps">
{% for when in ("before", "after") %}
<figure><img src="{{ one.number }}-{{ when }}-blur.png" loading="lazy"
 alt="Map of the blur {{ when }}">
<figcaption>Blur {{ when }}: {{ one[when] }}</figcaption></figure>
{% endfor %}
</div>
<p><a href="{{ one.link }}">The restored picture, full size</a></p>
</section>
{% endfor %}
<script>
for (const slider of document.querySelectorAll("input"))
  slider.addEventListener("input", () => slider.closest("section").querySelector(".stage")
    .style.setProperty("--at", slider.value + "%"))
</script>
</body>
</html>
"""


@dataclass
class Comparison:
    """Photographs on their way to a page.

    Attributes:
        folder: where the page is under way.
        out: folder of the results.
        shots: what the page says of each photograph.
    """

    folder: Path
    out: Path
    shots: list[dict[str, object]] = field(default_factory=list)

    def add(self, source: Path, target: Path, before: Picture, after: Picture) -> None:
        """Take a photograph before and after, and write what the page shows of it."""
        number = f"{len(self.shots) + 1:04d}"
        told: dict[str, object] = {
            "number": number,
            "name": os.fsencode(source.name).decode("utf-8", "replace"),
            "link": "../" + quote(os.fsencode(target.relative_to(self.out))),
        }
        for when, picture in (("before", before), ("after", after)):
            told["size"] = _preview(picture, self.folder / f"{number}-{when}.jpg")
            found = blur_map(picture.rgb)
            _coloured(found).save(self.folder / f"{number}-{when}-blur.png")
            seen = found[np.isfinite(found)]
            told[when] = f"median {np.median(seen):.1f} px" if seen.size else "no edge"
        self.shots.append(told)

    def write(self) -> None:
        """Write the page, which takes the place of an earlier one."""
        import jinja2  # loads slowly, and few ask for the page

        made = jinja2.Environment(autoescape=True).from_string(PAGE)
        text = made.render(shots=self.shots, mark=MARK, widest=f"{WIDEST:g}", cell=CELL)
        (self.folder / "index.html").write_text(text, encoding="utf-8")
        with whole_folder(self.out / NAME) as place:
            for one in self.folder.iterdir():
                one.rename(place / one.name)


@contextmanager
def comparison(out: Path, say: Say) -> Iterator[Comparison]:
    """A page below the results; written when the block ends, by Ctrl-C too, if it shows anything.

    Raises:
        UsageError: a folder of that name is there that no comparison made.
    """
    folder = out / NAME
    if folder.exists() and not is_page(folder):
        raise UsageError(f"{folder} holds something else than a comparison; choose another --out")
    with tempfile.TemporaryDirectory(prefix=f"{beside(folder).name}.", dir=out) as fresh:
        page = Comparison(Path(fresh), out)
        try:
            yield page
        finally:
            if page.shots:
                page.write()
                say(f"compare: {folder / 'index.html'}")
            else:
                say("no page to compare on: no photo was restored")


def is_page(folder: Path) -> bool:
    """True for a folder that a comparison wrote."""
    page = folder / "index.html"
    return page.is_file() and MARK in page.read_text("utf-8", "replace")


def _preview(picture: Picture, path: Path) -> tuple[int, int]:
    """Write a picture as browsers show it, and tell its size."""
    pixels = (picture.rgb * 255 + 0.5).clip(0, 255).astype(np.uint8)
    made = Image.fromarray(pixels)
    made.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    fits = picture.icc[16:20] == b"RGB "
    made.save(path, "JPEG", quality=90, **({"icc_profile": picture.icc} if fits else {}))
    return made.size


def _coloured(found: Map) -> Image.Image:
    """A map as colours; transparent where it says nothing."""
    import matplotlib  # takes half a second

    colours = matplotlib.colormaps["inferno"](np.nan_to_num(found) / WIDEST, bytes=True)
    colours[..., 3] = np.where(np.isfinite(found), 255, 0)
    return Image.fromarray(colours)

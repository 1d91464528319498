"""The interactive part of a chapter: choose networks, picture and blur strength, see the results.

Without a running kernel's widgets, or without weights, it shows one still picture instead.
"""

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deblur_lib import papers
from deblur_lib.errors import DeblurError
from deblur_lib.notebook.parameters import check_type
from deblur_lib.report.figures import choosing
from deblur_lib.report.numbers import number
from deblur_lib.report.results import Results
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, Run

GAP = 8  # white pixels between two pictures
SHOWN = 256  # smallest side at which a picture is shown
LARGEST = 768  # side of what is taken of an own photograph, its middle
STRENGTHS = (0.25, 2.0, 0.25)  # smallest, largest and step of the factor on blur lengths
WORSE = 0.005  # dB below the input from which a result is called worse, as it would read
NONE = "none"
U8 = NDArray[np.uint8]


def explore(plan: Plan, folder: Path, *, interactive: bool) -> Any:
    """Widgets over the trained networks, or a still of the paper's own network.

    Args:
        plan: the request whose first seed's weights are used.
        folder: results folder of the request.
        interactive: False always gives the still.

    Raises:
        UsageError: `interactive` is neither True nor False, which the text "false" is not.
    """
    check_type("interactive", interactive, True)
    runs = [run for run in plan.runs if run.seed == plan.runs[0].seed]
    ready = [run for run in runs if (store.run_folder(run) / "best.safetensors").is_file()]
    if interactive and ready:
        print("Loading a network and drawing a picture; this takes some seconds ...")
        return Explorer(plan, ready).box
    return _still(plan, Results.load(folder))


def _own(plan: Plan, runs: Sequence[Run]) -> Run:
    """The run of the paper's own network, else the first."""
    own = papers.summary(plan.paper.id).own
    return next((run for run in runs if run.method.id == own), runs[0])


def _still(plan: Plan, results: Results) -> Any:
    from IPython.display import Image as Shown

    dataset = papers.summary(plan.paper.id).datasets[0]
    picture = next(iter(choosing.chosen(results, dataset).values()))
    method = _own(plan, plan.runs).method
    names = ("blurred", method.id, "sharp")
    panels = [results.picture(dataset, picture, name) for name in names]
    alt = f"Test picture {picture}: blurred, restored by {method.title}, sharp."
    return Shown(data=to_png([panels]), format="png", alt=alt)


class Explorer:
    """Controls and what they show, in `box`: pictures in a row, their errors below, scores.

    A generated test picture has a truth, so its scores and errors are told; a photograph of one's
    own has none.
    """

    def __init__(self, plan: Plan, runs: Sequence[Run]) -> None:
        import ipywidgets

        self._runs = {run.method.title: run for run in runs}
        self._loaded: dict[str, Any] = {}
        titles, own = sorted(self._runs), _own(plan, runs).method.title
        clips = self._network(own).clip_length > 1
        self._data, self._settings, photographs = _drawn_from(plan, clips=clips)
        self.network = ipywidgets.Dropdown(options=titles, value=own, description="network")
        self.beside = ipywidgets.Dropdown(options=[NONE, *titles], description="beside it")
        self.picture = ipywidgets.Dropdown(
            options=[(name, index) for index, name in enumerate(photographs)], description="picture"
        )
        low, high, step = STRENGTHS
        self.blur = ipywidgets.FloatSlider(
            value=1.0, min=low, max=high, step=step, description="blur", continuous_update=False
        )
        self.own = ipywidgets.FileUpload(accept="image/*", description="own photograph")
        self.image, self.told = ipywidgets.Image(format="png"), ipywidgets.HTML()
        for control in (self.network, self.beside, self.own):
            control.observe(self.show, names="value")
        for control in (self.picture, self.blur):
            control.observe(self._generated, names="value")
        controls = (self.network, self.beside, self.picture, self.blur, self.own)
        row = ipywidgets.HBox(controls, layout={"flex_flow": "row wrap"})
        self.box = ipywidgets.VBox([row, self.image, self.told])
        self.show()

    def _generated(self, *_: Any) -> None:
        """Go back from an own photograph to the generated pictures."""
        if self.own.value:
            self.own.value = ()  # which shows
        else:
            self.show()

    def show(self, *_: Any) -> None:
        """Restore what the controls name; what cannot be is said in place of the scores."""
        self.told.value = "working ..."
        chosen = list(dict.fromkeys([self.network.value, self.beside.value]))
        try:
            blurred, sharp, notes = self._photograph() if self.own.value else self._pair()
            pictures = {name: self._restored(name, blurred) for name in chosen if name != NONE}
        except DeblurError as error:
            self.told.value = str(error)
            return
        seen = blurred if blurred.ndim == 3 else blurred[len(blurred) // 2]
        self.image.value, lines = _compared({"blurred": seen} | pictures, sharp)
        self.told.value = "<br>".join([*lines, *notes])

    def _pair(self) -> tuple[U8, U8 | None, list[str]]:
        from deblur_lib.data.generated.benchmark import make_pair, read_settings

        base = float(self._settings.get("blur", 1.0))
        settings = self._settings | {"blur": min(2.0, base * self.blur.value)}
        pair = make_pair(self._data, "test", self.picture.value, read_settings(settings))
        return pair.blurred, pair.sharp, []

    def _photograph(self) -> tuple[U8, U8 | None, list[str]]:
        from deblur_lib.data.pictures.reading import read_picture

        given = self.own.value[0]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"photograph{Path(given['name']).suffix}"
            path.write_bytes(bytes(given["content"]))
            pixels = read_picture(path).rgb
        top, left = (max(0, (side - LARGEST) // 2) for side in pixels.shape[:2])
        shown = pixels[top : top + LARGEST, left : left + LARGEST]
        height, width = shown.shape[:2]
        notes = [] if shown.shape == pixels.shape else [f"Its middle, {width} x {height} pixels."]
        return np.rint(shown * 255).astype(np.uint8), None, notes

    def _network(self, title: str) -> Any:
        from deblur_lib.runs.running import trained

        if title not in self._loaded:
            self._loaded[title] = trained(self._runs[title])
        return self._loaded[title]

    def _restored(self, title: str, blurred: U8) -> U8:
        from deblur_lib.evaluation.restore import from_8bit, restore, to_8bit

        network = self._network(title)
        if getattr(network, "needs_motion", False):
            raise DeblurError(f"{title} is told the true motion, which nothing here tells it")
        if blurred.ndim == 3 and network.clip_length > 1:  # it stands for its neighbours
            blurred = np.stack([blurred] * network.clip_length)
        restored: U8 = to_8bit(restore(network, from_8bit(blurred)[None], tile="auto"))[0]
        return restored


def _drawn_from(plan: Plan, *, clips: bool) -> tuple[str, dict[str, Any], Sequence[str]]:
    """Data id and settings of the generated pictures, and the photographs that they show."""
    from deblur_lib.data.generated.benchmark import read_settings
    from deblur_lib.data.generated.folders import open_stock
    from deblur_lib.data.generated.variants import VARIANTS
    from deblur_lib.data.opening import settings_of
    from deblur_lib.runs.vetting import located

    data_id = next(iter(plan.profile.test_on.values()))
    if data_id not in VARIANTS:
        data_id = "synth-clip" if clips else "synth-gopro-linear"
    asked = located(settings_of(data_id, {**plan.profile.data, **plan.request.data}))
    settings = asked | {"psnr": [0.0, 99.0]}
    return data_id, settings, open_stock(read_settings(settings), "test", 0).names


def _compared(pictures: dict[str, U8], sharp: U8 | None) -> tuple[bytes, list[str]]:
    """Pictures in a row as PNG, errors below where there is a truth, and a line of each."""
    order = ", ".join([*pictures, *([] if sharp is None else ["sharp"])])
    if sharp is None:
        return to_png([list(pictures.values())]), [f"From the left: {order}; without a truth there "
                                                   "are no scores."]  # fmt: skip
    errors = {
        name: np.abs(one.astype(float) - sharp).mean(axis=2) for name, one in pictures.items()
    }
    most = max(1.0, float(np.percentile(errors["blurred"], 99)))
    below = [_coloured(one / most) for one in errors.values()]
    before = choosing.psnr(pictures["blurred"], sharp)
    lines = [
        f"From the left: {order}; below them their errors, bright from {number(round(most))} grey "
        "levels on.",
        f"blurred: {number(before, 'psnr_db')} dB",
    ]
    for name in list(pictures)[1:]:
        after = choosing.psnr(pictures[name], sharp)
        gain = f"{number(after - before, 'psnr_db', sign=True)} dB"
        gain += ", <strong>worse than the input</strong>" if after <= before - WORSE else ""
        lines.append(f"{name}: {number(after, 'psnr_db')} dB ({gain})")
    return to_png([[*pictures.values(), sharp], below]), lines


def _coloured(shares: NDArray[np.floating[Any]]) -> U8:
    from matplotlib import colormaps

    coloured: U8 = colormaps["magma"](np.clip(shares, 0, 1), bytes=True)[..., :3]
    return coloured


def to_png(rows: Sequence[Sequence[U8]]) -> bytes:
    """Rows of pictures (H, W, 3) uint8 on white, enlarged to be seen, as PNG bytes."""
    height, width = rows[0][0].shape[:2]
    factor = max(1, -(-SHOWN // height))
    most = max(map(len, rows))
    stepped = [factor * one + GAP for one in (height, width)]
    canvas = np.full((stepped[0] * len(rows) - GAP, stepped[1] * most - GAP, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            large = picture.repeat(factor, axis=0).repeat(factor, axis=1)
            top, left = y * stepped[0], x * stepped[1]
            canvas[top : top + large.shape[0], left : left + large.shape[1]] = large
    buffer = io.BytesIO()
    Image.fromarray(canvas).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()

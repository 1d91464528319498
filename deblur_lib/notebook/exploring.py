"""The interactive part of a chapter: choose network, picture and blur strength, see the result.

Without a running kernel's widgets, or without weights, it shows one still picture instead.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deblur_lib.notebook.parameters import check_type
from deblur_lib.report.figures import choosing
from deblur_lib.report.results import Results
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, Run

GAP = 8  # white pixels between two pictures
SHOWN = 256  # smallest side at which a picture is shown
PICTURES = 6
STRENGTHS = (0.25, 2.0, 0.25)  # smallest, largest and step of the factor on blur lengths


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
        return _widgets(plan, ready)
    return _still(plan, Results.load(folder))


def _still(plan: Plan, results: Results) -> Any:
    from IPython.display import Image as Shown

    dataset = sorted(plan.profile.test_on)[0]
    picture = next(iter(choosing.chosen(results, dataset).values()))
    titles = {one.id: one.title for one in plan.paper.methods}
    ran = [run.method.id for run in plan.runs]
    method = plan.paper.id if plan.paper.id in ran else ran[0]
    names = ("blurred", method, "sharp")
    panels = [results.picture(dataset, picture, name) for name in names]
    alt = f"Test picture {picture}: blurred, restored by {titles[method]}, sharp."
    return Shown(data=to_png(panels), format="png", alt=alt)


def _widgets(plan: Plan, runs: list[Run]) -> Any:
    import ipywidgets

    from deblur_lib.data.generated.benchmark import make_pair, read_settings
    from deblur_lib.data.generated.variants import VARIANTS
    from deblur_lib.data.opening import settings_of
    from deblur_lib.data.pairs import middle_frame
    from deblur_lib.evaluation.metrics import score
    from deblur_lib.evaluation.restore import from_8bit, restore, to_8bit
    from deblur_lib.runs.running import located, trained

    told = {run.method.title: trained(run) for run in runs}
    networks = {name: one for name, one in told.items() if not getattr(one, "needs_motion", False)}
    clips = any(one.clip_length > 1 for one in networks.values())
    data_id = next(iter(plan.profile.test_on.values()))
    if data_id not in VARIANTS:
        data_id = "synth-clip" if clips else "synth-gopro-linear"
    asked = located(settings_of(data_id, {**plan.profile.data, **plan.request.data}))
    settings = asked | {"psnr": [0.0, 99.0]}
    network = ipywidgets.Dropdown(options=sorted(networks), description="network")
    picture = ipywidgets.Dropdown(options=range(PICTURES), description="picture")
    low, high, step = STRENGTHS
    blur = ipywidgets.FloatSlider(
        value=1.0, min=low, max=high, step=step, description="blur", continuous_update=False
    )
    image, label = ipywidgets.Image(format="png"), ipywidgets.Label()

    def show(*_: Any) -> None:
        base = float(settings.get("blur", 1.0))
        chosen = read_settings(settings | {"blur": min(2.0, base * blur.value)})
        pair = make_pair(data_id, "test", picture.value, chosen)
        restored = to_8bit(restore(networks[network.value], from_8bit(pair.blurred)[None])[0])
        untouched = middle_frame(pair.blurred)
        image.value = to_png([untouched, restored, pair.sharp])
        before = score(untouched, pair.sharp, ("psnr-rgb",))["psnr-rgb"]
        after = score(restored, pair.sharp, ("psnr-rgb",))["psnr-rgb"]
        label.value = f"blurred {before:.2f} dB, restored {after:.2f} dB, sharp on the right"

    for control in (network, picture, blur):
        control.observe(show, names="value")
    show()
    return ipywidgets.VBox([ipywidgets.HBox([network, picture, blur]), image, label])


def to_png(panels: list[np.ndarray]) -> bytes:
    """Pictures (H, W, 3) uint8 side by side on white, enlarged to be seen, as PNG bytes."""
    factor = max(1, -(-SHOWN // panels[0].shape[0]))
    white = np.full((panels[0].shape[0] * factor, GAP, 3), 255, dtype=np.uint8)
    row: list[np.ndarray] = []
    for panel in panels:
        row += [panel.repeat(factor, axis=0).repeat(factor, axis=1), white]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(row[:-1], axis=1)).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()

"""Heat maps of small matrices, and joined probes of structure and training."""

import dataclasses
import io
from pathlib import Path

import fake_results
import numpy as np
import pytest
from PIL import Image

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError
from deblur_lib.report import figures
from deblur_lib.report.figures import style
from deblur_lib.report.results import Results
from deblur_lib.runs.collecting import joined_probes
from deblur_lib.spec import Figure

PAPER = papers.load("wan2023")
FIGURE = Figure(
    id="maps", title="Maps", kind="heatmaps", caption="c", settings={"probe": "maps", "columns": 3}
)


def results(folder: Path, panels: list) -> Results:
    probes = {"maps": {"panels": panels}}
    return dataclasses.replace(fake_results.made(folder), probes=probes)


def test_panels_of_one_scale_stand_together_and_methods_get_their_titles(tmp_path: Path) -> None:
    ramp = (np.arange(12.0).reshape(4, 3) / 11).tolist()
    signed = [[-1.0, 0.0], [0.5, 0.25]]
    panels = [
        {"title": "wan2023", "map": ramp, "scale": "share"},
        {"title": "signed", "map": signed, "scale": "score", "middle": 0.0},
        {"title": "flat", "map": [[0.5]], "scale": "share"},
    ]
    data, alt = figures.render(results(tmp_path, panels), PAPER, FIGURE)
    title = next(one.title for one in PAPER.methods if one.id == "wan2023")
    assert alt == f"Maps: {title}, 0 to 1; flat, 0.5 to 0.5; signed, -1 to 0.5."
    picture = Image.open(io.BytesIO(data))
    assert picture.width == style.WIDTH * style.DPI
    assert 200 < picture.height < 1800
    drawn = figures.draw(results(tmp_path / "again", panels), PAPER, FIGURE)
    titles = [[axis.get_title() for axis in part.axes] for part in drawn.subfigs]
    assert titles == [[title, "flat", ""], ["signed", "", ""]]


def test_one_value_everywhere_is_drawn(tmp_path: Path) -> None:
    panels = [{"title": "ones", "map": [[1.0, 1.0]], "middle": 1.0}]
    data, _ = figures.render(results(tmp_path, panels), PAPER, FIGURE)
    assert Image.open(io.BytesIO(data)).width == style.WIDTH * style.DPI


def test_missing_maps_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingRowsError, match="no 'maps' is stored for maps of wan2023"):
        figures.render(results(tmp_path, []), PAPER, FIGURE)


def test_costs_of_structure_and_training_stand_side_by_side() -> None:
    counted = {"costs": {"net": {"memory": 3, "zeros": 0}, "block": {"macs": 1}}, "shapes": [1]}
    measured = {"costs": {"net": {"zeros": 2}}, "shown": {}}
    assert joined_probes(counted, measured) == {
        "costs": {"net": {"memory": 3, "zeros": 2}, "block": {"macs": 1}},
        "shapes": [1],
        "shown": {},
    }
    assert counted["costs"]["net"]["zeros"] == 0

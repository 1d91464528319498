import dataclasses
import io
from pathlib import Path
from typing import Any

import fake_results
import matplotlib
import numpy as np
import pytest
from PIL import Image

from deblur_lib import papers
from deblur_lib.errors import MissingRowsError, RecordError, UsageError
from deblur_lib.report import figures
from deblur_lib.report.figures import choosing, crops, diagram, style
from deblur_lib.report.results import Results
from deblur_lib.spec import Figure

PAPER = papers.load("wan2023")
DECLARED = {one.id: one for one in PAPER.figures}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Results.load(fake_results.write_results(tmp_path_factory.mktemp("figures")))


@pytest.fixture(scope="module")
def drawn(results: Results) -> dict[str, tuple[bytes, str]]:
    return {name: figures.render(results, PAPER, one) for name, one in DECLARED.items()}


def test_every_declared_figure_is_drawn_at_book_width(
    drawn: dict[str, tuple[bytes, str]],
) -> None:
    for name, (data, alt) in drawn.items():
        picture = Image.open(io.BytesIO(data))
        assert picture.width == style.WIDTH * style.DPI, name
        assert 200 < picture.height < 1800, name
        assert np.asarray(picture.convert("L")).std() > 10, name
        assert set(picture.info) <= {"dpi", "Description"}, name
        assert alt.startswith(DECLARED[name].title), name
        assert len(data) < 400_000, name


def test_every_kind_is_drawn_by_some_declared_figure() -> None:
    declared = {one.kind for name in papers.names() for one in papers.load(name).figures}
    assert declared == set(figures.DRAW)


@pytest.mark.parametrize("name", ["F1", "bars"])
def test_bytes_do_not_depend_on_the_users_settings(
    results: Results, drawn: dict[str, tuple[bytes, str]], name: str
) -> None:
    before = dict(matplotlib.rcParams)
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "red", "savefig.dpi": 40}):
        again, _ = figures.render(results, PAPER, DECLARED[name])
    assert again == drawn[name][0]
    assert dict(matplotlib.rcParams) == before


def test_text_says_what_is_seen(drawn: dict[str, tuple[bytes, str]]) -> None:
    assert "Baseline + DFFM +1.2" in drawn["bars"][1] or "Baseline + DFFM +1.3" in drawn["bars"][1]
    assert "strongest blur: blurred " in drawn["F4"][1]
    assert "y4 11 px" in drawn["F2"][1]
    assert "skip at level 2" in drawn["shares"][1]
    assert "synth-shake" in drawn["data"][1]


def test_a_row_far_below_the_input_does_not_press_the_curves_together(results: Results) -> None:
    curves = results.curves.copy()
    sunk = (curves["method"] == "mimo_unet") & (curves["name"] == "validation/psnr-rgb")
    curves.loc[sunk, "value"] = 8.0
    one = dataclasses.replace(results, curves=curves)
    with style.look():
        drawing = figures.DRAW["curves"](one, PAPER, DECLARED["curves"])
    low, high = drawing.axes[1].get_ylim()
    assert 20 < low < 24.0 < high < 27
    texts = [text.get_text() for text in drawing.axes[1].texts]
    assert texts == ["below this axis at the end [dB]:\nMIMO-UNet, its stepped rate: 8.0"]
    assert "blurred input 24.00" in str(drawing.get_label())


def test_curves_that_all_lie_far_below_the_input_are_drawn_as_they_are(results: Results) -> None:
    curves = results.curves.copy()
    curves.loc[curves["name"] == "validation/psnr-rgb", "value"] -= 15.0
    with style.look():
        drawing = figures.DRAW["curves"](
            dataclasses.replace(results, curves=curves), PAPER, DECLARED["curves"]
        )
    assert drawing.axes[1].get_ylim()[0] < 10
    assert not drawing.axes[1].texts


def test_a_bar_far_below_the_input_does_not_hide_the_others(results: Results) -> None:
    rows = results.rows.copy()
    rows.loc[(rows["method"] == "wan2023_dffm") & rows["convention"].eq("psnr-rgb"), "value"] -= 15
    with style.look():
        drawing = figures.draw(dataclasses.replace(results, rows=rows), PAPER, DECLARED["bars"])
    low, high = drawing.axes[0].get_xlim()
    assert -1 < low < 0 < 1 < high < 3
    told = [text.get_text() for text in drawing.axes[0].texts]
    assert [one.endswith(", beyond this axis") for one in told].count(True) == 1


def test_missing_input_is_named(results: Results, tmp_path: Path) -> None:
    empty = dataclasses.replace(results, folder=tmp_path, curves=results.curves[:0], probes={})
    for name, message in (
        ("F1", "no diagram 'wan2023' is stored for F1"),
        ("F2", "no 'receptive_field' is stored"),
        ("F3", "no diagram 'dffm' is stored for F3"),
        ("shares", "no 'branch_weights' is stored"),
        ("data", "no picture is stored for data"),
        ("curves", "no training curve is stored"),
        ("F4", "no restored picture of gopro_test is stored for F4"),
    ):
        with pytest.raises(MissingRowsError, match=message):
            figures.draw(empty, PAPER, DECLARED[name])
    rows = results.rows[results.rows["method"] == "identity"]
    with pytest.raises(MissingRowsError, match="no row of T2 is scored on gopro_test"):
        figures.draw(dataclasses.replace(results, rows=rows), PAPER, DECLARED["bars"])


def test_unknown_kinds_and_ids_are_refused(results: Results) -> None:
    with pytest.raises(
        UsageError, match="no kind of figure is called 'crop'; did you mean 'crops'"
    ):
        figures.draw(results, PAPER, Figure(id="x", title="x", kind="crop", caption=""))
    with pytest.raises(UsageError, match="no figure of wan2023 is called 'F9'"):
        figures.declared(PAPER, "F9")


def test_pictures_are_chosen_by_rule(results: Results) -> None:
    noted = choosing.chosen(results, "gopro_test")
    assert list(noted) == ["strongest blur", "median blur", "most edges"]
    assert noted["median blur"] == "p12"
    bare = dataclasses.replace(results, probes={})
    picked = choosing.chosen(bare, "gopro_test")
    values = {name: fake_results.base("gopro_test", name) for name in ("p00", "p12", "p31")}
    assert picked["strongest blur"] == min(values, key=lambda name: values[name])
    assert sorted(picked.values()) == ["p00", "p12", "p31"]


def test_psnr_of_8_bit_pictures() -> None:
    sharp = np.zeros((20, 30, 3), dtype=np.uint8)
    assert choosing.psnr(sharp, sharp) == np.inf
    assert choosing.psnr(sharp, sharp + 1) == pytest.approx(48.1308, abs=1e-4)


def plan(arrows: list[Any]) -> dict[str, Any]:
    shapes = {"in": [3, 8, 8], "down": [8, 4, 4], "out": [3, 8, 8]}
    return {"blocks": [{"name": n, "shape": s} for n, s in shapes.items()], "arrows": arrows}


def test_blocks_are_placed_by_size_and_order() -> None:
    found = diagram.places(plan([["in", "down"], ["down", "out"], ["in", "out"]]))
    assert found == {"in": (0.0, 0.0), "down": (1.0, 1.0), "out": (0.0, 2.0)}


def test_what_is_added_stands_before_the_sum() -> None:
    axis = style.canvas(1.0).subplots()
    diagram.paint(axis, plan([["in", "down"], ["down", "out"], ["in", "out", "add"]]))
    assert "+ in = out" in [one.get_text() for one in axis.texts]


def test_a_heading_breaks_between_words_and_shrinks_for_long_ones() -> None:
    assert crops.heading("GELU, squared ReLU", 14) == ("GELU, squared\nReLU", 7.0)
    text, size = crops.heading("MB-TaylorFormer-V2", 10)
    assert text == "MB-\nTaylorFormer-\nV2"
    assert size == pytest.approx(7.0 * 10 / 13)


@pytest.mark.parametrize(
    ("arrows", "message"),
    [
        ([["in", "up"]], "names no block"),
        ([["in", "down"], ["down", "in"]], "in a circle: in > down > in"),
    ],
)
def test_impossible_diagrams_are_refused(arrows: list[Any], message: str) -> None:
    with pytest.raises(RecordError, match=message):
        diagram.places(plan(arrows))

"""The networks side by side: entries from rows, a plot of links, a table to sort, growth."""

import re
from dataclasses import replace
from pathlib import Path

import fake_results
import pandas as pd
import pytest
import torch
from bs4 import BeautifulSoup

from deblur_lib import papers, seals
from deblur_lib.book import networks
from deblur_lib.book.networks import growth, networks_page, worth
from deblur_lib.book.scatter import LETTER, RADIUS, Point, _box, _clash, scatter
from deblur_lib.report import columns, side_by_side
from deblur_lib.runs import measurements
from deblur_lib.runs.measurements import Measured


def point(name: str, x: float, y: float) -> Point:
    return Point(x, y, y - 0.1, y + 0.1, name, 0, "c.html", "f.html", f"<{name}>")


def measured(what: str, height: int, seconds: float, *, busy: bool = False) -> Measured:
    return Measured(
        "wan2023", "{}", "wan2023/wan2023", what, 1, height, height, "fp32", "cpu", 1, 12, 34, 68,
        "counter", seconds, seconds, seconds, 9, 2**21, "traced", busy=busy,
    )  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    fake_results.write_results(folder / "results" / "wan2023" / "demo", pictures=False)
    return folder


def test_every_network_stands_on_the_page_with_both_links(root: Path) -> None:
    page = BeautifulSoup(networks_page(root, root / "results"), "html.parser")
    rows = page.select("table.sortable tbody tr")
    wanted = sum(len(columns.networks_of(papers.load(name))) for name in papers.names())
    assert len(rows) == wanted
    for row in rows:
        file, chapter = (str(link["href"]) for link in row.select("a"))
        assert re.fullmatch(r"api/(networks|papers)\.html#deblur-lib-[a-z0-9-]+", file)
        assert re.fullmatch(r"notebooks/\w+\.html", chapter)
    first = rows[0].get_text("|")
    interval = r"\[\+1\.\d\d,\xa0\+1\.\d\d\]"
    assert re.match(rf"wan2023 \(DFFM \+ MSRM\)\|\+1\.69 {interval}\|A\|wan2023\|", first)
    assert first.endswith("|3")
    assert "on pictures A: synth-gopro-linear/test, profile demo" in page.get_text()
    assert "not scored yet" in rows[-1].get_text()


def test_each_point_leads_to_chapter_and_file(root: Path) -> None:
    page = BeautifulSoup(networks_page(root, root / "results"), "html.parser")
    plot = page.select("svg.networks-plot")[0]
    chapters = [link["href"] for link in plot.select("a:has(circle)")]
    files = [link["href"] for link in plot.select("a:has(text)")]
    assert chapters == ["notebooks/wan2023.html"] * len(files)
    assert "api/papers.html#deblur-lib-papers-wan2023-network" in files
    assert "wan2023 (DFFM + MSRM) (wan2023): +1.69 dB" in str(plot["aria-label"])


def test_variants_of_an_own_network_are_left_to_their_chapter() -> None:
    own = {one.id for one in columns.networks_of(papers.load("sang2018"))}
    assert "sang2018" in own
    assert "sang2018_kernel3" not in own
    assert "mimo_unet" in {one.id for one in columns.networks_of(papers.load("wan2023"))}


def test_without_results_the_page_says_so(tmp_path: Path) -> None:
    assert "No results are published yet." in worth(tmp_path, tmp_path / "results")
    text = networks_page(tmp_path, tmp_path / "results")
    assert "growth.py pictures" in text
    assert "growth.py runs" in text


def test_measured_seconds_take_the_place_of_those_of_the_runs(root: Path) -> None:
    rows = [measured("forward", 256, 0.5), measured("forward", 720, 6.0, busy=True),
            replace(measured("step", 256, 3.0), batch=2)]  # fmt: skip
    folder = root / side_by_side.MEASURED
    measurements.write(folder, rows, torch.device("cpu"))
    try:
        found = side_by_side.entries(root / "results", side_by_side.bench_table(root))
        text = networks_page(root, root / "results")
    finally:
        for path in folder.iterdir():
            path.unlink()
    one = next(one for one in found if one.method == "wan2023")
    assert one.busy
    assert one.costs == {"parameters": 12, "macs": 34, "macs_here": 1e8, "seconds": 0.5,
                         "peak_memory": 2**21, "seconds_hd": 6.0, "memory_hd": 2**21,
                         "step": 1.5}  # fmt: skip
    assert "wan2023 (DFFM + MSRM)*" in text
    assert "A star behind a name: other work took turns" in text
    other = next(one for one in found if one.method == "mimo_unet")
    assert "seconds" not in (other.costs or {})  # seconds of two sources do not compare


def test_labels_keep_clear_of_marks_and_of_each_other() -> None:
    points = [point(f"network-{n}", 10.0 + n, 1.0 + n / 100) for n in range(5)]
    plot = BeautifulSoup(scatter(points, across="x", up="y", told="z"), "html.parser")
    boxes = [
        _box(float(str(one["x"])), float(str(one["y"])), LETTER * len(one.text), one["text-anchor"])
        for one in plot.select("a text")
    ]
    for one in plot.select("circle"):
        x, y = float(str(one["cx"])), float(str(one["cy"]))
        boxes.append((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
    assert len(boxes) == 10
    for number in range(5):
        assert _clash(boxes[number], boxes[:number] + boxes[5:]) == 0
    assert "&lt;network-0&gt;" in str(plot)


def test_a_point_far_below_does_not_press_the_others_together() -> None:
    points = [point("good", 10.0, 0.5), point("lost", 20.0, -9.0)]
    plot = BeautifulSoup(scatter(points, across="x", up="y", told="z"), "html.parser")
    assert [one.text for one in plot.select("a text")] == ["good", "lost (−9.00)"]
    axis, good, lost = (
        float(str(plot.select_one("line.axis")["y1"])),  # type: ignore[index]
        *(float(str(one["cy"])) for one in plot.select("circle")),
    )
    assert good < axis < lost
    assert lost - axis <= 2 * (axis - good) + 60


def test_the_page_names_what_nothing_beats_at_its_cost(root: Path) -> None:
    text = worth(root, root / "results")
    line = next(one for one in text.splitlines() if one.startswith("- on A: "))
    assert "wan2023 (DFFM + MSRM) (+1.69 dB, 100 M MAC)" in line


def test_growth_is_told_as_a_power_and_what_is_steep_by_name(tmp_path: Path) -> None:
    linear = pd.Series([1.0, 10.0, 100.0], index=[1, 10, 100])
    assert growth(linear) == pytest.approx(1.0)
    assert growth(linear**2) == pytest.approx(2.0)
    folder = tmp_path / side_by_side.MEASURED
    folder.mkdir(parents=True)
    frame = pd.DataFrame(
        {"stage": ["planned", "planned", "watched", "watched"], "size": [1, 10, 1, 10],
         "seconds": [0.1, 1.0, 0.1, 10.0], "busy": [False] * 4}
    )  # fmt: skip
    frame.to_csv(folder / "runs.csv", index=False)
    seals.seal(folder)
    text = "\n".join(networks._growth(tmp_path))
    assert "| planned, s | 0.1 | 1 | 1.00 |" in text
    assert "Faster than linearly: watched, s" in text

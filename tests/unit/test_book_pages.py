"""Generated pages say what rows, manifests, declarations and docstrings say."""

import dataclasses
import io
import re
from pathlib import Path

import fake_results
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from PIL import Image

from deblur_lib import papers
from deblur_lib.book import pages, pictures
from deblur_lib.book.api import write_reference
from deblur_lib.book.costs import costs, fill_costs
from deblur_lib.book.declared import conventions, exports, margins, profiles, weights
from deblur_lib.book.pictures import pictures_page
from deblur_lib.data.generated.scenes import DECLARED
from deblur_lib.report.columns import own_method
from deblur_lib.report.markup import escape, listing
from deblur_lib.report.results import Results
from deblur_lib.spec import PROFILES
from deblur_lib.weights.limits import FIXED, REFUSED
from deblur_lib.weights.presets import presets


def test_the_judge_tells_its_rates_or_that_they_are_not_measured(tmp_path: Path) -> None:
    assert pages.judge(tmp_path / "book", tmp_path / "judge").startswith("Not measured yet")
    made = tmp_path / "judge" / "derived"
    made.mkdir(parents=True)
    (made / "calibration.json").write_text('{"alt": "Power of the rule: a|b."}')
    (made / "calibration.md").write_text("A difference was found where there is none.\n")
    (made / "power.png").write_bytes(b"png")
    text = pages.judge(tmp_path / "book", tmp_path / "judge")
    assert "found where there is none" in text
    assert "![Power of the rule: a\\|b.](/_generated/pictures/judge-power.png)" in text
    assert (tmp_path / "book" / "pictures" / "judge-power.png").is_file()


def test_claims_that_promise_size_are_listed_with_their_margins() -> None:
    text = margins()
    assert "| wan2023-C17 | In all, the network is a clear step" in text
    assert "| 0.1, 0.002 |" in text


def test_a_control_is_not_taken_for_the_papers_own_network(results: Results) -> None:
    declared = papers.load("wan2023")
    ablation_first = dataclasses.replace(declared, tables=declared.tables[::-1])
    assert "wan2023_aff" in set(results.rows["method"])
    own = own_method(ablation_first, results)
    assert own is not None
    assert own.id == "wan2023"


def test_the_comparison_shows_input_own_network_and_truth(results: Results, tmp_path: Path) -> None:
    paper = papers.load("wan2023")
    text = pages.comparison(tmp_path, paper, results)
    lines = [line for line in text.splitlines() if line.startswith("![")]
    assert lines[0].startswith("![blurred input]")
    assert lines[1].startswith("![wan2023 (DFFM + MSRM)]")
    assert lines[-1].startswith("![sharp truth]")
    copied = sorted((tmp_path / "pictures").glob("*.webp"))
    assert len(copied) == len(lines)
    sizes = set()
    for path in copied:
        with Image.open(path) as picture:
            sizes.add(picture.size)
    assert len(sizes) == 1


HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "IMG_0001 (2)", "scene/000012",
    "a](javascript:alert(1))", "a][b", "![x](http://x.org)", "\" onload=\"x", "a$b$",
    "::: {raw} html", "`{raw}`", "line\u2028# break",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_photograph_of_any_name_is_shown_as_text(
    results: Results, tmp_path: Path, name: str
) -> None:
    named = dataclasses.replace(results, rows=results.rows.assign(scene=name))
    text = pages.comparison(tmp_path, papers.load("wan2023"), named)
    _, _, told, *pictures, _, _, caption, _ = text.split("\n")
    for line in pictures:
        assert re.fullmatch(r"!\[[^\]]+\]\(/_generated/pictures/wan2023-1-\w+\.webp\)", line)
    assert told.startswith("Scene ")  # a name that begins a line could be a directive
    page = BeautifulSoup(MarkdownIt("commonmark").render(told), "html.parser")
    assert {tag.name for tag in page.find_all(True)} == {"p"}
    assert " ".join(name.splitlines()) in page.text
    assert name not in caption


def test_each_scene_of_the_comparison_is_another_photograph(
    results: Results, tmp_path: Path
) -> None:
    text = pages.comparison(tmp_path, papers.load("wan2023"), results)
    scenes = [line.split(",")[0] for line in text.splitlines() if line.startswith("Scene ")]
    assert 1 < len(scenes) == len(set(scenes)) <= pages.SCENES
    assert text.count("![blurred input]") == text.count("![sharp truth]") == len(scenes)


def test_names_of_rows_and_columns_are_escaped_in_html() -> None:
    frame = pd.DataFrame({"<i>": ["<b>"]}, index=["<script>"])
    html = listing(frame, key="x")._repr_html_()
    assert not {"<i>", "<b>", "<script>"} & set(re.findall(r"<\w+>", html))


def test_without_pictures_there_is_no_comparison(tmp_path: Path) -> None:
    folder = fake_results.write_results(tmp_path / "results", pictures=False)
    paper = papers.load("wan2023")
    assert pages.comparison(tmp_path, paper, Results.load(folder)) == ""


def test_made_groups_runs_by_their_circumstances(results: Results) -> None:
    text = pages.made({"wan2023": results})
    manifest = results.manifests[0]
    assert "## wan2023, profile demo" in text
    assert manifest.commit[:10] in text
    assert "made up, ? cores, 1 used" in text
    assert text.count("| processor |") == 1
    assert "15, of 5 rows, seeds 0 1 2" in text


def test_budgets_and_conventions_are_all_told() -> None:
    assert profiles().count("\n") == 2 + len(PROFILES) * len(papers.names())
    assert "| wan2023 | demo | synth-gopro-linear | 0 1 2; 0 for 5 of the rows |" in profiles()
    text = conventions()
    assert "`vol3d-rgb`\n: SSIM" in text
    assert "`realblur-ecc-psnr`\n: PSNR" in text


def test_every_official_file_and_what_does_not_export_is_told() -> None:
    assert all(f">{one}<" in weights() for one in presets())
    assert "statistics batch, border grey" in weights()
    assert "values rounded down" in weights()
    assert all(escape(why) in exports() for why in (*FIXED.values(), *REFUSED.values()))


def test_the_readme_gets_its_costs_from_manifests(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- generated:costs -->\nold\n<!-- /generated -->\nb\n")
    assert fill_costs(readme, tmp_path / "results")
    assert "No results are published yet." in readme.read_text()
    fake_results.write_results(tmp_path / "results" / "wan2023" / "demo", pictures=False)
    assert fill_costs(readme, tmp_path / "results")
    assert not fill_costs(readme, tmp_path / "results")
    text = readme.read_text()
    assert text.startswith("a\n<!-- generated:costs -->\n| profile | paper |")
    assert "| demo | wan2023 | 15 |" in text
    assert text.endswith("<!-- /generated -->\nb\n")
    assert costs(tmp_path / "results") in text


def test_the_page_of_the_pictures_lists_every_photograph_and_kind(tmp_path: Path) -> None:
    text = pictures_page(tmp_path)
    for one in DECLARED.values():
        line = next(row for row in text.splitlines() if f"({one.name})" in row)
        assert f"[{one.licence}]({one.url})" in line
        assert escape(one.author) in line
        assert line.startswith(f"| ![{escape(one.title)}](/_generated/photographs/")
    sizes = [path.stat().st_size for path in (tmp_path / "photographs").glob("*.jpg")]
    assert len(sizes) == len(DECLARED)
    assert sum(sizes) < 400_000
    assert "| synth-gopro-linear | moving scene" in text


SOURCE = '''"""A package."""

def twice(x: int, *, power: float = 2.0) -> float:
    """Give x_1 * 2 as `x**2`.

    Args:
        x: a number, $5.
        power: another.

    Raises:
        ValueError: never.

    Source: nowhere, Eq. (1).
    """

def _hidden():
    """Not shown."""

class Box:
    """Holds.

    Attributes:
        left, right: two sides.
    """

    left: int
    right: int = 3
'''


def test_the_reference_is_read_from_docstrings(tmp_path: Path) -> None:
    package = tmp_path / "deblur_lib"
    (package / "nn").mkdir(parents=True)
    (package / "__init__.py").write_text('"""Top."""\n')
    (package / "nn" / "__init__.py").write_text('"""Bricks."""\n')
    (package / "nn" / "box.py").write_text(SOURCE)
    (tmp_path / "book" / "api").mkdir(parents=True)
    (tmp_path / "book" / "api" / "old.md").write_text("x")
    assert write_reference(tmp_path / "book", package) == ["front", "nn"]
    text = (tmp_path / "book" / "api" / "nn.md").read_text()
    assert not (tmp_path / "book" / "api" / "old.md").exists()
    assert text.startswith("# deblur\\_lib.nn\n\nBricks.\n")
    assert "twice(x: int, *, power: float = 2.0) -> float" in text
    assert "Give x\\_1 \\* 2 as `x**2`." in text
    assert "`x`\n: a number, \\$5." in text
    assert "`ValueError`\n: never." in text
    assert "Source: nowhere, Eq. (1)." in text
    assert "`left, right`\n: two sides." in text
    assert "    right: int = 3" in text
    assert "hidden" not in text


def png(side: int) -> bytes:
    """A picture that no palette makes small."""
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    with io.BytesIO() as stream:
        Image.fromarray(noise).save(stream, "PNG")
        return stream.getvalue()


def test_a_figure_of_many_photographs_is_made_smaller_and_others_stay() -> None:
    small, heavy = png(64), png(1050)
    assert pictures.lighter(small) == small
    with Image.open(io.BytesIO(pictures.lighter(heavy))) as shown:
        assert shown.size == (pictures.WIDTH, pictures.WIDTH)
    assert len(pictures.lighter(heavy)) < len(heavy) / 2

"""The page before and after shows, tells where blur is, holds no foreign markup, asks nobody."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from deblur_lib.data.generated.scenes import photograph
from deblur_lib.errors import UsageError
from deblur_lib.restoring import batch
from deblur_lib.restoring.batch import Wishes, restore_inputs
from deblur_lib.restoring.blurmap import CELL, ROWS, blur_map

EVIL = '<img src=x onerror=alert(1)> & "b".png'
COMPARE = Wishes(compare=True)


class Page(HTMLParser):
    """Tags of a page with their attributes, and what they refer to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def of(self, tag: str, attribute: str) -> list[str]:
        return [one.get(attribute) or "" for name, one in self.found if name == tag]


def photo(path: Path, size: tuple[int, int] = (70, 50)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photograph("coffee")[: size[1], : size[0]]).save(path)
    return path


def compared(tmp_path: Path, weights: Path, *names: str) -> tuple[Path, Page]:
    """The folder of a comparison, and its page."""
    inputs = [str(photo(tmp_path / "in" / name)) for name in names]
    done = restore_inputs(inputs, weights, tmp_path / "out", wishes=COMPARE, say=lambda _: None)
    assert done == (len(names), 0)
    folder = tmp_path / "out" / "compare"
    return folder, Page((folder / "index.html").read_text(encoding="utf-8"))


def test_every_picture_and_link_of_the_page_is_there(tmp_path: Path, weights: Path) -> None:
    folder, page = compared(tmp_path, weights, "a b#1.png", "c?.tif", "gr\u00fc\u00dfe.jpg")
    assert len(page.of("input", "type")) == 3
    pictures = page.of("img", "src")
    assert len(pictures) == 3 * 4
    for name in (*pictures, *map(unquote, page.of("a", "href"))):
        assert (folder / name).is_file(), name
    assert all(page.of("img", "alt"))
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "a b#1.png", "c?.tif", "compare", "gr\u00fc\u00dfe.jpg",
    ]  # fmt: skip


def test_names_are_text_and_the_page_asks_no_other_place(tmp_path: Path, weights: Path) -> None:
    folder, page = compared(tmp_path, weights, EVIL, "{{ mark }}.png", "b\udcff.png")
    assert len(page.of("img", "src")) == 3 * 4
    assert not any(key.startswith("on") for _, one in page.found for key in one)
    assert page.of("link", "href") == page.of("script", "src")[1:] == []
    assert "://" not in "".join(page.of("img", "src") + page.of("a", "href"))
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\(", text)
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &#34;b&#34;.png" in text
    assert {one.name for one in folder.iterdir()} == {
        "index.html", *(f"{n:04d}-{w}{s}" for n in (1, 2, 3) for w in ("before", "after")
                        for s in (".jpg", "-blur.png")),
    }  # fmt: skip


def test_a_comparison_takes_the_place_of_an_earlier_one_only(tmp_path: Path, weights: Path) -> None:
    compared(tmp_path, weights, "a.png", "b.png")
    other = str(photo(tmp_path / "in" / "c.png"))
    restore_inputs([other], weights, tmp_path / "out", wishes=COMPARE, say=lambda _: None)
    folder = tmp_path / "out" / "compare"
    assert not (folder / "0002-before.jpg").exists()
    page = (folder / "index.html").read_bytes()
    said: list[str] = []
    assert restore_inputs([other], weights, tmp_path / "out", wishes=COMPARE, say=said.append) == (
        0, 1,
    )  # fmt: skip
    assert (folder / "index.html").read_bytes() == page, "nothing to show leaves the page alone"
    assert said[-1] == "no page to compare on: no photo was restored"
    (folder / "index.html").write_text("mine")
    one = str(photo(tmp_path / "in" / "d.png"))
    with pytest.raises(UsageError, match="holds something else than a comparison"):
        restore_inputs([one], weights, tmp_path / "out", wishes=COMPARE, say=lambda _: None)
    assert (folder / "index.html").read_text() == "mine"
    assert not (tmp_path / "out" / "d.png").exists()


def test_a_page_of_what_was_finished_is_left_by_ctrl_c(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = batch.restore_photo

    def stop_at_b(network: Any, path: Path, *rest: Any, **more: Any) -> list[str]:
        if path.name == "b.png":
            raise KeyboardInterrupt
        return plain(network, path, *rest, **more)

    monkeypatch.setattr(batch, "restore_photo", stop_at_b)
    with pytest.raises(KeyboardInterrupt):
        compared(tmp_path, weights, "a.png", "b.png")
    assert "a.png" in (tmp_path / "out" / "compare" / "index.html").read_text()


def test_no_result_goes_to_the_place_of_the_page(tmp_path: Path, weights: Path) -> None:
    inputs = [str(photo(tmp_path / folder / "x.png")) for folder in ("compare", "other")]
    restore_inputs(inputs, weights, tmp_path / "out", wishes=COMPARE, say=lambda _: None)
    for name in ("compare/index.html", "compare (2)/x.png", "other/x.png"):
        assert (tmp_path / "out" / name).is_file()


def test_large_pictures_are_shown_smaller(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deblur_lib.restoring.comparing.SIDE", 40)
    folder, page = compared(tmp_path, weights, "a.png")
    with Image.open(folder / "0001-after.jpg") as shown:
        assert max(shown.size) == 40
    assert page.of("img", "width")[0] == "40"


@pytest.mark.parametrize("radius", [1.0, 2.0, 3.0])
def test_the_radius_of_a_blur_is_found_at_edges(radius: float) -> None:
    steps = np.zeros((96, 128), np.float32)
    steps[:, 24:70], steps[40:, 80:] = 0.8, 0.6
    blurred = gaussian_filter(steps, radius)[..., None].repeat(3, 2)
    found = blur_map(blurred)
    assert found.shape == (3, 4)
    assert np.nanmedian(found) == pytest.approx(radius, rel=0.15)


def test_the_map_tells_where_the_blur_is_and_where_nothing_shows_it() -> None:
    sharp = photograph("coffee").astype(np.float32) / 255
    half = sharp.copy()
    half[:, 300:] = gaussian_filter(sharp, (2.5, 2.5, 0))[:, 300:]
    found = blur_map(half)
    left, right = found[:, : 280 // CELL], found[:, 320 // CELL + 1 :]
    assert np.nanmedian(right) > np.nanmedian(left) + 1
    assert np.isnan(blur_map(np.full((40, 40, 3), 0.5, np.float32))).all()


def test_bands_leave_no_trace_in_a_map() -> None:
    rng = np.random.default_rng(0)
    tall = gaussian_filter(rng.random((ROWS + 150, 64, 3), np.float32), (1, 1, 0)) * 3 - 1
    whole = blur_map(tall)
    assert whole.shape == (-(-(ROWS + 150) // CELL), 2)
    np.testing.assert_allclose(blur_map(tall[CELL:])[:-1], whole[1:-1], atol=0.06)

"""`deblur data`: what is known of data sets, pages with thumbnails, clean sets that can go on."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from data_pictures import PAIRS, blurred_picture, save, sharp_picture, write_pairs
from PIL import Image

from deblur_lib import seals
from deblur_lib.cli import main
from deblur_lib.data.generated.variants import VARIANTS
from deblur_lib.data.own import preparing
from deblur_lib.data.own.pairs import open_pairs
from deblur_lib.data.own.preparing import Cut, plain, prepare_folder
from deblur_lib.data.pairs import PairedImages
from deblur_lib.data.pictures.reading import read_rgb
from deblur_lib.data.real.sources import SOURCES
from deblur_lib.errors import DataError, UsageError
from deblur_lib.spec.kinds import KINDS


def data(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["data", *arguments])
    return done.exit_code, done.output


def silent(source: Path, out: Path, **more: object) -> preparing.Done:
    return prepare_folder(source, out, progress=False, say=lambda _: None, **more)  # type: ignore[arg-type]


def test_every_set_is_listed_with_licence_and_page() -> None:
    status, text = data("list")
    assert status == 0
    for source in SOURCES.values():
        assert source.id in text
        assert source.licence in text
        assert source.page in text
    assert KINDS.keys() == VARIANTS.keys() <= set(text.split())
    status, text = data("list", "--json")
    assert {one["id"] for one in json.loads(text)} == SOURCES.keys() | KINDS.keys()


def test_one_set_is_told_in_full_and_a_misspelt_one_suggested() -> None:
    status, text = data("list", "gopro-linear")
    assert "train 2103, test 1111" in text
    for layout in SOURCES["gopro-linear"].layouts:
        assert layout.name in text
    status, text = data("list", "gopro-linar")
    assert (status, "did you mean 'gopro-linear'" in text) == (2, True)


def test_the_page_shows_offenders_and_escapes_their_names(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "in", ["a", "<img src=x>", "b"])
    (root / "sharp" / "a.png").unlink()
    save(root / "sharp" / "<img src=x>.png", sharp_picture(1, 40, 64))
    page = tmp_path / "report.html"
    status, _ = data("check", str(root), "--html", str(page))
    assert status == 1
    told = page.read_text(encoding="utf-8")
    assert told.count("data:image/jpeg;base64,") == 3  # the alone one, both of the other pair
    assert "&lt;img src=x&gt;" in told
    assert "<img src=x>" not in told
    assert "http" not in told
    assert "pictures" not in json.loads(data("check", str(root), "--json")[1])


def test_a_sound_folder_gives_a_page_without_pictures(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "in", PAIRS, height=128, width=128)
    status, _ = data("check", str(root), "--html", str(tmp_path / "report.html"))
    assert status == 0
    assert "<img" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_pictures_smaller_than_a_crop_are_told(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "in", PAIRS, height=128, width=128)
    picture = sharp_picture(0, 96, 128)
    save(root / "sharp" / "s1" / "001.png", picture)
    save(root / "blurred" / "s1" / "001.png", blurred_picture(picture))
    status, text = data("check", str(root), "--crop", "100")
    assert status == 1
    assert "[small] 1 picture(s) are smaller than the crops of 100x100: s1/001" in text
    assert data("check", str(root), "--crop", "96")[0] == 0


def test_names_by_a_pattern_are_looked_at_and_gray_pairs_are_one_problem(tmp_path: Path) -> None:
    for number in range(5):
        picture = sharp_picture(number, 128, 128)[:, :, 0]
        save(tmp_path / "in" / f"{number}_sharp.png", picture)
        save(tmp_path / "in" / f"{number}_blur_x.png", blurred_picture(picture[..., None])[..., 0])
    status, text = data("check", str(tmp_path / "in"))
    assert (status, "[no-layout]" in text, "(--pairs)" in text) == (1, True, True)
    status, text = data("check", str(tmp_path / "in"), "--pairs", "{id}_blur*|{id}_sharp")
    (problem,) = [line for line in text.splitlines() if line.startswith("problem")]
    assert "[colour] 5 picture(s), 0_blur_x.png, 1_blur_x.png, 2_blur_x.png and 2 more" in problem
    assert "`deblur data prepare` does" in problem
    status, text = data("check", str(tmp_path / "in"), "--pairs", "{id}_a|{id}_b")
    assert (status, "needed {id}_a|{id}_b" in text) == (1, True)
    status, text = data("prepare", str(tmp_path / "in"), str(tmp_path / "out"), "--step", "9")
    assert (status, "--step needs --crop" in text) == (2, True)


def messy(root: Path) -> Path:
    """Pairs by a pattern, gray, turned by EXIF, under names that are not plain, and bad ones."""
    picture = sharp_picture(0)
    save(root / "Été (1)_blur.png", blurred_picture(picture)[:, :, 0])
    save(root / "Été (1)_sharp.png", picture[:, :, 0])
    exif = Image.Exif()
    exif[0x0112] = 6
    for side, one in (("blur", blurred_picture(picture)), ("sharp", picture)):
        Image.fromarray(one).save(root / f"turned_{side}.jpg", exif=exif, quality=95)
    save(root / "alone_blur.png", picture)
    for side in ("blur", "sharp"):
        save(root / f"same_{side}.png", picture)
    save(root / "broken_blur.png", picture)
    (root / "broken_sharp.png").write_bytes(b"no picture")
    return root


def test_a_messy_folder_becomes_a_clean_set(tmp_path: Path) -> None:
    source, out = messy(tmp_path / "in"), tmp_path / "out"
    arguments = ("prepare", str(source), str(out), "--pairs", "{id}_blur|{id}_sharp", "--quiet")
    status, text = data(*arguments)
    assert status == 3
    assert f"2 pairs in {out}, 0 of them were there" in text
    for reason in ("no sharp partner: alone_blur.png", "the same picture: same_blur.png",
                   "not a picture that can be read"):  # fmt: skip
        assert reason in text
    pairs = PairedImages.from_folder(out)
    assert pairs.names == ["turned", "Été_1"]
    assert pairs.size(0) == (64, 48)
    assert seals.differing(out, ["prepare.json", "sharp/turned.png"]) == []
    status, text = data(*arguments)
    assert f"2 pairs in {out}, 2 of them were there" in text


def test_squares_cover_the_picture_to_its_border(tmp_path: Path) -> None:
    done = silent(write_pairs(tmp_path / "in", ["s/1", "2"]), tmp_path / "out", cut=Cut(32, 24))
    assert done.written == 2 * 2 * 3  # rows begin at 0 and 16, columns at 0, 24 and 32
    names = sorted(one.name for one in (tmp_path / "out" / "sharp" / "s").iterdir())
    assert names[-1] == "1_y0016_x0032.png"
    last = read_rgb(tmp_path / "out" / "sharp" / "s" / names[-1])
    assert np.array_equal(last, sharp_picture(0)[16:48, 32:64])
    assert {one.scene for one in PairedImages.from_folder(tmp_path / "out").entries} == {"s", "2"}
    left = silent(tmp_path / "in", tmp_path / "more", cut=Cut(32, 32)).left_out
    assert left == {}
    with pytest.raises(DataError, match=r"nothing of .* could be used"):
        silent(tmp_path / "in", tmp_path / "large", cut=Cut(64, 64))


def test_parts_are_kept_and_can_be_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEBLUR_RUNS", str(tmp_path / "runs"))
    write_pairs(tmp_path / "in" / "train", PAIRS)
    write_pairs(tmp_path / "in" / "val", ["v/1"])
    out = tmp_path / "out"
    status, text = data("prepare", str(tmp_path / "in"), str(out), "--pack", "--quiet")
    assert (status, "packed: out/validation" in text) == (0, True), text
    parts = open_pairs(out, "out")
    assert (parts.train.names, parts.validation.names) == (PAIRS, ["v/1"])
    assert len(list((tmp_path / "runs" / "cache").glob("own-*/pictures.npy"))) == 2


def test_it_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = write_pairs(tmp_path / "in", ["1", "2", "3"]), tmp_path / "out"
    whole, save_one = silent(source, tmp_path / "whole"), preparing._save

    def stop(path: Path, picture: np.ndarray) -> None:
        if path.name == "3.png":
            raise KeyboardInterrupt
        save_one(path, picture)

    monkeypatch.setattr(preparing, "_save", stop)
    with pytest.raises(KeyboardInterrupt):
        silent(source, out, workers=1)
    assert not (out / seals.NAME).exists()
    monkeypatch.setattr(preparing, "_save", save_one)
    done = silent(source, out)
    assert (done.written, done.kept, whole.kept) == (3, 2, 0)
    for path in (tmp_path / "whole").rglob("*.png"):
        assert (out / path.relative_to(tmp_path / "whole")).read_bytes() == path.read_bytes()


def test_another_order_in_the_folder_is_refused(tmp_path: Path) -> None:
    source, out = write_pairs(tmp_path / "in", ["1", "2"]), tmp_path / "out"
    silent(source, out)
    with pytest.raises(UsageError, match="made of other files or in another way"):
        silent(source, out, cut=Cut(32, 32))
    save(source / "sharp" / "2.png", sharp_picture(5))
    with pytest.raises(UsageError, match="made of other files or in another way"):
        silent(source, out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r'holds no pairs; name them by --pairs "\{id\}_blur'):
        silent(tmp_path / "empty", tmp_path / "none")
    with pytest.raises(UsageError, match="lies inside"):
        silent(source, source / "clean")
    with pytest.raises(UsageError, match="holds other files"):
        silent(source, write_pairs(tmp_path / "other", ["1"]))


def test_names_that_become_the_same_are_refused(tmp_path: Path) -> None:
    source = write_pairs(tmp_path / "in", ["a b", "a_b"])
    with pytest.raises(DataError, match="1 names become the same"):
        silent(source, tmp_path / "out")
    assert plain("Été (1)/x y") == "Été_1_x_y"
    assert plain("...") == "_"

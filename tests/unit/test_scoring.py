"""Two folders are scored picture by picture, with means that no odd picture decides."""

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from data_pictures import blurred_picture, save, sharp_picture

from deblur_lib.cli import main
from deblur_lib.data.pictures import png16
from deblur_lib.errors import DataError, UsageError
from deblur_lib.evaluation.conventions import ALIGNED, CONVENTIONS
from deblur_lib.evaluation.metrics import score
from deblur_lib.report.statistics import bootstrap
from deblur_lib.restoring.comparing import MARK
from deblur_lib.restoring.scoring import score_folders

NAMES = ["a", "b", "in/c", "d"]
MORE = ["e", "f", "g"]  # with them there are pictures enough for an interval


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Restored and sharp pictures of equal names; "d" is restored perfectly."""
    restored, sharp = tmp_path / "restored", tmp_path / "sharp"
    write(restored, sharp, NAMES)
    return restored, sharp


@pytest.fixture
def many(folders: tuple[Path, Path]) -> tuple[Path, Path]:
    """The same and three more."""
    write(*folders, [*NAMES, *MORE])
    return folders


def write(restored: Path, sharp: Path, names: list[str]) -> None:
    for seed, name in enumerate(names):
        truth = sharp_picture(seed)
        save(sharp / f"{name}.png", truth)
        save(restored / f"{name}.png", truth if name == "d" else blurred_picture(truth))


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["score", *map(str, arguments), "--quiet"])
    return done.exit_code, done.stdout


def test_each_picture_has_the_scores_of_its_pair(folders: tuple[Path, Path]) -> None:
    names = tuple(CONVENTIONS)
    found = score_folders(*folders, names, progress=False, say=lambda _: None)
    assert list(found.scores) == ["a.png", "b.png", "d.png", "in/c.png"]
    truth = sharp_picture(0)
    blurred = blurred_picture(truth)
    wanted = score(blurred, truth, names, restored_float=blurred / 255.0)
    assert dict(zip(names, found.scores["a.png"], strict=True)) == pytest.approx(wanted)
    assert found.failed == []


def test_a_perfect_picture_is_left_out_of_the_mean_and_counted(many: tuple[Path, Path]) -> None:
    found = score_folders(*many, ("psnr-rgb", "wang-rgb"), progress=False)
    values = np.array([one[0] for one in found.scores.values()])
    finite = values[np.isfinite(values)]
    total = found.totals["psnr-rgb"]
    assert (total.mean, total.pictures, total.equal) == (pytest.approx(finite.mean()), 6, 1)
    low, high, _ = bootstrap(finite, [one for one in found.scores if one != "d.png"], key="score")
    assert (total.low, total.high) == (low, high)
    assert total.low < total.mean < total.high
    assert (found.totals["wang-rgb"].pictures, found.totals["wang-rgb"].equal) == (7, 0)


def test_the_table_the_csv_and_the_json_say_the_same(many: tuple[Path, Path]) -> None:
    status, text = run(*many)
    assert status == 0
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}
    assert lines["picture"] == ["picture", "psnr-rgb", "wang-rgb"]
    assert lines["d.png"] == ["d.png", "equal", "1.0000"]
    assert lines["equal, left out"][-2:] == ["1", "0"]
    rows = list(csv.DictReader(io.StringIO(run(*many, "--format", "csv")[1])))
    found = json.loads(run(*many, "--format", "json")[1])
    assert len(rows) == 2 * 8
    for row in rows[:14]:
        value = found["pictures"][row["picture"]][row["convention"]]
        assert float(row["value"]) == float(value)
    for row in rows[14:]:
        total = found["totals"][row["convention"]]
        assert [float(row[key]) for key in ("value", "low", "high")] == [
            total[key] for key in ("mean", "low", "high")
        ]
        assert any(text in lines["mean"] for text in (f"{total['mean']:.{n}f}" for n in (2, 4)))
    assert found["pictures"]["d.png"]["psnr-rgb"] == "inf"


def test_a_single_picture_has_a_score_and_no_interval(folders: tuple[Path, Path]) -> None:
    restored, sharp = folders
    status, text = run(restored / "a.png", sharp / "a.png", "--metric", "all", "--format", "json")
    assert status == 0
    found = json.loads(text)
    assert set(found["pictures"]["a.png"]) == set(CONVENTIONS)
    assert found["totals"]["psnr-rgb"]["low"] is None
    text = run(restored / "a.png", sharp / "a.png", "--format", "csv")[1]
    assert text.splitlines()[-2].endswith(",,,1,0")
    table = run(restored / "a.png", sharp / "a.png")[1]
    assert table.splitlines()[-1].split() == ["95", "%", "interval", "-", "-"]


def test_names_match_but_for_suffix_case_and_form(tmp_path: Path) -> None:
    truth = sharp_picture(0)
    for name, other in (("IMG.bmp", "img.png"), ("caf\u00e9.png", "cafe\u0301.PNG")):
        save(tmp_path / "restored" / name, truth)
        save(tmp_path / "sharp" / other, truth)
    found = score_folders(tmp_path / "restored", tmp_path / "sharp", ("psnr-rgb",), progress=False)
    assert len(found.scores) == 2
    save(tmp_path / "sharp" / "img.bmp", truth)
    with pytest.raises(DataError, match=r"IMG.bmp below .* have one name; keep one of each"):
        score_folders(tmp_path / "restored", tmp_path / "sharp", ("psnr-rgb",), progress=False)


def test_links_are_followed_pages_left_out_and_equal_names_come_first(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    restored, sharp = folders
    save(restored / "a.jpg", sharp_picture(0))
    save(restored / "compare" / "0001-after.jpg", sharp_picture(0))
    (restored / "compare" / "index.html").write_text(MARK)
    (sharp / "in").rename(tmp_path / "elsewhere")
    (sharp / "in").symlink_to(tmp_path / "elsewhere")
    (sharp / "in" / "loop").symlink_to(sharp)
    found = score_folders(restored, sharp, ("psnr-rgb",), progress=False)
    assert list(found.scores) == ["a.png", "b.png", "d.png", "in/c.png"]
    assert found.failed == [f"{restored / 'a.jpg'} has no partner"]


def test_what_has_no_score_is_told_and_counted(folders: tuple[Path, Path]) -> None:
    restored, sharp = folders
    (restored / "b.png").unlink()
    (sharp / "in" / "c.png").unlink()
    (restored / "a.png").write_bytes(b"no picture")
    save(restored / "d.png", sharp_picture(0, 40, 40))
    done = CliRunner().invoke(main, ["score", str(restored), str(sharp), "--quiet"])
    assert done.exit_code == 3
    assert done.stderr.count("failed: ") == 4
    for says in ("b.png has no partner", "c.png has no partner", "a.png is not a picture"):
        assert says in done.stderr
    assert "d.png: restored is (40, 40, 3), sharp is (48, 64, 3)" in done.stderr


def test_gray_and_16_bit_pictures_have_scores(tmp_path: Path) -> None:
    truth = sharp_picture(0)
    deep = truth.astype(np.uint16) * 257 + 100
    deep[deep < 100] = 65535
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "deep.png").write_bytes(png16.encode(deep))
    gray, other = blurred_picture(truth)[..., 0], truth[..., 0]
    for side, deep_side, gray_side in (("sharp", truth, other), ("restored", None, gray)):
        save(tmp_path / side / "gray.png", gray_side)
        if deep_side is not None:
            save(tmp_path / side / "deep.png", deep_side)
    names = ("psnr-rgb", "psnr-float")
    found = score_folders(tmp_path / "restored", tmp_path / "sharp", names, progress=False)
    wanted = -10 * math.log10(np.square((gray.astype(float) - other) / 255).mean())
    assert found.scores["gray.png"] == pytest.approx((wanted, wanted))
    whole, exact = found.scores["deep.png"]
    assert whole > exact  # rounded to 8 bits, and as it is


def test_a_wrong_request_starts_nothing(folders: tuple[Path, Path], tmp_path: Path) -> None:
    restored, sharp = folders
    assert run(restored, tmp_path / "nowhere")[0] == 2
    for metric in ("psnr", "", ","):
        assert run(restored, sharp, "--metric", metric)[0] == 2
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no picture below .* has the name"):
        score_folders(tmp_path / "empty", sharp, ("psnr-rgb",), progress=False)
    with pytest.raises(UsageError, match="both folders, or both pictures"):
        score_folders(restored / "a.png", sharp, ("psnr-rgb",), progress=False)


@pytest.mark.parametrize("truth", [0, 100])
def test_no_gain_makes_a_picture_equal_to_a_black_one(truth: int) -> None:
    picture = sharp_picture(0)
    plain = np.full_like(picture, truth)
    found = score(picture, plain, ALIGNED)
    assert all(math.isfinite(value) for value in found.values())
    assert all(value < (40 if name.endswith("psnr") else 0.9) for name, value in found.items())


@pytest.mark.parametrize("levels", [(100, 101), (7, 200)])
def test_what_a_gain_makes_equal_is_equal_not_hundreds_of_decibels(levels: tuple[int, int]) -> None:
    first, second = (np.full((64, 64, 3), one, np.uint8) for one in levels)
    found = score(first, second, ALIGNED)
    for name in ("realblur-ecc-psnr", "kohler-psnr"):
        assert found[name] == math.inf
        assert found[name.replace("psnr", "ssim")] == pytest.approx(1, abs=1e-9)
    assert found["shift-y-psnr"] < 60


def test_black_pictures_are_equal() -> None:
    black = np.zeros((64, 64, 3), np.uint8)
    for name, value in score(
        black, black, tuple(CONVENTIONS), restored_float=black / 255.0
    ).items():
        wanted = {"psnr": math.inf, "black": 0.0}.get(CONVENTIONS[name].metric, pytest.approx(1))
        assert value == wanted, name

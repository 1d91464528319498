"""Score a folder of restored pictures against the sharp ones, under named conventions."""

import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from deblur_lib.data.own.pairs import header_of, read_8bit
from deblur_lib.data.pictures.headers import is_picture
from deblur_lib.data.pictures.reading import read_picture
from deblur_lib.errors import DataError, DeblurError, UsageError
from deblur_lib.evaluation.conventions import convention
from deblur_lib.evaluation.metrics import score
from deblur_lib.report.statistics import bootstrap
from deblur_lib.restoring.comparing import is_page

Say = Callable[[str], None]
ENDS = ("low", "high")  # of an interval
DECIMALS = {"psnr": 2, "ssim": 4, "edges": 3, "black": 3}


@dataclass(frozen=True)
class Total:
    """What all pictures scored together under one convention.

    Attributes:
        mean: over the pictures that are not equal; NaN where there is none.
        low, high: ends of its 95 percent interval over pictures; NaN of fewer than six.
        pictures: how many the mean was taken of.
        equal: pictures left out of it, equal to the sharp ones: their PSNR is infinite.
    """

    mean: float
    low: float
    high: float
    pictures: int
    equal: int


@dataclass(frozen=True)
class Scoring:
    """Scores of a folder.

    Attributes:
        conventions: names, in the order asked for.
        scores: of each picture, by its name, in the order of `conventions`.
        failed: pictures without a score, and why.
    """

    conventions: tuple[str, ...]
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    @property
    def totals(self) -> dict[str, Total]:
        """The mean under each convention, and how far other pictures may move it."""
        return {name: self._total(place) for place, name in enumerate(self.conventions)}

    def _total(self, place: int) -> Total:
        values = np.array([one[place] for one in self.scores.values()], float)
        finite = np.isfinite(values)
        kept = values[finite]
        names = [name for name, good in zip(self.scores, finite, strict=True) if good]
        low, high, _ = bootstrap(kept, names, key="score")
        mean = float(kept.mean()) if kept.size else float("nan")
        return Total(mean, low, high, int(kept.size), int((~finite).sum()))

    def rows(self) -> list[dict[str, Any]]:
        """One row per picture and convention, then one per convention for all (no picture).

        Infinite scores are the text "inf", what is not known is None.
        """
        rows: list[dict[str, Any]] = [
            {"picture": picture, "convention": name, "value": value}
            for picture, values in self.scores.items()
            for name, value in zip(self.conventions, values, strict=True)
        ]
        for name, one in self.totals.items():
            rows.append(
                {"picture": "", "convention": name, "value": one.mean, "low": one.low,
                 "high": one.high, "pictures": one.pictures, "equal": one.equal}
            )  # fmt: skip
        return [{key: _plain(one) for key, one in row.items()} for row in rows]

    def as_dict(self) -> dict[str, Any]:
        """The same, by picture and by convention."""
        plain = {
            picture: dict(zip(self.conventions, map(_plain, values), strict=True))
            for picture, values in self.scores.items()
        }
        totals = {
            name: {key: _plain(value) for key, value in vars(one).items()}
            for name, one in self.totals.items()
        }
        return {"pictures": plain, "totals": totals, "failed": self.failed}

    def text(self) -> str:
        """A table for reading."""
        kinds = [convention(name).metric for name in self.conventions]
        totals = list(self.totals.values())
        numbers = [*self.scores.values(), [one.mean for one in totals]]
        lines = [list(map(_told, values, kinds)) for values in numbers]
        low, high = (map(_told, [getattr(one, end) for one in totals], kinds) for end in ENDS)
        lines.append([" to ".join(dict.fromkeys(pair)) for pair in zip(low, high, strict=True)])
        names = [*self.scores, "mean", "95 % interval"]
        if any(one.equal for one in totals):
            lines.append([str(one.equal) for one in totals])
            names.append("equal, left out")
        columns = pd.Index(self.conventions, name="picture")
        return pd.DataFrame(lines, names, columns).to_string()


def score_folders(
    restored: Path,
    sharp: Path,
    conventions: Sequence[str],
    *,
    progress: bool = True,
    say: Say = print,
) -> Scoring:
    """Score every restored picture against the sharp one of its name.

    Names are those below the two folders, without suffix; letter case and Unicode form make no
    difference, and pages of `restore --compare` are left out. Every metric is computed on 8-bit
    RGB: gray gives three equal channels, 16 bits are rounded, but where a convention takes the
    restored values as they were before.

    Args:
        restored: folder, or one picture.
        sharp: folder, or one picture.
        conventions: names of `evaluation.conventions`.
        progress: show a bar.
        say: told what concerns an alignment.

    Raises:
        UsageError: unknown convention or none, or no picture has a partner.
    """
    if not conventions:
        raise UsageError("no convention is named to score under; name one, or all")
    for name in conventions:
        convention(name)
    if restored.is_dir() != sharp.is_dir():
        raise UsageError(f"{restored} and {sharp} must be both folders, or both pictures")
    pairs, lonely = _paired(restored, sharp)
    if not pairs:
        raise UsageError(
            f"no picture below {restored} has the name of one below {sharp} ({len(lonely)} were "
            "looked at); names must be equal but for their suffix"
        )
    found = Scoring(tuple(conventions), failed=[f"{path} has no partner" for path in lonely])
    for name, (path, truth) in tqdm(pairs.items(), "score", unit="picture", disable=not progress):
        try:
            found.scores[name] = _score(path, truth, conventions, partial(_say, say, name))
        except UsageError:
            raise
        except DeblurError as error:
            found.failed.append(str(error) if str(path) in str(error) else f"{path}: {error}")
    return found


def _score(path: Path, truth: Path, conventions: Sequence[str], say: Say) -> tuple[float, ...]:
    deep = header_of(path).depth > 8
    header_of(truth)
    pixels = read_8bit(path)
    values = read_picture(path).rgb if deep else pixels / 255.0
    found = score(pixels, read_8bit(truth), conventions, restored_float=values, say=say)
    return tuple(found.values())


def _say(say: Say, name: str, text: str) -> None:
    say(f"{name}: {text}")


def _paired(restored: Path, sharp: Path) -> tuple[dict[str, tuple[Path, Path]], list[Path]]:
    """Pairs by the name of the restored picture, and pictures without a partner.

    Equal names come first, so that x.jpg beside x.png does no harm.

    Raises:
        DataError: two pictures fit one.
    """
    if restored.is_file():
        return {restored.name: (restored, sharp)}, []
    left, right = _pictures(restored), _pictures(sharp)
    pairs = {name: (left.pop(name), right.pop(name)) for name in [*left] if name in right}
    rest: dict[str, tuple[list[str], list[str]]] = {}
    for side, names in enumerate((left, right)):
        for name in names:
            key = unicodedata.normalize("NFC", Path(name).with_suffix("").as_posix()).casefold()
            rest.setdefault(key, ([], []))[side].append(name)
    for mine, theirs in rest.values():
        if mine and theirs:
            if len(mine) + len(theirs) > 2:
                raise DataError(
                    f"{', '.join(mine)} below {restored} and {', '.join(theirs)} below {sharp} "
                    "have one name; keep one of each"
                )
            pairs[mine[0]] = left.pop(mine[0]), right.pop(theirs[0])
    return dict(sorted(pairs.items())), [*left.values(), *right.values()]


def _pictures(folder: Path) -> dict[str, Path]:
    """Pictures below a folder by their names there; links are followed, pages are left out."""
    found: dict[str, Path] = {}
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place)
        if os.path.realpath(place) in seen or is_page(here):
            folders.clear()
            continue
        seen.add(os.path.realpath(place))
        pictures = [one for one in map(here.joinpath, names) if is_picture(one)]
        found |= {one.relative_to(folder).as_posix(): one for one in pictures}
    return dict(sorted(found.items()))


def _told(value: float, metric: str) -> str:
    if np.isnan(value):
        return "-"
    return "equal" if np.isinf(value) else f"{value:.{DECIMALS[metric]}f}"


def _plain(value: Any) -> Any:
    """A value as CSV and JSON can hold it."""
    if not isinstance(value, float) or np.isfinite(value):
        return value
    return None if np.isnan(value) else "inf"

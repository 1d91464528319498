"""What the trainings of the weights for photographs tried, and what each gained. No torch here.

results/photo/attempts.yaml       what was changed in each attempt and what came of it, in order
results/photo/<attempt>/curve.csv score of each held-out set, and core-hours until then
results/photo/<attempt>/best.json card of its weights, which are chosen by the validation pictures
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from matplotlib.axes import Axes
from pydantic.dataclasses import dataclass as checked

from deblur_lib import seals
from deblur_lib.errors import DeclarationError, RecordError
from deblur_lib.report import numbers
from deblur_lib.report.figures import style
from deblur_lib.spec import STRICT, parse

FOLDER, WORDS = "photo", "attempts.yaml"
CURVE, CARD = "curve.csv", "best.json"
COLUMNS = ("step", "core_hours", "name", "value")
CHOOSES = "validation/psnr-rgb"
SETS, UNTOUCHED = "check/", "/input"
ACROSS = 3  # panels side by side
LEFT = "what came of it"  # the last column


@checked(frozen=True, config=STRICT)
class Words:
    """What people say of an attempt.

    Attributes:
        changed: against the attempt before it.
        outcome: what came of it.
    """

    changed: str
    outcome: str


@dataclass(frozen=True)
class Attempt:
    """One training.

    Attributes:
        id: name of its folder.
        words: what people say of it.
        gains: dB over the blurred picture, a column for each held-out set, by core-hours.
        best: core-hours until the weights that the validation pictures chose.
    """

    id: str
    words: Words
    gains: pd.DataFrame
    best: float


def read_words(root: Path) -> dict[str, Words]:
    """What people say of the attempts below `root`, in their order.

    Raises:
        DeclarationError: the file is none, or does not fit.
    """
    path = root / WORDS
    if not path.is_file():
        return {}
    try:
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{path.name} is no YAML file ({error}); mend it") from error
    found: dict[str, Words] = parse(dict[str, Words], held or {}, source=path.name)
    return found


def attempts(root: Path) -> list[Attempt]:
    """All published attempts.

    Args:
        root: results/photo.

    Raises:
        RecordError: a stored file was cut or changed, or holds something else.
        DeclarationError: an attempt without words, or words without an attempt.
    """
    words = read_words(root)
    there = {path.parent.name for path in root.glob(f"*/{CURVE}")}
    if apart := sorted(there ^ set(words)):
        raise DeclarationError(
            f"{WORDS} and the folders beside it differ in {', '.join(apart)}; each attempt needs "
            "both"
        )
    return [_read(root / name, told) for name, told in words.items()]


def _read(folder: Path, words: Words) -> Attempt:
    seals.check(folder)
    scores = read_curve(folder / CURVE)
    names = [one for one in scores if one.startswith(SETS) and not one.endswith(UNTOUCHED)]
    gains = {one.removeprefix(SETS): scores[one] - scores[f"{one}{UNTOUCHED}"] for one in names}
    best = float(scores[CHOOSES].idxmax())
    return Attempt(folder.name, words, pd.DataFrame(gains), best)


def read_curve(path: Path) -> pd.DataFrame:
    """Scores of a curve.csv in dB, a column for each name, by core-hours.

    Raises:
        RecordError: other columns, no validation, or a set without the score of its input.
    """
    frame = pd.read_csv(path)
    if tuple(frame.columns) != COLUMNS:
        raise RecordError(f"{path.name}: columns should be {', '.join(COLUMNS)}; take another copy")
    scores = frame.pivot_table(index="core_hours", columns="name", values="value", sort=False)
    sets = [one for one in scores if one.startswith(SETS) and not one.endswith(UNTOUCHED)]
    wanted = [CHOOSES, *sets, *(f"{one}{UNTOUCHED}" for one in sets)]
    if missing := [one for one in wanted if one not in scores]:
        raise RecordError(f"{path.name} holds no {missing[0]}; take another copy")
    return scores.sort_index()


def table(found: Sequence[Attempt]) -> pd.DataFrame:
    """Gain on every held-out set of the weights that the validation pictures chose."""
    lines = []
    for one in found:
        chosen = one.gains.loc[one.best]
        gained = {f"{name} [dB]": numbers.number(value, "psnr", sign=True)
                  for name, value in chosen.items()}  # fmt: skip
        lines.append({
            "attempt": one.id,
            "changed": one.words.changed,
            "core-hours": numbers.fixed(one.best, 1),
            "of": numbers.fixed(float(one.gains.index.max()), 1),
            **gained,
            LEFT: one.words.outcome,
        })  # fmt: skip
    frame = pd.DataFrame(lines).set_index("attempt").fillna(numbers.NOTHING)
    return frame[[*frame.columns.drop(LEFT), LEFT]]


def figure(found: Sequence[Attempt]) -> tuple[bytes, str]:
    """A panel for each held-out set: dB gained against core-hours, a line an attempt."""
    sets = list(dict.fromkeys(name for one in found for name in one.gains))
    rows = -(-len(sets) // ACROSS)
    with style.look():
        drawing = style.canvas(0.6 + 1.9 * rows)
        axes = drawing.subplots(rows, ACROSS, squeeze=False, sharex=True).ravel()
        for axis, name in zip(axes, sets, strict=False):
            _panel(axis, name, found)
        for axis in axes[len(sets) :]:
            axis.set_axis_off()
        handles = {
            text: handle
            for axis in axes
            for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
        }
        drawing.legend(handles.values(), handles, loc="outside lower center", ncols=4)
        drawing.supxlabel("core-hours")
        drawing.supylabel("dB gained")
        told = "; ".join(f"{one.id}: {_told(one.gains.loc[one.best])}" for one in found)
        drawing.set_label(f"Gain in dB over the blurred picture against core-hours. Chosen: {told}")
    return style.png(drawing), str(drawing.get_label())


def _panel(axis: Axes, name: str, found: Sequence[Attempt]) -> None:
    for number, one in enumerate(found):
        if name not in one.gains:
            continue
        colour = style.PALETTE[number % len(style.PALETTE)]
        dashed = "--" if number >= len(style.PALETTE) else "-"
        gain = one.gains[name].dropna()
        axis.plot(gain.index, gain, color=colour, linewidth=1.2, linestyle=dashed, label=one.id)
        axis.plot(one.best, gain[one.best], color=colour, marker="o", markersize=4)
    axis.axhline(0, color=style.PALE, linewidth=0.8, linestyle=":")
    axis.set_title(name)
    axis.grid(True, axis="y")


def _told(gains: Mapping[str, float]) -> str:
    return ", ".join(
        f"{name} {numbers.number(value, 'psnr', sign=True)}" for name, value in gains.items()
    )

"""What the trainings of the weights for photographs tried, and what each gained. No torch here.

results/photo/attempts.yaml       what was changed in each attempt and what came of it, in order
results/photo/<attempt>/curve.csv score of each held-out set, and core-hours until then
results/photo/<attempt>/best.json card of its weights, which are chosen by the validation pictures
"""

from collections.abc import Iterable, Mapping, Sequence
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


@checked(frozen=True, config=STRICT)
class Words:
    """What people say of an attempt.

    Attributes:
        changed: against the attempt before it.
        outcome: what came of it.
        after: the attempt whose chosen weights it begins with; "" for random ones.
    """

    changed: str
    outcome: str
    after: str = ""


@dataclass(frozen=True)
class Attempt:
    """One training.

    Attributes:
        id: name of its folder.
        words: what people say of it.
        gains: dB over the blurred picture by core-hours, of each held-out set.
        begun: core-hours behind the weights that it begins with; the others count from there.
        hours: core-hours of the whole.
        best: core-hours until the weights that the validation pictures chose.
    """

    id: str
    words: Words
    gains: Mapping[str, Mapping[float, float]]
    begun: float
    hours: float
    best: float

    def chosen(self) -> dict[str, float]:
        """Gain of the chosen weights on each set, in dB."""
        return {name: gain[self.best] for name, gain in self.gains.items()}


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
    found: dict[str, Attempt] = {}
    for name, told in words.items():
        if told.after and told.after not in found:
            raise DeclarationError(
                f"{WORDS}: {name} begins with weights of {told.after}, which is no attempt before "
                "it; name one that stands above it"
            )
        begun = found[told.after].best if told.after else 0.0
        found[name] = _read(root / name, told, begun)
    return [*found.values()]


def _read(folder: Path, words: Words, begun: float) -> Attempt:
    seals.check(folder)
    scores = {
        name: {begun + hours: value for hours, value in values.items()}
        for name, values in read_curve(folder / CURVE).items()
    }
    validation = scores[CHOOSES]
    gains = {
        name.removeprefix(SETS): {
            hours: value - scores[f"{name}{UNTOUCHED}"][hours]
            for hours, value in scores[name].items()
        }
        for name in _sets(scores)
    }
    best = max(validation, key=lambda hours: validation[hours])
    return Attempt(folder.name, words, gains, begun, max(validation), best)


def read_curve(path: Path) -> dict[str, dict[float, float]]:
    """Scores of a curve.csv in dB by core-hours, of each name.

    Raises:
        RecordError: other columns, no validation, or a set that is not scored at every one.
    """
    frame = pd.read_csv(path)
    if tuple(frame.columns) != COLUMNS:
        raise RecordError(f"{path.name}: columns should be {', '.join(COLUMNS)}; take another copy")
    scores: dict[str, dict[float, float]] = {}
    for hours, name, value in zip(frame.core_hours, frame.name, frame.value, strict=True):
        scores.setdefault(str(name), {})[float(hours)] = float(value)
    sets = _sets(scores)
    for name in (CHOOSES, *sets, *(f"{one}{UNTOUCHED}" for one in sets)):
        if not scores.get(name) or scores[name].keys() != scores[CHOOSES].keys():
            raise RecordError(f"{path.name} lacks scores of {name}; take another copy")
    return scores


def _sets(scores: Iterable[str]) -> list[str]:
    return [one for one in scores if one.startswith(SETS) and not one.endswith(UNTOUCHED)]


def table(found: Sequence[Attempt]) -> pd.DataFrame:
    """Gain on every held-out set of the weights that the validation pictures chose."""
    lines = []
    for one in found:
        gained = {f"{name} [dB]": _decibels(gain) for name, gain in one.chosen().items()}
        lines.append({
            "attempt": one.id,
            "core-hours": numbers.fixed(one.best, 1),
            "of": numbers.fixed(one.hours, 1),
            **gained,
        })  # fmt: skip
    return pd.DataFrame(lines).set_index("attempt").fillna(numbers.NOTHING)


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
        drawing.legend(handles.values(), handles, loc="outside upper center", ncols=4)
        drawing.supxlabel("core-hours")
        drawing.supylabel("dB gained")
        told = "; ".join(f"{one.id}: {_told(one.chosen())}" for one in found)
        drawing.set_label(f"Gain in dB over the blurred picture against core-hours. Chosen: {told}")
    return style.png(drawing), str(drawing.get_label())


def _panel(axis: Axes, name: str, found: Sequence[Attempt]) -> None:
    for number, one in enumerate(found):
        if name not in one.gains:
            continue
        colour, dashes = style.turn(number)
        gain = one.gains[name]
        axis.plot(
            [*gain], [*gain.values()], color=colour, linewidth=1.2, linestyle=dashes, label=one.id
        )
        axis.plot(one.best, gain[one.best], color=colour, marker="o", markersize=4)
    axis.axhline(0, color=style.PALE, linewidth=0.8, linestyle=":")
    axis.set_title(name)
    axis.grid(True, axis="y")


def _told(gains: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {_decibels(gain)}" for name, gain in gains.items())


def _decibels(gain: float) -> str:
    return numbers.number(gain, "psnr", sign=True)

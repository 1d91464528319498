"""Gain of trained networks on pictures for checking only: real pairs, other photographs. No torch.

checks.csv     rows of all runs on all check sets, `dataset` is the set's id
checks.json    of each set its title, licence, data id, digest and number of pictures
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import seals
from deblur_lib.records import read_json, read_rows
from deblur_lib.report.columns import method_of
from deblur_lib.report.markup import View
from deblur_lib.report.numbers import number
from deblur_lib.report.results import NO_RUN, Results
from deblur_lib.report.scores import Gain, decibels, over_input, scores
from deblur_lib.report.statistics import FEWEST
from deblur_lib.spec import CheckSet, Paper

ROWS, SETS = "checks.csv", "checks.json"
PSNR, SSIM = "psnr-rgb", "vol3d-rgb"
COUNTS = ("training", "picture", "scene")  # what a gain on real pairs rests on
CAPTION = (
    "The trained networks on pictures that none of them learnt from; these pictures are for "
    "checking only and are not shipped. Gain: mean difference to the blurred picture, picture by "
    "picture, over the seeds scored; its 95 % interval over scenes tells how much it depends on "
    "them."
)


def view(folders: Mapping[str, Path], paper: Paper, wanted: Sequence[CheckSet]) -> View:
    """A table for each check set that is stored, and what to do for the others.

    Args:
        folders: results folders, each with words for where its numbers come from; of each set the
            first folder that holds it counts.
        paper: the declaration.
        wanted: sets to show. With none, all that the folders hold.
    """
    stored = {where: read(folder) for where, folder in folders.items()}
    names = [one.id for one in wanted] or [name for sets, _ in stored.values() for name in sets]
    blocks, notes = [], []
    for name in dict.fromkeys(names):
        for where, (sets, results) in stored.items():
            if results is not None and name in sets:
                heading = _heading(name, sets[name], results, where)
                blocks.append((heading, _table(results, paper, name)))
                notes.append(_note(sets[name]) + _left_out(results, paper, name))
                break
    missing = [one for one in wanted if all(one.id not in sets for sets, _ in stored.values())]
    notes += [_missing(one) for one in missing]
    return View("", CAPTION if blocks else "", blocks, notes, "checks", left={"each seed": ""})


def on_real_pairs(folder: Path, method: str) -> dict[str, Gain]:
    """Gain of a method in PSNR on each stored set of real pairs, by the title of the set."""
    sets, results = read(folder)
    found = {
        str(one["title"]): over_input(results, method, name, PSNR)
        for name, one in sets.items()
        if results and "generated" not in name
    }
    return {title: gain for title, gain in found.items() if gain}


def real_gains(folder: Path, method: str, counts: Sequence[str] = COUNTS) -> list[str]:
    """The same in words: "GoPro, real pairs: +0.10 dB [...]".

    Args:
        folder: a results folder.
        method: method id.
        counts: which of `COUNTS` are told behind it.
    """
    told = []
    for title, gain in on_real_pairs(folder, method).items():
        middle, *ends = decibels(gain)
        around = f" [{', '.join(ends)}]" if gain.bounds.units >= FEWEST else ""
        sizes = (len(gain.seeds), len(gain.mine.pictures), gain.bounds.units)
        few = ", ".join(
            f"{size} {what}{'s' * (size > 1)}"
            for what, size in zip(COUNTS, sizes, strict=True)
            if what in counts
        )
        told.append(f"{title}: {middle} dB{around}" + (f" ({few})" if few else ""))
    return told


def read(folder: Path) -> tuple[dict[str, Any], Results | None]:
    """What the sets of a folder are, and its results with their rows in place of its own."""
    if not (folder / ROWS).is_file() or not (folder / "rows.csv").is_file():
        return {}, None
    seals.check(folder, ROWS, SETS)
    results = Results.load(folder)
    rows = read_rows(folder / ROWS)
    known = rows["run"].isin([NO_RUN, *(one.run for one in results.manifests)])
    return dict(read_json(folder / SETS)), dataclasses.replace(results, rows=rows[known])


def _heading(name: str, told: Mapping[str, Any], results: Results, where: str) -> str:
    rows = results.rows
    scenes = rows[rows["dataset"] == name]["scene"].nunique()
    few = f"{told['pictures']} of {told['of']:,}"
    count = few if told["of"] > told["pictures"] else str(told["pictures"])
    return (
        f"{told['title']}: {count} pictures, {scenes} scene{'s' if scenes != 1 else ''}; numbers "
        f"from {where}, profile {results.profile}"
    )


def _note(told: Mapping[str, Any]) -> str:
    return f"{told['title']} ({told['data']}): {told['why']} Licence: {told['licence']}."


def _left_out(results: Results, paper: Paper, dataset: str) -> str:
    """Which runs of the results were scored on a set, and how many not; "" where all were."""
    scored = set(results.rows.loc[results.rows["dataset"] == dataset, "run"])
    shown: dict[str, list[str]] = {}
    for one in results.manifests:
        if one.run in scored:
            shown.setdefault(method_of(paper, one.method).title, []).append(str(one.seed))
    told = (f"{title} (seed {', '.join(seeds)})" for title, seeds in shown.items())
    left = len(results.manifests) - sum(map(len, shown.values()))
    runs = f"the other {left} runs were" if left > 1 else "the other run was"
    return f" Scored on it: {'; '.join(told)}; {runs} not." if left else ""


def _missing(check: CheckSet) -> str:
    roots = f" and roots={{'{check.root}': '<folder>'}}" if check.root else ""
    return (
        f"{check.title}: not measured. {check.why} To measure it, run with train='missing'{roots} "
        f"({check.licence})."
    )


def _table(results: Results, paper: Paper, dataset: str) -> pd.DataFrame:
    records: dict[str, dict[str, str]] = {}
    for method in paper.methods:
        gain = over_input(results, method.id, dataset, PSNR)
        if gain is None:
            continue
        ssim = scores(results, method.id, dataset, SSIM)
        record = {
            "PSNR [dB]": number(gain.mine.mean, "psnr_db"),
            "gain [dB]": "–",
            "interval": "–",
            "each seed": "–",
            "SSIM (volumetric)": number(ssim.mean, "ssim") if ssim else "–",
            "pairs": str(len(gain.mine.pictures)),
        }
        if method.network != "identity":
            record |= _gained(gain)
        records[method.title] = record
    return pd.DataFrame.from_dict(records, orient="index").rename_axis("row")


def _gained(gain: Gain) -> dict[str, str]:
    middle, low, high = decibels(gain)
    scenes = gain.bounds.units
    many = f"{scenes} scene{'s' if scenes > 1 else ''}"
    return {
        "gain [dB]": middle,
        "interval": f"{low} to {high}, {many}" if scenes >= FEWEST else f"none over {many}",
        "each seed": " ".join(number(one, "psnr_db", sign=True) for one in gain.seeds),
    }

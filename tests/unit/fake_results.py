"""Made-up results folders for tests of the report; no number here was measured."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from fake_networks import BLOCK, NETWORK
from PIL import Image

from deblur_lib import papers
from deblur_lib.records import (
    Manifest,
    Row,
    read_manifests,
    read_rows,
    rows_of,
    write_json,
    write_manifests,
    write_rows,
    write_text,
)
from deblur_lib.report import agreement
from deblur_lib.report.results import Results

AGAIN = "2026-02-02T00:00:00+00:00"  # when the second execution started

# Gain over the blurred input in dB; the first three are the printed rows of Table 2.
GAINS = {
    "wan2023_baseline": 1.0,
    "wan2023_dffm": 1.3,
    "wan2023": 1.7,
    "wan2023_aff": 1.2,
    "mimo_unet": 0.9,
}
DATA = {"gopro_test": "synth-gopro-linear/test", "realblur_j": "synth-shake/test"}
PSNR = {"gopro_test": ("psnr-rgb", "psnr-float"), "realblur_j": ("psnr-rgb", "realblur-ecc-psnr")}
SSIM = {
    "gopro_test": ("vol3d-rgb", "wang-rgb"),
    "realblur_j": ("vol3d-rgb", "wang-rgb", "realblur-ecc-ssim"),
}
SCENES, PER_SCENE = 6, 4


def state(key: str) -> np.random.RandomState:
    return np.random.RandomState(np.frombuffer(key.ljust(8)[:8].encode(), dtype="<u4"))


def write_results(
    folder: Path,
    *,
    profile: str = "demo",
    seeds: Sequence[int] = (0, 1, 2),
    gains: Mapping[str, float] | None = None,
    by_seed: float = 0.02,
    by_scene: float = 0.03,
    pictures: bool = True,
    paper: str = "wan2023",
) -> Path:
    """Write a whole results folder.

    Args:
        folder: where.
        profile: profile of the rows.
        seeds: seeds of every method.
        gains: gain of each method in dB.
        by_seed: standard deviation of the gain over seeds, in dB.
        by_scene: standard deviation of the gain over scenes, in dB.
        pictures: store pictures and probes for the visual figures.
        paper: room id in the rows.
    """
    gains = dict(GAINS if gains is None else gains)
    rows = identity_rows(paper, profile)
    manifests = []
    for method, gain in gains.items():
        for seed in seeds:
            rows += method_rows(paper, profile, method, seed, gain, by_seed, by_scene)
            manifests.append(manifest(paper, profile, method, seed))
    write_rows(folder / "rows.csv", rows)
    write_manifests(folder / "manifests.json", manifests)
    write_text(folder / "curves.csv", curves(gains, seeds))
    write_text(folder / "costs.csv", costs(gains))
    write_json(folder / "probes.json", probes(gains) if pictures else {"modules": moved(gains)})
    if pictures:
        write_pictures(folder / "pictures", gains)
    return folder


def made(folder: Path, profile: str = "demo", **settings: Any) -> Results:
    """Results of a folder as `write_results` writes it, without pictures unless asked for."""
    return Results.load(write_results(folder, profile=profile, **{"pictures": False} | settings))


def write_checks(folder: Path) -> None:
    """Store the rows of gopro_test a second time, as those of a check set "mine"."""
    rows = read_rows(folder / "rows.csv")
    rows = rows[rows["dataset"] == "gopro_test"].assign(dataset="mine", data="mine/test")
    write_rows(folder / "checks.csv", rows_of(rows))
    told = {"title": "Mine", "why": "Why.", "licence": "free", "data": "mine/test"}
    write_json(folder / "checks.json", {"mine": told | {"pictures": 24, "of": 30}})


def with_rows(results: Results, *parts: pd.DataFrame) -> Results:
    """The same results with other rows."""
    return dataclasses.replace(results, rows=pd.concat(parts, ignore_index=True))


def names() -> list[tuple[str, str]]:
    """Picture and scene names."""
    return [(f"p{s}{i}", f"s{s}") for s in range(SCENES) for i in range(PER_SCENE)]


def row(
    paper: str, profile: Any, method: str, seed: int, dataset: str, picture: str, scene: str,
    convention: str, value: float,
) -> Row:  # fmt: skip
    run = "-" if seed < 0 else f"{method}-s{seed}-fake"
    return Row(paper, profile, method, run, seed, dataset, DATA[dataset], picture, scene,
               convention, value)  # fmt: skip


def base(dataset: str, picture: str) -> float:
    return 24.0 + 2.0 * float(state(f"{dataset[0]}{picture}").standard_normal())


def picture_rows(
    paper: str, profile: str, method: str, seed: int, dataset: str, better: Mapping[str, float]
) -> list[Row]:
    """Rows of one method on one data set; `better` is its gain on each picture in dB."""
    made = []
    for picture, scene in names():
        level = base(dataset, picture) + better[picture]
        values = dict.fromkeys(PSNR[dataset], level)
        values |= dict.fromkeys(SSIM[dataset], 0.5 + level / 100)
        made += [
            row(paper, profile, method, seed, dataset, picture, scene, convention, value)
            for convention, value in values.items()
        ]
    return made


def identity_rows(paper: str, profile: str) -> list[Row]:
    nothing = {picture: 0.0 for picture, _ in names()}
    return [
        one
        for dataset in DATA
        for one in picture_rows(paper, profile, "identity", -1, dataset, nothing)
    ]


def method_rows(
    paper: str, profile: str, method: str, seed: int, gain: float, by_seed: float, by_scene: float
) -> list[Row]:
    made = []
    for dataset in DATA:
        share = 1.0 if dataset == "gopro_test" else 0.3
        luck = by_seed * float(state(f"{method[-4:]}{seed}{dataset[0]}").standard_normal())
        better = {
            picture: share * gain
            + luck
            + by_scene * float(state(f"{scene}{method[-5:]}").standard_normal())
            for picture, scene in names()
        }
        made += picture_rows(paper, profile, method, seed, dataset, better)
    return made


def manifest(paper: str, profile: Any, method: str, seed: int, **changes: Any) -> Manifest:
    network = "mimo_unet" if method == "mimo_unet" else "wan2023"
    blocks = "blocks" if method == "mimo_unet" else "blocks_per_stage"
    own = {
        "wan2023_baseline": {"block": "residual", "skip": "plain"},
        "wan2023_dffm": {"block": "residual", "skip": "dffm"},
        "wan2023": {"block": "msrm", "skip": "dffm"},
        "wan2023_aff": {"block": "residual", "skip": "aff"},
    }
    settings: dict[str, Any] = {
        "run": f"{method}-s{seed}-fake",
        "paper": paper,
        "profile": profile,
        "method": method,
        "seed": seed,
        "network": network,
        "options": {"base_channels": 8, blocks: 2} | own.get(method, {}),
        "train": {"steps": 600, "batch": 4, "crop": 64},
        "settings_hash": "0" * 64,
        "data": {"synth-gopro-linear/train": "0" * 64, "synth-gopro-linear/test": "1" * 64},
        "commit": "0" * 40,
        "dirty": False,
        "versions": {"python": "3.11"},
        "hardware": {"processor": "made up", "accelerator": "none"},
        "device": "cpu",
        "precision": "fp32",
        "threads": 1,
        "steps": 600,
        "pictures_meant": dict.fromkeys(DATA.values(), SCENES * PER_SCENE),
        "pictures_used": dict.fromkeys(DATA.values(), SCENES * PER_SCENE),
        "seconds_training": 30.0,
        "seconds_scoring": 2.0,
        "best_step": 600,
        "weights_digest": "2" * 64,
        "started": "2026-01-01T00:00:00+00:00",
    }
    return Manifest(**(settings | changes))


def curves(gains: Mapping[str, float], seeds: Sequence[int]) -> str:
    records = []
    for method, gain in gains.items():
        for seed in seeds:
            luck = state(f"{method[-6:]}{seed}c")
            run = f"{method}-s{seed}-fake"
            for step in range(10, 601, 10):
                loss = 0.03 + 0.05 * np.exp(-step / 150) + 0.002 * luck.standard_normal()
                records.append((run, method, seed, step, "loss", loss))
            for step in range(100, 601, 100):
                value = 24 + gain * (1 - np.exp(-step / 200)) + 0.05 * luck.standard_normal()
                records.append((run, method, seed, step, "validation/psnr-rgb", value))
                records.append((run, method, seed, step, "validation/input", 24.0))
    columns = ["run", "method", "seed", "step", "name", "value"]
    return pd.DataFrame(records, columns=columns).to_csv(index=False, lineterminator="\n")


def costs(gains: Mapping[str, float]) -> str:
    records = []
    for number, method in enumerate(gains):
        small = 0.3 if method == "wan2023" else 1.0
        records += [
            (method, "parameters", round(120000 * small) + 1000 * number, "count"),
            (method, "macs", 1.2e9 * small, "multiply-accumulates at 256x256"),
            (method, "seconds", 0.05 + 0.01 * number, "s at 256x256"),
            (method, "seconds_low", 0.049 + 0.01 * number, "s at 256x256"),
            (method, "seconds_high", 0.051 + 0.01 * number, "s at 256x256"),
            (method, "parameters_here", 9000 + number, "count"),
            (method, "macs_here", 1e8, "multiply-accumulates at 256x256"),
        ]
    columns = ["method", "name", "value", "unit"]
    return pd.DataFrame(records, columns=columns).to_csv(index=False, lineterminator="\n")


def moved(gains: Mapping[str, float], *, by: float = 0.07) -> dict[str, Any]:
    """A DFFM that left its start, in every row that has one."""
    found = {"start": 0.333, "value": 0.333 + by, "moved": by, "least": 0.033}
    return {"DFFM": {one: found for one in gains if one in ("wan2023_dffm", "wan2023")}}


def probes(gains: Mapping[str, float]) -> dict[str, Any]:
    shown = {
        one: {"strongest blur": "p00", "median blur": "p12", "most edges": "p31"} for one in DATA
    }
    luck = state("probes")
    weights: dict[str, Any] = {}
    for method in ("wan2023_dffm", "wan2023"):
        if method in gains:
            weights[method] = {
                level: {
                    f"{dataset}/{name}": _shares(luck, level)
                    for dataset in DATA
                    for name in shown[dataset].values()
                }
                for level in ("1", "2")
            }
    reach = {"y1": 5, "y2": 7, "y3": 9, "y4": 11}
    return {
        "shown": shown,
        "branch_weights": weights,
        "receptive_field": {
            "maps": {name: _heat(side) for name, side in reach.items()},
            "reach": reach,
        },
        "modules": moved(gains),
        "architecture": {"wan2023": NETWORK, "msrm": BLOCK, "dffm": BLOCK},
        "costs": {
            f"{block}{width}": {"parameters": count * width**2, "macs": count * width**2 * 4096}
            | ({f"receptive_field_{name}": side for name, side in reach.items()}
               if block == "msrm" else {})
            for block, count in (("msrm", 5), ("residual", 18))
            for width in (32, 64, 128)
        },
    }  # fmt: skip


def _shares(luck: np.random.RandomState, level: str) -> list[float]:
    raw = np.exp(luck.standard_normal(3) * 0.3 + (np.arange(3) == int(level) - 1))
    return [round(float(one), 4) for one in raw / raw.sum()]


def _heat(side: int) -> list[list[float]]:
    y, x = np.mgrid[-7:8, -7:8]
    inside = (abs(y) <= side // 2) & (abs(x) <= side // 2)
    return np.round(np.where(inside, np.exp(-(x**2 + y**2) / side), 0), 5).tolist()


def scene(key: str, side: int = 96) -> np.ndarray:
    """A colourful sharp picture with edges."""
    luck = state(key)
    y, x = np.mgrid[0:side, 0:side]
    picture = np.full((side, side, 3), 110.0) + 60 * np.sin(x / 9)[..., None] * luck.rand(3)
    for _ in range(25):
        top, left = luck.randint(0, side, 2)
        high, wide = luck.randint(4, side // 2, 2)
        inside = (y >= top) & (y < top + high) & (x >= left) & (x < left + wide)
        picture[inside] = luck.randint(0, 256, 3)
    return np.clip(picture, 0, 255).astype(np.uint8)


def smear(picture: np.ndarray, length: int) -> np.ndarray:
    shifts = [np.roll(picture.astype(float), k - length // 2, axis=1) for k in range(length)]
    return np.round(np.mean(shifts, axis=0)).astype(np.uint8)


def write_pictures(folder: Path, gains: Mapping[str, float]) -> None:
    for dataset in DATA:
        for number, name in enumerate(("p00", "p12", "p31")):
            sharp = scene(f"{name}{dataset[0]}")
            lengths = {"sharp": 1, "blurred": 13 - 2 * number}
            lengths |= {one: 9 - 2 * i for i, one in enumerate(gains) if one != "wan2023"}
            lengths |= {"wan2023": 3} if "wan2023" in gains else {}
            for method, length in lengths.items():
                path = folder / dataset / name / f"{method}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(smear(sharp, max(1, length))).save(path)


def change_manifests(folder: Path, *, method: str = "", **changes: object) -> None:
    write_manifests(
        folder / "manifests.json",
        [
            dataclasses.replace(one, **changes) if method in ("", one.method) else one  # type: ignore[arg-type]
            for one in read_manifests(folder / "manifests.json")
        ],
    )


def shift(folder: Path, by: float, **where: object) -> None:
    frame = read_rows(folder / "rows.csv")
    chosen = pd.Series(True, index=frame.index)
    for column, value in where.items():
        chosen &= frame[column] == value
    assert chosen.any()
    frame.loc[chosen, "value"] += by
    write_text(folder / "rows.csv", frame.to_csv(index=False))


def compared(executed: Path, published: Path) -> agreement.Agreement:
    return agreement.compare(Results.load(executed), published, papers.load("wan2023"))

"""What the figures of a request show: pictures chosen by a rule on the input, and probes.

The blurred pictures are scored as if they were the output; that decides which ones are shown.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from deblur_lib import catalogue, seals
from deblur_lib.data.pairs import PairSource, middle_frame, true_motion
from deblur_lib.data.pictures.reading import U8
from deblur_lib.evaluation.restore import to_8bit
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.files import sweep
from deblur_lib.locks import Lock, held
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import Row, read_whole, write_json, write_png, write_rows
from deblur_lib.runs import store
from deblur_lib.runs.learning import shows_bars
from deblur_lib.runs.plan import Plan, Run
from deblur_lib.runs.running import (
    MOTION,
    SHOWN,
    conventions,
    open_tests,
    sampled,
    scored_rows,
    trained,
)
from deblur_lib.windows import Window, most_changed

CHOSEN = ("strongest blur", "median blur", "most edges")


def score_identity(plan: Plan, tests: Mapping[str, PairSource]) -> list[Row]:
    """Rows of the blurred pictures scored as if they were the output."""
    rows: list[Row] = []
    for dataset, source in tests.items():
        names = conventions(plan.paper, dataset)
        scored = evaluate(None, source, conventions=names, device="cpu", progress=shows_bars())
        rows += scored_rows(plan, scored, dataset, source)
    return rows


def chosen_pictures(rows: list[Row], source: PairSource, dataset: str) -> dict[str, str]:
    """Pictures that figures show, by a fixed rule on the input alone.

    Each is of another scene, as long as there are scenes left: the interest is in several pictures.

    Returns:
        Name of the picture for each rule of `CHOSEN`: lowest input PSNR, median input PSNR (or
        next to it), and the largest mean absolute gradient of the sharp picture.
    """
    ranked = [
        name
        for _, name in sorted(
            (row.value, row.picture)
            for row in rows
            if row.dataset == dataset and row.convention == "psnr-rgb" and row.method == "identity"
        )
    ]
    scenes = dict(zip(source.names, source.scenes, strict=True))
    middle = len(ranked) // 2
    picked = {CHOSEN[0]: ranked[0]}

    def left() -> list[str]:
        seen = {scenes[name] for name in picked.values()}
        rest = [name for name in ranked if name not in picked.values()]
        return [name for name in rest if scenes[name] not in seen] or rest

    if len(ranked) > 1:
        picked[CHOSEN[1]] = min(left(), key=lambda name: abs(ranked.index(name) - middle))
    if len(ranked) > 2:
        picked[CHOSEN[2]] = max(sorted(left()), key=lambda name: _edges(source, name))
    return picked


def _edges(source: PairSource, name: str) -> float:
    """Mean absolute gradient of the sharp picture."""
    gray = source.pair(source.names.index(name)).sharp.mean(dim=0).numpy()
    return sum(float(np.mean(np.abs(np.diff(gray, axis=axis)))) for axis in (0, 1))


def look(
    plan: Plan, tests: dict[str, PairSource] | None = None
) -> tuple[dict[str, PairSource], dict[str, dict[str, str]]]:
    """Open the test pictures, score them as they are, and store those that figures show.

    Args:
        plan: the request.
        tests: from `open_tests`, where they are open already.

    Returns:
        The test pictures by printed data set, and the pictures shown by data set and rule.
    """
    base = store.run_base(plan.request)
    sweep(base, deep=True)
    tests = open_tests(plan) if tests is None else tests
    identity = score_identity(plan, tests)
    shown = {name: chosen_pictures(identity, source, name) for name, source in tests.items()}
    with _writing(plan):
        told = any(one.kind == "motion" for one in plan.paper.figures)
        _store_inputs(base, tests, shown, told)
        write_rows(base / "identity.csv", identity)
        seals.seal(base)
    return tests, shown


def _writing(plan: Plan) -> AbstractContextManager[Lock]:
    """Nobody else writes to what the runs of a request share, or gathers it, meanwhile."""
    return held(store.run_base(plan.request) / "results", f"the results of {plan.paper.id}")


def _store_inputs(
    base: Path,
    tests: Mapping[str, PairSource],
    shown: Mapping[str, Mapping[str, str]],
    told: bool,
) -> None:
    """Store the pictures shown, with their true motion if `told`; probes of before stay."""
    for dataset, source in tests.items():
        for name in shown[dataset].values():
            blurred, sharp, box = _seen(source, name)
            folder = base / "pictures" / dataset / name
            write_png(folder / "blurred.png", blurred[box])
            write_png(folder / "sharp.png", sharp[box])
            motion = true_motion(source, source.names.index(name)) if told else None
            if motion is not None:
                write_json(folder / MOTION, sampled(motion, box))
    stored = read_whole(base / "probes.json")
    if not stored or stored.get("shown") != shown:
        write_json(base / "probes.json", {"shown": shown})


def _seen(source: PairSource, name: str) -> tuple[U8, U8, Window]:
    """A blurred picture and its truth with 8 bits, and the window of them that is stored."""
    pair = source.pair(source.names.index(name))
    blurred, sharp = to_8bit(middle_frame(pair.blurred)), to_8bit(pair.sharp)
    return blurred, sharp, most_changed(blurred, sharp, SHOWN)


def probed(plan: Plan) -> list[Run]:
    """The runs whose trained networks figures look into: those of the first seed.

    What methods estimate that restore by it is stored beside their pictures instead.
    """
    first = [run for run in plan.runs if run.seed == plan.runs[0].seed]
    classes = {run.id: catalogue.network_class(str(run.method.network)) for run in first}
    return [run for run in first if not issubclass(classes[run.id], EstimatingDeblurrer)]


def probe(
    plan: Plan,
    tests: Mapping[str, PairSource],
    shown: Mapping[str, Mapping[str, str]],
    base: Path,
) -> None:
    """Store what the figures show of the trained networks of the first seed."""
    module = import_module(f"deblur_lib.papers.{plan.paper.id}.probes")
    networks = {run.method.id: trained(run) for run in probed(plan)}
    pairs = {
        f"{dataset}/{name}": source.pair(source.names.index(name))
        for dataset, source in tests.items()
        if dataset not in plan.paper.scored_for
        for name in shown[dataset].values()
    }
    pictures = {place: pair.blurred[None] for place, pair in pairs.items()}
    asked = {"sharp"} & set(signature(module.trained).parameters)
    sharp = {place: pair.sharp[None] for place, pair in pairs.items()}
    found = module.trained(networks, pictures, **dict.fromkeys(asked, sharp))
    with _writing(plan):
        _store_probes(base, found, tests, shown)


def _store_probes(
    base: Path,
    found: dict[str, Any],
    tests: Mapping[str, PairSource],
    shown: Mapping[str, Mapping[str, str]],
) -> None:
    written = ["probes.json"]
    for place, made in found.pop("pictures", {}).items():
        dataset, _, name = place.partition("/")
        _, _, box = _seen(tests[dataset], name)
        for label, picture in made.items():
            written.append(f"pictures/{dataset}/{name}/{label}.png")
            write_png(base / written[-1], picture[box])
    write_json(base / "probes.json", found | {"shown": dict(shown)}, sort=False)
    seals.renew(base, *written)

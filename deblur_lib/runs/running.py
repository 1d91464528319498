"""One run from pictures to rows: train if needed, score the best weights, leave a folder behind.

A finished run (its digest list is the last file written, and every file is as it says) is never
repeated; an interrupted one goes on where its last checkpoint stands. Changed test pictures, other
scoring code and damaged rows are scored anew without training; weights that are not whole are
trained anew.
"""

import dataclasses
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deblur_lib import papers, provenance, seals
from deblur_lib.data.generated.benchmark import Split
from deblur_lib.data.opening import open_data
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import accelerator_name, resolve_device
from deblur_lib.evaluation.metrics import DEFAULT, UNROUNDED
from deblur_lib.evaluation.runner import PictureScore, evaluate
from deblur_lib.files import sweep
from deblur_lib.losses import remarks
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import (
    ROW_COLUMNS,
    Manifest,
    Row,
    read_manifests,
    read_table,
    write_json,
    write_manifests,
    write_png,
    write_rows,
)
from deblur_lib.runs import store, vintage
from deblur_lib.runs.learning import learn, shows_bars, take
from deblur_lib.runs.plan import Plan, Run
from deblur_lib.runs.vetting import data_settings, located
from deblur_lib.spec import Paper
from deblur_lib.spec.tables import SCORED
from deblur_lib.training.seeding import fresh_network
from deblur_lib.weights.checkpoint import load_weights, read_card
from deblur_lib.windows import most_changed

SHOWN = 256  # largest side of a stored picture, in pixels
MOTION = "motion.json"  # beside a stored picture: the field that was found in it
LINES = 12  # of a stored field, along each side
STORED = (
    *("config.json", "fit.json", "log.csv", "best.json", "best.safetensors"),
    *("rows.csv", "manifest.json"),
)
log = logging.getLogger(__name__)


def open_tests(plan: Plan) -> dict[str, PairSource]:
    """The test pictures that stand for each printed data set at this profile."""
    return {
        printed: _open(plan, data_id, "test")
        for printed, data_id in sorted(plan.profile.test_on.items())
    }


def _open(plan: Plan, data_id: str, split: Split, method: str = "") -> PairSource:
    settings = located(data_settings(plan, data_id, method))
    roots = {name: Path(path) for name, path in plan.request.roots.items()}
    cache = store.cache_folder()
    bars = shows_bars()
    return open_data(data_id, split, settings=settings, roots=roots, cache=cache, progress=bars)


def conventions(paper: Paper, dataset: str, *, released: bool = False) -> tuple[str, ...]:
    """Conventions scored on a data set: the usual ones and those its table columns name.

    Released weights are also scored by the two ways in which authors do without rounding.
    """
    named = {
        column.convention
        for table in paper.tables
        for column in table.columns
        if column.dataset == dataset and column.metric in SCORED
    }
    unrounded = sorted(UNROUNDED) if released else ()
    return tuple(dict.fromkeys((*DEFAULT, *sorted(named), *unrounded)))


def execute(
    run: Run, plan: Plan, tests: Mapping[str, PairSource], shown: Mapping[str, Mapping[str, str]]
) -> None:
    """Train a run if it is not finished and score it on every test source.

    Args:
        run: what to train.
        plan: the request it belongs to.
        tests: test pictures by printed data set.
        shown: pictures to store for figures, by printed data set and rule.
    """
    folder, asked_tests = store.run_folder(run), tests
    tests = scored_on(run, tests)
    digests = {source.data_id: source.digest for source in tests.values()}
    if is_finished(run, tests):
        return
    sweep(folder, deep=True)
    code = vintage.code_of(run) | {"training": vintage.training_code(run, plan)}
    device = resolve_device(plan.request.device)
    network = build(run)
    write_json(folder / "config.json", run.settings)
    learnt_from = () if run.released else open_training(run, plan)
    cautions = () if run.released else remarks(run.train.loss)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    if run.source:
        execute(run.source, plan, asked_tests, shown)
    asked = plan.request
    if learnt_from:
        fitted = learn(
            run,
            network,
            *learnt_from,
            device=asked.device,
            devices=asked.devices,
            notes=cautions,
            code=code["training"],
        )
    else:
        fitted = take(run, network)
    network = build(run)  # the layout of a trained one is another, and rounds otherwise
    load_weights(fitted.weights, network)
    clock = time.perf_counter()
    rows: list[Row] = []
    notes: dict[str, None] = dict.fromkeys(fitted.notes)
    for dataset, source in tests.items():
        wanted = set(shown.get(dataset, {}).values())
        scored = evaluate(
            network,
            source,
            conventions=conventions(plan.paper, dataset, released=bool(run.released)),
            device=device,
            keep=_keeper(network, folder / "pictures" / dataset, wanted),
            progress=shows_bars(),
        )
        notes |= dict.fromkeys(f"{one.picture}: {note}" for one in scored for note in one.notes)
        rows += scored_rows(plan, scored, dataset, source, run)
    scoring = time.perf_counter() - clock
    write_rows(folder / "rows.csv", rows)
    head, dirty, why = provenance.commit()
    notes |= dict.fromkeys([f"no commit is told: {why}"] if why else [])
    manifest = Manifest(
        run=run.id,
        paper=run.paper,
        profile=plan.profile.name,
        method=run.method.id,
        seed=run.seed,
        network=str(run.method.network),
        options=dict(run.options),
        train=dataclasses.asdict(run.train),
        settings_hash=provenance.settings_hash(run.settings, length=64),
        data=digests | {one.data_id: one.digest for one in learnt_from},
        commit=head,
        dirty=dirty,
        versions=provenance.versions(),
        hardware=provenance.hardware(accelerator_name(device)),
        device=fitted.device,
        precision=fitted.precision,
        threads=fitted.threads,
        steps=fitted.steps,
        pictures_meant={source.data_id: source.expected for source in tests.values()},
        pictures_used={source.data_id: len(source) for source in tests.values()},
        seconds_training=fitted.seconds,
        seconds_scoring=scoring,
        best_step=fitted.best_step,
        weights_digest=provenance.file_digest(fitted.weights),
        started=started,
        notes=list(notes),
        cautions=list(cautions),
        code=code if run.released else code | {"training": fitted.code},
        origin=read_card(fitted.weights).origin,
    )
    write_manifests(folder / "manifest.json", [manifest])
    kept = (one for one in folder.glob("pictures/**/*") if one.is_file())
    pictures = [one.relative_to(folder).as_posix() for one in kept]
    seals.seal(folder, [one for one in (*STORED, *pictures) if (folder / one).is_file()])


def scored_on(run: Run, tests: Mapping[str, PairSource]) -> dict[str, PairSource]:
    """The test pictures that a run is scored on."""
    only = papers.load(run.paper).scored_for
    return {
        name: one
        for name, one in tests.items()
        if run.method.id in only.get(name, (run.method.id,))
    }


def build(run: Run) -> Deblurrer:
    """The network of a run with its seeded fresh weights."""
    name = str(run.method.network)
    return fresh_network(name, run.options, seed=run.seed, init=run.train.init)


def trained(run: Run) -> Deblurrer:
    """The network of a finished run with its best weights, in evaluation mode."""
    network = build(run)
    load_weights(store.run_folder(run) / "best.safetensors", network)
    return network.eval()


def is_finished(run: Run, tests: Mapping[str, PairSource]) -> bool:
    """True when a run is trained, and scored on just these test pictures by today's code.

    What is stored must be whole; a run whose files were cut or changed is not finished.
    """
    folder = store.run_folder(run)
    if not seals.is_whole(folder):
        if (folder / seals.NAME).is_file():
            log.warning("%s: files were cut or changed since they were stored, repairing", folder)
        return False
    (stored,) = read_manifests(folder / "manifest.json")
    today = vintage.code_of(run)
    kinds = ("scoring", "training") if run.released else ("scoring",)
    if any(stored.code.get(kind) != today[kind] for kind in kinds):
        return False
    rows = read_table(folder / "rows.csv", ROW_COLUMNS)
    scored = rows.groupby("dataset")["convention"].agg(set)
    paper = papers.load(run.paper)
    tests = scored_on(run, tests)
    return all(
        stored.data.get(one.data_id) == one.digest
        and set(conventions(paper, name)) <= scored.get(name, set())
        for name, one in tests.items()
    )


def open_training(run: Run, plan: Plan) -> tuple[PairSource, PairSource]:
    """The pictures a run learns from, and those that choose its weights."""
    method = run.method.id
    train, validation = (
        _open(plan, run.train_on, split, method) for split in ("train", "validation")
    )
    return train, validation


def scored_rows(
    plan: Plan, scored: list[PictureScore], dataset: str, source: PairSource, run: Run | None = None
) -> list[Row]:
    """A row for each picture and convention of an evaluation; of the blurred ones without a run."""
    method, name, seed = (run.method.id, run.id, run.seed) if run else ("identity", "-", -1)
    return [
        Row(
            paper=plan.paper.id,
            profile=plan.profile.name,
            method=method,
            run=name,
            seed=seed,
            dataset=dataset,
            data=source.data_id,
            picture=one.picture,
            scene=one.scene,
            convention=convention,
            value=value,
        )
        for one in scored
        for convention, value in one.scores.items()
    ]


def _keeper(network: Deblurrer, folder: Path, wanted: set[str]):  # type: ignore[no-untyped-def]
    def keep(name: str, blurred: np.ndarray, restored: np.ndarray, sharp: np.ndarray) -> None:
        if name in wanted:
            box = most_changed(blurred, sharp, SHOWN)
            write_png(folder / name / "restored.png", restored[box])
            if isinstance(network, EstimatingDeblurrer) and network.found:
                height, width = sharp.shape[:2]
                motion = network.motion(network.found[0], (height, width))
                write_json(folder / name / MOTION, sampled(motion, box))

    return keep


def sampled(motion: Tensor, box: tuple[slice, slice]) -> dict[str, Any]:
    """A field of motion (2, H, W) at a few places of a window, for figures.

    Returns:
        `side`, height and width of the window in pixels, and `motion`, (2, n, m) to the right and
        down in pixels, at the middles of n x m equal cells.
    """
    window = motion.detach().cpu().float()[:, box[0], box[1]]
    size = window.shape[1:]
    at = [
        ((torch.arange(count) + 0.5) * side / count).long()
        for side, count in ((side, min(LINES, side)) for side in size)
    ]
    field = window[:, at[0][:, None], at[1]]
    rounded = [[[round(one, 2) for one in row] for row in part] for part in field.tolist()]
    return {"side": list(size), "motion": rounded}

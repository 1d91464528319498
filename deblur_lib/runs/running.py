"""One run from pictures to rows: train if needed, score the best weights, leave a folder behind.

A finished run (its manifest is the last file written) is never repeated; an interrupted one goes
on where its last checkpoint stands; changed test pictures are scored anew without training.
"""

import dataclasses
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from deblur_lib import provenance
from deblur_lib.data.generated.benchmark import Split
from deblur_lib.data.opening import open_data
from deblur_lib.data.pairs import PairSource, middle_frame
from deblur_lib.devices import accelerator_name, resolve_device
from deblur_lib.evaluation.metrics import DEFAULT
from deblur_lib.evaluation.restore import to_8bit
from deblur_lib.evaluation.runner import PictureScore, evaluate
from deblur_lib.losses import remarks
from deblur_lib.nn import Deblurrer
from deblur_lib.records import (
    Manifest,
    Row,
    read_manifests,
    write_json,
    write_manifests,
    write_png,
    write_rows,
)
from deblur_lib.runs import store
from deblur_lib.runs.learning import learn, shows_bars
from deblur_lib.runs.plan import Plan, Run
from deblur_lib.runs.vetting import data_settings
from deblur_lib.spec import Paper
from deblur_lib.training.seeding import fresh_network
from deblur_lib.weights.checkpoint import load_weights
from deblur_lib.windows import most_changed

SHOWN = 256  # largest side of a stored picture, in pixels
CHOSEN = ("strongest blur", "median blur", "most edges")


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


def located(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of pictures in which the folder `photographs` counts from the project's root."""
    folder = settings.get("photographs")
    found = {"photographs": str(store.below_root(folder))} if isinstance(folder, str) else {}
    return {**settings, **found}


def conventions(paper: Paper, dataset: str) -> tuple[str, ...]:
    """Conventions scored on a data set: the usual ones and those its table columns name."""
    named = {
        column.convention
        for table in paper.tables
        for column in table.columns
        if column.dataset == dataset and column.metric in ("psnr_db", "ssim")
    }
    return tuple(dict.fromkeys((*DEFAULT, *sorted(named))))


def score_identity(plan: Plan, tests: Mapping[str, PairSource]) -> list[Row]:
    """Rows of the blurred pictures scored as if they were the output."""
    rows: list[Row] = []
    for dataset, source in tests.items():
        names = conventions(plan.paper, dataset)
        scored = evaluate(None, source, conventions=names, device="cpu", progress=shows_bars())
        rows += scored_rows(
            plan, scored, method="identity", run="-", seed=-1, dataset=dataset, source=source
        )
    return rows


def chosen_pictures(rows: list[Row], source: PairSource, dataset: str) -> dict[str, str]:
    """Pictures that figures show, by a fixed rule on the input alone.

    Returns:
        Name of the picture for each rule of `CHOSEN`: lowest input PSNR, median input PSNR, and
        the largest mean absolute gradient of the sharp picture among the others.
    """
    ranked = sorted(
        (row.value, row.picture)
        for row in rows
        if row.dataset == dataset and row.convention == "psnr-rgb" and row.method == "identity"
    )
    names = [name for _, name in ranked]
    picked = {CHOSEN[0]: names[0], CHOSEN[1]: names[len(names) // 2]}
    edges = {}
    for index, name in enumerate(source.names):
        if name not in picked.values():
            gray = source.pair(index).sharp.mean(dim=0).numpy()
            edges[name] = float(np.mean(np.abs(np.diff(gray, axis=0)))) + float(
                np.mean(np.abs(np.diff(gray, axis=1)))
            )
    if edges:
        picked[CHOSEN[2]] = max(sorted(edges), key=lambda name: edges[name])
    return picked


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
    folder = store.run_folder(run)
    digests = {source.data_id: source.digest for source in tests.values()}
    if is_finished(run, tests):
        return
    device = resolve_device(plan.request.device)
    network = build(run)
    write_json(folder / "config.json", run.settings)
    train, validation = open_training(run, plan)
    cautions = remarks(run.train.loss)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    if run.source:
        execute(run.source, plan, tests, shown)
    asked = plan.request
    fitted = learn(
        run, network, train, validation, device=asked.device, devices=asked.devices, notes=cautions
    )
    load_weights(fitted.weights, network)
    clock = time.perf_counter()
    rows: list[Row] = []
    notes: dict[str, None] = dict.fromkeys(fitted.notes)
    for dataset, source in tests.items():
        wanted = set(shown.get(dataset, {}).values())
        scored = evaluate(
            network,
            source,
            conventions=conventions(plan.paper, dataset),
            device=device,
            keep=_keeper(folder / "pictures" / dataset, wanted),
            progress=shows_bars(),
        )
        notes |= dict.fromkeys(f"{one.picture}: {note}" for one in scored for note in one.notes)
        rows += scored_rows(
            plan,
            scored,
            method=run.method.id,
            run=run.id,
            seed=run.seed,
            dataset=dataset,
            source=source,
        )
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
        data=digests | {train.data_id: train.digest, validation.data_id: validation.digest},
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
    )
    write_manifests(folder / "manifest.json", [manifest])


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
    """True when a run is trained and scored on just these test pictures."""
    manifest = store.run_folder(run) / "manifest.json"
    if not manifest.is_file():
        return False
    stored = read_manifests(manifest)[0].data
    return all(stored.get(one.data_id) == one.digest for one in tests.values())


def open_training(run: Run, plan: Plan) -> tuple[PairSource, PairSource]:
    """The pictures a run learns from, and those that choose its weights."""
    method = run.method.id
    train, validation = (
        _open(plan, run.train_on, split, method) for split in ("train", "validation")
    )
    return train, validation


def scored_rows(
    plan: Plan,
    scored: list[PictureScore],
    *,
    method: str,
    run: str,
    seed: int,
    dataset: str,
    source: PairSource,
) -> list[Row]:
    """A row for each picture and convention of an evaluation."""
    return [
        Row(
            paper=plan.paper.id,
            profile=plan.profile.name,
            method=method,
            run=run,
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


def _keeper(folder: Path, wanted: set[str]):  # type: ignore[no-untyped-def]
    def keep(name: str, blurred: np.ndarray, restored: np.ndarray, sharp: np.ndarray) -> None:
        if name in wanted:
            write_png(folder / name / "restored.png", restored[most_changed(blurred, sharp, SHOWN)])

    return keep


def look(plan: Plan) -> tuple[dict[str, PairSource], dict[str, dict[str, str]]]:
    """Open the test pictures, score them as they are, and store those that figures show.

    Returns:
        The test pictures by printed data set, and the pictures shown by data set and rule.
    """
    base = store.run_base(plan.request)
    tests = open_tests(plan)
    identity = score_identity(plan, tests)
    shown = {name: chosen_pictures(identity, source, name) for name, source in tests.items()}
    for dataset, source in tests.items():
        for name in shown[dataset].values():
            pair = source.pair(source.names.index(name))
            blurred, sharp = to_8bit(middle_frame(pair.blurred)), to_8bit(pair.sharp)
            box = most_changed(blurred, sharp, SHOWN)
            folder = base / "pictures" / dataset / name
            write_png(folder / "blurred.png", blurred[box])
            write_png(folder / "sharp.png", sharp[box])
    write_json(base / "probes.json", {"shown": shown})
    write_rows(base / "identity.csv", identity)
    return tests, shown


def probe(
    plan: Plan,
    tests: Mapping[str, PairSource],
    shown: Mapping[str, Mapping[str, str]],
    base: Path,
) -> None:
    """Store what the figures show of the trained networks of the first seed."""
    module = import_module(f"deblur_lib.papers.{plan.paper.id}.probes")
    first = plan.runs[0].seed
    networks = {run.method.id: trained(run) for run in plan.runs if run.seed == first}
    pictures = {
        f"{dataset}/{name}": source.pair(source.names.index(name)).blurred[None]
        for dataset, source in tests.items()
        for name in shown[dataset].values()
    }
    found = module.trained(networks, pictures)
    for place, made in found.pop("pictures", {}).items():
        dataset, _, name = place.partition("/")
        pair = tests[dataset].pair(tests[dataset].names.index(name))
        box = most_changed(to_8bit(middle_frame(pair.blurred)), to_8bit(pair.sharp), SHOWN)
        for label, picture in made.items():
            write_png(base / "pictures" / dataset / name / f"{label}.png", picture[box])
    write_json(base / "probes.json", found | {"shown": dict(shown)}, sort=False)

"""How the weights of a run come about: by training, or from another run's weights."""

import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from deblur_lib import provenance
from deblur_lib.data.pairs import PairSource
from deblur_lib.devices import declared_precision, resolve_device
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import write_text
from deblur_lib.runs import store
from deblur_lib.runs.plan import Run
from deblur_lib.training.estimating import sharp_crops
from deblur_lib.training.journal import HEADER
from deblur_lib.training.loop import fit
from deblur_lib.training.result import NAME as FIT
from deblur_lib.training.result import Fit, read_fit, settings_of
from deblur_lib.weights import checkpoint


def shows_bars() -> bool:
    """False where $TQDM_DISABLE says that someone else shows the progress."""
    return not os.environ.get("TQDM_DISABLE")


def learn(
    run: Run,
    network: Deblurrer,
    train: PairSource,
    validation: PairSource,
    *,
    device: str,
    devices: int,
    notes: tuple[str, ...],
    code: str,
) -> Fit:
    """Bring a run's weights about, or find them where that was done before.

    Args:
        run: what is asked for; the run that it takes its weights from is finished.
        network: fresh, changed in place.
        train: pictures to learn from.
        validation: pictures to choose weights by.
        device: auto, cpu, cuda or mps.
        devices: how many share each batch.
        notes: put on the checkpoints' cards.
        code: digest of the code that trains, see `training.loop.fit`.
    """
    if run.source:
        return adopt(run, network, train, validation, notes=notes, code=code)
    if isinstance(network, EstimatingDeblurrer):
        if not (store.run_folder(run) / FIT).is_file():
            network.prepare(sharp_crops(train, side=run.train.crop), run.seed)
        if network.learns == "nothing":
            return keep(run, network, notes=notes, code=code)
    return fit(
        network,
        train,
        validation,
        run.train,
        folder=store.run_folder(run),
        seed=run.seed,
        device=device,
        devices=devices,
        precision=declared_precision(run.precision, resolve_device(device)),
        name=str(run.method.network),
        options=run.options,
        progress=shows_bars(),
        notes=notes,
        code=code,
    )


def take(run: Run, network: Deblurrer) -> Fit:
    """Give a network the weights that its authors released, and store them with the run.

    Args:
        run: the run, with the file of the weights.
        network: built with the options of their card.
    """
    card = checkpoint.load_weights(Path(run.released), network, name=str(run.method.network))
    notes = (f"released weights {Path(run.released).stem}", *card.notes)
    return keep(run, network, notes=notes, origin=card.origin)


def keep(
    run: Run,
    network: Deblurrer,
    *,
    notes: tuple[str, ...],
    code: str = "",
    origin: Mapping[str, Any] | None = None,
) -> Fit:
    """Store a method that nothing is trained for.

    Args:
        run: the run.
        network: as it is to be scored.
        notes: put on the card.
        code: digest of the code of the method.
        origin: where its weights come from, put on the card.
    """
    return Fit(
        steps=0,
        best_step=0,
        best_psnr=0.0,
        seconds=0.0,
        device="cpu",
        precision="fp32",
        threads=torch.get_num_threads(),
        skipped=0,
        code=code,
        **_stored(run, network, notes, origin=origin),
    )


def _stored(run: Run, network: Deblurrer, notes: tuple[str, ...], **card: Any) -> dict[str, Any]:
    """Store a network that learnt nothing here, and an empty log; what its `Fit` says of them."""
    folder = store.run_folder(run)
    weights, log = folder / "best.safetensors", folder / "log.csv"
    checkpoint.save(
        weights,
        network,
        name=str(run.method.network),
        options=run.options,
        run=provenance.settings_hash(run.settings),
        notes=notes,
        **card,
    )
    write_text(log, HEADER)
    return {"weights": weights, "log": log, "notes": notes}


def adopt(
    run: Run,
    network: Deblurrer,
    train: PairSource,
    validation: PairSource,
    *,
    notes: tuple[str, ...],
    code: str,
) -> Fit:
    """Give a network the weights of another run, and let it settle what it cannot learn.

    Args:
        run: the run, with its `source`.
        network: built with the run's own options.
        train: pictures that the source learnt from.
        validation: those that chose its weights; the network may calibrate on the blurred ones.
        notes: put on the card.
        code: digest of the code that trained the source.
    """
    assert run.source is not None
    origin = store.run_folder(run.source)
    settings = settings_of(
        str(run.method.network), run.source.options, run.train, run.seed, train, validation, code
    )
    found = read_fit(origin, settings)
    assert found is not None, f"{origin} was executed first"
    started = time.perf_counter()
    checkpoint.load_weights(found.weights, network, allow_partial=True)
    network.calibrate(validation.pair(index).blurred for index in range(len(validation)))
    notes = (*notes, f"weights of {run.source.id}")
    stored = _stored(run, network, notes, step=found.best_step)
    return dataclasses.replace(found, seconds=time.perf_counter() - started, **stored)

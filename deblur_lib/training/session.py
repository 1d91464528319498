"""One training under way: it brings batches, counts, logs, validates, stores and stops.

What one step does is the player's business (plain.Supervised, adversarial.Adversary).
"""

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor
from tqdm import tqdm

from deblur_lib.errors import CheckpointError, TrainingError
from deblur_lib.evaluation.runner import evaluate
from deblur_lib.nn import Deblurrer
from deblur_lib.provenance import settings_hash
from deblur_lib.records import write_json
from deblur_lib.training.interrupts import Interrupts
from deblur_lib.training.job import Counters, Job, Player
from deblur_lib.training.journal import Journal
from deblur_lib.training.result import Fit, check_same, write_fit
from deblur_lib.training.schedules import learning_rate, optimiser
from deblur_lib.training.seeding import generators, set_generators
from deblur_lib.training.state import drop_states, load_state, save_state
from deblur_lib.weights import checkpoint

BAD_STEPS = 5  # non-finite steps in a row that stop the training
SAVE_EVERY = 30.0  # seconds between two stored states, apart from those at validation
SAVE_SHARE = 0.02  # largest share of the time spent on storing states in between
CONVENTION = "psnr-rgb"
METRIC = f"validation/{CONVENTION}"
UNTOUCHED = "validation/input"  # the same score of the blurred pictures themselves
CEILING = 100.0  # dB counted for a picture that is restored exactly


class Session:
    """One sitting of a training, from the stored state (or step 0) to the end or an interrupt."""

    def __init__(self, job: Job, player: Player) -> None:
        self.job, self.player = job, player
        self.at = Counters()
        self.notes = list(job.notes)
        self.where = {
            "device": str(job.device),
            "precision": job.precision,
            "threads": torch.get_num_threads(),
        }
        self._began = self._saved = time.perf_counter()
        self._cost = 0.0  # seconds that storing a state took last time
        self._input: float | None = None  # validation score of the blurred pictures
        self.journal = self._resume()

    def _resume(self) -> Journal:
        job, found, sums = self.job, load_state(self.job.folder), None
        if found:
            tensors, held, damaged = found
            check_same(held["settings"], job.settings, job.folder)
            self.at, sums = Counters(**held["at"]), held["sums"]
            last = max(0, self.at.step - 1)  # the step whose moments were stored
            self.player.use_optimiser(optimiser(job.recipe, last))
            self.player.load_state(tensors)
            set_generators(_under("generator/", tensors), job.device)
            self.notes += damaged
            if held["where"] != self.where:
                self.notes.append(f"from step {self.at.step} on {self.where}, was {held['where']}")
        self._find_best()
        return Journal(job.folder, job.recipe.steps, start=self.at.step, sums=sums)

    def _find_best(self) -> None:
        """Take the best checkpoint as it lies there; it may be newer than the state."""
        path = self.job.folder / "best.safetensors"
        try:
            card = checkpoint.read_card(path)
            checkpoint.weights_file(path, card)
        except CheckpointError:
            return
        if card.run == settings_hash(dict(self.job.settings)):
            self.at.best_step, self.at.best_psnr = card.step, card.metrics[METRIC]

    def run(
        self, feed: Iterator[tuple[Tensor, Tensor]], interrupts: Interrupts, *, progress: bool
    ) -> Fit:
        """Do the steps that are left.

        Args:
            feed: batches from the present step on.
            interrupts: asked after every step.
            progress: show a bar.
        """
        recipe = self.job.recipe
        bar = tqdm(
            total=recipe.steps, initial=self.at.step, unit="step", disable=not progress,
            desc=str(self.job.settings["network"]), dynamic_ncols=True,
        )  # fmt: skip
        try:
            self._validate_if_due()  # a state may have been stored just before
            while self.at.step < recipe.steps:
                values = self._step(*next(feed))
                self._validate_if_due()
                if self._due():
                    self._save()
                bar.set_postfix_str(self._status(values), refresh=False)
                bar.update()
                if interrupts.pressed:
                    self._save()
                    raise KeyboardInterrupt
            return self._finish()
        finally:
            bar.close()
            self.journal.close()

    def _step(self, blurred: Tensor, sharp: Tensor) -> dict[str, float]:
        """One step of the player, counted and logged."""
        job, at = self.job, self.at
        rate = learning_rate(job.recipe, at.step)
        self.player.use_optimiser(optimiser(job.recipe, at.step))
        tensors = self.player.step(self._move(blurred), self._move(sharp), rate)
        numbers = torch.stack([one.float() for one in tensors.values()]).tolist()  # one transfer
        values = dict(zip(tensors, numbers, strict=True))
        at.step += 1
        wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
        if wrong:
            at.streak, at.skipped = at.streak + 1, at.skipped + 1
            self.journal.note(at.step, "skipped", at.skipped)
        else:
            at.streak = 0
            self.journal.add(at.step, {"lr": rate, **values})
        if at.streak >= BAD_STEPS:
            self._stop(
                f"{at.streak} steps in a row gave values that are not finite ({wrong}); a smaller "
                "rate or `clip` may help"
            )
        if self.player.trouble:
            self._stop(self.player.trouble)
        return values

    def _move(self, batch: Tensor) -> Tensor:
        batch = batch.to(self.job.device)
        flat = batch.ndim == 4 and self.job.device.type != "mps"
        return batch.contiguous(memory_format=torch.channels_last) if flat else batch

    def _stop(self, why: str) -> NoReturn:
        at, folder = self.at, self.job.folder
        streak, at.streak = at.streak, 0
        self._save()
        bad = list(range(at.step - streak, at.step))  # batch k follows from seed and k alone
        crash = {"why": why, "bad_batches": bad, "settings": dict(self.job.settings)}
        write_json(folder / "crash.json", crash)
        raise TrainingError(
            f"training stopped at step {at.step} of {self.job.recipe.steps}: {why}. The state is "
            f"stored in {folder}; the same call goes on from there, crash.json says what happened"
        )

    def _validate_if_due(self) -> None:
        recipe, at = self.job.recipe, self.at
        marks = (round(recipe.steps * k / recipe.validate) for k in range(1, recipe.validate + 1))
        if at.validated < at.step and at.step in marks:
            self._validate()
            self._save()

    def _validate(self) -> None:
        """Score the validation pairs as an evaluation does and keep the best weights."""
        at = self.at
        if self._input is None:
            self._input = self._score(None)
        psnr = self._score(self.player.scored)
        self.job.network.train()
        self.journal.note(at.step, UNTOUCHED, self._input)
        self.journal.note(at.step, METRIC, psnr)
        if at.best_psnr is None or psnr > at.best_psnr:
            at.best_step, at.best_psnr = at.step, psnr
            self._keep("best", psnr)
        at.validated = at.step

    def _score(self, network: Deblurrer | None) -> float:
        """Mean score of the validation pictures, of the blurred ones themselves for None."""
        scores = evaluate(
            network, self.job.validation, conventions=(CONVENTION,), device=self.job.device,
            progress=False,
        )  # fmt: skip
        return sum(min(one.scores[CONVENTION], CEILING) for one in scores) / len(scores)

    def _keep(self, which: str, psnr: float | None) -> Path:
        job = self.job
        path = job.folder / f"{which}.safetensors"
        checkpoint.save(
            path,
            self.player.scored,
            name=str(job.settings["network"]),
            options=job.settings["options"],
            step=self.at.step,
            metrics={} if psnr is None else {METRIC: psnr},
            run=settings_hash(dict(job.settings)),
            data={**job.settings["train"], **job.settings["validation"]},
            notes=tuple(self.notes),
        )
        return path

    def _due(self) -> bool:
        pause = time.perf_counter() - self._saved
        return pause >= max(SAVE_EVERY, self._cost / SAVE_SHARE)

    def _save(self) -> None:
        """Store all that decides the steps to come, the log included."""
        start = time.perf_counter()
        self.at.seconds += start - self._began
        self._began = start
        self.journal.settle()
        states = {f"generator/{n}": t for n, t in generators(self.job.device).items()}
        counters = {
            "step": self.at.step,
            "at": dataclasses.asdict(self.at),
            "sums": self.journal.pending(),
            "settings": dict(self.job.settings),
            "where": self.where,
        }
        save_state(self.job.folder, {**self.player.state(), **states}, counters)
        self._saved = time.perf_counter()
        self._cost = self._saved - start

    def _status(self, values: Mapping[str, float]) -> str:
        loss = f"loss {values.get('loss', math.nan):.4f}"
        psnr = self.at.best_psnr
        return loss if psnr is None else f"{loss}, best validation {psnr:.2f} dB"

    def _finish(self) -> Fit:
        at, folder = self.at, self.job.folder
        self.journal.turn(at.step)
        self._keep("last", None)
        best = folder / "best.safetensors"
        if at.best_psnr is None or not best.is_file():
            raise CheckpointError(f"{best} is gone; delete {folder} and train again")
        at.seconds += time.perf_counter() - self._began
        done = Fit(
            steps=at.step,
            best_step=at.best_step,
            best_psnr=at.best_psnr,
            seconds=at.seconds,
            weights=best,
            log=self.journal.path,
            device=str(self.where["device"]),
            precision=str(self.where["precision"]),
            threads=torch.get_num_threads(),
            skipped=at.skipped,
            notes=tuple(self.notes),
        )
        self.journal.settle()
        write_fit(folder, done, self.job.settings)
        drop_states(folder)
        return done


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): one for n, one in tensors.items() if n.startswith(prefix)}

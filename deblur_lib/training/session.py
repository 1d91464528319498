"""One training under way: it brings batches, counts, logs, validates, stores and stops.

What one step does is the player's business (plain.Supervised, adversarial.Adversary). Of several
processes that share a training each runs a session; they decide alike, and the first one writes.
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
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.provenance import settings_hash
from deblur_lib.records import write_json
from deblur_lib.training.estimating import sharp_crops
from deblur_lib.training.interrupts import Interrupts
from deblur_lib.training.job import Counters, Job, Player
from deblur_lib.training.journal import Journal, NoJournal
from deblur_lib.training.result import CODE, Fit, check_same, write_fit
from deblur_lib.training.schedules import learning_rate, optimiser
from deblur_lib.training.seeding import generators, set_generators
from deblur_lib.training.state import drop_states, load_state, save_state
from deblur_lib.training.team import ALONE, Team
from deblur_lib.training.watching import CONVENTION, Watch, mean_score, write_curve
from deblur_lib.weights import checkpoint

BAD_STEPS = 5  # non-finite steps in a row that stop the training
SAVE_EVERY = 30.0  # seconds between two stored states, apart from those at validation
SAVE_SHARE = 0.02  # largest share of the time spent on storing states in between
BEAT = {"cuda": 8}  # steps after which the device's numbers are read; each step elsewhere
METRIC = f"validation/{CONVENTION}"
UNTOUCHED = "validation/input"  # the same score of the blurred pictures themselves
MOTION = "validation/motion"  # minus the error of estimated motion, in square pixels


class Session:
    """One sitting of a training, from the stored state (or step 0) to the end or an interrupt."""

    def __init__(self, job: Job, player: Player, team: Team = ALONE) -> None:
        self.job, self.player, self.team = job, player, team
        self.at = Counters()
        self.notes = list(job.notes)
        self.where = {
            "device": f"{job.device.type} x {team.size}" if team.size > 1 else str(job.device),
            "precision": job.precision,
            "threads": torch.get_num_threads(),
        }
        self._began = self._saved = time.perf_counter()
        self._cores = time.process_time()
        self.watch = Watch(job.watched, job.device)
        self._cost = 0.0  # seconds that storing a state took last time
        self._input: float | None = None  # validation score of the blurred pictures
        self._beat = BEAT.get(job.device.type, 1)
        self._unread: list[tuple[int, float, dict[str, Tensor]]] = []  # step, rate, its scalars
        self._shown = ""
        estimates = isinstance(player.scored, EstimatingDeblurrer)
        self._metric = MOTION if estimates else METRIC
        self.journal = self._resume()

    def _resume(self) -> Journal:
        job, sums, mark = self.job, (), None
        found = self.team.told(load_state(job.folder) if self.team.first else None)
        if found:
            tensors, held, damaged = found
            check_same(held["settings"], job.settings, job.folder, more=job.more)
            self.at, sums, mark = Counters(**held["at"]), held["sums"], held.get("log")
            last = max(0, self.at.step - 1)  # the step whose moments were stored
            self.player.use_optimiser(optimiser(job.recipe, last))
            self.player.load_state(tensors)
            set_generators(_under(_noise(self.team.rank), tensors), job.device)
            self.notes += damaged
            if held["where"] != self.where:
                self.notes.append(f"from step {self.at.step} on {self.where}, was {held['where']}")
        if not self.team.first:
            return NoJournal()
        self._find_best()
        log = Journal(job.folder, job.recipe.steps, start=self.at.step, sums=sums, mark=mark)
        self.notes += [log.damaged] if log.damaged else []
        return log

    def _find_best(self) -> None:
        """Take the best checkpoint as it lies there; it may be newer than the state."""
        path = self.job.folder / "best.safetensors"
        try:
            card = checkpoint.read_card(path)
            checkpoint.weights_file(path, card)
        except CheckpointError:
            return
        if card.run == settings_hash(dict(self.job.settings)):
            self.at.best_step, self.at.best_psnr = card.step, card.metrics[self._metric]

    def run(
        self, feed: Iterator[tuple[Tensor, Tensor]], interrupts: Interrupts, *, progress: bool
    ) -> Fit | None:
        """Do the steps that are left.

        Args:
            feed: batches on the device, from the present step on.
            interrupts: asked at every beat.
            progress: show a bar.

        Returns:
            The finished training; the first process has it.
        """
        recipe = self.job.recipe
        bar = tqdm(
            total=recipe.steps, initial=self.at.step, unit="step", disable=not progress,
            desc=str(self.job.settings["network"]), dynamic_ncols=True,
        )  # fmt: skip
        try:
            self._validate_if_due()  # a state may have been stored just before
            while self.at.step < recipe.steps:
                self._step(*next(feed))
                self._validate_if_due()
                if self.at.step % self._beat == 0:
                    self._read()
                    pressed, due = self.team.any(interrupts.pressed, self._due())
                    if pressed or due:
                        self._save()
                    if pressed:
                        raise KeyboardInterrupt
                bar.set_postfix_str(self._shown, refresh=False)
                bar.update()
            return self._finish()
        finally:
            bar.close()
            self.journal.close()

    def _step(self, blurred: Tensor, sharp: Tensor) -> None:
        """One step of the player, counted; its numbers stay on the device until they are read."""
        at, recipe = self.at, self.job.recipe
        rate = learning_rate(recipe, at.step)
        self.player.use_optimiser(optimiser(recipe, at.step))
        values = self.player.step(blurred, sharp, rate)
        at.step += 1
        self._unread.append((at.step, rate, values))

    def _read(self) -> None:
        """Log the steps since the last reading, and stop where they went wrong."""
        if not self._unread:
            return
        names = list(self._unread[0][2])
        table = torch.stack(
            [torch.stack([one[name].float() for name in names]) for _, _, one in self._unread]
        )  # (steps, names)
        self.team.mean([table])
        troubles = [
            self._note(step, rate, dict(zip(names, numbers, strict=True)))
            for (step, rate, _), numbers in zip(self._unread, table.tolist(), strict=True)
        ]
        self._unread.clear()
        for why, bad in troubles:
            if why:
                self._stop(why, bad)

    def _note(self, step: int, rate: float, values: dict[str, float]) -> tuple[str, list[int]]:
        """Count and log one step; why training should stop after it, and its bad batches."""
        at = self.at
        wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
        if wrong:
            at.streak, at.skipped = at.streak + 1, at.skipped + 1
            self.journal.note(step, "skipped", at.skipped)
        else:
            at.streak = 0
            self.journal.add(step, {"lr": rate, **values})
        self._shown = self._status(values)
        trouble = self.player.watch(values)
        bad = list(range(step - at.streak, step))  # batch k follows from seed and k alone
        if at.streak >= BAD_STEPS:
            trouble = (
                f"{at.streak} steps in a row gave values that are not finite ({wrong}); a smaller "
                "rate or `clip` may help"
            )
        return trouble, bad

    def _stop(self, why: str, bad: list[int]) -> NoReturn:
        at, folder = self.at, self.job.folder
        at.streak = 0
        if self.team.first:
            crash = {"why": why, "bad_batches": bad, "settings": dict(self.job.settings)}
            write_json(folder / "crash.json", crash)
        self._save()
        raise TrainingError(
            f"training stopped at step {at.step} of {self.job.recipe.steps}: {why}. The state is "
            f"stored in {folder}; the same call goes on from there, crash.json says what happened"
        )

    def _validate_if_due(self) -> None:
        recipe, at = self.job.recipe, self.at
        marks = (round(recipe.steps * k / recipe.validate) for k in range(1, recipe.validate + 1))
        if at.validated < at.step and at.step in marks:
            self._read()
            self._validate()
            self._save()

    def _validate(self) -> None:
        """Score the validation pairs as an evaluation does and keep the best weights."""
        at = self.at
        if self.team.first:
            psnr = self._judge()
            self.journal.note(at.step, self._metric, psnr)
            self._report(psnr)
            if at.best_psnr is None or psnr > at.best_psnr:
                at.best_step, at.best_psnr = at.step, psnr
                self._keep("best", psnr)
        at.best_step, at.best_psnr = self.team.told((at.best_step, at.best_psnr))
        self.player.scored.train()
        at.validated = at.step

    def _judge(self) -> float:
        """Score of the validation pictures, higher is better."""
        network = self.player.scored
        if isinstance(network, EstimatingDeblurrer):
            crops = sharp_crops(self.job.validation, side=self.job.recipe.crop)
            return network.eval().judge(
                crops.to(self.job.device), torch.Generator().manual_seed(self.job.seed)
            )
        if self._input is None:
            self._input = mean_score(None, self.job.validation, self.job.device)
        self.journal.note(self.at.step, UNTOUCHED, self._input)
        return mean_score(network, self.job.validation, self.job.device)

    def _report(self, psnr: float) -> None:
        """Log the pictures that are watched, and all scores against the time they took."""
        if not self.watch.pictures:
            return
        seen = self.watch.look(self.player.scored)
        for name, value in seen.items():
            self.journal.note(self.at.step, name, value)
        self._count()
        scores = {self._metric: psnr, **seen}
        write_curve(self.job.folder, self.at.step, self.at.core_seconds, scores)

    def _count(self) -> None:
        """Take the time since the last counting into account."""
        now, cores = time.perf_counter(), time.process_time()
        self.at.seconds += now - self._began
        self.at.core_seconds += cores - self._cores
        self._began, self._cores = now, cores

    def _keep(self, which: str, psnr: float | None) -> Path:
        job = self.job
        path = job.folder / f"{which}.safetensors"
        checkpoint.save(
            path,
            self.player.scored,
            name=str(job.settings["network"]),
            options=job.settings["options"],
            step=self.at.step,
            metrics={} if psnr is None else {self._metric: psnr},
            run=settings_hash(dict(job.settings)),
            data={**job.settings["train"], **job.settings["validation"]},
            notes=tuple(self.notes),
        )
        return path

    def _due(self) -> bool:
        pause = time.perf_counter() - self._saved
        return self.team.first and pause >= max(SAVE_EVERY, self._cost / SAVE_SHARE)

    def _save(self) -> None:
        """Store all that decides the steps to come, the log included."""
        start = time.perf_counter()
        self._count()
        held = self.player.state()
        told = self.team.gathered((_sum(held) if self.team.size > 1 else 0.0, self._noise()))
        if len({total for total, _ in told}) > 1:
            raise TrainingError(
                f"the devices hold different weights at step {self.at.step}, which equal devices "
                f"never do; the same call goes on from the state before, in {self.job.folder}"
            )
        if self.team.first:
            mark = self.journal.settle()
            counters = {
                "step": self.at.step,
                "at": dataclasses.asdict(self.at),
                "sums": self.journal.pending(),
                "log": mark,
                "settings": dict(self.job.settings),
                "where": self.where,
            }
            save_state(self.job.folder, {k: v for _, one in told for k, v in one.items()} | held,
                       counters)  # fmt: skip
        self.team.told(None)  # none ends, or ends the others, before it is stored
        self._saved = time.perf_counter()
        self._cost = self._saved - start

    def _noise(self) -> dict[str, Tensor]:
        prefix = _noise(self.team.rank)
        return {prefix + name: one for name, one in generators(self.job.device).items()}

    def _status(self, values: Mapping[str, float]) -> str:
        loss = f"loss {values.get('loss', math.nan):.4f}"
        psnr = self.at.best_psnr
        unit = "dB" if self._metric == METRIC else "px²"
        return loss if psnr is None else f"{loss}, best validation {psnr:.2f} {unit}"

    def _finish(self) -> Fit | None:
        at, folder = self.at, self.job.folder
        if not self.team.first:
            return None
        self.journal.turn(at.step)
        self._keep("last", None)
        best = folder / "best.safetensors"
        if at.best_psnr is None or not best.is_file():
            raise CheckpointError(f"{best} is gone; delete {folder} and train again")
        self._count()
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
            code=str(self.job.settings.get(CODE, "")),
        )
        self.journal.settle()
        write_fit(folder, done, self.job.settings)
        if not self.job.more:
            drop_states(folder)
        return done


def _noise(rank: int) -> str:
    """How the names of a process's generators begin in a stored state."""
    return f"generator/{rank}/" if rank else "generator/"


def _sum(tensors: Mapping[str, Tensor]) -> float:
    """A number that differs where any tensor does."""
    return float(torch.stack([one.double().nansum().cpu() for one in tensors.values()]).sum())


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): one for n, one in tensors.items() if n.startswith(prefix)}

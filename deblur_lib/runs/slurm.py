"""Each run as a job of a SLURM cluster, submitted through submitit (the extra `cluster`).

A job that is pre-empted or out of time goes back into the queue and resumes from its last state.
Jobs work on after the process that submitted them has ended; a later call waits for the runs that
they hold. Results arrive as files; whether a job without one still lives, `squeue` tells, so a
cluster without accounting will do.
"""

import getpass
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from deblur_lib.errors import DeblurError, UsageError
from deblur_lib.runs import failures, store
from deblur_lib.runs.engines import Result, Task, perform

if TYPE_CHECKING:
    from submitit import Job
    from submitit.helpers import DelayedSubmission

MINUTES = 240  # limit of a job
NOTICE = 60  # seconds before the limit at which it goes back into the queue, a tenth of it at most
ASK = 10.0  # seconds between two calls of squeue
GONE = 20.0  # seconds for the result of a job that has ended to arrive
MANY = 1000  # jobs in the queue, and times that one may be out of time
ENDED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED"),
    *("NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"),
}


class JobError(DeblurError):
    """A job ended without a result: it was killed, cancelled, or its machine was lost."""


class Attempt:
    """A task as the cluster calls it, once or again.

    Args:
        task: the run.
        environment: variables of the process that submits it.
    """

    def __init__(self, task: Task, environment: Mapping[str, str]) -> None:
        self.task, self.environment = task, dict(environment)

    def __call__(self) -> Result:
        """Execute the run, from its last state on."""
        os.environ.update(self.environment)
        return perform(self.task)

    def checkpoint(self) -> "DelayedSubmission":
        """What to call when the job comes out of the queue again: the same."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class Slurm:
    """Tasks as jobs; those taken between two calls of `watch` make one array.

    Args:
        options: of sbatch, by their long names (partition, gres, cpus-per-task); "time" is in
            minutes.

    Raises:
        UsageError: submitit or SLURM's commands are missing, or an option that cannot be.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        try:
            from submitit import AutoExecutor
        except ImportError as error:
            raise UsageError(
                "engine slurm needs submitit; run pip install 'deblur-lib[cluster]'"
            ) from error
        minutes = str(options.get("time", MINUTES))
        if not minutes.isdigit():
            raise UsageError(f"time needs a whole number of minutes, got {minutes!r}")
        others = {name: value for name, value in options.items() if name != "time"}
        stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}"
        self._folder = store.workspace() / "slurm" / stamp
        try:
            self._executor = AutoExecutor(self._folder, cluster="slurm", slurm_max_num_timeout=MANY)
        except RuntimeError as error:
            raise UsageError(f"engine slurm needs the commands of SLURM: {error}") from error
        self._executor.update_parameters(
            name="deblur",
            timeout_min=int(minutes),
            slurm_signal_delay_s=min(NOTICE, 6 * int(minutes)),
            slurm_array_parallelism=MANY,
            slurm_additional_parameters=others,
        )
        self._new: list[Task] = []
        self._jobs: list[tuple[Task, Job[Result]]] = []
        self._missed: dict[str, float] = {}  # when a job was first seen to have ended
        self._asked = 0.0
        self._failed = False

    @property
    def free(self) -> int:
        """Jobs that the queue takes."""
        return MANY - len(self._new) - len(self._jobs)

    def submit(self, task: Task) -> None:
        """Take a task; `watch` submits it."""
        self._new.append(task)

    def watch(self, seconds: float) -> list[tuple[Task, Result]]:
        """Submit what was taken, and read what has arrived."""
        self._send()
        found = self._arrived()
        if not found:
            time.sleep(seconds)
            found = self._arrived()
        return found

    def stop(self) -> bool:
        """Let the jobs go on, and say so."""
        if self._jobs:
            jobs = " ".join(sorted({job.job_id.partition("_")[0] for _, job in self._jobs}))
            tqdm.write(f"the jobs go on, `scancel {jobs}` ends them")
        return False

    def close(self) -> None:
        """Remove the files of jobs whose results all arrived."""
        if not self._jobs and not self._failed:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self) -> None:
        if not self._new:
            return
        from submitit.core.utils import FailedJobError

        here = {
            "DEBLUR_ROOT": str(store.project_root()),
            "DEBLUR_RUNS": str(store.workspace()),
            "TQDM_DISABLE": "1",
        }
        try:
            with self._executor.batch():
                jobs = [self._executor.submit(Attempt(task, here)) for task in self._new]
        except FailedJobError as error:
            raise UsageError(f"SLURM took no job: {error}") from error
        self._jobs += zip(self._new, jobs, strict=True)
        self._new = []

    def _arrived(self) -> list[tuple[Task, Result]]:
        ended = self._ended()
        found, left = [], []
        for task, job in self._jobs:
            if job.paths.result_pickle.exists():
                found.append((task, _result(task, job)))
            elif job.job_id in ended:
                error = JobError(f"job {job.job_id} ended without a result: {ended[job.job_id]}")
                found.append((task, Result("failed", failures.record(task.folder, error))))
            else:
                left.append((task, job))
        self._jobs = left
        self._failed = self._failed or any(one.state == "failed" for _, one in found)
        return found

    def _ended(self) -> dict[str, str]:
        """Jobs that ended a while ago, with the state that they ended in."""
        if not self._jobs or time.monotonic() - self._asked < ASK:
            return {}
        self._asked = now = time.monotonic()
        states = _states()
        if states is None:
            return {}
        found = {}
        for _, job in self._jobs:
            state = states.get(job.job_id, "forgotten by the queue")
            if state in ENDED or job.job_id not in states:
                if now - self._missed.setdefault(job.job_id, now) >= GONE:
                    found[job.job_id] = state
            else:
                self._missed.pop(job.job_id, None)
        return found


def _states() -> dict[str, str] | None:
    """State of each job of this user, by its number; None while the queue does not answer."""
    command = ["squeue", "-h", "-r", "-t", "all", "-u", getpass.getuser(), "-o", "%i %T"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return dict(line.split() for line in told.stdout.splitlines())


def _result(task: Task, job: Any) -> Result:
    try:
        result: Result = job.result()
        return result
    except Exception as error:  # submitit's words around the traceback of the job
        return Result("failed", failures.record(task.folder, error))

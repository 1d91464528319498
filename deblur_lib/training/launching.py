"""Call a function in one process for each device, and bring back what the first of them returns."""

import os
import pickle
import signal
from collections.abc import Callable
from typing import Any, NoReturn

import torch
from torch.distributed import TCPStore  # type: ignore[attr-defined]
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import (
    ProcessExitedException,
    ProcessRaisedException,
    start_processes,
)

from deblur_lib.errors import DeblurError, TrainingError
from deblur_lib.training.interrupts import Interrupts

HERE = "127.0.0.1"
LOOK = 0.2  # seconds between two looks at Ctrl-C
PRESSED = 130  # exit status of a process that Ctrl-C ended
GRACE = 10.0  # seconds that the others have to end by themselves when one has failed


def on_devices(count: int, task: Callable[..., Any], *given: Any) -> Any:
    """Call `task(*given)` in `count` fresh processes of this machine, numbered for Fabric.

    Ctrl-C here reaches each of them once, as SIGINT; so does the death of this process, on Linux.

    Args:
        count: number of processes; each takes its share of this one's processor threads.
        task: a function at the top of a module.
        given: its arguments, copied into each process.

    Returns:
        What the first process's call returned.

    Raises:
        DeblurError: as a process raised it.
        TrainingError: a process failed otherwise; the others were ended.
        KeyboardInterrupt: Ctrl-C, after the processes have ended.
    """
    store = TCPStore(HERE, 0, is_master=True, wait_for_workers=False)  # no two runs share a port
    results = get_context("spawn").SimpleQueue()
    threads = max(1, torch.get_num_threads() // count)
    call = pickle.dumps((task, given))  # by value: torch would share the weights between processes
    with Interrupts() as interrupts:
        given_to_each = (count, store.port, threads, results, call)
        started = start_processes(_one, given_to_each, count, join=False)  # type: ignore[no-untyped-call]
        passed_on = False
        try:
            while not started.join(LOOK, GRACE):
                if interrupts.pressed and not passed_on:
                    passed_on = True
                    for one in started.processes:
                        if one.is_alive():
                            os.kill(one.pid, signal.SIGINT)
        except (ProcessRaisedException, ProcessExitedException) as error:
            pressed = interrupts.pressed or getattr(error, "exit_code", 0) == PRESSED
            _raise(_drained(results), error, pressed=pressed)
        finally:
            for one in started.processes:
                one.kill()
    return _drained(results)[0]


def _drained(results: Any) -> dict[int, Any]:
    found: dict[int, Any] = {}
    while not results.empty():
        rank, value = results.get()
        found[rank] = value
    return found


def _raise(found: dict[int, Any], error: Exception, *, pressed: bool) -> NoReturn:
    for _, value in sorted(found.items()):
        if isinstance(value, DeblurError):
            raise value from None
    if pressed:
        raise KeyboardInterrupt from None
    raise TrainingError(
        f"one of the processes of the devices failed, the others were ended ({error}); what was "
        "stored is whole, the same call goes on from there"
    ) from error


def _one(rank: int, count: int, port: int, threads: int, results: Any, call: bytes) -> None:
    """What each process does."""
    if hasattr(os, "setsid"):
        os.setsid()  # the terminal's Ctrl-C goes to the parent, which passes it on
    os.environ |= {
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
        "MASTER_ADDR": HERE,
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # the parent keeps the store
    }
    torch.set_num_threads(threads)
    task, given = pickle.loads(call)
    try:
        results.put((rank, task(*given)))
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
    except KeyboardInterrupt:
        raise SystemExit(PRESSED) from None
    except DeblurError as error:
        results.put((rank, error))
        raise SystemExit(1) from error

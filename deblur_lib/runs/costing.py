"""What the networks of a room cost: at published size for comparisons, as run for everything else.

A comparison of costs is one of the published networks, whatever the budget trains, so the tables
show the network at the options of the paper profile. Parameters and multiply-accumulates are
counted without memory for the weights; seconds and memory are measured for rows that run and that
a comparison of networks prints, and for all rows of a table of costs alone; parts and other
controls are counted. Each distinct network is looked at once and kept in the workspace, for all
rooms. Times are taken in rounds, every network once and then all of them again: one and the same
network differs more from one minute to the next than within one, so the spread is that of all
rounds.
"""

import time
from typing import Any

import numpy as np
import torch

from deblur_lib import catalogue
from deblur_lib.devices import resolve_device
from deblur_lib.evaluation.cost import COUNTER, cost, count_macs, count_parameters, device_name
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.provenance import hardware
from deblur_lib.records import read_json, read_whole, write_json
from deblur_lib.report import columns
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, published_options
from deblur_lib.spec import Options, Paper
from deblur_lib.training.seeding import fresh_network

HURRIED = ("smoke", "demo")  # budgets without minutes for one picture of a slow method
ROUNDS = {"smoke": 1, "demo": 2}  # of timing, and at larger budgets:
MOST_ROUNDS = 3
SIDE = 256  # of the picture for which costs are told, in pixels


def counted(network: str, options: Options) -> dict[str, Any]:
    """Parameters and multiply-accumulates of a network; nothing is allocated or calculated.

    Args:
        network: catalogue name.
        options: its keyword arguments.

    Returns:
        At least "parameters" and "macs", 0 where no counter sees the work; what else is stored
        of this network.
    """
    path = store.costs_file(network, options)
    stored: dict[str, Any] = read_whole(path) or {}
    if stored.get("macs_counter") != COUNTER:
        with torch.device("meta"):
            built = catalogue.build(network, **options)
            estimates = isinstance(built, EstimatingDeblurrer)
            macs = 0 if estimates else count_macs(built, torch.empty(_shape(built)))
            stored = {
                "parameters": count_parameters(built),
                "macs": macs,
                "macs_counter": COUNTER,
            }
        write_json(path, stored)
    return stored


def _shape(network: Deblurrer) -> tuple[int, ...]:
    frames = network.clip_length
    return (1, 3, SIDE, SIDE) if frames == 1 else (1, frames, 3, SIDE, SIDE)


def measured(network: str, options: Options, device: torch.device) -> dict[str, Any]:
    """The same with seconds and peak memory of one pass: one round more, measured on a device.

    Returns:
        Besides: rounds (s, the median of each), seconds (s, the median of these), seconds_low and
        seconds_high (s, the ends of all rounds).
    """
    built = fresh_network(network, options, seed=0)
    if isinstance(built, EstimatingDeblurrer):
        now = counted(network, options) | _one_pass(built) | {"device": device_name(device)}
    else:
        now = cost(built, size=(SIDE, SIDE), device=device)
    path = store.costs_file(network, options)
    before = _rounds(network, options, device)
    told = read_json(path) if before else now
    now["rounds"] = [*before, now["seconds"]]
    now["seconds"] = float(np.median(now["rounds"]))
    now["seconds_low"] = min(told["seconds_low"], now["seconds_low"])
    now["seconds_high"] = max(told["seconds_high"], now["seconds_high"])
    now["machine"] = " ".join(filter(None, (hardware()["processor"], _accelerator(device))))
    write_json(path, now)
    return now


def _accelerator(device: torch.device) -> str:
    return "" if device.type == "cpu" else device_name(device)


def _rounds(network: str, options: Options, device: torch.device) -> list[float]:
    """Seconds of each round on a device so far."""
    stored = read_whole(store.costs_file(network, options)) or {}
    here = (stored.get("macs_counter"), stored.get("device")) == (COUNTER, device_name(device))
    return list(stored.get("rounds", ())) if here else []


def _one_pass(network: EstimatingDeblurrer) -> dict[str, float]:
    """Seconds of restoring one picture; such a method takes a minute, not milliseconds."""
    picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    start = time.perf_counter()
    network(picture)
    return dict.fromkeys(("seconds", "seconds_low", "seconds_high"), time.perf_counter() - start)


def published(paper: Paper) -> dict[str, dict[str, int]]:
    """Parameters and multiply-accumulates of all compared networks at their published size."""
    found = {}
    for method in columns.compared(paper):
        full = counted(str(method.network), published_options(paper, method))
        found[method.id] = {name: int(full[name]) for name in ("parameters", "macs") if full[name]}
    return found


def missing(plan: Plan) -> list[tuple[str, Options, torch.device | None]]:
    """Networks of a plan whose costs are not all stored yet, as arguments of `tell`: one round.

    Each as it runs, and at its published size, except at smoke; those that are compared with a
    device, which are to be measured, until they were as often as the budget asks.
    """
    device = resolve_device(plan.request.device)
    smoke, hurried = plan.profile.name == "smoke", plan.profile.name in HURRIED
    rounds = ROUNDS.get(plan.profile.name, MOST_ROUNDS)
    timed = {one.id for one in columns.compared(plan.paper) if not one.control}
    timed |= _costs_alone(plan.paper)
    found: list[tuple[str, Options, torch.device | None]] = []
    for run in {run.method.id: run for run in plan.runs}.values():
        network = str(run.method.network)
        options = run.options if smoke else published_options(plan.paper, run.method)
        slow = hurried and issubclass(catalogue.network_class(network), EstimatingDeblurrer)
        where = device if run.method.id in timed and not slow else None
        found += [(network, options, where), (network, run.options, None)]
    left = (one for n, one in enumerate(found) if one not in found[:n])
    return [one for one in left if not _is_known(*one, rounds)]


def tell(network: str, options: Options, device: torch.device | None) -> None:
    """Store what a network costs: counted, and on a device measured."""
    if device is None:
        counted(network, options)
    else:
        measured(network, options, device)


def _is_known(network: str, options: Options, device: torch.device | None, rounds: int) -> bool:
    if device is not None:
        return len(_rounds(network, options, device)) >= rounds
    stored = read_whole(store.costs_file(network, options)) or {}
    return bool(stored.get("macs_counter") == COUNTER)


def _costs_alone(paper: Paper) -> set[str]:
    """Rows of the tables that hold costs and nothing else, controls among them."""
    tables = (one for one in paper.tables if all(map(columns.is_cost, one.columns)))
    return {method for table in tables for method in table.methods}

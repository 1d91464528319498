"""What the networks of a room cost: at published size for comparisons, as run for everything else.

A comparison of costs is one of the published networks, whatever the budget trains, so the tables
show the network at the options of the paper profile. Parameters and multiply-accumulates are
counted without memory for the weights; seconds and memory are measured for rows that run and that
a comparison of networks prints, and for all rows of a table of costs alone; parts and other
controls are counted. Each distinct network is looked at once and kept in the workspace, for all
rooms.
"""

import time
from typing import Any

import torch

from deblur_lib import catalogue
from deblur_lib.devices import resolve_device
from deblur_lib.evaluation.cost import COUNTER, cost, count_macs, count_parameters, device_name
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import read_whole, write_json
from deblur_lib.report import columns
from deblur_lib.runs import store
from deblur_lib.runs.plan import Plan, published_options
from deblur_lib.spec import Options, Paper
from deblur_lib.training.seeding import fresh_network

HURRIED = ("smoke", "demo")  # budgets without minutes for one picture of a slow method
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
    """The same with seconds and peak memory of one pass, measured on a device."""
    path = store.costs_file(network, options)
    stored = counted(network, options)
    if _is_news(stored, device):
        built = fresh_network(network, options, seed=0)
        if isinstance(built, EstimatingDeblurrer):
            stored |= {"seconds": _one_pass(built), "device": device_name(device)}
        else:
            stored = cost(built, size=(SIDE, SIDE), device=device)
        write_json(path, stored)
    return stored


def _is_news(known: dict[str, Any], device: torch.device) -> bool:
    """Whether what is stored of a network was not measured on this device."""
    return bool(known.get("device") != device_name(device))


def _one_pass(network: EstimatingDeblurrer) -> float:
    """Seconds of restoring one picture; such a method takes a minute, not milliseconds."""
    picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    start = time.perf_counter()
    network(picture)
    return time.perf_counter() - start


def published(paper: Paper) -> dict[str, dict[str, int]]:
    """Parameters and multiply-accumulates of all compared networks at their published size."""
    found = {}
    for method in columns.compared(paper):
        full = counted(str(method.network), published_options(paper, method))
        found[method.id] = {name: int(full[name]) for name in ("parameters", "macs") if full[name]}
    return found


def unmeasured(plan: Plan) -> list[tuple[str, Options, torch.device]]:
    """Count the networks of a plan, at smoke as they run; arguments of `measured` to be called."""
    device = resolve_device(plan.request.device)
    timed = {one.id for one in columns.compared(plan.paper) if not one.control}
    timed |= _costs_alone(plan.paper)
    jobs: list[tuple[str, Options, torch.device]] = []
    for run in {run.method.id: run for run in plan.runs}.values():
        network, smoke = str(run.method.network), plan.profile.name == "smoke"
        counted(network, run.options)
        options = run.options if smoke else published_options(plan.paper, run.method)
        known = counted(network, options)
        slow = not known["macs"] and plan.profile.name in HURRIED
        job = (network, options, device)
        if run.method.id in timed and not slow and _is_news(known, device) and job not in jobs:
            jobs.append(job)
    return jobs


def _costs_alone(paper: Paper) -> set[str]:
    """Rows of the tables that hold costs and nothing else, controls among them."""
    tables = (one for one in paper.tables if all(map(columns.is_cost, one.columns)))
    return {method for table in tables for method in table.methods}

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
    if stored.get("device") != device_name(device):
        built = fresh_network(network, options, seed=0)
        if isinstance(built, EstimatingDeblurrer):
            stored |= {"seconds": _one_pass(built), "device": device_name(device)}
        else:
            stored = cost(built, size=(SIDE, SIDE), device=device)
        write_json(path, stored)
    return stored


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


def missing(plan: Plan) -> list[tuple[str, Options, torch.device | None]]:
    """Networks of a plan whose costs are not stored yet, as arguments of `tell`.

    Each as it runs, and at its published size, except at smoke; those that are compared with a
    device, which are to be measured.
    """
    device = resolve_device(plan.request.device)
    smoke, hurried = plan.profile.name == "smoke", plan.profile.name in HURRIED
    timed = {one.id for one in columns.compared(plan.paper) if not one.control}
    timed |= _costs_alone(plan.paper)
    found: list[tuple[str, Options, torch.device | None]] = []
    for run in {run.method.id: run for run in plan.runs}.values():
        network = str(run.method.network)
        options = run.options if smoke else published_options(plan.paper, run.method)
        slow = hurried and issubclass(catalogue.network_class(network), EstimatingDeblurrer)
        where = device if run.method.id in timed and not slow else None
        found += [(network, options, where), (network, run.options, None)]
    return [one for n, one in enumerate(found) if one not in found[:n] and not _is_known(*one)]


def tell(network: str, options: Options, device: torch.device | None) -> None:
    """Store what a network costs: counted, and on a device measured."""
    if device is None:
        counted(network, options)
    else:
        measured(network, options, device)


def _is_known(network: str, options: Options, device: torch.device | None) -> bool:
    stored = read_whole(store.costs_file(network, options)) or {}
    known = bool(stored.get("macs_counter") == COUNTER)
    return known and (device is None or stored.get("device") == device_name(device))


def _costs_alone(paper: Paper) -> set[str]:
    """Rows of the tables that hold costs and nothing else, controls among them."""
    tables = (one for one in paper.tables if all(map(columns.is_cost, one.columns)))
    return {method for table in tables for method in table.methods}

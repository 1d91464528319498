"""What every network costs here: counted, and measured on one device in each precision.

Networks are those that the rows of all papers run, each at its published size. On a processor one
thread is timed by the time it works, so that other processes stretch nothing. Where no core was
left to them they also take turns with it, which fills its caches anew, and a row says so.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import psutil
import torch
from torch import Tensor

from deblur_lib import catalogue, papers
from deblur_lib.devices import accelerator_name, laid, processor_threads, resolve_precision
from deblur_lib.errors import DeblurError, UsageError, unknown_name
from deblur_lib.evaluation.cost import COUNTER, count_macs, count_parameters
from deblur_lib.evaluation.inference import evaluating, full_precision, lay_out, out_of_memory
from deblur_lib.evaluation.tiling import round_up
from deblur_lib.evaluation.timing import peak, timed, traced, watched
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.report import columns
from deblur_lib.runs.measurements import Measured, place
from deblur_lib.runs.plan import published_options
from deblur_lib.spec import Options, Train
from deblur_lib.training.loop import make_player
from deblur_lib.training.seeding import fresh_network

SIZES = ((256, 256), (720, 1280))  # height and width of the pictures, in pixels
CROP = 256  # px of a training step's picture: as many pixels as the smaller one
SPARE = 0.8  # share of the free memory that a measurement may take
RECIPE = Train(steps=1, batch=1, crop=CROP, lr=1e-4, loss={"l1": 1.0})


class Subject(NamedTuple):
    """A network at one size.

    Attributes:
        network: catalogue name.
        options: its keyword arguments.
        rows: rows of the papers that run it at this size, "wan2023/mimo_unet".
    """

    network: str
    options: Options
    rows: tuple[str, ...] = ()


def subjects(names: Sequence[str] = ()) -> list[Subject]:
    """Networks at their published sizes, those that the papers compare, in their order.

    Args:
        names: catalogue names; none takes all that a comparison runs. One that none runs comes as
            it is built without options.

    Raises:
        UsageError: an unknown name.
    """
    known = catalogue.networks()
    for name in names:
        if name not in known:
            raise UsageError(unknown_name("network", name, known))
    found: dict[str, Subject] = {}
    for paper in map(papers.load, papers.names()):
        for method in columns.networks_of(paper):
            network, options = str(method.network), published_options(paper, method)
            key, row = f"{network} {_text(options)}", f"{paper.id}/{method.id}"
            before = found.get(key, Subject(network, options))
            found[key] = before._replace(rows=(*before.rows, row))
    chosen = [one for one in found.values() if one.network in names or not names]
    lost = [one for one in names if one not in {subject.network for subject in chosen}]
    return [*chosen, *(Subject(one, {}) for one in lost)]


def _text(options: Options) -> str:
    return json.dumps(options, sort_keys=True)


def bench(
    subject: Subject,
    device: torch.device,
    *,
    sizes: Sequence[tuple[int, int]] = SIZES,
    precisions: Sequence[str] = (),
    step: bool = True,
    known: Iterable[Measured] = (),
) -> Iterator[Measured]:
    """Measure a network: forward passes, then a training step, in each precision.

    Args:
        subject: what to measure.
        device: where.
        sizes: height and width of the pictures; rounded up to what the network takes.
        precisions: "fp32" and "bf16"; none takes fp32 and what `auto` means here.
        step: measure a training step too.
        known: measurements that need not be repeated.

    Raises:
        UsageError: a control that is told the motion of each picture.
    """
    chosen = precisions or dict.fromkeys(("fp32", resolve_precision("auto", device)))
    network = fresh_network(subject.network, subject.options, seed=0)
    if isinstance(network, EstimatingDeblurrer) and network.needs_motion:
        raise UsageError(
            f"{subject.network} is told the motion of each generated picture and has nothing to "
            "measure without; bench another network"
        )
    works = [("forward", 1, *_fitted(network, size)) for size in sizes]
    if isinstance(network, EstimatingDeblurrer):
        works, chosen = works[:1], chosen if precisions else ("fp32",)  # a pass takes minutes
    elif step:
        size = _fitted(network, (CROP, CROP))
        works.append(("step", _fewest(subject, (*_frames(network), 3, *size)), *size))
    lay_out(network.to(device), device)
    name, done = (subject.network, _text(subject.options)), {place(one) for one in known}
    with processor_threads(1 if device.type == "cpu" else None):
        for what, batch, height, width in works:
            todo = [one for one in chosen if (*name, what, height, width, one) not in done]
            shape = (batch, *_frames(network), 3, height, width)
            blank = _counted(subject, network, what, shape, device) if todo else {}
            for precision in todo:
                yield _measured(network, {**blank, "precision": precision}, shape, device)


def _fitted(network: Deblurrer, size: tuple[int, int]) -> tuple[int, int]:
    height, width = (round_up(max(one, network.minimum_size), network.multiple_of) for one in size)
    return height, width


def _fewest(subject: Subject, shape: tuple[int, ...]) -> int:
    """Pictures that a training step needs: two where norms see one value of a picture, else one."""
    with torch.device("meta"), torch.no_grad():
        built = catalogue.build(subject.network, **subject.options).train()
        try:
            built.forward_all(torch.empty(1, *shape))
        except (DeblurError, ValueError):  # ours, and that of the norms of torch
            return 2
    return 1


def _frames(network: Deblurrer) -> tuple[int, ...]:
    return (network.clip_length,) if network.clip_length > 1 else ()


def _counted(
    subject: Subject, network: Deblurrer, what: str, shape: tuple[int, ...], device: torch.device
) -> dict[str, Any]:
    """Everything that is known before something runs; nothing is calculated."""
    macs = None
    if not isinstance(network, EstimatingDeblurrer):
        with torch.device("meta"):
            built = catalogue.build(subject.network, **subject.options)
            macs = count_macs(built, torch.empty(shape))
    return {
        "network": subject.network,
        "options": _text(subject.options),
        "rows": " ".join(subject.rows),
        "what": what,
        "batch": shape[0],
        "height": shape[-2],
        "width": shape[-1],
        "device": accelerator_name(device) or device.type,
        "threads": torch.get_num_threads(),
        "parameters": count_parameters(network),
        "macs": macs,
        "flops": None if macs is None else 2 * macs,
        "counter": COUNTER,
    }


def _measured(
    network: Deblurrer, known: dict[str, Any], shape: tuple[int, ...], device: torch.device
) -> Measured:
    precision = str(known["precision"])
    blurred = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    blurred = laid(blurred.to(device), device)
    tensors = (*network.parameters(), *network.buffers(), blurred)
    learns = known["what"] == "step"
    lacking = _lacking(known, blurred.shape) if device.type == "cpu" else ""
    if lacking:
        return Measured(**known, why=lacking)
    call = _step(network, blurred, precision) if learns else _forward(network, blurred, precision)
    with watched() as machine:
        try:
            memory, how = (None, "") if known["macs"] is None else peak(call, device, *tensors)
            timing = timed(call, device)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            return Measured(**known, **machine.told(), why="memory ran out")
    found: dict[str, Any] = {
        "seconds": timing.median, "low": timing.low, "high": timing.high,
        "repeats": timing.repeats, "peak_memory": memory, "memory_by": how,
    }  # fmt: skip
    return Measured(**known, **found, **machine.told())


def _forward(network: Deblurrer, blurred: Tensor, precision: str) -> Callable[[], object]:
    kind = blurred.device.type

    def call() -> object:
        exact = full_precision(blurred.device) if precision == "fp32" else nullcontext()
        short = torch.autocast(kind, torch.bfloat16) if precision == "bf16" else nullcontext()
        with evaluating(network), torch.inference_mode(), exact, short:
            return network(blurred)

    return call


def _step(network: Deblurrer, blurred: Tensor, precision: str) -> Callable[[], object]:
    """A training step with the library's settings; the weights move, which costs no more."""
    player = make_player(network, RECIPE, 0, blurred.device, precision)
    sharp = blurred if blurred.dim() == 4 else blurred[:, 0]
    player.step(blurred, sharp, RECIPE.lr)  # makes the moments
    return lambda: player.step(blurred, sharp, RECIPE.lr)


def _lacking(known: dict[str, Any], shape: torch.Size) -> str:
    """Why a pass or step would not fit into memory; "" where it would, or where nothing tells.

    A system that runs out of memory ends the process. Nothing is calculated. A step in bfloat16 is
    taken to keep half of what one in float32 keeps.
    """
    if known["macs"] is None:
        return ""
    learns = known["what"] == "step"
    with torch.device("meta"):
        built = catalogue.build(known["network"], **json.loads(known["options"])).train(learns)
        picture = torch.empty(shape)

    def call() -> None:
        if learns:
            torch.autograd.backward([one.sum() for one in built.forward_all(picture)])
        else:
            built(picture)

    with torch.set_grad_enabled(learns):
        needed = traced(call, *built.parameters(), *built.buffers(), picture)
    needed = needed // 2 if learns and known["precision"] == "bf16" else needed
    free = psutil.virtual_memory().available
    if needed <= SPARE * free:
        return ""
    return f"it needs {needed / 2**30:.0f} GiB of memory, {free / 2**30:.0f} are free"

"""Networks as ONNX files for other programs, each held against the network before it is kept.

The file names no folder of this machine: traces that the exporter leaves are removed. What cannot
be exported is declared with the reason, see `weights.limits`.
"""

import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from deblur_lib import files, provenance
from deblur_lib.errors import EvaluationError, UsageError
from deblur_lib.evaluation.inference import name_of
from deblur_lib.evaluation.tiling import round_up
from deblur_lib.nn import Deblurrer
from deblur_lib.nn.estimating import EstimatingDeblurrer
from deblur_lib.records import write_json
from deblur_lib.weights.limits import ESTIMATES, FIXED, REFUSED

OPSET = 18
LIMIT = 1e-4  # largest difference from the network, white being 1
SIDE = 256  # of pictures where the size is fixed, in pixels
LARGE = 1024  # values from which on half precision is worth a node
MOST = 16384  # largest side of a free size, in pixels
NEEDS = ("onnx", "onnxruntime", "onnxscript")


@dataclass(frozen=True)
class Exported:
    """An exported network, as the .json beside the file tells it.

    Attributes:
        network: catalogue name.
        input, output: names in the graph; white is 1.
        shape: of the input, text where a length is free.
        multiple_of: height and width must be multiples of these.
        minimum_size: smallest height and width.
        opset: version of the operators.
        half: weights stored as float16; arithmetic is float32.
        difference: largest one from the network, white being 1.
        why_fixed: the reason where the size is fixed, "" where it is free.
        sha256: SHA-256 of the file.
    """

    network: str
    input: str
    output: str
    shape: list[int | str]
    multiple_of: list[int]
    minimum_size: int
    opset: int
    half: bool
    difference: float
    why_fixed: str
    sha256: str


class _Alone(nn.Module):
    """The restored picture only, whatever else a network gives."""

    def __init__(self, network: Deblurrer) -> None:
        super().__init__()
        self.network = network

    def forward(self, blurred: Tensor) -> Tensor:
        restored: Tensor = self.network(blurred)
        return restored


def export(
    network: Deblurrer, path: Path, *, side: int | None = None, half: bool = False
) -> Exported:
    """Write a network as an ONNX file, with a .json beside it.

    Args:
        network: filled; left as it was.
        path: the .onnx file.
        side: height and width for which to export; None for free ones where that is possible.
        half: store large weights as float16, which halves the file.

    Raises:
        UsageError: the packages of the extra `export` are missing, or the network cannot be
            exported; the text says why.
        EvaluationError: the file restores otherwise than the network.
    """
    onnx = _packages()
    name = name_of(network)
    why = ESTIMATES if isinstance(network, EstimatingDeblurrer) else REFUSED.get(name, "")
    if why:
        raise UsageError(f"{name} cannot be exported: {why}; take another network")
    fixed = f"asked for {side} px" if side else FIXED.get(name, "")
    training = network.training
    wanted = [one.requires_grad for one in network.parameters()]
    network.eval().requires_grad_(False)
    try:
        model, fixed = _graph(onnx, network, side or SIDE, fixed)
        _cleaned(model)
        if half:
            _halved(onnx, model)
        difference = _difference(network, model.SerializeToString(), side or SIDE, fixed)
    finally:
        network.train(training)
        for one, grad in zip(network.parameters(), wanted, strict=True):
            one.requires_grad_(grad)
    if not difference <= (4 / 255 if half else LIMIT):
        raise EvaluationError(
            f"{name} as ONNX differs by {difference:.2g} from the network, at most {LIMIT:g} is "
            "rounding; weights that nothing was trained with can do so (norms of nearly constant "
            "maps), take trained ones"
        )
    with files.atomic(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
    shape = [
        one.dim_param or one.dim_value for one in model.graph.input[0].type.tensor_type.shape.dim
    ]
    made = Exported(
        network=name, input="blurred", output="restored", shape=shape,
        multiple_of=list(_steps(network)), minimum_size=network.minimum_size, opset=OPSET,
        half=half, difference=difference, why_fixed=fixed, sha256=provenance.file_digest(path),
    )  # fmt: skip
    write_json(path.with_suffix(".json"), asdict(made))
    return made


def _packages() -> Any:
    missing = [one for one in NEEDS if find_spec(one) is None]
    if missing:
        raise UsageError(
            f"export needs {', '.join(missing)}; install the extra: "
            "pip install 'deblur-lib[export]'"
        )
    return importlib.import_module("onnx")


def _graph(onnx: Any, network: Deblurrer, side: int, fixed: str) -> tuple[Any, str]:
    """The graph, of free sizes where nothing speaks against it, and why they are fixed."""
    if not fixed:
        for sizes in (_multiples(network), dict.fromkeys((-2, -1), torch.export.Dim.DYNAMIC)):
            try:
                return _traced(onnx, network, _pictures(network, side)[1], sizes), ""
            except Exception as error:  # whatever stops the exporter
                fixed = f"a free size failed ({type(error).__name__})"
    try:
        return _traced(onnx, network, _pictures(network, side)[0], None), fixed
    except Exception as error:
        why = str(error).strip().splitlines()[0]
        raise UsageError(
            f"{name_of(network)} cannot be exported ({type(error).__name__}: {why}); take another "
            "network"
        ) from error


def _steps(network: Deblurrer) -> tuple[int, int]:
    """Multiples that a graph needs; a network that pads inside leaves that to the caller there."""
    inside = getattr(network, "cell", 1)
    down, across = network.multiples
    return max(down, inside), max(across, inside)


def _multiples(network: Deblurrer) -> dict[int, Any]:
    """Free height and width, as multiples, by their axes."""
    least, made = network.minimum_size, {}
    for axis, step, name in zip((-2, -1), _steps(network), ("h", "w"), strict=True):
        length = torch.export.Dim(name, min=max(2, -(-least // step)), max=MOST // step)
        made[axis] = length if step == 1 else step * length
    return made


def _traced(onnx: Any, network: Deblurrer, picture: Tensor, sizes: dict[int, Any] | None) -> Any:
    """The graph of a network; `sizes` says which axes of the picture are free."""
    free = ({axis % picture.dim(): one for axis, one in sizes.items()},) if sizes else None
    with _quiet():
        program = torch.onnx.export(
            _Alone(network).eval(),
            (picture,),
            dynamo=True,
            opset_version=OPSET,
            input_names=["blurred"],
            output_names=["restored"],
            dynamic_shapes=free,
            external_data=False,
            verbose=False,
        )
        held = io.BytesIO()
        assert program is not None
        program.save(held)  # type: ignore[arg-type]
    return onnx.load_model_from_string(held.getvalue())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's own remarks from the reader, who can do nothing about them."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _cleaned(model: Any) -> None:
    """Remove the traces of where the network was exported."""
    graphs = [model.graph, *model.functions]
    for graph in graphs:
        for kind in ("node", "input", "output", "value_info", "initializer"):
            for one in getattr(graph, kind, ()):
                if hasattr(one, "metadata_props"):
                    one.ClearField("metadata_props")
                if hasattr(one, "doc_string"):
                    one.ClearField("doc_string")
                graphs += [each.g for each in getattr(one, "attribute", ()) if each.HasField("g")]
        graph.ClearField("doc_string")
        graph.ClearField("metadata_props")
    model.ClearField("doc_string")
    model.ClearField("metadata_props")


def _halved(onnx: Any, model: Any) -> None:
    """Store large weights as float16, cast back where they are used."""
    casts = []
    for one in model.graph.initializer:
        values = onnx.numpy_helper.to_array(one)
        if values.dtype == np.float32 and values.size >= LARGE:
            name = one.name
            one.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(
                onnx.helper.make_node("Cast", [one.name], [name], to=onnx.TensorProto.FLOAT)
            )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _difference(network: Deblurrer, model: bytes, side: int, fixed: str) -> float:
    """Largest difference from the network, over pictures of several sizes where these are free."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    worst = 0.0
    for picture in _pictures(network, side)[: 1 if fixed else None]:
        with torch.inference_mode():
            ours = network(picture).numpy()
        gap = np.abs(session.run(None, {"blurred": picture.numpy()})[0] - ours).max()
        worst = max(worst, float(gap)) if np.isfinite(gap) else float("inf")
    return worst


def _pictures(network: Deblurrer, side: int) -> list[Tensor]:
    """Smooth pictures with noise: of the side, then wider, then higher."""
    down, across = _steps(network)
    draw = torch.Generator().manual_seed(0)
    frames = () if network.clip_length == 1 else (network.clip_length,)
    found = []
    for wider, higher in ((0, 0), (2, 0), (0, 1)):
        height = round_up(max(side, network.minimum_size), down) + higher * down
        width = round_up(max(side, network.minimum_size), across) + wider * across
        wave = torch.sin(torch.arange(height)[:, None] / 9) * torch.cos(torch.arange(width) / 14)
        noise = torch.rand((1, *frames, 3, height, width), generator=draw)
        found.append((0.5 + 0.3 * wave + 0.2 * (noise - 0.5)).contiguous())
    return found

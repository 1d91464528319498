"""Tables and figures of a paper: which rows, which columns, which drawing."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from deblur_lib.errors import DeclarationError, unknown_name
from deblur_lib.spec.ground import STRICT, Options


@dataclass(frozen=True, config=STRICT)
class Column:
    """One column of a table: a data set, a printed metric, and the convention we score it by.

    Attributes:
        dataset: the data set's name in the printed cells ("gopro_test").
        metric: the metric's name in the printed cells ("psnr_db", "ssim", "time_s", "params_m").
        convention: our named convention ("psnr-rgb"), or the name of a cost ("parameters").
        title: heading shown to readers.
        size_of: of a column of costs, what stands for a row whose printed cost is of another size
            of its network than the printed scores, by method id; a subject of the probes.
    """

    dataset: str
    metric: str
    convention: str
    title: str
    size_of: dict[str, str] = Field(default_factory=dict)


SCORED = ("psnr_db", "ssim", "edges", "black")  # metrics of pictures, the others are costs
_PSNR, _SSIM = ("psnr_db", "PSNR{} [dB]"), ("ssim", "SSIM{}")
_FILLS = {  # metric of the printed cells and heading, by convention or cost
    **dict.fromkeys(("psnr-rgb", "psnr-float", "shift-y-psnr", "realblur-ecc-psnr"), _PSNR),
    **dict.fromkeys(("wang-rgb", "vol3d-rgb", "uniform7-rgb"), _SSIM),
    **dict.fromkeys(("shift-y-ssim", "realblur-ecc-ssim"), _SSIM),
    "edges-rgb": ("edges", "edges, sharp picture = 1"),
    "black-rgb": ("black", "black where the sharp picture is not [%]"),
    "seconds": ("time_s", "time at 256x256 [s]"),
    "macs": ("macs_g", "MACs at 256x256 [G]"),
    "peak_memory": ("memory_mib", "memory at 256x256 [MiB]"),
    "parameters": ("params_m", "parameters [M]"),
}
_ALIGNED = {"realblur-ecc": "aligned", "shift-y": "shift-y"}  # said in every heading


def columns(
    conventions: dict[str, tuple[str, ...]], *, size_of: dict[str, str] | None = None
) -> tuple[Column, ...]:
    """The columns of a table, data set by data set.

    The first convention of a metric is the printed column of its data set; the heading of another
    one names it.

    Args:
        conventions: conventions and costs of each data set, in the order of the columns.
        size_of: of the columns of costs, see `Column`.

    Raises:
        DeclarationError: no metric is scored by that convention.
    """
    made: list[Column] = []
    for dataset, names in conventions.items():
        for name in names:
            if name not in _FILLS:
                raise DeclarationError(
                    unknown_name("convention", name, _FILLS, see="deblur_lib.spec.tables")
                )
            metric, title = _FILLS[name]
            again = (dataset, metric) in {(one.dataset, one.metric) for one in made}
            told = _ALIGNED.get(name.rpartition("-")[0], name if again else "")
            sizes = {} if metric in SCORED else size_of or {}
            title = title.format(f", {told}" if told else "")
            made.append(Column(dataset, metric, name, title, sizes))
    return tuple(made)


@dataclass(frozen=True, config=STRICT)
class Table:
    """A table of the paper: which methods, which columns; the printed cells live in printed.yaml.

    Attributes:
        id: "T1".
        number: "Table 1", as printed.
        caption: what it shows, in our words.
        methods: method ids, in printed order; controls and identity may follow.
        columns: columns, in printed order.
        kind: comparison with other networks or ablation of the paper's own.
    """

    id: str
    number: str
    caption: str
    methods: tuple[str, ...]
    columns: tuple[Column, ...]
    kind: Literal["comparison", "ablation"] = "comparison"


@dataclass(frozen=True, config=STRICT)
class Figure:
    """A figure of the paper or of ours.

    Attributes:
        id: "F4" for a figure of the paper, another word for ours.
        title: heading.
        kind: which drawing function makes it ("crops", "curves", "data", "diagram", "bars", ...).
        caption: what it shows, in our words.
        settings: keyword arguments of the drawing function.
    """

    id: str
    title: str
    kind: str
    caption: str
    settings: Options = Field(default_factory=dict)

"""Tables and figures of a paper: which rows, which columns, which drawing."""

from typing import Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

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

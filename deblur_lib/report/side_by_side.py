"""Quality against cost of every network that the papers compare, from stored rows. No torch.

Quality is the mean gain over the blurred picture in the largest published profile, on the kind of
pictures the network learnt from; it compares among networks scored on the same pictures. Cost is
that of the network at its published size. Seconds and memory come from `deblur bench` where
benchmarks/measured holds its table, else from what the runs measured on their own machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from deblur_lib import papers, seals
from deblur_lib.records import read_json
from deblur_lib.report import columns
from deblur_lib.report.coverage import stored
from deblur_lib.report.results import Results
from deblur_lib.report.scores import over_input
from deblur_lib.spec import Method, Paper

QUALITY = "psnr-rgb"
MEASURED = Path("benchmarks") / "measured"
NAME = "networks.csv"
Costs = dict[str, float]


@dataclass(frozen=True)
class Entry:
    """One network as a paper compares it.

    Attributes:
        paper, method, title: the row.
        network: catalogue name.
        profile: where its quality comes from; "" where no profile is published.
        data: data id of the pictures it was scored on; "" without a score.
        pictures: digest of these pictures and the profile: equal ones compare.
        seeds: number of trainings.
        gain, low, high: mean gain over the blurred picture in dB, and its interval over pictures.
        costs: what is known of "parameters", "macs", "macs_here", "seconds", "peak_memory" and,
            from the table of `deblur bench`, "seconds_hd", "memory_hd", "step".
        busy: whether one of the seconds was measured while other work took turns.
    """

    paper: str
    method: str
    title: str
    network: str
    profile: str = ""
    data: str = ""
    pictures: str = ""
    seeds: int = 0
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    busy: bool = False


def entries(published: Path, measured: pd.DataFrame | None = None) -> list[Entry]:
    """Every network that a paper's comparison runs, in the order of papers and rows.

    Args:
        published: folder of results, <published>/<paper>/<profile>.
        measured: from `bench_table`; None takes seconds and memory from the results.
    """
    found = []
    for paper in map(papers.load, papers.names()):
        folder = stored(published, paper.id)
        results = Results.load(folder) if folder else None
        found += [_entry(paper, one, results, measured) for one in columns.networks_of(paper)]
    return found


def _entry(
    paper: Paper, method: Method, results: Results | None, measured: pd.DataFrame | None
) -> Entry:
    costs: Costs = {
        name: value
        for name in ("parameters", "macs", "macs_here", "seconds", "peak_memory")
        if results and (value := results.cost(method.id, name)) is not None
    }
    busy = False
    if measured is not None:
        costs = {name: one for name, one in costs.items() if name not in ("seconds", "peak_memory")}
        mine = measured[measured["rows"].map(lambda one: f"{paper.id}/{method.id}" in one.split())]
        costs |= _measured(mine)
        busy = bool((mine["busy"] == "True").any())
    told: dict[str, Any] = _quality(results, paper, method) if results else {}
    return Entry(paper.id, method.id, method.title, str(method.network), costs=costs, busy=busy,
                 **told)  # fmt: skip


def _quality(results: Results, paper: Paper, method: Method) -> dict[str, Any]:
    """Gain on the pictures of the kind it learnt from; where none were scored, on the first."""
    learnt = columns.trained_on(results, paper, method.id)
    tested = columns.tested_on(results, paper)
    datasets = sorted(tested, key=lambda name: tested[name] != learnt)
    for dataset in datasets:
        gain = over_input(results, method.id, dataset, QUALITY)
        if gain:
            mine, bounds = gain.mine, gain.bounds
            digests = {one.data.get(mine.data, "") for one in results.of_method(method.id)}
            return {
                "profile": results.profile, "data": mine.data, "seeds": len(mine.seeds),
                "pictures": f"{results.profile} {mine.data} {' '.join(sorted(digests))}",
                "gain": gain.mean, "low": bounds.low, "high": bounds.high,
            }  # fmt: skip
    return {"profile": results.profile}


def bench_table(root: Path) -> pd.DataFrame | None:
    """What `deblur bench` measured on one machine, as texts; None where it is not stored.

    Args:
        root: project root.

    Raises:
        RecordError: the table was cut or changed since it was stored.
    """
    folder = root / MEASURED
    if not (folder / NAME).is_file():
        return None
    seals.check(folder, NAME)
    return pd.read_csv(folder / NAME, dtype=str, keep_default_na=False)


def _measured(mine: pd.DataFrame) -> Costs:
    """Costs of one network in float32: at both ends of the sizes, and of a step by picture."""
    plain = mine[mine["precision"] == "fp32"]
    sizes = plain.assign(pixels=plain["height"].astype(int) * plain["width"].astype(int))
    passes = sizes[sizes["what"] == "forward"].sort_values("pixels")
    found: Costs = {}
    if len(passes):
        first = passes.iloc[0]
        found |= _numbers(first, {name: name for name in ("parameters", "macs", "seconds",
                                                          "peak_memory")})  # fmt: skip
    if len(passes) > 1:
        found |= _numbers(passes.iloc[-1], {"seconds": "seconds_hd", "peak_memory": "memory_hd"})
    for _, step in sizes[sizes["what"] == "step"].iterrows():
        if step["seconds"]:
            found["step"] = float(step["seconds"]) / float(step["batch"])
    return found


def _numbers(row: Any, names: Mapping[str, str]) -> Costs:
    return {target: float(row[name]) for name, target in names.items() if row[name]}


def machine(root: Path) -> str:
    """The processor or accelerator of the table of `deblur bench`."""
    path = (root / MEASURED / NAME).with_suffix(".json")
    told: dict[str, str] = read_json(path)["machine"]
    return told["processor"] if told["accelerator"] == "none" else told["accelerator"]

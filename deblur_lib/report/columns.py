"""Which numbers stand in which column: printed protocol, other conventions, costs."""

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.report.results import Results
from deblur_lib.spec import Column, Method, Paper, Profile, Table

COST_NAMES = (
    "parameters", "macs", "seconds", "seconds_low", "seconds_high", "peak_memory",
    "parameters_here", "macs_here",
)  # fmt: skip
SCALES = {"_ms": 1e-3, "_k": 1e3, "_m": 1e6, "_g": 1e9, "_mib": 2.0**20, "_gib": 2.0**30}


def table_of(paper: Paper, table: str) -> Table:
    """A declared table.

    Raises:
        UsageError: the paper declares no table of that id.
    """
    known = {one.id: one for one in paper.tables}
    if table not in known:
        raise UsageError(unknown_name(f"table of {paper.id}", table, known))
    return known[table]


def method_of(paper: Paper, method: str) -> Method:
    """A declared method."""
    return next(one for one in paper.methods if one.id == method)


def compared(paper: Paper) -> list[Method]:
    """Rows of the tables that compare networks, those that run one here."""
    tables = (table for table in paper.tables if table.kind == "comparison")
    named = {method for table in tables for method in table.methods}
    return [
        one for one in paper.methods if one.id in named and one.network not in (None, "identity")
    ]


def networks_of(paper: Paper) -> list[Method]:
    """Compared rows that are networks of their own: no other row's weights, no variant."""
    return [
        one
        for one in compared(paper)
        if not one.weights_of
        and not (one.control and (one.network in paper.networks or not one.trains))
    ]


def profile_of(paper: Paper, name: str) -> Profile:
    """A declared profile."""
    return next(one for one in paper.profiles if one.name == name)


def meant_for(paper: Paper, method: str, profile: str) -> str:
    """Data id of the pictures that a method is declared to learn from at a profile."""
    declared, row = profile_of(paper, profile), method_of(paper, method)
    own = method_of(paper, row.weights_of or method).train_on
    return declared.test_on[own] if own else declared.train_on


def trained_on(results: Results, paper: Paper, method: str) -> str:
    """Data id of the pictures that a method learnt from; of its declaration where it was not run.

    A request may put other pictures in the place of the declared ones.
    """
    for one in results.of_method(method):
        for name in one.data:
            data_id, _, split = name.rpartition("/")
            if split == "train":
                return data_id
    return meant_for(paper, method, results.profile)


def tested_on(results: Results, paper: Paper) -> dict[str, str]:
    """Data id of the pictures that were scored for each printed data set of the profile."""
    declared = profile_of(paper, results.profile).test_on
    stored = results.remembered("data ids", lambda: _data_ids(results))
    return {dataset: stored.get(dataset, data_id) for dataset, data_id in declared.items()}


def _data_ids(results: Results) -> dict[str, str]:
    first = results.rows.drop_duplicates("dataset")
    ids = (name.rpartition("/")[0] for name in first["data"])
    return dict(zip(first["dataset"], ids, strict=True))


def own_method(paper: Paper, results: Results) -> Method | None:
    """The paper's own full network: the last printed row of its first table that its room fills.

    Returns:
        None when no such row was scored.
    """
    scored = set(results.rows["method"])
    rows = [method_of(paper, name) for name in paper.tables[0].methods]
    printed = [one for one in rows if not one.control and one.id in scored]
    own = [one for one in printed if one.network in paper.networks]
    return own[-1] if own else None


def is_beside(table: Table, column: Column) -> bool:
    """True for a column that shows a printed metric under another convention.

    The first column of a data set and metric is the printed protocol; only it is compared with the
    printed cells.
    """
    return main_column(table, column.dataset, column.metric) is not column


def main_column(table: Table, dataset: str, metric: str) -> Column | None:
    """The column that is compared with the printed cells of a data set and metric."""
    asked = (one for one in table.columns if (one.dataset, one.metric) == (dataset, metric))
    return next(asked, None)


def of_key(key: str, paper: Paper) -> tuple[Column | None, str]:
    """Column and method of a key of an expression; a cost has no column."""
    first, *rest = key.split(".")
    if first == "cost":
        return None, rest[0]
    dataset, metric, method = rest
    return main_column(table_of(paper, first), dataset, metric), method


def is_cost(column: Column) -> bool:
    """True for a column of measured costs instead of picture scores."""
    return column.convention in COST_NAMES


def cost_value(results: Results, method: str, column: Column) -> float | None:
    """A method's cost in the unit of the column ("params_m": millions)."""
    value = results.cost(column.size_of.get(method, method), column.convention)
    suffix = "_" + column.metric.rpartition("_")[2]
    return None if value is None else value / SCALES.get(suffix, 1.0)


def higher_is_better(metric: str) -> bool:
    """False for times, sizes, counts and perceptual distances."""
    return metric.startswith(("psnr", "ssim", "mssim"))

"""Score trained networks on real GoPro pairs, for checking only: never trained on, never shipped.

The pairs come from `roots={"gopro-linear": ...}` of the request. Where they are absent, the rows
of the published run are shown, and the table says so.
"""

from pathlib import Path

import pandas as pd

from deblur_lib import store
from deblur_lib.plan import Plan
from deblur_lib.records import Row, read_rows, write_rows

DATASET = "gopro_real_check"
SOURCE = "gopro-linear"
CONVENTIONS = ("psnr-rgb", "vol3d-rgb")
NAME = "real_check.csv"


def real_check(plan: Plan) -> pd.DataFrame:
    """Mean scores of each network on real pairs, and its gain over the blurred pictures.

    Returns:
        One row per network (weights of the first seed), with the source of the numbers.
    """
    folder = store.results_folder(plan.request)
    if SOURCE in plan.request.roots and plan.request.train == "missing":
        _score(plan, folder / NAME)
    for where, path in (
        ("this run", folder / NAME),
        ("published run", store.published_folder(plan.paper.id, plan.profile.name) / NAME),
    ):
        if path.is_file():
            return _table(plan, read_rows(path), where)
    what = f"needs real pairs: roots={{'{SOURCE}': 'folder of GOPRO_Large'}}"
    return pd.DataFrame({"not measured": [what]}, index=["all networks"])


def _score(plan: Plan, path: Path) -> None:
    from deblur_lib.data.real import open_source
    from deblur_lib.evaluation.runner import evaluate
    from deblur_lib.running import scored_rows, shows_bars, trained
    from deblur_lib.training.devices import resolve_device

    runs = [run for run in plan.runs if run.seed == plan.runs[0].seed]
    if path.is_file() and {run.id for run in runs} <= set(read_rows(path)["run"]):
        return
    root = Path(plan.request.roots[SOURCE])
    source = open_source(SOURCE, "train", root, cache=store.cache_folder(), partial=True)
    device = resolve_device(plan.request.device)
    rows: list[Row] = []
    for method, run, seed, network in (
        ("identity", "-", -1, None),
        *((run.method.id, run.id, run.seed, trained(run).to(device)) for run in runs),
    ):
        scored = evaluate(
            network, source, conventions=CONVENTIONS, device=device, progress=shows_bars()
        )
        rows += scored_rows(
            plan, scored, method=method, run=run, seed=seed, dataset=DATASET, source=source
        )
    write_rows(path, rows)


def _table(plan: Plan, rows: pd.DataFrame, where: str) -> pd.DataFrame:
    titles = {one.id: one.title for one in plan.paper.methods}
    means = rows.pivot_table(index="method", columns="convention", values="value", aggfunc="mean")
    psnr = means["psnr-rgb"].astype(float)
    counts = rows.groupby("method")["picture"].nunique()
    order = [one for one in titles if one in means.index]
    frame = pd.DataFrame(
        {
            "PSNR [dB]": psnr[order].map("{:.2f}".format),
            "gain [dB]": (psnr[order] - float(psnr["identity"])).map("{:+.3f}".format),
            "SSIM (volumetric)": means.loc[order, "vol3d-rgb"].map("{:.4f}".format),
            "pairs": counts.loc[order],
            "numbers from": where,
        }
    )
    return frame.rename(index=titles).rename_axis("row")

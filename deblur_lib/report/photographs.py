"""Gain over the blurred input on each photograph: whether one picture makes a mean."""

import pandas as pd

from deblur_lib.errors import UsageError, unknown_name
from deblur_lib.report import numbers
from deblur_lib.report.results import Results
from deblur_lib.report.scores import Scores, align, scores
from deblur_lib.report.statistics import finite_mean
from deblur_lib.spec import Paper


def gains(
    results: Results, paper: Paper, dataset: str, *, convention: str = "psnr-rgb"
) -> pd.DataFrame:
    """Mean gain of each network over the blurred input, photograph by photograph.

    Args:
        results: rows of one profile.
        paper: whose methods are the columns.
        dataset: a data set of the tables ("gopro_test").
        convention: score to compare, higher is better.

    Returns:
        One row per scene, the smallest gain of the middle network first (one that failed decides
        nothing): its pictures, the input's score, and for
        each method with scores the mean over seeds and pictures of (restored - input), under its
        title.

    Raises:
        UsageError: no blurred input is scored on such a data set.
    """
    blurred = scores(results, "identity", dataset, convention)
    if blurred is None:
        known = set(results.rows.loc[results.rows["convention"] == convention, "dataset"])
        raise UsageError(unknown_name(f"data set scored as {convention}", dataset, known))
    count = pd.Series(blurred.scenes).value_counts()
    frame = pd.DataFrame({"pictures": count, "input": _by_scene(blurred)})
    networks = [one for one in paper.methods if one.network not in (None, "identity")]
    for method in networks:
        found = scores(results, method.id, dataset, convention)
        if found is not None:
            frame[method.title] = _differences(found, blurred)
    own = frame.columns[2:]
    if len(own):
        frame = frame.loc[frame[own].median(axis=1).sort_values(kind="stable").index]
    return frame.rename_axis("photograph")


def shown(gained: pd.DataFrame, metric: str) -> pd.DataFrame:
    """What `gains` found as readers see it: a row for each network, a column for each photograph.

    Args:
        gained: from `gains`.
        metric: decides the decimals, "psnr_db" or "ssim".
    """
    rows = {"blurred input": [numbers.number(one, metric) for one in gained["input"]]}
    for title in gained.columns[2:]:
        rows[title] = [numbers.number(one, metric, sign=True) for one in gained[title]]
    return pd.DataFrame.from_dict(rows, "index", columns=list(gained.index)).rename_axis("row")


def _by_scene(one: Scores) -> pd.Series:
    means = pd.Series(one.values.mean(axis=0)).groupby(list(one.scenes))
    return means.apply(lambda values: finite_mean(values.to_numpy()))


def _differences(one: Scores, blurred: Scores) -> pd.Series:
    lined = align([one, blurred])
    return pd.Series(lined.means[0] - lined.means[1]).groupby(list(lined.scenes)).mean()

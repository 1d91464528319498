"""The part that two executions have in common, and in words what only one of them has."""

import dataclasses
from itertools import groupby
from operator import itemgetter

import pandas as pd

from deblur_lib.errors import MissingRowsError
from deblur_lib.records import Manifest
from deblur_lib.report.results import NO_RUN, Results

KEYS = ["method", "seed", "dataset", "picture", "convention"]
SAME_INPUT = 0.01  # dB between two scores of one blurred picture; beyond, the pictures differ


def common_part(ours: Results, published: Results) -> tuple[Results, Results, list[str]]:
    """Both sides cut down to rows of the same pictures, settings, methods and seeds.

    Returns:
        Ours and the published, with the same rows in the same order, and notes on what was left
        out.

    Raises:
        MissingRowsError: no trained row is left; says why.
    """
    both = sorted({*ours.rows["dataset"]} & {*published.rows["dataset"]})
    apart = [one for one in both if _other_pictures(ours, published, one)]
    others = _other_settings(ours, published)
    notes = [f"{dataset}: other pictures, not compared" for dataset in apart]
    if others:
        notes.append(f"trained with other settings or pictures, not compared: {', '.join(others)}")
    mine, theirs = (
        rows[~rows["dataset"].isin(apart) & ~rows["method"].isin(others)]
        for rows in (ours.rows, published.rows)
    )
    notes += _one_sided(mine, theirs)
    mine, theirs = mine.set_index(KEYS).sort_index(), theirs.set_index(KEYS).sort_index()
    shared = mine.index.intersection(theirs.index)
    order = list(ours.rows.columns)
    mine, theirs = (side.loc[shared].reset_index()[order] for side in (mine, theirs))
    if not (mine["run"] != NO_RUN).any():
        raise MissingRowsError(
            f"the rows of {ours.paper} at profile {ours.profile} have no trained row in common "
            f"with the published ones ({'; '.join(notes)}); run the profile as it is published"
        )
    return *_with_costs(ours, published, mine, theirs), notes


def _with_costs(
    ours: Results, published: Results, mine: pd.DataFrame, theirs: pd.DataFrame
) -> tuple[Results, Results]:
    """Results of these rows with the costs and probes that both sides have."""
    stored = [one.costs.set_index(["method", "name"]).sort_index() for one in (ours, published)]
    shared = stored[0].index.intersection(stored[1].index)
    order = list(ours.costs.columns)
    costs = [one.loc[shared].reset_index()[order] for one in stored]
    probes = [one.probes if ours.probes and published.probes else {} for one in (ours, published)]
    return (
        dataclasses.replace(ours, rows=mine, costs=costs[0], probes=probes[0]),
        dataclasses.replace(published, rows=theirs, costs=costs[1], probes=probes[1]),
    )


def same_runs(ours: Results, published: Results) -> set[str]:
    """Runs that both sides hold from one and the same execution, by when it started."""
    started = {one.run: (one.started, one.weights_digest) for one in published.manifests}
    return {
        one.run
        for one in ours.manifests
        if started.get(one.run) == (one.started, one.weights_digest)
    }


def _other_pictures(ours: Results, published: Results, dataset: str) -> bool:
    """True where the data id, its digest or the scores of the blurred pictures differ."""
    sides = [one.rows[one.rows["dataset"] == dataset] for one in (ours, published)]
    names = [str(side["data"].iloc[0]) for side in sides]
    digests = [
        {run.data[name] for run in one.manifests if name in run.data}
        for one, name in zip((ours, published), names, strict=True)
    ]
    if names[0] != names[1] or digests[0] != digests[1]:
        return True
    blurred = [
        side[(side["run"] == NO_RUN) & (side["convention"] == "psnr-rgb")]
        .set_index("picture")["value"]
        .rename(number)
        for number, side in enumerate(sides)
    ]
    both = pd.concat(blurred, axis=1, join="inner")
    return bool(((both[0] - both[1]).abs() > SAME_INPUT).any())


def _other_settings(ours: Results, published: Results) -> list[str]:
    """Methods that both sides trained, but not alike."""
    theirs = {one.method: one for one in published.manifests}
    return sorted(
        {
            one.method
            for one in ours.manifests
            if one.method in theirs and not _alike(one, theirs[one.method])
        }
    )


def _alike(one: Manifest, other: Manifest) -> bool:
    """True for one network, its options, the recipe (fields that both know) and pictures."""
    shared = one.train.keys() & other.train.keys()
    return (
        (one.network, one.options, _learnt(one)) == (other.network, other.options, _learnt(other))
        and all(one.train[name] == other.train[name] for name in shared)
    )  # fmt: skip


def _learnt(one: Manifest) -> dict[str, str]:
    return {name: digest for name, digest in one.data.items() if not name.endswith("/test")}


def _one_sided(mine: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """What only one side has: data sets, methods, and seeds and pictures of shared ones."""
    notes = []
    for where, one, other in (("now", mine, theirs), ("published", theirs, mine)):
        for what in ("dataset", "method"):
            only = sorted({*one[what]} - {*other[what]})
            if only:
                notes.append(f"only {where}: {', '.join(only)}")
            one = one[~one[what].isin(only)]
        for what, within in (("seed", "method"), ("picture", "dataset")):
            held, others = ({*zip(side[within], side[what], strict=True)} for side in (one, other))
            for name, pairs in groupby(sorted(held - others), key=itemgetter(0)):
                found = [str(value) for _, value in pairs]
                text = f"{what}s {', '.join(found)}" if what == "seed" else f"{len(found)} pictures"
                notes.append(f"only {where}: {text} of {name}")
    return notes

"""Which pictures are shown, by fixed rules on the blurred input."""

import numpy as np
from numpy.typing import NDArray

from deblur_lib.report.results import Results
from deblur_lib.report.scores import scores

Picture = NDArray[np.uint8]


def chosen(results: Results, dataset: str) -> dict[str, str]:
    """Pictures to show, by rule.

    Returns:
        What the runs noted in the probes ("shown"), else of the stored pictures those with the
        lowest and the median input PSNR and with the most edges among the rest.
    """
    stored = results.pictures(dataset)
    noted = results.probes.get("shown", {}).get(dataset, {})
    kept = {rule: name for rule, name in noted.items() if name in stored}
    if kept or not stored:
        order = ("strongest blur", "median blur", "most edges")
        return {rule: kept[rule] for rule in (*order, *sorted(kept)) if rule in kept}
    mine = scores(results, "identity", dataset, "psnr-rgb")
    values = dict(zip(mine.pictures, mine.values[0], strict=True)) if mine else {}
    ranked = sorted(stored, key=lambda name: (values.get(name, 0.0), name))
    picked = {"strongest blur": ranked[0]}
    rest = [name for name in ranked if name != ranked[0]]
    if rest:
        picked["median blur"] = rest[(len(rest) - 1) // 2]
        rest.remove(picked["median blur"])
    if rest:
        picked["most edges"] = max(rest, key=lambda name: _edges(results, dataset, name))
    return picked


def _edges(results: Results, dataset: str, name: str) -> float:
    gray = results.picture(dataset, name, "sharp").mean(axis=2)
    return float(np.abs(np.diff(gray, axis=0)).mean() + np.abs(np.diff(gray, axis=1)).mean())


def psnr(restored: Picture, sharp: Picture) -> float:
    """PSNR of two 8-bit pictures or crops in dB; infinite where they are equal."""
    mean = float(((restored.astype(np.float64) - sharp.astype(np.float64)) ** 2).mean())
    return 10 * float(np.log10(255.0**2 / mean)) if mean else float("inf")

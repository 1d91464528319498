"""What is published of a training log."""

import pandas as pd

from deblur_lib.runs.collecting import CURVE_POINTS, _thinned


def test_a_long_curve_is_told_by_means_of_equal_blocks() -> None:
    steps = range(1, 2 * CURVE_POINTS)
    log = pd.DataFrame(
        [(step, "loss", float(step)) for step in steps] + [(50, "validation/psnr-rgb", 30.5)],
        columns=["step", "name", "value"],
    )
    found = _thinned(log)
    loss = found[found["name"] == "loss"]
    assert len(loss) == CURVE_POINTS
    assert list(loss["step"])[:2] == [2, 4]
    assert list(loss["value"])[:2] == [1.5, 3.5]
    assert loss["step"].iloc[-1] == loss["value"].iloc[-1] == steps[-1]
    (score,) = found[found["name"] == "validation/psnr-rgb"].itertuples()
    assert (score.step, score.value) == (50, 30.5)

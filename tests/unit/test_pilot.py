"""What the pilot's rows say about settings, and the page made of them."""

import itertools
from pathlib import Path

import fake_results
import numpy as np
import pandas as pd
import pytest

from deblur_lib.errors import RecordError
from deblur_lib.report import pilot
from deblur_lib.runs import store


def frame(spread: float, *, seconds: float = 60.0, seeds: int = 4) -> pd.DataFrame:
    """Two settings; the seeds of the second lie twice as far apart."""
    luck = np.linspace(-1, 1, seeds)
    luck = luck / luck.std(ddof=1) * spread
    records = [
        {"blur": blur, "steps": 600, "ema": 0.995, "seed": seed, "seconds": seconds * blur,
         "picture": f"p{scene}{crop}", "scene": f"s{scene}", "input": 24.0 + scene,
         "value": 25.0 + scene + luck[seed] * 2 * blur}
        for blur, seed, scene, crop in itertools.product((0.5, 1.0), range(seeds), range(5), "ab")
    ]  # fmt: skip
    return pd.DataFrame(records, columns=list(pilot.COLUMNS))


def test_more_luck_needs_more_seeds() -> None:
    needed = [pilot.seeds_needed(one) for one in (0.02, 0.05, 0.09, 0.2)]
    assert needed == sorted(needed)
    # two-sample t test, difference of one deviation, power 0.8: 17 a side (Cohen 1988)
    assert pilot.seeds_needed(0.1, planted=0.1) == 17


def test_settings_are_told_by_gain_luck_and_cost(tmp_path: Path) -> None:
    frame(0.05).to_csv(tmp_path / "settings.csv", index=False)
    found = pilot.settings(tmp_path / "settings.csv").set_index("blur")
    assert found["gain [dB]"].tolist() == pytest.approx([1.0, 1.0])
    assert found["deviation over seeds [dB]"].tolist() == pytest.approx([0.05, 0.1])
    assert found["minutes a run"].tolist() == pytest.approx([0.5, 1.0])
    for blur in (0.5, 1.0):
        needed = found.loc[blur, "seeds for 0.1 dB"]
        assert needed == pilot.seeds_needed(0.1 * blur)
        assert found.loc[blur, "minutes for 0.1 dB"] == pytest.approx(2 * needed * blur)


def test_other_columns_are_refused(tmp_path: Path) -> None:
    frame(0.05).drop(columns="scene").to_csv(tmp_path / "settings.csv", index=False)
    with pytest.raises(RecordError, match="columns should be blur, steps"):
        pilot.settings(tmp_path / "settings.csv")


def test_the_page_shows_what_is_stored_and_says_what_is_not(tmp_path: Path) -> None:
    assert pilot.page(tmp_path).count("Not measured yet.") == 2
    frame(0.05).to_csv(tmp_path / "settings.csv", index=False)
    fake_results.write_results(
        tmp_path / "wan2023", profile="study", seeds=(0,), pictures=False,
        gains={"wan2023": 0.5, "wan2023_dffm": -0.2},
    )  # fmt: skip
    shown = pilot.page(tmp_path)
    assert "Not measured yet." not in shown
    assert "1 of the 2 rows tried beat the blurred picture." in shown
    assert "| wan2023 | Baseline + DFFM |" in shown


def test_a_row_without_gain_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gains = {"wan2023": 0.0, "wan2023_dffm": 0.3, "wan2023_baseline": -0.2}
    fake_results.write_results(tmp_path / "wan2023", gains=gains, pictures=False)
    (tmp_path / "why.yaml").write_text("wan2023: {wan2023: too short}\n", encoding="utf-8")
    monkeypatch.setattr(pilot, "REASONS", tmp_path / "why.yaml")
    told = pilot.rows(tmp_path).set_index("row")["why no gain"]
    assert told["wan2023 (DFFM + MSRM)"] == "too short"
    assert told["Baseline + DFFM"] == ""
    assert told["Baseline"] == pilot.UNKNOWN
    assert "- wan2023, wan2023 (DFFM + MSRM): too short\n" in pilot.page(tmp_path)


def test_every_stored_row_without_gain_has_its_reason() -> None:
    found = pilot.rows(store.checkout() / "results" / "pilot")
    assert pilot.UNKNOWN not in set(found["why no gain"])

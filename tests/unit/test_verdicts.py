import dataclasses
from pathlib import Path

import fake_results
import pytest

from deblur_lib import papers
from deblur_lib.errors import DeclarationError
from deblur_lib.report import rules, verdicts
from deblur_lib.report.results import Results
from deblur_lib.report.rules import (
    CONTRADICTED,
    DIRECTION,
    INSEPARABLE,
    NOT_JUDGED,
    SUPPORTED,
    UNTESTABLE,
    Verdict,
)
from deblur_lib.report.verdicts import Judgement, judge
from deblur_lib.report.weighing import on_rows
from deblur_lib.spec import Check

PAPER = papers.load("wan2023")
GAIN = "T2.gopro_test.psnr_db.wan2023 - T2.gopro_test.psnr_db.wan2023_dffm"


def judged(results: Results | None) -> dict[str, Judgement]:
    return {one.claim.id[-3:]: one for one in judge(results, PAPER)}


def made(folder: Path, **settings: object) -> Results:
    return fake_results.made(folder, **{"profile": "study"} | settings)


# --- against the print ---------------------------------------------------------------------------


def test_printed_verdicts_of_all_claims() -> None:
    found = {name: one.printed.verdict for name, one in judged(None).items()}
    expected = {f"C{n:02d}": SUPPORTED for n in (*range(1, 10), *range(12, 17))}
    expected |= {"C10": INSEPARABLE, "C11": CONTRADICTED, "C17": CONTRADICTED}
    expected |= {f"C{n}": NOT_JUDGED for n in (18, 19, 20, 21, 26, 27, 28, 29, 30)}
    expected |= {f"C{n}": UNTESTABLE for n in (22, 23, 24, 25)}
    assert found == expected


def test_the_two_sided_claims_say_which_side_holds() -> None:
    found = judged(None)
    assert [one.verdict for one in found["C10"].printed_parts] == [SUPPORTED, INSEPARABLE]
    assert "equal in the printed digits" in found["C10"].printed.reason
    assert [one.verdict for one in found["C11"].printed_parts] == [CONTRADICTED, SUPPORTED]
    assert "0.93" in found["C11"].printed_parts[0].reason
    assert "−1.94" in found["C11"].printed_parts[1].reason


# --- against made-up rows ------------------------------------------------------------------------


def test_rows_that_show_the_claimed_order(tmp_path: Path) -> None:
    found = judged(made(tmp_path))
    assert found["C16"].ours.verdict == SUPPORTED
    assert found["C05"].ours.verdict == DIRECTION  # 0.4 dB made, 0.17 stated
    assert "the stated 0.17 lies outside" in found["C05"].ours.reason
    assert found["C12"].ours.verdict == NOT_JUDGED
    assert (
        "without a run here: Nah et al. 2017, Zhang et al. 2018 (SVRNN)" in found["C12"].ours.reason
    )
    assert found["C10"].ours.verdict == NOT_JUDGED
    assert found["C09"].ours.verdict == NOT_JUDGED
    assert found["C22"].ours.verdict == UNTESTABLE


def test_rows_of_the_same_weights_are_compared_training_by_training(tmp_path: Path) -> None:
    results = made(tmp_path, by_seed=0.3)
    rows = results.rows
    own = rows[rows["method"] == "wan2023_dffm"]
    twin = own.assign(method="wan2023_dffm_mean", value=own["value"] - 0.05)
    found = judged(fake_results.with_rows(results, rows, twin))["C28"].ours
    assert found.verdict == SUPPORTED, found
    assert "0.05, [0.05, 0.05]" in found.reason


def test_rows_that_hold_the_stated_size(tmp_path: Path) -> None:
    gains = {"wan2023_baseline": 1.0, "wan2023_dffm": 1.12, "wan2023": 1.29}
    found = judged(made(tmp_path, gains=gains, by_seed=0.005, by_scene=0.05))
    assert found["C05"].ours.verdict == SUPPORTED
    assert found["C07"].ours.verdict == SUPPORTED


def test_rows_that_show_the_other_order(tmp_path: Path) -> None:
    gains = {"wan2023_baseline": 1.7, "wan2023_dffm": 1.3, "wan2023": 1.0}
    found = judged(made(tmp_path, gains=gains))
    assert found["C05"].ours.verdict == CONTRADICTED
    assert found["C16"].ours.verdict == CONTRADICTED


def test_rows_that_decide_nothing(tmp_path: Path) -> None:
    gains = {"wan2023_baseline": 1.0, "wan2023_dffm": 1.0, "wan2023": 1.0}
    found = judged(made(tmp_path, gains=gains, by_seed=0.01, by_scene=0.3))
    assert found["C16"].ours.verdict == INSEPARABLE


def test_two_seeds_give_at_most_a_direction(tmp_path: Path) -> None:
    found = judged(made(tmp_path, seeds=(0, 1)))
    assert found["C16"].ours.verdict == DIRECTION
    assert "3 seeds of every row are needed for more" in found["C16"].ours.reason


def test_maxima_and_two_data_sets_are_resampled_together(tmp_path: Path) -> None:
    results = made(tmp_path)
    best = "max(T2.gopro_test.psnr_db.wan2023_dffm, T2.gopro_test.psnr_db.wan2023_baseline)"
    check = Check(f"T2.gopro_test.psnr_db.wan2023 - {best}", "gt")
    assert on_rows(check, results, PAPER).verdict == SUPPORTED
    lead = "T1.{0}.psnr_db.wan2023 - T1.{0}.psnr_db.mimo_unet"
    check = Check(f"({lead.format('gopro_test')}) - ({lead.format('realblur_j')})", "gt")
    assert on_rows(check, results, PAPER).verdict == SUPPORTED


def test_costs_are_compared_as_they_are(tmp_path: Path) -> None:
    found = judged(made(tmp_path, pictures=True))
    assert found["C18"].ours.verdict == SUPPORTED
    assert found["C19"].ours.verdict == SUPPORTED
    assert found["C20"].ours.verdict == NOT_JUDGED
    assert "no seconds of DeblurGAN-v2, Nah et al. 2017" in found["C20"].ours.reason
    results = Results.load(tmp_path)
    close = Check("cost.wan2023.seconds - cost.wan2023_aff.seconds", "lt")
    assert on_rows(close, results, PAPER).verdict == SUPPORTED
    slowest = results.costs["name"] == "seconds_high"
    costs = results.costs.assign(value=results.costs["value"].mask(slowest, 0.2))
    slow = dataclasses.replace(results, costs=costs)
    assert on_rows(close, slow, PAPER).verdict == INSEPARABLE
    once = dataclasses.replace(results, costs=results.costs[~slowest])
    once.costs.loc[once.costs["name"] == "seconds_low", "value"] = 1.0
    once = dataclasses.replace(once, costs=once.costs[once.costs["name"] != "seconds_low"])
    found = on_rows(close, once, PAPER)
    assert found.verdict == NOT_JUDGED
    assert "was taken once" in found.reason


def test_a_method_scored_otherwise_is_named(tmp_path: Path) -> None:
    results = made(tmp_path)
    kept = results.rows[results.rows["convention"] != "psnr-rgb"]
    results = dataclasses.replace(results, rows=kept)
    found = on_rows(Check(GAIN, "gt"), results, PAPER)
    assert found.verdict == NOT_JUDGED
    assert (
        "scored here on gopro_test as psnr-rgb: wan2023 (DFFM + MSRM), Baseline + DFFM"
        in found.reason
    )


def test_equal_pictures_are_left_out_of_both_sides(tmp_path: Path) -> None:
    results = made(tmp_path)
    rows = results.rows
    equal = (rows["picture"] == "p00") & (rows["method"] == "wan2023") & (rows["seed"] == 0)
    rows.loc[equal & (rows["convention"] == "psnr-rgb"), "value"] = float("inf")
    found = on_rows(Check(GAIN, "gt"), results, PAPER)
    assert found.verdict == SUPPORTED
    assert found.reason.endswith("; 1 equal pictures left out")


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("T2.gopro_test.psnr_db.wan2032", "did you mean 'T2.gopro_test.psnr_db.wan2023'"),
        ("T3.gopro_test.psnr_db.wan2023", "no cell is called"),
        ("T1.gopro.psnr_db.wan2023", "no cell is called"),
        ("T1.gopro_test.psnr_db.wan2023 - T1.gopro_test.ssim.wan2023", "mixes metrics"),
        ("wan2023", "no cell is called"),
    ],
)
def test_claims_may_only_name_what_is_declared(expr: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        verdicts.check_keys(Check(expr, "gt"), PAPER)


def test_claims_name_modules_that_the_probes_measure() -> None:
    named = {
        name: {check.module for claim in papers.claims(name) for check in claim.checks} - {""}
        for name in papers.names()
    }
    assert {name: found for name, found in named.items() if found} == {
        "li2026": {"AFEM", "ECA"},
        "lu2025": {"DFGB", "top-k"},
        "wan2023": {"DFFM"},
    }


def test_views_and_counts(tmp_path: Path) -> None:
    found = judge(made(tmp_path), PAPER)
    assert sum(verdicts.counts(found)["ours"].values()) == sum(
        not one.ours for one in papers.claims("wan2023")
    )
    assert len(verdicts.as_dicts(found)) == len(papers.claims("wan2023"))
    view = verdicts.styled(found)
    assert view._repr_html_() == verdicts.styled(found)._repr_html_()
    assert "| supported at study | C16, section 2.4 and 3: Each module" in repr(view)
    assert "| claimed +0.17, measured +0.40 [+0.3" in repr(view)
    words = [one.partition(" at ")[0] for _, table in view.blocks for one in table.index]
    assert words == sorted(words, key=verdicts.VERDICTS.index)
    assert {NOT_JUDGED, UNTESTABLE} == {one.partition(" at ")[0] for one in view.blocks[1][1].index}
    assert view.folded == {view.blocks[1][0]}
    assert verdicts.as_dicts(found)[0]["profile"] == "study"
    for word in verdicts.VERDICTS:
        assert f"**{word}**" in rules.RULES


# --- seeds ---------------------------------------------------------------------------------------


def weighed(results: Results, expr: str = GAIN, relation: str = "gt", **more: object) -> Verdict:
    return on_rows(Check(expr, relation, **more), results, PAPER)  # type: ignore[arg-type]


def with_probes(results: Results, **probes: object) -> Results:
    return dataclasses.replace(results, probes=results.probes | probes)


def without(results: Results, method: str, *, seeds: tuple[int, ...]) -> Results:
    gone = (results.rows["method"] == method) & results.rows["seed"].isin(seeds)
    return dataclasses.replace(results, rows=results.rows[~gone])


def test_demo_says_no_more_than_a_direction(tmp_path: Path) -> None:
    found = weighed(made(tmp_path, profile="demo"))
    assert found.verdict == DIRECTION
    assert "demo shows no more than a direction" in found.reason


def test_what_a_budget_cannot_say_stands_once(tmp_path: Path) -> None:
    view = verdicts.styled(verdicts.judge(made(tmp_path, profile="demo"), PAPER))
    assert view.notes == ["demo shows no more than a direction"]
    told = [text for _, table in view.blocks for text in table["why"]]
    assert not [text for text in told if view.notes[0] in text]
    assert any("\n(2)" in text for text in told), "each check on its line"


def test_rows_may_have_different_numbers_of_seeds(tmp_path: Path) -> None:
    results = without(made(tmp_path, seeds=range(5)), "wan2023_dffm", seeds=(1, 2))
    found = weighed(results)
    assert found.verdict == SUPPORTED
    assert "over 3 to 5 seeds" in found.reason


def test_a_single_training_borrows_the_deviation_of_the_others(tmp_path: Path) -> None:
    results = without(made(tmp_path), "wan2023_dffm", seeds=(1, 2))
    found = weighed(results)
    assert found.verdict == DIRECTION
    assert "over 1 to 3 seeds" in found.reason


def test_without_any_second_seed_nothing_is_judged(tmp_path: Path) -> None:
    found = weighed(made(tmp_path, seeds=(0,)))
    assert found.verdict == NOT_JUDGED
    assert found.reason.startswith("one training cannot be told from luck (0.40, ")


def test_cells_of_one_training_deviate_together(tmp_path: Path) -> None:
    results = made(tmp_path, by_seed=0.3, by_scene=0.01)
    same = "T1.{0}.psnr_db.wan2023 - T1.{0}.psnr_db.wan2023"
    twice = "T2.gopro_test.psnr_db.wan2023 - T1.gopro_test.psnr_db.wan2023 + 0.1"
    assert weighed(results, same.format("gopro_test") + " + 0.1").verdict == SUPPORTED
    assert weighed(results, twice).verdict == SUPPORTED


def test_questions_of_ours_are_not_counted_among_the_claims(tmp_path: Path) -> None:
    judged = judge(made(tmp_path), PAPER)
    asked = [
        dataclasses.replace(one, claim=dataclasses.replace(one.claim, ours=True))
        if one.claim.id == "wan2023-C07"
        else one
        for one in judged
    ]
    before, after = (verdicts.counts(some)["ours"] for some in (judged, asked))
    assert sum(before.values()) - 1 == sum(after.values())
    assert "C07, our question to section" in verdicts.styled(asked).markdown()


def test_what_one_training_decides_is_no_count(tmp_path: Path) -> None:
    costs = {"wan2023": {"attention_zeros": 1.2}, "rest": {"attention_zeros": 1.1}}
    results = with_probes(made(tmp_path), costs=costs)
    found = weighed(results, "cost.wan2023.attention_zeros - cost.rest.attention_zeros")
    assert found.verdict == NOT_JUDGED
    assert "one training cannot be told from luck (0.1)" in found.reason

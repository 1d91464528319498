"""A small budget beside a large one: what pages show, what both say, how much each judges."""

import dataclasses
from pathlib import Path

import fake_results
import pytest
from fake_results import made

from deblur_lib import papers
from deblur_lib.book import answers, found
from deblur_lib.book import budgets as part
from deblur_lib.report import checks, rules, standing, summary, verdicts
from deblur_lib.report.markup import escape
from deblur_lib.report.results import Results

WAN = papers.load("wan2023")
OTHERS = {"wan2023_baseline": 1.0, "wan2023_dffm": 0.4, "wan2023": 1.7, "wan2023_aff": 1.2}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study is published, in part that of a larger budget as well."""
    root = tmp_path_factory.mktemp("results")
    made(root / "wan2023" / "study", "study", gains=OTHERS)
    made(root / "wan2023" / "unfinished" / "gpu", "gpu")
    return root


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What was executed here."""
    return made(tmp_path_factory.mktemp("runs") / "demo" / "results")


def of(published: Path, shown: Results) -> dict[str, Results]:
    return standing.stored(published, "wan2023", shown)


def test_pages_show_the_largest_budget_that_is_published_whole(
    published: Path, shown: Results
) -> None:
    found = of(published, shown)
    assert list(found) == ["demo", "study"]  # an unfinished pass is none
    assert found["demo"] is shown
    assert standing.largest(found).profile == "study"
    larger = made(shown.folder.parent / "gpu", "gpu")
    assert standing.largest(of(published, larger)) is larger


def test_smoke_stands_alone(published: Path, tmp_path: Path) -> None:
    smoke = made(tmp_path, "smoke")
    assert of(published, smoke) == {"smoke": smoke}


def test_verdicts_to_the_same_side_are_counted_whatever_their_strength(
    published: Path, shown: Results
) -> None:
    pair = standing.pair(shown, of(published, shown)["study"], WAN)
    words = [
        {one.claim.id: one.ours.verdict for one in verdicts.judge(results, WAN)}
        for results in of(published, shown).values()
    ]
    assert words[0]["wan2023-C07"] == rules.DIRECTION  # a gain of 0.3 dB by DFFM
    assert words[1]["wan2023-C07"] == rules.CONTRADICTED
    assert "wan2023-C07" in pair.differ
    assert "wan2023-C12" not in (*pair.same, *pair.differ)  # rivals that nobody ran
    same = standing.pair(shown, made(published / "same", "study"), WAN)
    assert "wan2023-C07" in same.same  # a direction at demo, supported at study
    assert same.differ == ()
    assert pair.orders
    assert {(one.first, one.second) for one in pair.orders} == {("study", "demo")}


def test_the_share_counts_claims_that_compare_rows(shown: Results) -> None:
    judged = verdicts.judge(shown, WAN)
    one = standing.standing(judged, WAN)
    assert 0 < one.judged < one.compare < len(judged)
    assert one.share == f"{one.judged} of {one.compare} ({100 * one.judged / one.compare:.0f} %)"
    compare = {claim.id for claim in papers.claims("wan2023") if standing.compares_rows(claim, WAN)}
    assert "wan2023-C07" in compare
    assert "wan2023-C18" not in compare  # parameters and receptive fields
    assert not any(one.claim.untestable for one in judged if one.claim.id in compare)


def test_a_chapter_holds_what_was_executed_against_what_is_published(
    published: Path, shown: Results
) -> None:
    budgets = of(published, shown)
    text = part.beside(budgets, shown, WAN)
    assert (
        ":::{dropdown} What this machine just did: profile demo, held against study\n:open:" in text
    )
    pair = standing.pair(shown, budgets["study"], WAN)
    assert f"{len(pair.same)} have verdicts to the same side; of " in text
    assert {*pair.turned} <= {*pair.differ}
    assert f"{pair.small.share} at demo, {pair.large.share} at study." in text
    orders = [one for one in pair.orders if one.table == "Table 2"]
    assert f"| Table 2 | {standing.agreement(orders)} |" in text
    assert "<wan2023-at-study>" in text
    read = part.beside(budgets | {"demo": shown}, budgets["study"], WAN)
    assert "below are those of study" in read
    assert "<wan2023-at-demo>" in read


def test_one_budget_alone_has_nothing_beside_it(shown: Results, tmp_path: Path) -> None:
    assert part.beside(of(tmp_path, shown), shown, WAN) == ""


def test_what_was_found_names_its_budget_and_takes_all_numbers_from_it(
    published: Path, shown: Results
) -> None:
    budgets = of(published, shown)
    text = found.page({"wan2023": budgets}, published)
    assert "Shown is the largest stored budget: profile study" in text
    assert "No larger one" not in text
    told = papers.summary("wan2023")
    judged = {one.claim.id: one for one in verdicts.judge(budgets["study"], WAN)}
    for name in told.headline[: found.MAIN]:
        assert f"{answers.chip(judged[name])} {summary.asked(judged[name])} " in text
    gain = summary.gain_of(budgets["study"], WAN, told.own, told.datasets[0])
    assert gain is not None
    assert f"Own network: {gain.mean} dB [{gain.low}, {gain.high}] on " in text
    counted = standing.standing(list(judged.values()), WAN)
    numbers = f"{counted.holds} | {counted.fails} | {counted.undecided} |"
    assert f"| wan2023 | study | {numbers}" in text
    assert f"| all | study | {numbers}" in text
    before = standing.standing(verdicts.judge(shown, WAN), WAN)
    assert f"at demo, the smallest budget, {before.share}." in text


def test_what_was_found_says_when_demo_is_all_there_is(shown: Results, tmp_path: Path) -> None:
    text = found.page({"wan2023": of(tmp_path, shown)}, tmp_path)
    assert "No larger one than demo is stored yet" in text
    assert "the smallest budget" not in text
    assert "study" not in text


def test_gains_on_real_pairs_are_told_where_they_are_stored(tmp_path: Path) -> None:
    place = tmp_path / "study"
    results = made(place, "study")
    assert "Mine" not in found.page({"wan2023": {"study": results}}, tmp_path)
    fake_results.write_checks(place)
    (told,) = checks.real_gains(place, "wan2023")
    assert told.startswith("Mine: +1.")
    (shown,) = checks.real_gains(place, "wan2023", ("training", "scene"))
    assert "picture" in told
    assert "picture" not in shown
    assert escape(shown) in found.page({"wan2023": {"study": Results.load(place)}}, tmp_path)


def test_a_network_that_was_not_scored_is_said_to_be(tmp_path: Path) -> None:
    others = {name: gain for name, gain in fake_results.GAINS.items() if name != "wan2023"}
    text = found.page({"wan2023": {"study": made(tmp_path, "study", gains=others)}}, tmp_path)
    assert "Own network: not scored at this budget" in text


def test_a_claim_of_several_lines_is_told_by_its_first(shown: Results) -> None:
    one = next(one for one in verdicts.judge(shown, WAN) if one.claim.id == "wan2023-C07")
    part = one.our_parts[0]
    several = dataclasses.replace(
        one, our_parts=(part, part._replace(short="claimed 1, measured 2"))
    )
    assert found._effect(several, shown) == found._effect(one, shown)

"""The first and last words of a chapter come from rows and verdicts."""

import dataclasses
import re

import pandas as pd
import pytest

from deblur_lib import papers
from deblur_lib.report import summary
from deblur_lib.report.results import Results
from deblur_lib.report.rules import Verdict
from deblur_lib.runs import store

PAPER = papers.load("wan2023")
TOLD = papers.summary("wan2023")
SUMMARIES = [one for one in papers.names() if (papers.ROOT / one / "summary.yaml").is_file()]


@pytest.fixture(scope="module")
def stored() -> Results:
    return Results.load(store.published_folder("wan2023", "demo"))


def test_it_tells_the_gain_of_the_own_network_and_the_budget(stored: Results) -> None:
    text = summary.opening(stored, PAPER, where="the published run, profile demo")
    assert TOLD.question[:40] in text
    for dataset in TOLD.datasets:
        told = r" on generated .* dB over the blurred input \(.* photographs; \d trainings? of "
        assert re.search(told, text), dataset
    assert text.count(" at demo*:") == len(TOLD.headline)


def test_it_tells_what_each_half_of_the_steps_brought(stored: Results) -> None:
    rows = [
        ("wan2023", step, name, value)
        for name, values in (("validation/psnr-rgb", (26.0, 27.0, 27.25, 27.5)),
                             ("validation/input", (25.0,)))
        for step, value in zip((10, 20, 30, 40), values, strict=False)
    ]  # fmt: skip
    curves = pd.DataFrame(rows, columns=["method", "step", "name", "value"])
    (told,) = summary.pace(dataclasses.replace(stored, curves=curves), PAPER)
    assert "+2.00 dB by the first half of its 40 steps, +0.50 dB by the second" in told
    nothing = dataclasses.replace(stored, curves=curves[:0])
    assert list(summary.pace(nothing, PAPER)) == []
    assert "on its own validation pictures: +" in summary.opening(stored, PAPER, where="here")


def test_a_row_that_learnt_from_longer_blur_is_said_to() -> None:
    study = Results.load(store.published_folder("wan2023", "study"))
    told = " (trained on blur 2 times as long as that of the test)"
    assert summary.other_blur(study, PAPER, "wan2023_long") == told
    assert summary.other_blur(study, PAPER, "wan2023") == ""
    assert told in summary.opening(study, PAPER, where="here")


def test_an_execution_that_says_otherwise_is_named_beside_the_numbers(
    stored: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interval above zero and "not separable" would contradict each other without it."""
    other = "1 of 2 other executions: not separable"
    part = Verdict("not separable", f"0.14, [0.01, 0.26]; {other}", "claimed above 0")
    judged = [
        dataclasses.replace(one, ours=part, our_parts=(part,))
        for one in summary.judge(stored, PAPER)
    ]
    monkeypatch.setattr(summary, "judge", lambda *_: judged)
    text = summary.opening(stored, PAPER, where="here")
    assert text.count(f"claimed above 0; {other}.") == len(TOLD.headline)


def test_without_rows_it_says_so_and_judges_nothing() -> None:
    text = summary.opening(None, PAPER, where="run the cells below")
    assert "Nothing yet: run the cells below" in text
    assert "supported" not in text


@pytest.mark.parametrize(
    ("word", "chosen"),
    [
        ("supported", "holds"), ("same direction", "holds"), ("contradicted", "fails"),
        ("other direction", "fails"), ("not separable", "open"), ("not judged", "open"),
    ],
)  # fmt: skip
def test_the_verdict_chooses_the_sentence(
    word: str, chosen: str, stored: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = [
        dataclasses.replace(one, ours=one.ours._replace(verdict=word))
        for one in summary.judge(stored, PAPER)
    ]
    monkeypatch.setattr(summary, "judge", lambda *_: judged)
    lines = summary.closing(stored, PAPER).splitlines()
    assert [re.split(r" \((?:claim|our question) C", one)[0] for one in lines] == [
        f"- {getattr(one, chosen)}" for one in TOLD.takeaways
    ]
    assert all(f": {word} at demo" in one and one.endswith(")") for one in lines)


@pytest.mark.parametrize("paper", SUMMARIES)
def test_summaries_name_what_the_room_declares(paper: str) -> None:
    told, claims = papers.summary(paper), {one.id: one for one in papers.claims(paper)}
    assert told.own in {one.id for one in papers.load(paper).methods}
    assert set(told.headline) <= set(claims)
    assert set(told.datasets) <= {
        column.dataset for table in papers.load(paper).tables for column in table.columns
    }
    assert all(told.datasets[0] in one.test_on for one in papers.load(paper).profiles)  # shown
    assert 3 <= len(told.takeaways) <= 8
    for one in told.takeaways:
        assert one.check <= len(claims[one.claim].checks)
        assert not re.search(r"\d", one.holds + one.fails + one.open), "no typed number"

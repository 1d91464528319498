"""How tables, claims and pictures of whole chapters are laid out, held by the published rows."""

import pytest

from deblur_lib import papers
from deblur_lib.book import front
from deblur_lib.report import tables, verdicts
from deblur_lib.report.results import Results
from deblur_lib.runs import store


def published(paper: str) -> Results:
    return Results.load(store.published_folder(paper, "demo"))


def test_a_sentence_stands_for_a_table_in_which_no_row_ran() -> None:
    frame = tables.compare(published("sang2018"), papers.load("sang2018"), "other")
    assert frame["ours"].isna().all()
    view = tables.styled(frame)
    assert view.title == "Other blur, demo"
    assert not view.blocks
    assert not view.notes
    told = view.caption.partition("No number on long_paths, linear_light at demo. ")[2]
    assert told.startswith(
        "trained on long paths, 5x5 kernels; trained on long paths, 3x3 kernels:"
    )
    assert told.count("the small budgets are spent") == 1
    assert "not scored on" not in told
    assert view.markdown().count("|") == 0


def test_a_data_set_without_numbers_is_told_beside_those_that_have_some() -> None:
    frame = tables.compare(published("sang2018"), papers.load("sang2018"), "shift")
    gone = frame["dataset"] == "lai_full"
    frame.loc[gone, "ours"] = float("nan")
    frame.loc[gone, "why"] = "not run here"
    view = tables.styled(frame)
    assert view.caption.endswith(
        "No number on lai_full at demo. sang2018 (residual GAN); Blurred input: not run here."
    )
    assert len(view.blocks) == 6
    assert not any("lai_full:" in heading for heading, _ in view.blocks)


def test_rows_without_costs_are_left_out_of_the_costs() -> None:
    """Their scores stand in the blocks above, so "not run" would be wrong."""
    view = tables.styled(tables.compare(published("zhao2020"), papers.load("zhao2020"), "T1"))
    costs = next(table for heading, table in view.blocks if heading.startswith("What the networks"))
    assert len(costs) == 4
    assert not costs.apply(lambda column: column.str.contains("not run")).any().any()
    assert "Without skips" in view.blocks[0][1].index


def test_the_divider_begins_with_the_pictures_of_the_papers_own_set() -> None:
    first, *_ = front.chosen(published("zhao2020"))
    assert first[0] == "zhao2020_synthetic_test"


@pytest.mark.parametrize(
    ("paper", "place"),
    [("sang2018", "C25, our question to Table 1: "), ("sang2018", "C01, section 3.2: "),
     ("zhao2020", "C08, abstract and 3.1: "),
     ("zhao2020", "C18, section 3.2: ")],
)  # fmt: skip
def test_a_claim_names_its_place_as_the_paper_does(paper: str, place: str) -> None:
    assert place in verdicts.styled(verdicts.judge(None, papers.load(paper))).markdown()


def test_means_have_heads_that_readers_know_and_common_decimals() -> None:
    view = tables.means(published("lu2025"), papers.load("lu2025"))
    (first, psnr), (second, ssim) = view.blocks
    assert (first, second) == ("PSNR [dB] (psnr-rgb)", "SSIM (wang-rgb)")
    assert all(name.startswith("stand-in for ") for name in psnr.columns)
    assert list(psnr.columns) == list(ssim.columns)
    assert "MPRNet" in psnr.index
    for table, decimals in ((psnr, 2), (ssim, 4)):
        assert {len(text.partition(".")[2]) for text in table.to_numpy().ravel()} == {decimals}

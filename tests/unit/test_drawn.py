"""Results hold the pictures that are drawn, and no others."""

import pytest

from deblur_lib import papers
from deblur_lib.report.drawn import is_drawn


@pytest.mark.parametrize("paper", papers.names())
def test_the_own_network_is_drawn_on_every_data_set(paper: str) -> None:
    declared = papers.load(paper)
    study = next(one for one in declared.profiles if one.name == "study")
    own = papers.summary(paper).own
    assert all(is_drawn(declared, dataset, own) for dataset in study.test_on)


@pytest.mark.parametrize("paper", papers.names())
def test_what_a_figure_of_crops_names_is_drawn_where_it_draws(paper: str) -> None:
    declared = papers.load(paper)
    for figure in declared.figures:
        if figure.kind == "crops":
            dataset, methods = figure.settings["dataset"], figure.settings["methods"]
            assert all(is_drawn(declared, dataset, one) for one in methods)


def test_rows_of_no_figure_stay_with_their_runs() -> None:
    wan = papers.load("wan2023")
    assert is_drawn(wan, "realblur_j", "mimo_unet")
    assert not is_drawn(wan, "realblur_j", "wan2023_l1")
    assert not is_drawn(wan, "lai", "mimo_unet")

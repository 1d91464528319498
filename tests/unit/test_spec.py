"""Declarations that expand: columns, what extends another, what a data file says alike."""

import pytest
from pydantic import ValidationError

from deblur_lib import papers
from deblur_lib.errors import DeclarationError
from deblur_lib.spec import DEMO, RAGAN, Column, Profile, columns, extend


def test_the_first_convention_of_a_metric_is_the_printed_column() -> None:
    made = columns({"gopro_test": ("psnr-rgb", "wang-rgb", "vol3d-rgb"), "lai": ("wang-rgb",)})
    assert made == (
        Column("gopro_test", "psnr_db", "psnr-rgb", "PSNR [dB]"),
        Column("gopro_test", "ssim", "wang-rgb", "SSIM"),
        Column("gopro_test", "ssim", "vol3d-rgb", "SSIM, vol3d-rgb"),
        Column("lai", "ssim", "wang-rgb", "SSIM"),
    )


def test_a_heading_always_names_alignment() -> None:
    made = columns({"realblur_j": ("realblur-ecc-psnr", "psnr-rgb"), "lai": ("shift-y-ssim",)})
    titles = ["PSNR, aligned [dB]", "PSNR, psnr-rgb [dB]", "SSIM, shift-y"]
    assert [one.title for one in made] == titles


def test_only_columns_of_costs_name_other_sizes() -> None:
    made = columns({"gopro_test": ("psnr-rgb", "parameters")}, size_of={"a": "b"})
    assert [one.size_of for one in made] == [{}, {"a": "b"}]
    assert made[1].metric == "params_m"


def test_an_unknown_convention_is_refused() -> None:
    with pytest.raises(DeclarationError, match="did you mean 'psnr-rgb'"):
        columns({"gopro_test": ("psnr-rbg",)})


def test_settings_join_those_of_the_base_and_the_rest_replaces() -> None:
    base = extend(DEMO, options={"srn": {"features": 6, "blocks": 1}}, seeds=(0, 1))
    made = extend(base, options={"srn": {"blocks": 2}, "rdn": {}}, train={"crop": 64}, seeds=(3,))
    assert made.options == {"srn": {"features": 6, "blocks": 2}, "rdn": {}}
    assert made.train == DEMO.train | {"crop": 64}
    assert made.seeds == (3,)
    assert (made.name, made.data, base.train) == (DEMO.name, DEMO.data, DEMO.train)


def test_a_value_inside_settings_is_replaced_whole() -> None:
    base = extend(DEMO, train={"loss": {"l1": 1.0, "spectrum": 0.1}})
    made = extend(base, train={"loss": {"mse": 1.0}}, train_of={"srn": {"loss": {"l1": 1.0}}})
    assert made.train["loss"] == {"mse": 1.0}
    assert extend(made, train_of={"srn": {"loss": {"mse": 2.0}}}).train_of == {
        "srn": {"loss": {"mse": 2.0}}
    }


@pytest.mark.parametrize(
    "changes",
    [{"learning_rate": 1.0}, {"seeds": [0]}, {"train": None}, {"options": {"srn": 3}}],
    ids=lambda changes: next(iter(changes)),
)
def test_what_does_not_fit_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        extend(DEMO, **changes)


def test_the_base_stays_as_it_was() -> None:
    small = extend(RAGAN, options={"features": 8})
    assert small.options == {"norm": "instance", "features": 8}
    assert RAGAN.options == {"norm": "instance"}
    assert isinstance(extend(DEMO, train={}), Profile)


def test_an_entry_that_is_like_another_keeps_what_is_its_own() -> None:
    shared = {"data": {"kind": "data", "title": "The pictures"}}
    entry = {"id": "clips", "like": "data", "title": "The clips"}
    made = papers.complete(entry, shared, source="x/figures.yaml")
    assert made == {"id": "clips", "kind": "data", "title": "The clips"}
    assert papers.complete({"id": "own"}, shared, source="x/figures.yaml") == {"id": "own"}
    with pytest.raises(DeclarationError, match=r"x/figures.yaml: .* did you mean 'data'"):
        papers.complete({"like": "dato"}, shared, source="x/figures.yaml")


def test_a_room_is_loaded_with_its_figures_and_departures() -> None:
    paper = papers.load("wan2023")
    data = next(one for one in paper.figures if one.id == "data")
    assert data.caption.startswith("Test pairs, blurred above")
    assert paper.departures[-1].says == next(
        one.says for one in papers.load("lu2025").departures if one.id == "D34"
    )
    assert papers.load("wan2023") is paper

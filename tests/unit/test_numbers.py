"""Numbers read alike everywhere: digits, signs, thousands, dashes."""

import math

import pytest

from deblur_lib.report import numbers


@pytest.mark.parametrize(
    ("value", "metric", "sign", "text"),
    [
        (30.6, "psnr_db", False, "30.60"),
        (30.654, "psnr_db", False, "30.65"),
        (0.954, "ssim", False, "0.9540"),
        (-0.5, "psnr_db", False, "−0.50"),
        (0.5, "psnr_db", True, "+0.50"),
        (-0.001, "psnr_db", True, "0.00"),
        (-0.0, "psnr_db", False, "0.00"),
        (-0.00004, "ssim", True, "0.0000"),
        (5060, "", False, "5,060"),
        (15_567_504, "", False, "15,567,504"),
        (18820.4, "", False, "18,820"),
        (0.05563, "time_s", False, "0.05563"),
        (4.4, "time_s", False, "4.4"),
        (-3, "", False, "−3"),
        (0, "", True, "0"),
        (math.nan, "psnr_db", True, "–"),
        (None, "", False, "–"),
        (-87_726_668_224, "macs", True, "−87.7 G"),
        (28_592, "parameters", True, "+28.6 k"),
        (math.inf, "psnr_db", False, "∞"),
        (-math.inf, "", False, "−∞"),
    ],
)
def test_a_number_as_readers_see_it(
    value: float | None, metric: str, sign: bool, text: str
) -> None:
    assert numbers.number(value, metric, sign=sign) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (6_807_171, "6.81 M"), (120_000, "120 k"), (999_600, "1 M"), (1.2e9, "1.2 G"), (38, "38"),
        (999, "999"), (1000, "1 k"), (1.5e12, "1.5 T"), (0, "0"), (None, "–"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_counts_take_a_unit(value: float | None, text: str) -> None:
    assert numbers.count(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([30.6, 30.65, math.nan], ["30.60", "30.65", "–"]),
        ([12.0, 3.5], ["12.0", "3.5"]),
        ([1.0, -0.0004], ["1.0000", "−0.0004"]),
        ([5060.0, 18820.0], ["5,060", "18,820"]),
        ([0.25, 12345.0], ["0.25", "12,345"]),
        ([], []),
    ],
)
def test_a_column_has_one_number_of_decimals(values: list[float], texts: list[str]) -> None:
    assert numbers.together(values) == texts


def test_an_interval_reads_like_its_number() -> None:
    assert numbers.together((2.772, 2.744, 2.8), sign=True) == ["+2.772", "+2.744", "+2.800"]
    assert numbers.together((0.4768, -0.2), "psnr_db", sign=True) == ["+0.48", "−0.20"]


def test_a_bound_never_reads_as_zero() -> None:
    assert numbers.reached(0.000202, "psnr_db") == "0.01"
    assert numbers.reached(0.3423, "psnr_db") == "0.35"
    assert numbers.reached(0.3423) == "0.3423"


@pytest.mark.parametrize(
    ("value", "text"), [(1e-3, "0.001"), (5e-5, "5e−5"), (1.25e-4, "1.25e−4"), (0.0, "0"), (2, "2")]
)
def test_settings_of_a_recipe_are_short(value: float, text: str) -> None:
    assert numbers.short(value) == text


@pytest.mark.parametrize(
    ("values", "metric", "shown"),
    [
        ((0.002, -0.001, 0.004), "psnr_db", ["0.002", "−0.001", "0.004"]),
        ((0.0003, 0.0001), "psnr_db", ["0.0003", "0.0001"]),
        ((0.0, 0.0), "psnr_db", ["0.00", "0.00"]),
        ((0.5, 0.001), "psnr_db", ["0.50", "0.00"]),
        ((0.00012, -0.00009), "ssim", ["0.00012", "−0.00009"]),
    ],
)
def test_an_effect_below_the_usual_decimals_does_not_read_as_zero(
    values: tuple[float, ...], metric: str, shown: list[str]
) -> None:
    assert numbers.together(values, metric) == shown


def test_the_end_of_an_interval_shows_its_side() -> None:
    ends = (-0.03, -0.05, -0.004)
    assert numbers.together(ends, "psnr_db") == ["−0.03", "−0.05", "0.00"]
    assert numbers.together(ends, "psnr_db", ends=True) == ["−0.030", "−0.050", "−0.004"]
    assert numbers.together((-0.03, 0.0), "psnr_db", ends=True) == ["−0.03", "0.00"]
    assert numbers.together((-0.03, 1e-9), "psnr_db", ends=True) == ["−0.03", "0.00"]
    tiny = numbers.together((1e-5, -0.001, 0.0006), "psnr_db", ends=True)
    assert tiny == ["0.000", "−0.001", "0.001"]


def test_a_column_that_reads_as_zero_with_more_decimals_too_keeps_its_own() -> None:
    assert numbers.together([5e-7, -4e-7], "psnr_db") == ["0.00", "0.00"]
    assert numbers.together([0.0003, -0.0002], "psnr_db") == ["0.0003", "−0.0002"]

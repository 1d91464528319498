"""How numbers read, in every table, listing, title and verdict: one rule for each kind.

A minus is a real one, zero has no sign, thousands are grouped, nothing stands as an exponent.
"""

import math
from collections.abc import Iterable

NOTHING = "–"
DECIMALS = {
    "psnr": 2,
    "ssim": 4,
    "mssim": 4,
    "edges": 3,
    "black": 3,
}  # by the first word of a metric's name
NAMED = {
    "psnr": "dB",
    "ssim": "SSIM",
    "mssim": "SSIM",
    "seconds": "s",
    "time": "s",
    "peak": "bytes",
    "parameters": "parameters",
    "macs": "multiply-accumulates",
    "kept": "bytes",
}  # what a number is called in a sentence, by the same word
COUNTED = ("parameters", "macs", "kept", "peak_memory")  # metrics that `count` shows
DIGITS = 4  # that count, where a metric does not say
MOST = 6  # decimals of a very small number
UNITS = ((1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"))


def number(value: float | None, metric: str = "", *, sign: bool = False) -> str:
    """A number as readers see it; a dash where there is none.

    Args:
        value: the number, NaN or None for none.
        metric: what it measures; "psnr_db" has 2 decimals, "ssim" 4, "parameters" a unit prefix,
            others 4 digits that count.
        sign: put a plus before what is above zero.
    """
    if value is None or math.isnan(value):
        return NOTHING
    if metric in COUNTED:
        return count(value, sign=sign)
    decimals = DECIMALS.get(_kind(metric))
    return fixed(value, _needed(value) if decimals is None else decimals, sign=sign)


def fixed(value: float, decimals: int, *, sign: bool = False) -> str:
    """A number with so many decimals."""
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    text = f"{abs(value):,.{decimals}f}"
    if not text.strip("0.,"):  # zero as it is shown
        return text
    return ("−" if value < 0 else "+" if sign else "") + text


def printed(value: float) -> str:
    """A number made of printed ones: up to four decimals, the most that a paper prints."""
    whole, _, decimals = fixed(value, 4).partition(".")
    return ".".join(filter(None, (whole, decimals.rstrip("0"))))


def named(text: str, metric: str) -> str:
    """A number, as text, with its unit where the metric has one that a sentence needs."""
    return f"{text} {NAMED.get(_kind(metric), '')}".rstrip()


def _kind(metric: str) -> str:
    return metric.partition("_")[0].partition("-")[0]


def together(
    values: Iterable[float], metric: str = "", *, sign: bool = False, ends: bool = False
) -> list[str]:
    """Numbers of one column or interval, all with the decimals of the one that needs most.

    Those of a metric with fixed decimals get up to two more where these keep all of them from
    reading as zero; with `ends`, any of them, for the end of an interval must show its side.
    Without fixed decimals those of an interval follow its largest number, as far as each still
    shows its side.
    """
    found = list(values)
    if metric in COUNTED:
        return [number(one, metric, sign=sign) for one in found]
    finite = [abs(one) for one in found if math.isfinite(one)]
    fewest = DECIMALS.get(_kind(metric))
    if fewest is not None:
        seen = [4 * one for one in finite if ends and one * 10 ** (fewest + 2) >= 0.5]
        small = min(seen, default=max(finite, default=1))
        shown = (more for more in (0, 1, 2) if small * 10 ** (fewest + more) >= 2)
        decimals = fewest + (next(shown, 0) if any(finite) else 0)
    else:
        most = max(map(_needed, finite), default=0)
        enough = (
            number
            for number in range(_needed(max(finite, default=0)), most)
            if all(not one or one * 10**number >= 1 for one in finite)
        )
        decimals = next(enough, most) if ends else most
        if decimals and max(finite) >= 10**DIGITS:  # too far apart for one rule
            return [number(one, sign=sign) for one in found]
    return [NOTHING if math.isnan(one) else fixed(one, decimals, sign=sign) for one in found]


def reached(value: float, metric: str = "") -> str:
    """A bound that is no smaller than the value, so that it never reads as zero."""
    decimals = DECIMALS.get(_kind(metric))
    return number(
        value if decimals is None else math.ceil(value * 10**decimals) / 10**decimals, metric
    )


def count(value: float | None, *, sign: bool = False) -> str:
    """A count with its unit prefix and three digits that count: 6.81 M, 120 k, 38."""
    if value is None or math.isnan(value):
        return NOTHING
    for limit, unit in UNITS:
        if abs(value) >= 0.9995 * limit:
            return fixed(value / limit, _decimals(value / limit, 3), sign=sign) + unit
    return fixed(value, _decimals(value, 3), sign=sign)


def short(value: float) -> str:
    """A setting of a recipe: 0.001, 4e-3 written as 0.004, very small ones as 5e−5."""
    if value and abs(value) < 10**-3:
        digits, _, power = f"{value:.3e}".partition("e")
        return f"{fixed(float(digits), _decimals(float(digits), 4))}e−{-int(power)}"
    return number(value)


def _needed(value: float) -> int:
    return _decimals(value, DIGITS)


def _decimals(value: float, digits: int) -> int:
    """Decimals that show so many digits that count, without zeros at their end."""
    if not value or not math.isfinite(value):
        return 0
    places = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{abs(value):.{min(max(places, 0), MOST)}f}"
    return len(text.partition(".")[2].rstrip("0"))

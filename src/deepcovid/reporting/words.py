"""How numbers are said: percent with one decimal, the interval with its method, n and unit; never a number alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

SPACE = "\u00a0"
ABSENT = "–"
UNITS = {"image": ("film", "films"), "patient": ("patient", "patients")}


def known(value: float | None) -> bool:
    """Whether a number was given: not None, NaN or infinite."""
    return value is not None and math.isfinite(value)


def percent(fraction: float | None) -> str:
    """A fraction as percent with one decimal: 0.975 → "97.5 %"."""
    return f"{bare_percent(fraction)}{SPACE}%" if known(fraction) else ABSENT


def bare_percent(fraction: float | None) -> str:
    """A fraction as percent without the sign, for table columns that carry it in their head."""
    return f"{100 * fraction:.1f}" if fraction is not None and math.isfinite(fraction) else ABSENT


def ratio(value: float | None) -> str:
    """A figure such as AUC with three decimals."""
    return f"{value:.3f}" if value is not None and math.isfinite(value) else ABSENT


def threshold(value: float | None) -> str:
    """A threshold with as many digits as tell it apart: 0.04, 0.055, 0.5."""
    return f"{value:.4g}" if value is not None and math.isfinite(value) else ABSENT


def count(number: float | None) -> str:
    """A whole number with thousands separated: 3000 → "3,000"."""
    return f"{int(number):,}" if number is not None and math.isfinite(number) else ABSENT


def counted(number: float | None, unit: str) -> str:
    """A number with its unit: (40, "image") → "40 films"."""
    one, many = UNITS.get(unit, (unit, unit + "s"))
    return f"{count(number)}{SPACE}{one if number == 1 else many}"


def bounds(interval: Mapping[str, Any], *, as_percent: bool = True) -> str:
    """The two limits: "87.1–99.6 %", or "0.912–0.968" for figures that are no percentages."""
    low, high = interval.get("low"), interval.get("high")
    if not (known(low) and known(high)):
        return ABSENT
    if as_percent:
        return f"{bare_percent(low)}–{bare_percent(high)}{SPACE}%"
    return f"{ratio(low)}–{ratio(high)}"


def spoken_bounds(interval: Mapping[str, Any]) -> str:
    """The two limits of a percentage inside a sentence: "87.1 to 99.6 %"."""
    return bounds(interval).replace("–", " to ") if known(interval.get("low")) else ABSENT


def basis(interval: Mapping[str, Any]) -> str:
    """What an interval rests on: "Wilson, 40 films"."""
    parts = [str(interval["method"])] if interval.get("method") else []
    if interval.get("n") is not None:
        parts.append(counted(interval["n"], str(interval.get("unit", "image"))))
    return ", ".join(parts)


def halfwidth(interval: Mapping[str, Any]) -> str:
    """The paper's form of an interval: "97.5 ± 4.8 (92.7–102.3)", in percent."""
    centre, half = interval.get("value"), interval.get("halfwidth")
    if not (known(centre) and known(half)):
        return ABSENT
    limits = f"{bare_percent(interval.get('low'))}–{bare_percent(interval.get('high'))}"
    return f"{bare_percent(centre)}{SPACE}±{SPACE}{bare_percent(half)} ({limits})"


def prevalence(fraction: float) -> str:
    """A prevalence in people: 0.05 → "5 in 100", 0.001 → "1 in 1,000"."""
    base = 100
    while base < 1_000_000 and not math.isclose(fraction * base, round(fraction * base), abs_tol=1e-9):
        base *= 10
    return f"{round(fraction * base):,} in {base:,}"


def shorten(text: str, *, limit: int) -> str:
    """`text`, its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    head = (limit - 1) // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def headline(title: str) -> str:
    """A key as a heading: "by_source" → "By source"."""
    words = title.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def fact(value: Any) -> str:
    """Any value of a run's facts as one line of text."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {fact(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(fact(item) for item in value)
    return str(value)

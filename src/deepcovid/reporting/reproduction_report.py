"""A reproduction as one self-contained page: printed figures beside ours, and a sentence on everything that differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.report import template


def render_reproduction(told: Mapping[str, Any], *, figures: Mapping[str, str]) -> str:
    """The page as text.

    Args:
        told: `Reproduction.to_dict()`.
        figures: SVG text by title.
    """
    return template("reproduction.html.j2").render(
        told=told, rows=[row_of(line) for line in told["lines"]], figures=dict(figures)
    )


def row_of(line: Mapping[str, Any]) -> dict[str, str]:
    """A line in words: place, system, metric, printed figure, ours with interval and basis, how."""
    printed = line["published"]
    return {
        "place": printed["place"] if printed else "",
        "system": line["system"],
        "metric": line["metric"].replace("_", " "),
        "published": _printed(printed),
        "ours": _ours(line, printed["unit"] if printed else "fraction"),
        "how": line["how"],
        "note": printed["note"] if printed else "",
    }


def _printed(figure: Mapping[str, Any] | None) -> str:
    if figure is None:
        return words.ABSENT
    shown = _number(figure["value"], figure["unit"])
    if figure["low"] is not None:
        limits = f"{words.bare_percent(figure['low'])}–{words.bare_percent(figure['high'])}"
        shown += f" ({limits}; the paper's interval)"
    if figure["threshold"] is not None:
        shown += f" at {words.threshold(figure['threshold'])}"
    return shown


def _ours(line: Mapping[str, Any], unit: str) -> str:
    interval = line["ours"]
    if interval is None:
        return _number(line["number"], unit)
    as_percent = line["metric"] != "AUC"
    value = words.percent(interval["value"]) if as_percent else words.ratio(interval["value"])
    return f"{value} ({words.bounds(interval, as_percent=as_percent)}; {words.basis(interval)})"


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return words.ABSENT
    if unit == "count":
        return words.count(value)
    if unit == "MB":
        return f"{value:.1f}{words.SPACE}MB"
    return words.percent(value) if unit == "fraction" else f"{value:.4f}"

"""A data check as one self-contained page: the verdict, every test with its figures, suspected pairs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.films import data_uri, shrink
from deepcovid.reporting.report import template

if TYPE_CHECKING:
    import numpy as np

SIDE = 300  # pixels of a film's longer side
FIRST, LISTED = 12, 200  # findings of a test that the page shows, and that it has folded away; the JSON has all
TONES = {"FAIL": "danger", "WARN": "caution", "CANNOT TELL": "unknown", "PASS": "fine"}


@dataclass(frozen=True, eq=False)
class Shown:
    """A film to show, float32 (h, w) in [0, 1], or None where it cannot be read; and what the table says of it."""

    pixels: np.ndarray | None
    film: Mapping[str, Any]

    @property
    def picture(self) -> dict[str, Any] | None:
        """What the page needs to show it."""
        if self.pixels is None:
            return None
        small = shrink(self.pixels, longest=SIDE)
        return {"uri": data_uri(small, quality=82), "height": small.shape[0], "width": small.shape[1]}


@dataclass(frozen=True, eq=False)
class CheckContent:
    """What the page shows.

    Args:
        report: the JSON of the check.
        pairs: the two films of each pair of the report, in its order.
        wrong: films that the gate refused.
    """

    report: Mapping[str, Any]
    pairs: Sequence[tuple[Shown, Shown]]
    wrong: Sequence[Shown] = ()


def render_check(content: CheckContent) -> str:
    """The page as text."""
    report = content.report
    pairs = [_pair(entry, films) for entry, films in zip(report["pairs"], content.pairs, strict=True)]
    return template("check.html.j2").render(
        report=report,
        name=PurePath(str(report["table"])).name,
        tone=TONES[report["verdict"]],
        labels=", ".join(f"{label} {words.count(count)}" for label, count in report["labels"].items()),
        tests=[_test(test) for test in report["tests"]],
        duplicates=[pair for pair in pairs if pair["verdict"] == "duplicate"],
        looks=[pair for pair in pairs if pair["verdict"] == "look"],
        wrong=[{"film": shown.film, "picture": shown.picture} for shown in content.wrong],
    )


def _test(test: Mapping[str, Any]) -> dict[str, Any]:
    figures = test["figures"]
    return {
        **test,
        "tone": TONES[test["verdict"]],
        "listed": test["findings"][:FIRST],
        "folded": test["findings"][FIRST:LISTED],
        "hidden": max(0, len(test["findings"]) - LISTED),
        "areas": [_area(area, figures["limit"]) for area in figures.get("areas", ())],
    }


def _area(area: Mapping[str, Any], limit: float) -> dict[str, Any]:
    """An AUC on a scale from 0.4 to 1."""
    auc = area["auc"]
    return {
        "label": area["label"],
        "value": words.ratio(auc["value"]),
        "interval": words.bounds(auc, as_percent=False),
        "basis": words.basis(auc),
        **{name: _place(auc[key]) for name, key in (("low", "low"), ("high", "high"), ("at", "value"))},
        "chance": _place(0.5),
        "limit": _place(limit),
    }


def _place(auc: float) -> float:
    return round(100 * (min(max(auc, 0.4), 1.0) - 0.4) / 0.6, 2)


def _pair(entry: Mapping[str, Any], films: tuple[Shown, Shown]) -> dict[str, Any]:
    labels = [film["label"] for film in entry["films"]]
    differ = None not in labels and labels[0] != labels[1]
    return {
        **entry,
        "pictures": [{"film": shown.film, "picture": shown.picture} for shown in films],
        "conflict": differ and entry["verdict"] == "duplicate",
        "how": "equal byte by byte" if entry["exact"] else f"correlation {entry['correlation']:.3f}",
        "turned": "" if entry["transform"] == "same" else entry["transform"],
    }

"""The page of a check: its films are read once more, and only those that are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepcovid.errors import ImageError
from deepcovid.imaging.readers import read_radiograph
from deepcovid.imaging.resizing import thumbnail
from deepcovid.reporting.check_report import SIDE, CheckContent, Shown, render_check
from deepcovid.runs.check import Checked

MOST_PAIRS, MOST_WRONG = 200, 48  # that the page shows; the JSON has all


def check_page(checked: Checked) -> str:
    """The page as text, with the suspected pairs and the refused images as thumbnails."""
    report = {**checked.report, "pairs": checked.report["pairs"][:MOST_PAIRS]}
    wrong = _refused(report)
    seen: dict[str, np.ndarray | None] = {}

    def shown(film: Mapping[str, Any]) -> Shown:
        image = film["image"] or ""
        if image not in seen:
            seen[image] = _small(checked, image)
        return Shown(seen[image], film)

    pairs = [(shown(entry["films"][0]), shown(entry["films"][1])) for entry in report["pairs"]]
    return render_check(CheckContent(report, pairs, [shown(film) for film in wrong[:MOST_WRONG]]))


def _refused(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The images that the gate refused, the surest first."""
    images = [test["figures"].get("images", []) for test in report["tests"] if test["test"] == "wrong-images"]
    return [image for found in images for image in found]


def _small(checked: Checked, image: str) -> np.ndarray | None:
    try:
        return thumbnail(read_radiograph(checked.examined.path.parent / image).pixels, longest=SIDE)
    except ImageError:
        return None

"""The documents' figures from our runs: training curves, histograms of the score, ROC curves, confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping

from deepcovid.runs.train import Run

WANTED = ("training", "curve", "histogram", "roc", "confusion", "calls")


def pictures_of(runs: Mapping[str, Run]) -> dict[str, str]:
    """The figures that each run has drawn, as SVG text by title; those of the documents alone."""
    pictures = {}
    for name, run in runs.items():
        for path in sorted((run.folder / "figures").glob("*.svg")):
            if any(word in path.stem for word in WANTED):
                pictures[f"{name}: {path.stem.replace('-', ' ').replace('_', ' ')}"] = path.read_text(encoding="utf-8")
    return pictures

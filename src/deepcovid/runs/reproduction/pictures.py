"""The documents' figures from our runs: ROC and training curves of all, histograms and confusion matrices of each; layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from deepcovid.reporting.figures import figure_svg, roc_figure
from deepcovid.reporting.figures.comparison import histories_figure
from deepcovid.runs.layers import table_of_recipe
from deepcovid.runs.train import Run
from deepcovid.training.recipe import load_recipe

OF_EACH = {"histogram": "histogram of the score", "confusion-1": "confusion matrix", "confusion-2": "confusion matrix"}


def pictures_of(runs: Mapping[str, Run]) -> dict[str, str]:
    """SVG text by title: what stands in one figure for all networks, then histogram and confusion matrices of each run."""
    histories = {name: pd.read_csv(run.folder / "history.csv") for name, run in runs.items()}
    evaluations = {name: run.evaluation for name, run in runs.items() if "curves" in run.evaluation}
    pictures = {"Training of all networks": figure_svg(histories_figure(histories))}
    if evaluations:
        pictures = {"ROC curves of all networks": figure_svg(roc_figure(evaluations)), **pictures}
    for name, run in runs.items():
        points = run.evaluation.get("operating_points", ())
        for stem, title in OF_EACH.items():
            path = run.folder / "figures" / f"{stem}.svg"
            if path.is_file():
                place = int(stem[-1]) - 1 if stem[-1].isdigit() else None
                at = f" at {points[place]['name']}" if place is not None and place < len(points) else ""
                pictures[f"{name}: {title}{at}"] = path.read_text(encoding="utf-8")
    return pictures


def layers_of(runs: Mapping[str, Run]) -> dict[str, dict[str, Any]]:
    """The layers of each recipe's network, as the documents' tables have them."""
    tables = {}
    for name in runs:
        recipe = load_recipe(name)
        if not recipe.members:
            tables[name] = table_of_recipe(recipe, 2).to_dict()
    return tables

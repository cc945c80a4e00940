"""Every figure of a report, one function each; a figure draws numbers that it is given and computes none."""

from __future__ import annotations

from deepcovid.reporting.figures.calls import confusion_figure, predictive_figure
from deepcovid.reporting.figures.classes import class_confusion_figure, class_roc_figure
from deepcovid.reporting.figures.curves import pr_figure, roc_figure, threshold_figure
from deepcovid.reporting.figures.films import film_sheet, heatmap_sheet
from deepcovid.reporting.figures.scores import histogram_figure, sources_figure
from deepcovid.reporting.figures.style import figure_inline, figure_png, figure_svg
from deepcovid.reporting.figures.training import history_figure

__all__ = [
    "class_confusion_figure",
    "class_roc_figure",
    "confusion_figure",
    "figure_inline",
    "figure_png",
    "figure_svg",
    "film_sheet",
    "heatmap_sheet",
    "histogram_figure",
    "history_figure",
    "pr_figure",
    "predictive_figure",
    "roc_figure",
    "sources_figure",
    "threshold_figure",
]

"""Figures of several classes: their confusion matrix, and a ROC curve for each against the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.curves import finish_curves, legend_below, legend_line
from deepcovid.reporting.figures.style import BLUE, DASHES, INK, MUTED, RULE, SERIES, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Section = Mapping[str, Any]
MOST_CURVES = 12
_PERCENT_FITS = 6  # classes up to which a cell has room for its share


@house_style
def class_confusion_figure(section: Section) -> Figure:
    """Films by label (rows) and call (columns); shading is the share of the row."""
    from matplotlib.patches import Rectangle

    names, counts = section["names"], section["confusion"]
    size = len(names)
    figure, (axes,) = new_figure(1.6 + 0.75 * size, 1.1 + 0.62 * size)
    for row, cells in enumerate(counts):
        total = sum(cells)
        for column, count in enumerate(cells):
            share = count / total if total else 0.0
            axes.add_patch(
                Rectangle(
                    (column + 0.02, row + 0.02), 0.96, 0.96, facecolor=BLUE, alpha=0.05 + 0.4 * share, linewidth=0
                )
            )
            middle = 0.4 if size <= _PERCENT_FITS else 0.5
            axes.text(column + 0.5, row + middle, words.count(count), ha="center", va="center", fontsize=12, color=INK)
            if size <= _PERCENT_FITS:
                told = words.percent(share) if total else words.ABSENT
                axes.text(column + 0.5, row + 0.74, told, ha="center", va="center", fontsize=8, color=INK)
    short = [words.shorten(name, limit=14) for name in names]
    axes.set(xlim=(0, size), ylim=(size, 0))
    places = [place + 0.5 for place in range(size)]
    axes.set_xticks(places, short, rotation=30 if size > 3 else 0, ha="left" if size > 3 else "center")
    axes.set_yticks(places, [f"{name}, n = {sum(cells):,}" for name, cells in zip(short, counts, strict=True)])
    axes.set_xlabel("called")
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


@house_style
def class_roc_figure(section: Section) -> Figure:
    """The ROC curve of each class against the rest."""
    figure, (axes,) = new_figure(4.6, 5.1)
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=1.2, zorder=1)
    axes.annotate("chance", (0.29, 0.245), color=MUTED, fontsize=8, rotation=45, rotation_mode="anchor")
    found = [one for one in section["each"] if one["auc"] is not None]
    for place, one in enumerate(found[:MOST_CURVES]):
        axes.plot(
            one["roc"]["fpr"], one["roc"]["tpr"], color=SERIES[place % len(SERIES)], linewidth=1.8, zorder=4,
            linestyle=DASHES[(place + place // len(SERIES)) % len(DASHES)], label=legend_line(one["name"], one["auc"]),
        )  # fmt: skip
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.025), aspect="equal")
    axes.set_xlabel("1 − specificity (called so among the rest)")
    axes.set_ylabel("sensitivity (called so among the class)")
    finish_curves(axes)
    legend_below(figure, title="AUC against the rest (95 % interval)")
    return figure

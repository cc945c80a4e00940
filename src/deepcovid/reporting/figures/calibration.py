"""Scores as probabilities: the reliability diagram, and the decision curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.reporting import words
from deepcovid.reporting.figures.curves import finish_curves, legend_below
from deepcovid.reporting.figures.style import (
    BLUE,
    DASHES,
    GREEN,
    MUTED,
    PAPER,
    RULE,
    VERMILION,
    house_style,
    new_figure,
    percent_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Figures = Mapping[str, Any]


@house_style
def reliability_figure(drawn: Mapping[str, Figures]) -> Figure:
    """Observed share against mean score in bins, of one or two calibrations by name; the first with intervals."""
    figure, (axes,) = new_figure(4.6, 4.9)
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=1.2, zorder=1)
    axes.annotate("calibrated", (0.83, 0.79), color=MUTED, fontsize=8, rotation=45, rotation_mode="anchor")
    for place, (name, figures) in enumerate(drawn.items()):
        _bins(axes, figures["bins"], label=_label(name, figures), place=place)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.025), aspect="equal")
    axes.set_xlabel("mean score of the bin")
    axes.set_ylabel("positives among its films")
    finish_curves(axes)
    legend_below(figure, title="slope (1: neither too extreme nor too timid), error by bins")
    return figure


def _label(name: str, figures: Figures) -> str:
    slope = figures["slope"]
    told = "none" if slope is None else f"{slope['value']:.2f} ({slope['low']:.2f} to {slope['high']:.2f})"
    return f"{words.shorten(name, limit=34)}: slope {told}, error {words.ratio(figures['ece'])}"


def _bins(axes: Axes, bins: Sequence[Mapping[str, Any]], *, label: str, place: int) -> None:
    colour = (BLUE, VERMILION)[place % 2]
    x = [row["score"] for row in bins]
    y = [row["observed"]["value"] for row in bins]
    if place == 0:
        axes.vlines(x, [row["observed"]["low"] for row in bins], [row["observed"]["high"] for row in bins],
                    color=colour, linewidth=4.5, alpha=0.3, zorder=3)  # fmt: skip
    axes.plot(x, y, marker="os"[place % 2], color=colour, linestyle=DASHES[place % len(DASHES)], linewidth=1.6,
              markersize=6.5, markeredgecolor=PAPER, label=label, zorder=4)  # fmt: skip


@house_style
def decision_figure(curve: Mapping[str, Any]) -> Figure:
    """Net benefit against the threshold probability, beside calling everybody and calling nobody."""
    figure, (axes,) = new_figure(4.6, 3.9)
    threshold = np.asarray(curve["threshold"], dtype=float)
    axes.fill_between(threshold, curve["low"], curve["high"], color=BLUE, alpha=0.18, linewidth=0, zorder=2)
    axes.plot(threshold, curve["net_benefit"], color=BLUE, label="this detector", zorder=4)
    axes.plot(
        threshold, curve["treat_all"], color=VERMILION, linestyle=DASHES[1], linewidth=1.5, label="everybody", zorder=3
    )
    axes.axhline(0, color=GREEN, linestyle=DASHES[2], linewidth=1.5, label="nobody", zorder=3)
    top = max(curve["prevalence"], max(curve["high"]))
    axes.set(xlim=(0, 1), ylim=(-0.35 * top, 1.08 * top))
    axes.set_xlabel("probability from which on somebody would act")
    axes.set_ylabel("net benefit: true calls a person")
    percent_axis(axes.xaxis)
    axes.grid(axis="y")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2, title="called")
    return figure

"""The learning curve: AUC against the number of positives, measured and carried on, with what may be expected of one training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.reporting.figures.style import BLUE, MUTED, PAPER, RULE, VERMILION, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@house_style
def learning_figure(curve: Mapping[str, Any]) -> Figure:
    """Points with 95 % intervals, the curve with its 95 % band, and the 80 % band of one training.

    Args:
        curve: the entry `curve` of learn.json.
    """
    from matplotlib.ticker import NullLocator

    figure, (axes,) = new_figure(6.2, 4.2)
    sizes = [row["n"] for row in curve["expected"]]
    _band(axes, curve["predicted"], colour=RULE, label="80 % for one training")
    _band(axes, curve["expected"], colour=BLUE, label="95 % for the curve", alpha=0.18)
    axes.plot(sizes, [row["auc"]["value"] for row in curve["expected"]], color=BLUE, label="the curve", zorder=3)
    points = curve["points"]
    values = [row["auc"]["value"] for row in points]
    below = [max(0.0, row["auc"]["value"] - row["auc"]["low"]) for row in points]
    above = [max(0.0, row["auc"]["high"] - row["auc"]["value"]) for row in points]
    axes.errorbar(
        [row["n"] for row in points],
        values,
        yerr=[below, above],
        fmt="o",
        color=VERMILION,
        markeredgecolor=PAPER,
        capsize=2.5,
        linewidth=1.2,
        label="measured (95 %)",
        zorder=4,
    )
    axes.axvline(curve["positives_at_hand"], color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sizes, [str(size) for size in sizes], rotation=45)
    axes.set(ylim=(min(0.4, *[row["auc"]["low"] for row in points]), 1.005))
    axes.set_xlabel("positive films trained on (broken line: all that are at hand)")
    axes.set_ylabel("AUC on patients held out")
    axes.legend(loc="lower right")
    return figure


def _band(axes: Any, rows: Any, *, colour: str, label: str, alpha: float = 0.9) -> None:
    axes.fill_between(
        [row["n"] for row in rows],
        [row["auc"]["low"] for row in rows],
        [row["auc"]["high"] for row in rows],
        color=colour,
        alpha=alpha,
        linewidth=0,
        label=label,
    )

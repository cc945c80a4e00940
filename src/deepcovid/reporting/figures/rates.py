"""A range test drawn: loss against learning rate, where it falls, what is suggested, and where the recipe's rate stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.reporting.figures.style import BLUE, GREEN, INK, MUTED, RULE, SKY, VERMILION, house_style, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEADROOM = 1.35  # times the loss at the start: what flies off beyond is not shown


@house_style
def rates_figure(told: Mapping[str, Any], steps: pd.DataFrame) -> Figure:
    """Points are batches, lines the smoothed loss of each pass; the shaded range is where the loss falls.

    Args:
        told: the range test as JSON.
        steps: one row a step with `pass`, `learning_rate`, `loss`, `smoothed`.
    """
    figure, (axes,) = new_figure(6.2, 4.2)
    for number, one in steps.groupby("pass"):
        first = number == 1
        axes.plot(
            one["learning_rate"],
            one["loss"],
            ".",
            color=SKY,
            markersize=3,
            alpha=0.55,
            label="a batch" if first else None,
        )
        name = "smoothed, a line a pass" if told["passes"] > 1 else "smoothed"
        axes.plot(one["learning_rate"], one["smoothed"], color=BLUE, linewidth=1.6, label=name if first else None)
    chance = told["loss"]["constant_guess"]
    axes.axhline(chance, color=MUTED, linewidth=0.9, label=f"the best constant guess: {chance:.3f}")
    _marks(axes, told)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda rate, place: f"{rate:g}")
    top = HEADROOM * told["loss"]["start"]
    axes.set(xlim=(told["span"]["lowest"], told["span"]["highest"]), ylim=(min(0.0, steps["loss"].min()), top))
    axes.set_xlabel("learning rate (log scale)")
    axes.set_ylabel("loss of training batches")
    figure.legend(loc="outside lower left", ncols=2, fontsize=8, alignment="left")
    return figure


def _marks(axes: Axes, told: Mapping[str, Any]) -> None:
    if told["begins"] is not None:
        low, high = told["begins"]["value"], told["lowest"]["value"]
        axes.axvspan(low, high, color=RULE, alpha=0.55, linewidth=0, label="the loss falls", zorder=0)
    for key, colour, dashes in (("suggestion", VERMILION, "-"), ("tenth", GREEN, (0, (5, 1.5)))):
        if told[key] is not None:
            value = told[key]["value"]
            label = f"{told[key]['rule']}: {value:.1e}"
            axes.axvline(value, color=colour, linestyle=dashes, linewidth=1.6, label=label)
    rate = told["learning_rate"]
    axes.axvline(rate, color=INK, linestyle=(0, (1.5, 1.2)), linewidth=1.6, label=f"the recipe's: {rate:.1e}")

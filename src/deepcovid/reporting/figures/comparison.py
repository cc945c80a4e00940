"""The training curves of several runs in one figure, as Rawat draws those of one: accuracy and loss by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deepcovid.reporting import words
from deepcovid.reporting.figures.style import DASHES, INK, PAPER, SERIES, house_style, new_figure, percent_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {"accuracy": "accuracy", "loss": "loss"}


@house_style
def histories_figure(histories: Mapping[str, pd.DataFrame]) -> Figure:
    """One colour a run; validation solid, training broken, the kept epoch a point on validation.

    Args:
        histories: name → one row an epoch with `epoch`, `train_accuracy`, `val_accuracy`, `train_loss`, `val_loss` (some
            absent) and perhaps a boolean `best`.
    """
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    figure, rows = new_figure(6.2, 5.4, rows=2)
    for place, (name, history) in enumerate(histories.items()):
        for axes, measure in zip(rows, PANELS, strict=True):
            _curves(axes, history, measure, colour=SERIES[place % len(SERIES)], label=name)
    for axes, (measure, title) in zip(rows, PANELS.items(), strict=True):
        axes.set_title(title)
        axes.grid(axis="y")
        if measure == "accuracy":
            percent_axis(axes.yaxis)
    rows[-1].set_xlabel("epoch")
    rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    styles = [
        Line2D([], [], color=INK, linestyle=DASHES[0], label="validation"),
        Line2D([], [], color=INK, linestyle=DASHES[1], linewidth=1.2, label="training"),
        Line2D([], [], color=INK, linestyle="none", marker="o", markersize=5, label="kept epoch"),
    ]
    runs = [
        Line2D([], [], color=SERIES[place % len(SERIES)], label=words.shorten(name, limit=32))
        for place, name in enumerate(histories)
    ]
    figure.legend(handles=[*styles, *runs], loc="outside lower left", ncols=3, fontsize=8, alignment="left")
    return figure


def _curves(axes: Axes, history: pd.DataFrame, measure: str, *, colour: str, label: str) -> None:
    for side, style, width in (("val", DASHES[0], 1.9), ("train", DASHES[1], 1.2)):
        column = f"{side}_{measure}"
        if column not in history or not history[column].notna().any():
            continue
        marker = "." if len(history) < 3 else None
        axes.plot(history["epoch"], history[column], color=colour, linestyle=style, linewidth=width, marker=marker)
        if side == "val" and "best" in history:
            kept = history[history["best"].astype(bool)]
            axes.plot(
                kept["epoch"],
                kept[column],
                "o",
                color=colour,
                markersize=6,
                markeredgecolor=PAPER,
                zorder=5,
                label=label,
            )


def describe_histories(histories: Mapping[str, pd.DataFrame]) -> str:
    """The curves in one sentence, for readers who cannot see them."""
    ends = []
    for name, history in histories.items():
        last = history.iloc[-1]
        shown = words.percent(last["val_accuracy"]) if "val_accuracy" in history else words.ABSENT
        ends.append(f"{name} {shown} after {words.count(len(history))} epochs")
    return f"Accuracy and loss by epoch; validation accuracy at the end: {', '.join(ends)}."

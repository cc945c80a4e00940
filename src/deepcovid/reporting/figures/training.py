"""Training curves, as Rawat draws them: loss and accuracy against the epoch, training beside validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepcovid.reporting import words
from deepcovid.reporting.figures.style import BLUE, DASHES, INK, MUTED, VERMILION, house_style, new_figure, percent_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = {"loss": "loss", "accuracy": "accuracy", "learning_rate": "learning rate"}


def history_panels(history: pd.DataFrame) -> list[str]:
    """Which panels a history fills: loss and accuracy where known, the learning rate where it changes."""
    known = {column for column in history.columns if history[column].notna().any()}
    panels = [panel for panel in ("loss", "accuracy") if {f"train_{panel}", f"val_{panel}"} & known]
    if "learning_rate" in known and history["learning_rate"].nunique() > 1:
        panels.append("learning_rate")
    return panels


@house_style
def history_figure(history: pd.DataFrame, *, loss: str = "") -> Figure:
    """Loss and accuracy by epoch, training solid and validation dashed, the kept epoch marked.

    Args:
        history: one row an epoch.
        loss: which loss it was, in words.
    """
    from matplotlib.ticker import MaxNLocator

    panels = history_panels(history) or ["loss"]
    heights = [0.55 if panel == "learning_rate" else 1.0 for panel in panels]
    figure, rows = new_figure(4.6, 1.0 + 1.75 * sum(heights), rows=len(panels), heights=heights)
    for axes, panel in zip(rows, panels, strict=True):
        _panel(axes, history, panel)
        axes.set_title(f"loss ({loss})" if panel == "loss" and loss else PANELS[panel])
    best = best_epoch(history)
    if best is not None:
        for axes in rows:
            axes.axvline(best, color=INK, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1)
        rows[0].annotate(f"kept: epoch {best}", (best, 1), xycoords=("data", "axes fraction"), fontsize=8.5,
                         xytext=(-4, -9) if best > history["epoch"].median() else (4, -9),
                         textcoords="offset points", ha="right" if best > history["epoch"].median() else "left")  # fmt: skip
    rows[-1].set_xlabel("epoch")
    rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9))
    handles, labels = rows[0].get_legend_handles_labels()
    if handles:
        rows[0].legend(handles, labels, loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    return figure


def best_epoch(history: pd.DataFrame) -> int | None:
    """The epoch whose weights were kept, where the history says so."""
    if "best" not in history.columns or not history["best"].fillna(False).astype(bool).any():
        return None
    return int(history.loc[history["best"].fillna(False).astype(bool), "epoch"].iloc[-1])


def _panel(axes: Axes, history: pd.DataFrame, panel: str) -> None:
    axes.grid(axis="y")
    marker = "o" if len(history) < 3 else None
    if panel == "learning_rate":
        axes.plot(history["epoch"], history[panel], color=MUTED, linewidth=1.6)
        return
    sides = (("train", "training", BLUE, DASHES[0]), ("val", "validation", VERMILION, DASHES[1]))
    for side, label, colour, style in sides:
        column = f"{side}_{panel}"
        if column in history.columns and history[column].notna().any():
            axes.plot(history["epoch"], history[column], color=colour, linestyle=style, marker=marker, label=label)
    if panel == "accuracy":
        percent_axis(axes.yaxis)


def describe_history(history: pd.DataFrame) -> str:
    """The curves in one sentence, for readers who cannot see them."""
    last = history.iloc[-1]
    ends = [
        f"{name} {words.percent(last[column]) if 'accuracy' in column else words.ratio(last[column])}"
        for column, name in (
            ("train_loss", "training loss"),
            ("val_loss", "validation loss"),
            ("train_accuracy", "training accuracy"),
            ("val_accuracy", "validation accuracy"),
        )
        if column in history.columns
    ]
    return f"Training curves over {words.count(len(history))} epochs; at the end " + ", ".join(ends) + "."

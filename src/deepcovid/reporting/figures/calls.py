"""What an operating point does: its confusion matrix, and what its calls are worth where the disease is rare or common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.style import BLUE, INK, MUTED, PAPER, VERMILION, house_style, new_figure, percent_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = Mapping[str, Any]


@house_style
def confusion_figure(point: Point, *, positive: str = "positive") -> Figure:
    """The four counts at a threshold, rows by what the table says, columns by the call; shading is the share of the row."""
    from matplotlib.patches import Rectangle

    figure, (axes,) = new_figure(3.1, 2.6)
    cells = {(0, 0): ("tp", VERMILION), (0, 1): ("fn", BLUE), (1, 0): ("fp", VERMILION), (1, 1): ("tn", BLUE)}
    for (row, column), (key, colour) in cells.items():
        total = sum(point[cells[row, other][0]] for other in (0, 1))
        share = point[key] / total if total else None
        axes.add_patch(
            Rectangle(
                (column + 0.02, row + 0.02), 0.96, 0.96, facecolor=colour, alpha=0.06 + 0.4 * (share or 0), linewidth=0
            )
        )
        axes.text(column + 0.5, row + 0.44, words.count(point[key]), ha="center", va="center", fontsize=19, color=INK)
        axes.text(column + 0.5, row + 0.75, words.percent(share), ha="center", va="center", fontsize=9.5, color=INK)
    name = words.shorten(positive, limit=14)
    axes.set(xlim=(0, 2), ylim=(2, 0))
    axes.set_xticks([0.5, 1.5], [f"called {name}", f"called not {name}"])
    axes.set_yticks(
        [0.44, 0.7, 1.44, 1.7],
        [name, f"n = {point['tp'] + point['fn']:,}", f"not {name}", f"n = {point['fp'] + point['tn']:,}"],
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


@house_style
def predictive_figure(point: Point) -> Figure:
    """How often a positive and a negative call would be right, by how common the disease is, with intervals."""
    figure, (axes,) = new_figure(4.6, 2.9)
    rows = point.get("predictive_values") or []
    for offset, (key, colour, marker) in enumerate((("ppv", VERMILION, "o"), ("npv", BLUE, "s"))):
        _predictive_row(axes, rows, key, colour=colour, marker=marker, shift=(offset - 0.5) * 0.28)
    axes.set_yticks(range(len(rows)), [words.prevalence(row["prevalence"]) for row in rows])
    axes.set_ylabel("people who have it")
    axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.45, -0.55))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.spines["left"].set_visible(False)
    percent_axis(axes.xaxis)
    axes.set_xlabel("calls that would be right")
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=2)
    return figure


def _predictive_row(axes: Axes, rows: list[Point], key: str, *, colour: str, marker: str, shift: float) -> None:
    label = "positive call (PPV)" if key == "ppv" else "negative call (NPV)"
    for height, row in enumerate(rows):
        value = row[key]
        if not words.known(value.get("value")):
            continue
        y = height + shift
        if words.known(value.get("low")) and words.known(value.get("high")):
            axes.hlines(y, value["low"], value["high"], color=colour, linewidth=5, alpha=0.35)
        axes.plot([value["value"]], [y], marker, color=colour, markersize=7, markeredgecolor=PAPER, label=label)
        side = "left" if value["value"] < 0.8 else "right"
        edge = value.get("high") if side == "left" else value.get("low")
        axes.annotate(
            words.percent(value["value"]), (edge if words.known(edge) else value["value"], y), fontsize=8, color=MUTED,
            xytext=(7 if side == "left" else -7, 0), textcoords="offset points", ha=side, va="center",
        )  # fmt: skip
        label = "_nolegend_"

"""Forest plots: a measure in each group with its interval, against the same measure in all films."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.style import (
    BLUE,
    INK,
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

Group = Mapping[str, Any]
COLOURS = {"lower": VERMILION, "higher": VERMILION, "no gap shown": BLUE, "unknown": MUTED}


@house_style
def forest_figure(groups: Sequence[Group], *, measure: str, name: str, whole: float | None) -> Figure:
    """One row a group, under its facet; a hollow dot where too little is known to say that there is no gap.

    Args:
        groups: of an evaluation's `subgroups`, those with the measure.
        measure: "auc", "sensitivity" or "specificity".
        name: of the measure, for the axis.
        whole: its value over all films.
    """
    facets = list(dict.fromkeys(group["facet"] for group in groups))
    figure, (axes,) = new_figure(4.6, 1.0 + 0.27 * (len(groups) + len(facets)))
    labels: list[tuple[float, str, bool]] = []
    y = 0.0
    for facet in facets:
        labels.append((y, words.headline(facet), True))
        for group in (group for group in groups if group["facet"] == facet):
            y += 1
            labels.append((y, _row_name(group), False))
            _row(axes, group, measure, y)
        y += 1.3
    if whole is not None:
        axes.axvline(whole, color=INK, linewidth=1.0, linestyle=(0, (2, 2)), zorder=1)
    _finish(axes, labels, bottom=y, name=name, percent=measure != "auc")
    return figure


def _row_name(group: Group) -> str:
    return f"{words.shorten(str(group['value']), limit=20)} · {words.count(group['n_positive'])} of {words.count(group['n'])}"


def _row(axes: Axes, group: Group, measure: str, y: float) -> None:
    figure = group[measure]
    gap = next(gap for gap in group["gaps"] if gap["measure"] == measure)
    colour, unknown = COLOURS[gap["verdict"]], gap["verdict"] == "unknown"
    axes.hlines(y, figure["low"], figure["high"], color=colour, linewidth=4, alpha=0.35)
    axes.plot([figure["value"]], [y], "o", color=PAPER if unknown else colour, markersize=6,
              markeredgecolor=colour if unknown else PAPER, markeredgewidth=1.4, zorder=4, clip_on=False)  # fmt: skip


def _finish(axes: Axes, labels: list[tuple[float, str, bool]], *, bottom: float, name: str, percent: bool) -> None:
    axes.set_yticks([at for at, _, _ in labels], [text for _, text, _ in labels], fontsize=8)
    for tick, (_, _, heading) in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set_fontweight("bold" if heading else "normal")
    axes.set_ylim(bottom - 0.7, -0.7)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    low = min([0.5, *axes.get_xlim()]) if not percent else axes.get_xlim()[0]
    axes.set_xlim(max(low - 0.01, 0.0), 1.0)
    axes.grid(axis="x", color=RULE)
    if percent:
        percent_axis(axes.xaxis)
    axes.set_xlabel(name)

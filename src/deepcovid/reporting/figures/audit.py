"""The picture of an audit's test: figures with their limits, or curves along a scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepcovid.audit.detector.picture import Bars, Curves
from deepcovid.reporting.figures.style import (
    BLUE,
    DASHES,
    MUTED,
    PAPER,
    SERIES,
    VERMILION,
    house_style,
    new_figure,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.figure import Figure

    from deepcovid.evaluation.intervals import Interval

LONGEST = 42  # letters of a row's label
MOST = 12  # curves in one panel that are told apart


@house_style
def bars_figure(bars: Bars) -> Figure:
    """A row a figure with its 95 % limits; a dotted line where nothing is said, a broken one at the rule's limit."""
    rows = [(label, figure) for label, figure in bars.rows.items() if figure.value is not None]
    figure, (axes,) = new_figure(6.4, 0.9 + 0.34 * max(len(rows), 1))
    places = range(len(rows), 0, -1)
    axes.errorbar(
        [told.value or 0.0 for _, told in rows],
        list(places),
        xerr=_reach(told for _, told in rows),
        fmt="o",
        color=BLUE,
        markeredgecolor=PAPER,
        capsize=2.5,
        linewidth=1.4,
    )
    for value, colour, dash in ((bars.chance, MUTED, ":"), (bars.limit, VERMILION, (0, (4, 2)))):
        if value is not None:
            axes.axvline(value, color=colour, linestyle=dash, linewidth=1.1, zorder=1)
    axes.set_yticks(list(places), [_short(label) for label, _ in rows])
    axes.set_ylim(0.4, len(rows) + 0.6)
    axes.set_xlabel(bars.axis)
    return figure


@house_style
def curves_figure(curves: Curves) -> Figure:
    """A curve a series with its 95 % limits as bars."""
    figure, (axes,) = new_figure(6.4, 4.0)
    for place, (name, points) in enumerate(list(curves.series.items())[:MOST]):
        known = [(x, told) for x, told in points if told.value is not None]
        axes.errorbar(
            [x for x, _ in known],
            [told.value or 0.0 for _, told in known],
            yerr=_reach(told for _, told in known),
            color=SERIES[place % len(SERIES)],
            linestyle=DASHES[(place // len(SERIES)) % len(DASHES)],
            marker="o",
            markersize=3.5,
            capsize=2,
            linewidth=1.4,
            elinewidth=0.7,
            label=name,
        )
    if curves.limit is not None:
        axes.axhline(curves.limit, color=VERMILION, linestyle=(0, (4, 2)), linewidth=1.1)
    axes.set_xlabel(curves.x_label)
    axes.set_ylabel(curves.y_label)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _reach(figures: Iterable[Interval]) -> Any:
    told = [(figure.value or 0.0, figure.low, figure.high) for figure in figures]
    return [[max(0.0, value - low) for value, low, _ in told], [max(0.0, high - value) for value, _, high in told]]


def _short(label: str) -> str:
    return label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"

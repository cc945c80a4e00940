"""A sweep drawn: a panel for each varied key, every setting a point with its interval over the values of that key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.style import BLUE, INK, PAPER, VERMILION, house_style
from deepcovid.reporting.sweep_tables import FIGURES
from deepcovid.training.variations import said

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3  # panels in a row
DECADE = 10.0  # values that span more are drawn on a log axis
TICKS = 6  # values of an axis that are named one by one
SPREAD = 0.28  # of the distance between two words: how far settings of one word are drawn apart


@house_style
def sweep_figure(told: Mapping[str, Any]) -> Figure:
    """Numbers stand on an axis, words beside each other; the chosen setting and the recipe's own are marked.

    Args:
        told: what sweep.json holds.
    """
    from matplotlib.figure import Figure

    count = len(told["varied"])
    across = min(count, ACROSS)
    down = -(-count // across)
    figure = Figure(figsize=(1.2 + 3.0 * across, 0.8 + 2.9 * down), layout="constrained")
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    panels = list(grid.ravel())
    for axes, one in zip(panels, told["varied"], strict=False):
        _panel(axes, told, one)
    for axes in panels[count:]:
        axes.set_visible(False)
    for row in grid:
        row[0].set_ylabel(f"{FIGURES[told['by']]}, validation")
    figure.legend(handles=_legend(told), loc="outside lower left", ncols=3, fontsize=8, alignment="left")
    return figure


def _panel(axes: Axes, told: Mapping[str, Any], one: Mapping[str, Any]) -> None:
    values = [row["values"][one["name"]] for row in told["settings"]]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    shared = len({said(value) for value in values}) < len(values)
    if numbers and (one["span"] or not shared):
        places = _numbers(axes, values, named=one["span"] is None)
    else:
        order = sorted(values) if numbers else [*one["values"], *values]
        places = _words(axes, values, order=order)
    if numbers and not shared and len(told["varied"]) == 1:
        points = sorted(zip(places, (row[told["by"]]["value"] for row in told["settings"]), strict=True))
        axes.plot(*zip(*points, strict=True), color=BLUE, linewidth=1.0, alpha=0.5, zorder=1)
    for place, (x, row) in reversed(list(enumerate(zip(places, told["settings"], strict=True)))):
        _setting(axes, x, row, told["by"], chosen=place == 0)
    axes.set_title(one["name"])
    axes.grid(axis="y")


def _setting(axes: Axes, x: float, row: Mapping[str, Any], by: str, *, chosen: bool) -> None:
    interval, seeds = row[by], row["seeds"][by]
    colour = VERMILION if chosen else INK if row["own"] else BLUE
    strong = chosen or row["own"]
    axes.plot([x, x], [interval["low"], interval["high"]], color=colour, linewidth=1.3, alpha=0.9 if strong else 0.3)
    if len(seeds) > 1:
        axes.plot([x] * len(seeds), seeds, "_", color=colour, markersize=6, alpha=0.8 if strong else 0.4)
    axes.plot(
        x,
        interval["value"],
        marker="D" if row["own"] else "o",
        color=colour,
        markersize=6.5 if strong else 5,
        markeredgecolor=PAPER,
        zorder=4 if strong else 3,
    )


def _numbers(axes: Axes, values: Sequence[float], *, named: bool) -> list[float]:
    """Places of numbers on an axis, logarithmic where they are far apart; with a tick at each, or (drawn ones) round ticks."""
    from matplotlib.ticker import NullFormatter, NullLocator

    places = [float(value) for value in values]
    shown = sorted(set(places))
    if shown[0] > 0 and shown[-1] / shown[0] >= DECADE:
        axes.set_xscale("log")
    if named and len(shown) <= TICKS:
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(shown, [f"{value:g}" for value in shown])
    else:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
    return places


def _words(axes: Axes, values: Sequence[Any], *, order: Sequence[Any]) -> list[float]:
    """Values beside each other, the settings of one value a little apart."""
    named = [said(value) for value in values]
    place_of: dict[str, int] = {}
    for value in order:
        if said(value) in named:
            place_of.setdefault(said(value), len(place_of))
    places = []
    for place, word in enumerate(named):
        before, all_of_it = named[:place].count(word), named.count(word)
        apart = 0.0 if all_of_it == 1 else SPREAD * (2 * before / (all_of_it - 1) - 1)
        places.append(place_of[word] + apart)
    axes.set_xticks(range(len(place_of)), [words.shorten(word, limit=14) for word in place_of])
    axes.set_xlim(-0.5, len(place_of) - 0.5)
    return places


def _legend(told: Mapping[str, Any]) -> list[Any]:
    from matplotlib.lines import Line2D

    def mark(marker: str, colour: str, label: str) -> Line2D:
        return Line2D([], [], color=colour, marker=marker, markeredgecolor=PAPER, linewidth=1.3, label=label)

    first = told["settings"][0]
    both = "chosen, the recipe's own" if first["own"] else "chosen"
    handles = [mark("D" if first["own"] else "o", VERMILION, both)]
    if not first["own"] and any(row["own"] for row in told["settings"]):
        handles.append(mark("D", INK, "the recipe's own"))
    handles.append(mark("o", BLUE, "other settings; bars: 95 % intervals"))
    return handles

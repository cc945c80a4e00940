"""Scores film by film: histograms by group as in Deep-COVID's Figures 7–10, and dots by source and label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.reporting import words
from deepcovid.reporting.figures.curves import main_point
from deepcovid.reporting.figures.style import CLASS_COLOURS, INK, RULE, house_style, new_figure

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Evaluation = Mapping[str, Any]

MOST_ROWS = 14
MOST_VECTOR_DOTS = 1200  # more are drawn as pixels: an SVG element a dot would make a page of megabytes


def group_names(evaluation: Evaluation) -> dict[str, str]:
    """What the three groups of films are called: the positive class, the normal class, all others."""
    rest = "other findings" if evaluation.get("normal") else "all others"
    return {"positive": str(evaluation["positive"]), "normal": str(evaluation.get("normal") or "normal"), "other": rest}


@house_style
def histogram_figure(evaluation: Evaluation) -> Figure:
    """One histogram of scores a group, over one axis (Deep-COVID, Fig. 7–10): the share of the group in each bin."""
    histogram, names = evaluation["histogram"], group_names(evaluation)
    groups = [group for group in names if sum(histogram.get(group) or [])] or ["positive"]
    figure, panels = new_figure(4.6, 1.2 + 1.15 * len(groups), rows=len(groups))
    for axes, group in zip(panels, groups, strict=True):
        _histogram_panel(axes, histogram, group, name=names[group])
    point = main_point(evaluation)
    if point:
        for axes in panels:
            axes.axvline(point["threshold"], color=INK, linewidth=1.2)
        named = f"line: threshold {words.threshold(point['threshold'])}"
        panels[0].set_title(named, loc="right", fontweight="normal", fontsize=8.5)
    panels[-1].set_xlabel(f"score: probability of {words.shorten(names['positive'], limit=30)} that the detector gives")
    figure.supylabel("films", fontsize=9.5)
    return figure


def _histogram_panel(axes: Axes, histogram: Mapping[str, Any], group: str, *, name: str) -> None:
    from matplotlib.ticker import MaxNLocator

    edges, counts = np.asarray(histogram["edges"], dtype=float), np.asarray(histogram.get(group) or [], dtype=float)
    colour = CLASS_COLOURS[group]
    if counts.size:
        axes.stairs(counts, edges, fill=True, color=colour, alpha=0.28)
        axes.stairs(counts, edges, color=colour, linewidth=1.5)
    axes.set_xlim(edges[0] - 0.01, edges[-1] + 0.01)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(axis="y")
    axes.set_title(f"{words.shorten(name, limit=34)}, {words.counted(counts.sum(), 'image')}", color=colour)


@house_style
def sources_figure(scores: pd.DataFrame, *, evaluation: Evaluation) -> Figure:
    """One row of dots a source and label, a dot a film at its score.

    Args:
        scores: columns `source`, `label`, `score`; rows without one of them are left out.
        evaluation: names the positive and the normal class, and the threshold.
    """
    rows = _source_rows(scores, positive=str(evaluation["positive"]))
    figure, (axes,) = new_figure(4.6, 1.0 + 0.48 * max(2, len(rows)))
    dots = sum(len(part) for _, _, part in rows)
    for height, (_source, label, part) in enumerate(rows):
        group = _group(label, evaluation)
        y = height + _swarm(part)
        axes.plot(part, y, "o", color=CLASS_COLOURS[group], markersize=3.2, alpha=0.55, markeredgewidth=0,
                  rasterized=dots > MOST_VECTOR_DOTS)  # fmt: skip
    point = main_point(evaluation)
    if point:
        axes.axvline(point["threshold"], color=INK, linewidth=1.2)
    names = [
        f"{words.shorten(label, limit=16)} · {words.shorten(source, limit=18)} · {len(part):,}"
        for source, label, part in rows
    ]
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.45, -0.55))
    axes.tick_params(axis="y", length=0)
    for edge in range(1, len(rows)):
        axes.axhline(edge - 0.5, color=RULE, linewidth=0.7)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("score")
    return figure


def _group(label: str, evaluation: Evaluation) -> str:
    if label == str(evaluation["positive"]):
        return "positive"
    return "normal" if evaluation.get("normal") and label == str(evaluation["normal"]) else "other"


def _source_rows(scores: pd.DataFrame, *, positive: str) -> list[tuple[str, str, np.ndarray]]:
    known = scores.dropna(subset=["source", "label", "score"])
    parts = [
        (str(source), str(label), np.sort(part["score"].to_numpy(dtype=float)))
        for (source, label), part in known.groupby(["source", "label"], sort=True, observed=True)
    ]
    parts.sort(key=lambda row: -len(row[2]))
    return sorted(parts[:MOST_ROWS], key=lambda row: (row[1] != positive, row[1], row[0]))


def _swarm(scores: np.ndarray, *, bins: int = 40, most: float = 0.38) -> np.ndarray:
    """Heights around 0 within ± `most`, wider where scores are dense; spread by the golden ratio, so without chance."""
    place = np.clip((scores * bins).astype(int), 0, bins - 1)
    crowd = np.bincount(place, minlength=bins)[place]
    width = most * np.minimum(1.0, (crowd - 1) / max(12, int(crowd.max(initial=1))))
    turn = (np.arange(len(scores)) * 0.6180339887498949) % 1.0
    heights: np.ndarray = (2 * turn - 1) * width
    return heights


def describe_histogram(evaluation: Evaluation) -> str:
    """The histogram in one sentence, for readers who cannot see it."""
    names, groups = group_names(evaluation), evaluation.get("groups") or {}
    parts = [f"{names[group]} {words.counted(n, 'image')}" for group, n in groups.items() if n and group in names]
    return "Histograms of the score by group: " + ", ".join(parts) + "."

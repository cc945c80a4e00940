"""Curves over all thresholds: ROC, precision and recall, sensitivity and specificity against the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.style import (
    DASHES,
    GREEN,
    INK,
    MUTED,
    PAPER,
    RULE,
    SERIES,
    VERMILION,
    house_style,
    new_figure,
    percent_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Evaluation = Mapping[str, Any]


def main_point(evaluation: Evaluation) -> Mapping[str, Any] | None:
    """The operating point that speaks for a detector: chosen on validation, else given, else chosen where it is reported.

    Among given ones a default such as 0.5, which nobody chose, comes last.
    """
    trust = ("validation", "given", "this data")
    points = [point for point in evaluation.get("operating_points") or [] if point.get("chosen_on") in trust]
    ranked = sorted(
        points, key=lambda point: (trust.index(point["chosen_on"]), str(point["name"]).startswith("default"))
    )
    return ranked[0] if ranked else None


@house_style
def roc_figure(evaluations: Mapping[str, Evaluation]) -> Figure:
    """ROC curves of several models or splits, each with its operating point and that point's interval both ways."""
    figure, (axes,) = new_figure(4.6, 4.9)
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=1.2, zorder=1)
    axes.annotate("chance", (0.29, 0.245), color=MUTED, fontsize=8, rotation=45, rotation_mode="anchor")
    for place, (name, evaluation) in enumerate(evaluations.items()):
        _roc_curve(axes, name, evaluation, place=place)
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.025), aspect="equal")
    axes.set_xlabel("1 − specificity (called positive among negatives)")
    axes.set_ylabel("sensitivity (called positive among positives)")
    finish_curves(axes)
    legend_below(figure, title="AUC (95 % interval)")
    return figure


def _roc_curve(axes: Axes, name: str, evaluation: Evaluation, *, place: int) -> None:
    curve, auc = evaluation["curves"]["roc"], evaluation["auc"]
    colour = SERIES[place % len(SERIES)]
    label = legend_line(name, auc)
    width, alpha = (2.3, 1.0) if place == 0 else (1.5, 0.85)
    style = DASHES[place % len(DASHES)]
    axes.plot(
        curve["fpr"], curve["tpr"], color=colour, linewidth=width, alpha=alpha, linestyle=style, label=label, zorder=4
    )
    point = main_point(evaluation)
    if point and words.known(point["sensitivity"]["value"]) and words.known(point["specificity"]["value"]):
        _roc_point(axes, point, colour=colour)


def _roc_point(axes: Axes, point: Mapping[str, Any], *, colour: str) -> None:
    sensitivity, specificity = point["sensitivity"], point["specificity"]
    x, y = 1 - specificity["value"], sensitivity["value"]
    across = [
        [max(0.0, specificity["high"] - specificity["value"])],
        [max(0.0, specificity["value"] - specificity["low"])],
    ]
    upright = [[max(0.0, y - sensitivity["low"])], [max(0.0, sensitivity["high"] - y)]]
    axes.errorbar(
        [x], [y], xerr=across, yerr=upright, fmt="o", color=colour, markersize=7,
        markeredgecolor=PAPER, markeredgewidth=1.2, elinewidth=1.3, capsize=0, zorder=5,
    )  # fmt: skip


@house_style
def pr_figure(evaluations: Mapping[str, Evaluation]) -> Figure:
    """Precision against recall, with the precision that chance would give: the prevalence of this table."""
    figure, (axes,) = new_figure(4.6, 4.9)
    for place, (name, evaluation) in enumerate(evaluations.items()):
        curve, average = evaluation["curves"]["pr"], evaluation["average_precision"]
        colour = SERIES[place % len(SERIES)]
        label = legend_line(name, average)
        style = DASHES[place % len(DASHES)]
        axes.plot(curve["recall"], curve["precision"], color=colour, linestyle=style, label=label,
                  linewidth=2.3 if place == 0 else 1.5)  # fmt: skip
        axes.axhline(evaluation["prevalence"], color=colour, linewidth=0.8, alpha=0.5, linestyle=(0, (2, 3)))
    first = next(iter(evaluations.values()))
    axes.annotate(
        "chance", (0.0, first["prevalence"]), xytext=(2, 3), textcoords="offset points", color=MUTED, fontsize=8
    )
    axes.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.025), aspect="equal")
    axes.set_xlabel("recall = sensitivity")
    axes.set_ylabel("precision (positives among positive calls)")
    finish_curves(axes)
    legend_below(figure, title="average precision (95 % interval)")
    return figure


@house_style
def threshold_figure(evaluation: Evaluation) -> Figure:
    """Sensitivity and specificity against the threshold, the operating points marked."""
    figure, (axes,) = new_figure(4.6, 3.9)
    curve = evaluation["curves"]["thresholds"]
    axes.plot(curve["threshold"], curve["sensitivity"], color=VERMILION, drawstyle="steps-pre", label="sensitivity")
    axes.plot(
        curve["threshold"],
        curve["specificity"],
        color=GREEN,
        drawstyle="steps-pre",
        linestyle=DASHES[1],
        label="specificity",
    )
    for point in evaluation.get("operating_points") or []:
        axes.axvline(point["threshold"], color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    chosen = main_point(evaluation)
    if chosen:
        _mark_threshold(axes, chosen)
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.02, 1.03))
    axes.set_xlabel("threshold: films with this score or more are called positive")
    percent_axis(axes.yaxis)
    axes.grid(axis="y")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.2)
    return figure


def _mark_threshold(axes: Axes, point: Mapping[str, Any]) -> None:
    at = point["threshold"]
    axes.axvline(at, color=INK, linewidth=1.2, zorder=2, label=f"threshold {words.threshold(at)}")
    for measure, colour in (("sensitivity", VERMILION), ("specificity", GREEN)):
        interval = point[measure]
        if not words.known(interval["value"]):
            continue
        axes.vlines(at, interval["low"], interval["high"], color=colour, linewidth=5, alpha=0.35, zorder=3)
        axes.plot([at], [interval["value"]], "o", color=colour, markersize=7, markeredgecolor=PAPER, zorder=4)


def legend_line(name: str, interval: Mapping[str, Any]) -> str:
    """A curve's name with its figure, interval, method, n and unit."""
    limits = words.bounds(interval, as_percent=False)
    return f"{words.shorten(name, limit=20)}: {words.ratio(interval['value'])} ({limits}), {words.basis(interval)}"


def legend_below(figure: Figure, *, title: str) -> None:
    """The curves' names under the axes, where no curve runs."""
    figure.legend(
        loc="outside lower left", title=title, title_fontsize=8.5, alignment="left", fontsize=8, labelspacing=0.35
    )


def finish_curves(axes: Axes) -> None:
    """A grid, and both axes in percent."""
    axes.grid(visible=True)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)

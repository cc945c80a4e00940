"""A comparison of runs as one self-contained page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deepcovid.reporting.comparison_tables import comparison_tables
from deepcovid.reporting.content import RESEARCH_NOTICE
from deepcovid.reporting.figures.comparison import describe_histories, histories_figure
from deepcovid.reporting.figures.curves import roc_figure
from deepcovid.reporting.figures.style import figure_inline
from deepcovid.reporting.report import template

if TYPE_CHECKING:
    import pandas as pd


def render_comparison(
    told: Mapping[str, Any],
    *,
    evaluations: Mapping[str, Mapping[str, Any]],
    histories: Mapping[str, pd.DataFrame],
) -> str:
    """The page as text.

    Args:
        told: `Compared.told`.
        evaluations: each run's evaluation, by name; for the ROC curves.
        histories: figures by epoch of the runs that have them, by name.
    """
    names = [run["name"] for run in told["runs"]]
    untested = [f"{pair['first']} and {pair['second']}: {pair['note']}" for pair in told["pairs"] if pair["note"]]
    own = [f"{run['name']}: {note}" for run in told["runs"] for note in run["notes"]]
    return template("compare.html.j2").render(
        title=f"{names[0]} and {len(names) - 1} more" if len(names) > 3 else " · ".join(names),
        warnings=untested,
        notes=[*told["notes"], *own],
        tables=comparison_tables(told),
        figures=_figures(evaluations, histories),
        notice=RESEARCH_NOTICE,
    )


def _figures(
    evaluations: Mapping[str, Mapping[str, Any]], histories: Mapping[str, pd.DataFrame]
) -> list[dict[str, str]]:
    areas = ", ".join(f"{name} {evaluation['auc']['value']:.3f}" for name, evaluation in evaluations.items())
    figures = [
        {
            "title": "ROC curves on test films",
            "svg": figure_inline(roc_figure(evaluations), name="roc", alt=f"ROC curves; AUC {areas}."),
            "how": "The point is the main operating point with its intervals.",
        }
    ]
    if histories:
        figures.append(
            {
                "title": "Accuracy and loss by epoch",
                "svg": figure_inline(histories_figure(histories), name="history", alt=describe_histories(histories)),
                "how": "Validation solid, training broken; a point is the kept epoch.",
            }
        )
    return figures

"""A sweep as one self-contained page: what was chosen and what that is worth, the figure, every setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting.content import RESEARCH_NOTICE
from deepcovid.reporting.figures.style import figure_inline
from deepcovid.reporting.figures.sweep import sweep_figure
from deepcovid.reporting.report import template
from deepcovid.reporting.sweep_tables import FIGURES, failed_table, figure_words, settings_table, test_table


def render_sweep(told: Mapping[str, Any]) -> str:
    """The page as text.

    Args:
        told: what sweep.json holds.
    """
    best, by = told["settings"][0], told["by"]
    varied = ", ".join(one["name"] for one in told["varied"])
    alt = (
        f"{FIGURES[by]} of {len(told['settings'])} settings on validation by {varied}; the best, {best['title']}, has "
        f"{figure_words(best[by], by)}."
    )
    tables = [settings_table(told), test_table(told), failed_table(told)]
    return template("sweep.html.j2").render(
        told=told,
        title=f"{told['recipe']}: {varied}",
        sentences=told["sentences"],
        notes=told["notes"],
        tables=[table for table in tables if table is not None],
        figure=figure_inline(sweep_figure(told), name="sweep", alt=alt),
        how="Bars are 95 % intervals over films and patients"
        + ("; short strokes are single seeds." if len(told["seeds"]) > 1 else "."),
        notice=RESEARCH_NOTICE,
    )

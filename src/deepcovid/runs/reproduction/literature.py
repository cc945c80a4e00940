"""The systems of others that Rawat reviews (his Table 1): printed figures, and ours where a recipe and films are given."""

from __future__ import annotations

import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.evaluation.accuracy import accuracy
from deepcovid.evaluation.intervals import Interval, wilson
from deepcovid.progress import Progress
from deepcovid.reporting.published import PublishedFigure, published
from deepcovid.runs.reproduction.outcome import SMOKE, Line, Reproduction, Wishes
from deepcovid.runs.reproduction.training_set import train_set
from deepcovid.runs.train import Run

TITLE = "The systems that Rawat 2022 reviews (his Table 1)"
NO_RECIPE = "no recipe: the publication tells too little of it"
NO_FILMS = "not run: no films were given (--table)"
NOT_ASKED = "not run: its recipe, {recipe}, was not asked for (--only)"


def reproduce_literature(table: Table | None, wishes: Wishes, progress: Progress) -> Reproduction:
    """Every printed figure of the review; with films, ours beside those whose recipe is run.

    Args:
        table: films, or None: the printed figures alone.
        wishes: which recipes (`recipes`; empty: all that the table of figures names), weights, epochs.
        progress: told what happens.
    """
    figures = published("literature")
    named = tuple(dict.fromkeys(figure.recipe for figure in figures if figure.recipe))
    runs = train_set(table, wishes.recipes or named, wishes, progress) if table is not None else {}
    lines = tuple(_line(figure, runs.get(figure.recipe), wishes, films=table is not None) for figure in figures)
    warnings = [SMOKE] if wishes.quick and runs else []
    for run in runs.values():
        warnings += run.warnings
    return Reproduction(
        document="literature",
        title=TITLE,
        lines=lines,
        same_data="Each system was measured on other films; none of the data sets is the table given here.",
        same_weights="See each run; most started from ImageNet's weights.",
        differences=(
            "The printed figures are of different films, divisions and classes: they cannot be compared with one another.",
        ),
        to_know=(
            "None of the printed figures has an interval, and hardly one tells whether patients stand on both sides.",
        ),
        warnings=tuple(dict.fromkeys(warnings)),
        runs=tuple(str(run.folder) for run in runs.values()),
    )


def _line(figure: PublishedFigure, run: Run | None, wishes: Wishes, *, films: bool) -> Line:
    if run is None:
        not_run = NOT_ASKED.format(recipe=figure.recipe) if films else NO_FILMS
        how = not_run if figure.recipe else NO_RECIPE
        return Line(published=figure, system=figure.system, metric=figure.metric, ours=None, how=how)
    return Line(
        published=figure,
        system=figure.system,
        metric=figure.metric,
        ours=_ours(figure.metric, run, wishes),
        how="calls at 0.5 on the test films of the table given",
    )


def _ours(metric: str, run: Run, wishes: Wishes) -> Interval | None:
    scores = pd.read_parquet(run.folder / "scores.parquet")
    test = scores[scores["split"] == "test"]
    truth = (test[wishes.settings.label_column] == wishes.settings.positive).to_numpy()
    called = test["score"].to_numpy() >= 0.5
    if metric == "accuracy":
        return accuracy(called == truth, patient=group_ids(test).to_numpy())
    hits = int((called & truth).sum())
    if metric == "sensitivity":
        return wilson(hits, n=int(truth.sum()))
    if metric == "precision":
        return wilson(hits, n=int(called.sum()))
    return None

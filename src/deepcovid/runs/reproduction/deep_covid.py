"""Deep-COVID (Minaee et al. 2020): four networks, their last layer trained, every table and figure beside the printed one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.datasets.table import Table
from deepcovid.evaluation.intervals import Interval, wilson
from deepcovid.evaluation.thresholds import at_sensitivity
from deepcovid.progress import Progress
from deepcovid.reporting.published import PublishedFigure, published
from deepcovid.runs.reproduction.outcome import SMOKE, Line, Reproduction, Wishes, in_order
from deepcovid.runs.reproduction.pictures import layers_of, pictures_of
from deepcovid.runs.reproduction.training_set import sentence_on_weights, train_set
from deepcovid.runs.train import Run

TITLE = "Minaee et al. 2020: Deep-COVID"
RECIPES = ("deepcovid-resnet18", "deepcovid-resnet50", "deepcovid-squeezenet", "deepcovid-densenet121")
PUBLISHED_COUNTS = {"train": (31, 2000), "test": (40, 3000)}


def reproduce_deep_covid(table: Table, wishes: Wishes, progress: Progress) -> Reproduction:
    """Train the document's networks on `table` and set every printed figure beside ours.

    Args:
        table: COVID-Xray-5k, or what there is of it, with a split (`deepcovid data build covid-xray-5k`).
        wishes: weights, epochs, folder.
        progress: told what happens.
    """
    runs = train_set(table, wishes.recipes or RECIPES, wishes, progress)
    lines: list[Line] = []
    for name, run in runs.items():
        test = _test_films(run)
        for figure in published("deep-covid"):
            if figure.recipe == name:
                lines.append(_line(figure, test, wishes))
        lines.append(_area(name, run))
    warnings = [SMOKE] if wishes.quick else []
    for run in runs.values():
        warnings += run.warnings
    first = next(iter(runs.values()))
    return Reproduction(
        document="deep-covid",
        title=TITLE,
        lines=tuple(lines),
        same_data=_same_data(first),
        same_weights=f"The paper starts from ImageNet's weights. Here: {sentence_on_weights(runs)}",
        differences=_differences(wishes),
        to_know=(
            "The paper chooses its thresholds on the test films. The lines here do the same, so that they can be compared, and "
            "flatter for the same reason; each run's own report has thresholds chosen on validation.",
            "Which 71 films the radiologist chose is inferred (all PA films of COVID-19 at commit 2a99173), not published.",
            "The paper's intervals are Wald's (its Eq. 3), which at 97.5 % of 40 hold the truth in 63 % of cases; ours are "
            "Wilson's.",
        ),
        warnings=in_order(warnings),
        runs=tuple(str(run.folder) for run in runs.values()),
        figures=pictures_of(runs),
        layers=layers_of(runs),
    )


def _test_films(run: Run) -> pd.DataFrame:
    scores = pd.read_parquet(run.folder / "scores.parquet")
    return scores[scores["split"] == "test"]


def _line(figure: PublishedFigure, test: pd.DataFrame, wishes: Wishes) -> Line:
    """Ours at the highest threshold that reaches the printed sensitivity of the same row, as the paper chose its own."""
    settings = wishes.settings
    truth = (test[settings.label_column] == settings.positive).to_numpy()
    score = test["score"].to_numpy(dtype=float)
    target = _sensitivity_of(figure)
    threshold = at_sensitivity(truth, score=score, target=target)
    called = score >= threshold
    ours: Interval = (
        wilson(int((called & truth).sum()), n=int(truth.sum()))
        if figure.metric == "sensitivity"
        else wilson(int((~called & ~truth).sum()), n=int((~truth).sum()))
    )
    told = (
        f"at our threshold {threshold:.4g}, the highest with a sensitivity of {100 * target:g} % or more on these films"
    )
    return Line(published=figure, system=figure.system, metric=figure.metric, ours=ours, how=told)


def _sensitivity_of(figure: PublishedFigure) -> float:
    """The sensitivity printed in the same row of the same table."""
    same = [
        other.value
        for other in published("deep-covid")
        if other.metric == "sensitivity"
        and (other.system, other.threshold) == (figure.system, figure.threshold)
        and (other.place == figure.place or figure.threshold is None)
        and other.value is not None
    ]
    return same[0] if same else 0.975


def _area(name: str, run: Run) -> Line:
    auc = run.evaluation["auc"]
    ours = Interval(**{key: auc[key] for key in ("value", "low", "high", "method", "n", "unit")})
    return Line(
        published=None,
        system=name,
        metric="AUC",
        ours=ours,
        how="the paper draws its ROC curves; no interval is printed",
    )


def _same_data(run: Run) -> str:
    sides = run.record["data"]["sides"]
    here = {side: (counts["positive"], counts["films"] - counts["positive"]) for side, counts in sides.items()}
    train = tuple(np.add(here["train"], here["val"]).tolist())
    if {"train": train, "test": here["test"]} == PUBLISHED_COUNTS:
        return "As many films as in Table I: 31 + 2,000 for training, 40 + 3,000 for test."
    return (
        f"Table I has 31 + 2,000 films for training and 40 + 3,000 for test. Here: {train[0]} + {train[1]:,} for training "
        f"(of which {here['val'][0]} + {here['val'][1]:,} for validation, which the paper has not) and "
        f"{here['test'][0]} + {here['test'][1]:,} for test."
    )


def _differences(wishes: Wishes) -> tuple[str, ...]:
    told = [
        "The paper's negatives are CheXpert's; a table with others (NIH's, say) has another hospital as its negative class.",
        "The frozen BatchNorm keeps its statistics; the authors' script leaves it collecting (recipe deepcovid-resnet18-script).",
        "The paper's augmentation is told in words (flip, small rotation, small distortion); its amounts are ours.",
        "DenseNet: the paper says 121 in its text and 161 in a figure; 121 is run.",
    ]
    if wishes.epochs:
        told.append(f"{wishes.epochs} epochs in place of the published 100.")
    return tuple(told)

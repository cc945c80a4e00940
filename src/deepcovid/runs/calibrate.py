"""A trained detector's calibration, fitted on its validation side and applied to the scores of all films."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepcovid.datasets.columns import group_ids
from deepcovid.errors import TableError
from deepcovid.evaluation.recalibration import Calibration, fit_calibration, fit_temperature, too_few
from deepcovid.progress import Progress
from deepcovid.runs.data import Prepared
from deepcovid.runs.trained import Trained
from deepcovid.training.recipe import Recipe

SIDE = "val"


def require_enough(prepared: Prepared, recipe: Recipe) -> None:
    """Refuse a calibration that the validation side is too small for, before anything is trained.

    Raises:
        TableError: too few validation patients of a class.
    """
    if recipe.calibration == "none":
        return
    rows = prepared.rows(SIDE)
    groups = group_ids(prepared.frame).to_numpy()[rows]
    positives, negatives = (len(set(groups[films])) for films in _sides(prepared, rows))
    short = too_few(recipe.calibration, positives=positives, negatives=negatives)
    if short:
        raise TableError(
            f"the validation side has {short}",
            path=prepared.table.path,
            mend='give it more patients, or write calibration = "none"',
        )


def _sides(prepared: Prepared, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positive = prepared.is_positive[rows]
    return positive, ~positive


def calibrate(trained: Trained, *, recipe: Recipe, facts: dict[str, Any], progress: Progress) -> Trained:
    """The training with calibrated probabilities, and the scores before in `uncalibrated`; as it was where none is asked for.

    Args:
        trained: probabilities as the network gives them.
        recipe: its `calibration`.
        facts: of the validation side, written down with the calibration.
        progress: told what was fitted, or that nothing could be.
    """
    if recipe.calibration == "none":
        return trained
    prepared = trained.prepared
    told = _fit(trained, recipe, facts)
    if told is None:
        progress.warn(
            "no temperature fits the validation films best (they may be told apart without fault): scores stay as they are"
        )
        return trained
    probabilities = told.apply(
        trained.probabilities, exclusive=prepared.task != "multi-label", positive=prepared.positive_index
    )
    progress.say(f"Calibration: {calibration_words(told)}.")
    return replace(trained, probabilities=probabilities, uncalibrated=trained.scores, calibration=told)


def _fit(trained: Trained, recipe: Recipe, facts: dict[str, Any]) -> Calibration | None:
    prepared = trained.prepared
    rows = prepared.rows(SIDE)
    if recipe.calibration == "isotonic":
        score, positive = trained.scores[rows], prepared.is_positive[rows]
        return fit_calibration("isotonic", score=score, positive=positive, fitted_on=facts)
    exclusive = prepared.task != "multi-label"
    return fit_temperature(
        trained.probabilities[rows], truth=prepared.targets[rows], exclusive=exclusive, fitted_on=facts
    )


def calibration_words(told: Calibration | None) -> str:
    """What is done to the probabilities, in words."""
    if told is None:
        return "none: scores are as the network gives them"
    on = f"fitted on {told.fitted_on.get('films')} validation films, {told.fitted_on.get('positive')} of them positive"
    if told.method == "isotonic":
        return f"a rising function of {len(told.scores)} places, {on}"
    return f"logits are divided by {told.temperature:.3f}, {on}"

"""The calibration part of an evaluation: the scores as they stand, and after a map that was fitted on validation alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from deepcovid.evaluation.calibration import calibration_figures
from deepcovid.evaluation.recalibration import Method, fit_calibration, too_few
from deepcovid.evaluation.scores import Scores

DRAWS = 1000
RAW = "uncalibrated_score"  # the column of scores before the detector's own calibration


def calibration_of(
    films: Scores, *, chooser: Scores | None, raw: Scores | None = None, draws: int = DRAWS, seed: int = 0
) -> dict[str, Any]:
    """Figures of `films` as given, as they were before the detector's own calibration, and as other calibrations would make them.

    Args:
        films: what is reported on.
        chooser: validation films that a temperature and a rising function may be fitted on; None: there are none, or the
            scores are calibrated already.
        raw: the same films with the scores before the detector's own calibration; None: it has none.
        draws, seed: of the bootstrap.

    Returns:
        JSON-safe; `temperature` and `isotonic` are None where there are too few validation films to fit them, and where no
        temperature is best.
    """
    draws = min(draws, DRAWS)
    found: dict[str, Any] = {
        "as_given": calibration_figures(films, draws=draws, seed=seed),
        "before": None if raw is None else calibration_figures(raw, draws=draws, seed=seed),
        "fitted_on": None if chooser is None else _sizes(chooser),
    }
    for method in get_args(Method):
        found[method] = None if chooser is None else _after(method, films, chooser=chooser, draws=draws, seed=seed)
    return found


def _sizes(films: Scores) -> dict[str, int | None]:
    return {"films": len(films), "positive": films.n_positive, "patients": films.n_patients}


def _after(method: Method, films: Scores, *, chooser: Scores, draws: int, seed: int) -> dict[str, Any] | None:
    positives, negatives = (chooser.patients_of(rows) for rows in (chooser.positive, ~chooser.positive))
    if too_few(method, positives=positives, negatives=negatives):
        return None
    told = fit_calibration(method, score=chooser.score, positive=chooser.positive)
    if told is None:
        return None
    figures = calibration_figures(replace(films, score=told.of_scores(films.score)), draws=draws, seed=seed)
    return {"temperature": told.temperature, **figures} if method == "temperature" else figures

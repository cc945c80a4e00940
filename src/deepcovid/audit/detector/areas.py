"""AUCs in an audit: with patients drawn, and differences on the same films."""

from __future__ import annotations

import numpy as np

from deepcovid.evaluation.areas import auc_intervals
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.comparison import compare_pair
from deepcovid.evaluation.intervals import PATIENT, Interval
from deepcovid.evaluation.matching import Matched
from deepcovid.evaluation.scores import Scores, people_of

DRAWS = 1000
FEWEST = 8  # films, and patients, of either class under which no AUC is given


def enough(positive: np.ndarray, patient: np.ndarray, *, fewest: int = FEWEST) -> bool:
    """Whether either class has so many patients."""
    return all(len(np.unique(patient[side])) >= fewest for side in (positive, ~positive))


def area(
    positive: np.ndarray, *, score: np.ndarray, patient: np.ndarray, known: np.ndarray | None = None, seed: int = 0
) -> Interval:
    """The AUC of a score with its interval: DeLong's for one film a patient, else of a bootstrap over patients.

    Args:
        positive: bool (N,), both classes present. score: float (N,), any finite numbers.
        patient: int (N,). known: bool (N,), whether a film's patient is known; default: all.
        seed: of the draws.
    """
    n = len(positive)
    known = np.ones(n, dtype=bool) if known is None else known
    words = np.full(n, "", dtype="U1")
    scores = Scores(positive, score, words, words, words, patient, known, 0)
    cluster = patient if scores.n_patients is not None else None
    draws = bootstrap(positive, score=score, cluster=cluster, draws=DRAWS, seed=seed)
    return auc_intervals(scores, draws=draws)["auc"]


def area_difference(
    positive: np.ndarray,
    *,
    first: np.ndarray,
    second: np.ndarray,
    patient: np.ndarray,
    known: np.ndarray | None = None,
    seed: int = 0,
) -> Interval:
    """AUC of `first` minus AUC of `second` on the same films: DeLong's paired interval, or patients drawn for both alike."""
    known = np.ones(len(positive), dtype=bool) if known is None else known
    films = Matched(positive=positive, patient=patient, patient_known=known, first=first, second=second)
    told = compare_pair(films, draws=DRAWS, seed=seed)[0]["difference"]
    return Interval(**told)


def words(figure: Interval, *, digits: int = 2) -> str:
    """ "0.85 (0.80 to 0.90)"; "unknown" without a value."""
    if figure.value is None:
        return "unknown"
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f})"


def unit_words(figure: Interval) -> str:
    """ "312 patients" or "312 films"."""
    return f"{figure.n:,} {'patients' if figure.unit == PATIENT else 'films'}"


__all__ = ["DRAWS", "FEWEST", "area", "area_difference", "enough", "people_of", "unit_words", "words"]

"""The decision curve: what acting on a detector's calls is worth, against calling every film and calling none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.evaluation.bootstrap import Draws, few_cluster_levels
from deepcovid.evaluation.intervals import IMAGE, PATIENT, wilson
from deepcovid.evaluation.metrics import rates
from deepcovid.evaluation.scores import Scores

THRESHOLDS = np.arange(1, 100) / 100  # probabilities at which somebody would act


def net_benefit(
    sensitivity: np.ndarray, *, specificity: np.ndarray, prevalence: float, threshold: np.ndarray
) -> np.ndarray:
    """True calls less false ones times the odds of the threshold, a person (Vickers & Elkin, Med. Decis. Making 26:565, 2006).

    se·π − (1 − sp)·(1 − π)·t/(1 − t): who acts from a probability t on holds one missed case to be as bad as (1 − t)/t
    false alarms.

    Args:
        sensitivity, specificity: fractions, arrays that broadcast with `threshold`.
        prevalence: π, the share of positives among the people, in [0, 1].
        threshold: t in (0, 1).
    """
    weight = threshold / (1 - threshold)
    benefit: np.ndarray = sensitivity * prevalence - (1 - specificity) * (1 - prevalence) * weight
    return benefit


def treat_all(prevalence: float, *, threshold: np.ndarray) -> np.ndarray:
    """The net benefit of calling every film; that of calling none is 0."""
    return net_benefit(np.ones_like(threshold), specificity=np.zeros_like(threshold), prevalence=prevalence,
                       threshold=threshold)  # fmt: skip


@dataclass(frozen=True)
class _Limits:
    """Net benefit with its limits, each (T,), and how these were made."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    method: str


def decision_curve(scores: Scores, *, draws: Draws, columns: slice, prevalence: float | None = None) -> dict[str, Any]:
    """The net benefit at thresholds of 1 to 99 %, with 95 % limits, for people of whom `prevalence` are positive.

    A film is called where its score reaches the threshold, so the score has to be a probability: see `calibration`. The
    prevalence is taken as known. The limits combine Wilson's of sensitivity and specificity (MOVER: Zou & Donner, Stat.
    Med. 27:1693, 2008); where patients have several films they are the outer ones of these and of the patient bootstrap's.

    Args:
        scores: the films.
        draws: a bootstrap over them that has the thresholds `THRESHOLDS` among its own.
        columns: where.
        prevalence: None: the share of positives among the films.

    Returns:
        JSON-safe; `useful` are the ranges of thresholds where the lower limit is above both simple strategies.
    """
    share = scores.n_positive / len(scores) if prevalence is None else prevalence
    limits = _limits(scores, share=share)
    everyone = scores.patients_of(np.ones(len(scores), dtype=bool))
    if everyone < len(scores):
        limits = _with_patients(limits, scores=scores, draws=draws, columns=columns, share=share)
    simple = treat_all(share, threshold=THRESHOLDS)
    return {
        "prevalence": share,
        "threshold": THRESHOLDS.tolist(),
        "net_benefit": limits.value.tolist(),
        "low": limits.low.tolist(),
        "high": limits.high.tolist(),
        "treat_all": simple.tolist(),
        "useful": _ranges(limits.low > np.maximum(simple, 0.0)),
        "method": limits.method,
        "n": everyone,
        "unit": IMAGE if scores.n_patients is None else PATIENT,
    }


def _limits(scores: Scores, *, share: float) -> _Limits:
    sensitivity, specificity = rates(scores.positive, score=scores.score, thresholds=THRESHOLDS)
    found, passed = (
        _wilson(values, n=n) for values, n in ((sensitivity, scores.n_positive), (specificity, scores.n_negative))
    )
    gain, loss = share, (1 - share) * THRESHOLDS / (1 - THRESHOLDS)
    value = net_benefit(sensitivity, specificity=specificity, prevalence=share, threshold=THRESHOLDS)
    down = np.hypot(gain * (sensitivity - found[0]), loss * (specificity - passed[0]))
    up = np.hypot(gain * (found[1] - sensitivity), loss * (passed[1] - specificity))
    return _Limits(value, value - down, value + up, "MOVER of Wilson")


def _wilson(shares: np.ndarray, *, n: int) -> np.ndarray:
    """Wilson's limits (2, T) of shares (T,) of `n` films."""
    known = {k: wilson(k, n=n) for k in np.unique(np.rint(shares * n).astype(int)).tolist()}
    intervals = [known[k] for k in np.rint(shares * n).astype(int).tolist()]
    return np.array([[i.low for i in intervals], [i.high for i in intervals]])


def _with_patients(limits: _Limits, *, scores: Scores, draws: Draws, columns: slice, share: float) -> _Limits:
    clusters = min(scores.patients_of(films) for films in (scores.positive, ~scores.positive))
    if clusters < 2:
        return limits
    sampled = net_benefit(
        draws.sensitivity[:, columns], specificity=draws.specificity[:, columns], prevalence=share, threshold=THRESHOLDS
    )
    low, high = np.quantile(sampled, few_cluster_levels(clusters), axis=0)
    return _Limits(
        limits.value,
        np.minimum(limits.low, low),
        np.maximum(limits.high, high),
        f"{limits.method}, or patient bootstrap where wider",
    )


def _ranges(useful: np.ndarray) -> list[list[float]]:
    """The runs of True as [first, last] threshold."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], useful.astype(int), [0]])))
    return [[float(THRESHOLDS[a]), float(THRESHOLDS[b - 1])] for a, b in edges.reshape(-1, 2).tolist()]

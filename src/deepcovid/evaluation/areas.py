"""The areas under both curves with their intervals: which one is given for which data, and what if it collapses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepcovid.evaluation.bootstrap import Draws, percentile_interval
from deepcovid.evaluation.clustered import clustered_auc
from deepcovid.evaluation.delong import delong_interval
from deepcovid.evaluation.intervals import IMAGE, PATIENT, Interval, clopper_pearson
from deepcovid.evaluation.metrics import auc, average_precision
from deepcovid.evaluation.newcombe import newcombe_interval
from deepcovid.evaluation.scores import Scores


def auc_intervals(scores: Scores, *, draws: Draws) -> dict[str, Interval]:
    """The AUC by every method, and as `auc` the one to quote.

    `auc` is DeLong's where every film is a patient of its own (or patients are unknown), else the patient bootstrap's.
    `auc_newcombe` is the cautious one: it keeps its coverage with few positives and an AUC near 1; where patients have several
    films it is of as many films as these are worth.
    """
    value = auc(scores.positive, score=scores.score)
    units = _units(scores)
    cautious = replace(_cautious(scores, units), value=value)
    delong = replace(delong_interval(scores.positive, score=scores.score), value=value)
    resampled = percentile_interval(
        draws.auc,
        value=value,
        clusters=min(units["n_positive"], units["n_negative"]),
        n=units["n"],
        fallback=cautious,
        method=f"{_unit(scores)} bootstrap",
        unit=_unit(scores),
    )
    repeated = units["n"] < len(scores)
    return {
        "auc": resampled if repeated else delong,
        "auc_delong": delong,
        "auc_bootstrap": resampled,
        "auc_newcombe": cautious,
    }


def average_precision_interval(scores: Scores, *, draws: Draws) -> Interval:
    """Average precision with its bootstrap interval, over patients where they are known."""
    value = average_precision(scores.positive, score=scores.score)
    units = _units(scores)
    prevalence = scores.n_positive / len(scores)
    low = worst_average_precision(units["n_positive"], n_negative=units["n_negative"], prevalence=prevalence)
    method = "exact bound at perfect separation" if value > 1 - 1e-12 else "no interval: too few patients"
    bound = low if value > 1 - 1e-12 else 0.0
    fallback = Interval(value=value, low=min(bound, value), high=1.0, method=method, n=units["n"], unit=_unit(scores))
    return percentile_interval(
        draws.average_precision,
        value=value,
        clusters=min(units["n_positive"], units["n_negative"]),
        n=units["n"],
        fallback=fallback,
        method=f"{_unit(scores)} bootstrap",
        unit=_unit(scores),
    )


def worst_average_precision(n_positive: int, *, n_negative: int, prevalence: float) -> float:
    """The least average precision that perfect separation of so many units leaves believable at 95 %.

    By Clopper and Pearson at least a share `a` of all positives lies above the gap and at most a share `b` of all
    negatives; were those negatives ranked first of all, precision at recall r is r/(r + c) with
    c = b·(1 − prevalence)/prevalence, and its integral from 0 to a is a − c·ln(1 + a/c). The rest is counted as 0.
    """
    a = clopper_pearson(n_positive, n=n_positive).low
    b = 1 - clopper_pearson(n_negative, n=n_negative).low
    c = b * (1 - prevalence) / prevalence
    return float(a - c * np.log1p(a / c))


def _cautious(scores: Scores, units: dict[str, int]) -> Interval:
    if units["n"] == len(scores):
        value = auc(scores.positive, score=scores.score)
        return newcombe_interval(value, **units, unit=_unit(scores))
    codes = np.unique(scores.patient, return_inverse=True)[1]
    return clustered_auc(scores.positive, score=scores.score, patient=codes, patients=units["n"]).interval


def _unit(scores: Scores) -> str:
    return IMAGE if scores.n_patients is None else PATIENT


def _units(scores: Scores) -> dict[str, int]:
    """Independent units: positives, negatives, all (a patient with films of both classes counts in both)."""
    return {
        "n_positive": scores.patients_of(scores.positive),
        "n_negative": scores.patients_of(~scores.positive),
        "n": scores.patients_of(np.ones(len(scores), dtype=bool)),
    }

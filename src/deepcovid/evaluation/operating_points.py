"""Operating points: a threshold, the data that it was chosen on, and what it gives on the films at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.bootstrap import Draws, percentile_interval
from deepcovid.evaluation.clustered import clustered_share
from deepcovid.evaluation.intervals import IMAGE, PATIENT, Interval, clopper_pearson, paper_interval, wilson
from deepcovid.evaluation.metrics import Confusion, confusion
from deepcovid.evaluation.predictive import predictive_values
from deepcovid.evaluation.rules import Rule, choose_threshold, simple_strategy
from deepcovid.evaluation.scores import Scores
from deepcovid.evaluation.thresholds import with_room

DEFAULT_THRESHOLD = 0.5
GIVEN, VALIDATION, THIS_DATA = "given", "validation", "this data"


@dataclass(frozen=True)
class OperatingPoint:
    """A named threshold and where it comes from.

    Attributes:
        name: what a reader calls it.
        threshold: a film is called positive when its score is at least this.
        chosen_on: "given", "validation" or "this data".
        note: what must be said with it, or None.
    """

    name: str
    threshold: float
    chosen_on: str
    note: str | None = None


def points(
    scores: Scores,
    *,
    chooser: Scores,
    chosen_on: str,
    thresholds: Sequence[float],
    target_sensitivity: float,
    rules: Sequence[Rule] = (),
) -> list[OperatingPoint]:
    """The points to evaluate: 0.5, the given thresholds, the one that reaches the target sensitivity, those of the rules.

    Args:
        scores: the films reported on.
        chooser: the films that the rule may look at; `scores` itself where there is no validation set.
        chosen_on: "validation" or "this data".
        thresholds: given ones, in [0, 1].
        target_sensitivity: a fraction in (0, 1].
        rules: further ones, each applied to `chooser`.

    Raises:
        ScoresError: a threshold outside [0, 1].
    """
    for threshold in thresholds:
        if not 0 <= threshold <= 1:
            raise ScoresError(f"the threshold {threshold:g} is outside 0 to 1", mend="give fractions, such as 0.18")
    given = [float(t) for t in dict.fromkeys(thresholds) if t != DEFAULT_THRESHOLD]
    return [
        OperatingPoint(f"default {DEFAULT_THRESHOLD:g}", DEFAULT_THRESHOLD, GIVEN),
        *(OperatingPoint(f"threshold {t:g}", t, GIVEN) for t in given),
        *(
            _by_rule(rule, scores=scores, chooser=chooser, chosen_on=chosen_on)
            for rule in dict.fromkeys((Rule(name="sensitivity", value=target_sensitivity), *rules))
        ),
    ]


def _by_rule(rule: Rule, *, scores: Scores, chooser: Scores, chosen_on: str) -> OperatingPoint:
    own = choose_threshold(rule, positive=chooser.positive, score=chooser.score)
    note = _choice_note(scores, chooser=chooser, chosen_on=chosen_on)
    simple = simple_strategy(rule, positive=chooser.positive, score=chooser.score, threshold=own)
    if simple is not None:
        note += f"; at these costs calling {simple} is as good there, or better"
    return OperatingPoint(rule.title, with_room(own, score=chooser.score), chosen_on, note)


def _choice_note(scores: Scores, *, chooser: Scores, chosen_on: str) -> str:
    if chosen_on == VALIDATION:
        return (
            f"chosen on {len(chooser)} validation films, {chooser.n_positive} of them positive, and applied unchanged"
        )
    return f"chosen on the {len(scores)} films it is reported on, so its figures flatter the detector"


def describe(point: OperatingPoint, *, scores: Scores, draws: Draws, column: int) -> dict[str, Any]:
    """One entry of `operating_points` in the evaluation.

    Args:
        point: the threshold.
        scores: the films reported on.
        draws: of the bootstrap over these films.
        column: which of the draws' thresholds is this point's.
    """
    counts = confusion(scores.positive, score=scores.score, threshold=point.threshold)
    n1, n0 = scores.n_positive, scores.n_negative
    sensitivity, specificity = wilson(counts.tp, n=n1), wilson(counts.tn, n=n0)
    resampled = _resampled(counts, scores=scores, draws=draws, column=column, threshold=point.threshold)
    carried = [
        _wider(own, other=resampled[name]) for name, own in (("sensitivity", sensitivity), ("specificity", specificity))
    ]
    return {
        "name": point.name,
        "threshold": point.threshold,
        "chosen_on": point.chosen_on,
        "note": point.note,
        "sensitivity": sensitivity.to_dict(),
        "specificity": specificity.to_dict(),
        "accuracy": wilson(counts.tp + counts.tn, n=n1 + n0).to_dict(),
        "precision": wilson(counts.tp, n=counts.tp + counts.fp).to_dict(),
        "f1": _f1(counts, scores=scores, samples=draws.f1[:, column]).to_dict(),
        "tp": counts.tp,
        "fp": counts.fp,
        "tn": counts.tn,
        "fn": counts.fn,
        "paper_interval": {
            "sensitivity": paper_interval(counts.sensitivity, n=n1),
            "specificity": paper_interval(counts.specificity, n=n0),
        },
        **{f"{name}_bootstrap": None if i is None else i.to_dict() for name, i in resampled.items()},
        "predictive_values": predictive_values(carried[0], specificity=carried[1]),
    }


def _resampled(
    counts: Confusion, *, scores: Scores, draws: Draws, column: int, threshold: float
) -> dict[str, Interval | None]:
    """Sensitivity and specificity over patients; None where no film has a patient id."""
    if scores.n_patients is None:
        return {"sensitivity": None, "specificity": None}
    figures = {
        "sensitivity": (counts.sensitivity, draws.sensitivity, scores.positive),
        "specificity": (counts.specificity, draws.specificity, ~scores.positive),
    }
    return {
        name: _over_patients(value, samples=samples[:, column], scores=scores, films=films, threshold=threshold)
        for name, (value, samples, films) in figures.items()
    }


def _over_patients(
    value: float, *, samples: np.ndarray, scores: Scores, films: np.ndarray, threshold: float
) -> Interval:
    """The bootstrap's limits; where patients have several films, Wilson's for patients where these are wider."""
    patients, method = scores.patients_of(films), "Clopper–Pearson over patients"
    exact = clopper_pearson(value * patients, n=patients, unit=PATIENT, method=method)
    drawn = percentile_interval(samples, value=value, clusters=patients, n=patients, fallback=exact)
    if patients == np.count_nonzero(films) or drawn is exact:
        return drawn
    right = (scores.score >= threshold)[films] == scores.positive[films]
    codes = np.unique(scores.patient[films], return_inverse=True)[1]
    other = clustered_share(right, patient=codes, patients=patients).interval
    wider = _wider(other, other=drawn)
    return replace(wider, method=f"{drawn.method}, or {other.method} where wider")


def _wider(own: Interval, *, other: Interval | None) -> Interval:
    """The hull of both: near 100 % a bootstrap of few patients is shorter than Wilson's interval of their films."""
    if other is None:
        return own
    return replace(other, low=min(own.low, other.low), high=max(own.high, other.high))


def _f1(counts: Confusion, *, scores: Scores, samples: np.ndarray) -> Interval:
    """F1 over patients, or over films without them; where all draws agree, from the exact interval of F1/(2 − F1)."""
    unit = IMAGE if scores.n_patients is None else PATIENT
    clusters = min(scores.patients_of(films) for films in (scores.positive, ~scores.positive))
    n = scores.patients_of(np.ones(len(scores), dtype=bool))
    positives = scores.patients_of(scores.positive)
    found = counts.f1 / (2 - counts.f1)  # tp / (tp + fp + fn)
    exact = clopper_pearson(found * positives, n=positives)
    low, high = (2 * limit / (1 + limit) for limit in (exact.low, exact.high))
    fallback = Interval(value=counts.f1, low=low, high=high, method="Clopper–Pearson, carried to F1", n=n, unit=unit)
    return percentile_interval(
        samples, value=counts.f1, clusters=clusters, n=n, fallback=fallback, method=f"{unit} bootstrap", unit=unit
    )

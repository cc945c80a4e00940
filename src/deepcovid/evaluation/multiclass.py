"""The evaluation of several classes: each against the rest, all at once, macro and micro figures, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepcovid.evaluation import metrics
from deepcovid.evaluation.areas import auc_intervals, average_precision_interval
from deepcovid.evaluation.bootstrap import bootstrap, percentile_interval
from deepcovid.evaluation.class_draws import Drawn, draw_classes, films_of
from deepcovid.evaluation.class_scores import ClassScores
from deepcovid.evaluation.intervals import IMAGE, PATIENT, Interval, clopper_pearson, wilson
from deepcovid.evaluation.newcombe import newcombe_interval
from deepcovid.evaluation.operating_points import GIVEN, OperatingPoint, describe
from deepcovid.evaluation.scores import Scores

CALLED = {"multi-class": "the class of the highest score", "multi-label": "every class with a score of 0.5 or more"}
_KEPT = ("sensitivity", "specificity", "precision", "f1", "sensitivity_bootstrap", "specificity_bootstrap")
_COUNTS = ("tp", "fp", "tn", "fn")


def evaluate_classes(films: ClassScores, *, draws: int = 2000, seed: int = 0) -> dict[str, Any]:
    """The section `classes` of an evaluation, JSON-safe.

    Every class against the rest: AUC, average precision, and sensitivity, specificity, precision and F1 of the call. All
    together: macro and micro AUC, macro F1; of one class a film the confusion matrix, accuracy, balanced accuracy and
    Cohen's kappa; of any number the share of films called right in everything. Unknown findings are left out.

    Args:
        films: checked and in order; those of the side that is reported on.
        draws: of the bootstrap, of patients where they are known.
        seed: of the bootstrap.
    """
    each = [_one(films, place, draws=draws, seed=seed) for place in range(len(films.classes))]
    one_sided = [one["name"] for one in each if one["auc"] is None]
    section: dict[str, Any] = {
        "task": films.task,
        "names": list(films.classes),
        "called": CALLED[films.task],
        "n": len(films),
        "n_patients": films.n_patients,
        "confusion": None,
        "each": each,
        "notes": [*films.notes, *(_one_sided(name) for name in one_sided)],
    }
    if len(one_sided) == len(each):
        return section
    drawn = draw_classes(films, draws=draws, seed=seed)
    if films.task == "multi-class":
        section["confusion"] = films_of(films).counts.sum(axis=0).astype(int).tolist()
    return section | _together(films, each=each, drawn=drawn)


def _one_sided(name: str) -> str:
    return f"Not both films with and without {name} are here: it has no AUC, and macro AUC leaves it out."


def _one(films: ClassScores, place: int, *, draws: int, seed: int) -> dict[str, Any]:
    scores = films.against_rest(place)
    told: dict[str, Any] = {
        "name": films.classes[place],
        "n_positive": scores.n_positive,
        "n_negative": scores.n_negative,
        "n_unknown": len(films) - len(scores),
    }
    if not scores.n_positive or not scores.n_negative:
        empty = dict.fromkeys(("auc", "auc_newcombe", "average_precision", *_KEPT, *_COUNTS, "roc"))
        return told | empty
    sample = bootstrap(scores.positive, score=scores.score, cluster=scores.patient, draws=draws, seed=seed)
    areas = auc_intervals(scores, draws=sample)
    told["auc"], told["auc_newcombe"] = areas["auc"].to_dict(), areas["auc_newcombe"].to_dict()
    told["average_precision"] = average_precision_interval(scores, draws=sample).to_dict()
    calls = films.against_rest(place, score=films.called[:, place].astype(float))
    return (
        told | _of_call(calls, draws=draws, seed=seed) | {"roc": metrics.roc_curve(scores.positive, score=scores.score)}
    )


def _of_call(calls: Scores, *, draws: int, seed: int) -> dict[str, Any]:
    """Figures of the call, whose score is 1 where a film is called so and else 0."""
    cut = np.array([0.5])
    sample = bootstrap(calls.positive, score=calls.score, cluster=calls.patient, thresholds=cut, draws=draws, seed=seed)
    point = describe(OperatingPoint("call", 0.5, GIVEN), scores=calls, draws=sample, column=0)
    return {name: point[name] for name in (*_KEPT, *_COUNTS)}


def _together(films: ClassScores, *, each: list[dict[str, Any]], drawn: Drawn) -> dict[str, Any]:
    unit = IMAGE if films.n_patients is None else PATIENT
    patients = len(np.unique(films.patient))
    smallest = min(
        len(np.unique(films.patient[side]))
        for one, place in zip(each, range(len(each)), strict=True)
        if one["auc"] is not None
        for side in (films.truth[:, place] == 1, films.truth[:, place] == 0)
    )
    found: dict[str, Any] = {}
    for name, value in drawn.values.items():
        samples = drawn.samples[name][np.isfinite(drawn.samples[name])]
        if not np.isfinite(value) or not len(samples):
            found[name] = None
            continue
        fallback = _fallback(name, value, each=each, patients=patients, unit=unit)
        found[name] = percentile_interval(
            samples,
            value=value,
            clusters=smallest,
            n=patients,
            fallback=fallback,
            method=f"{unit} bootstrap",
            unit=unit,
        ).to_dict()
    if films.task == "multi-class":
        right = int(np.count_nonzero((films.called & (films.truth == 1)).any(axis=1)))
        found["accuracy_bootstrap"] = found["accuracy"] if films.n_patients is not None else None
        found["accuracy"] = wilson(right, n=len(films)).to_dict()
    return found


def _fallback(name: str, value: float, *, each: list[dict[str, Any]], patients: int, unit: str) -> Interval:
    """Where all draws agree: the classes' own limits averaged for a macro figure, exact ones for a share of films."""
    own = {"macro_auc": "auc_newcombe", "macro_f1": "f1", "balanced_accuracy": "sensitivity"}
    if name in own:
        limits = [one[own[name]] for one in each if one[own[name]] is not None]
        return _mean_limits(limits, value=value, patients=patients, unit=unit)
    if name == "micro_auc":
        return newcombe_interval(
            value, n_positive=patients, n_negative=patients * (len(each) - 1), n=patients, unit=unit
        )
    share = clopper_pearson(min(max(value, 0.0), 1.0) * patients, n=patients, unit=unit)
    return Interval(value=value, low=min(share.low, value), high=share.high, method=share.method, n=patients, unit=unit)


def _mean_limits(limits: list[Mapping[str, Any]], *, value: float, patients: int, unit: str) -> Interval:
    low, high = (float(np.mean([limit[key] for limit in limits])) for key in ("low", "high"))
    method = "mean of the classes' own limits"
    return Interval(value=value, low=min(low, value), high=max(high, value), method=method, n=patients, unit=unit)

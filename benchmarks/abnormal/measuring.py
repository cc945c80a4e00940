"""What one of deepcovid's own detectors is worth on its test side: every figure with its interval, n and unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from material import NORMAL, POSITIVE

from deepcovid.audit.detector.areas import area
from deepcovid.audit.source_label import source_label
from deepcovid.datasets.columns import group_ids
from deepcovid.evaluation.calibration import calibration_figures
from deepcovid.evaluation.clustered import clustered_share
from deepcovid.evaluation.conformal import Conformal
from deepcovid.evaluation.scores import read_scores
from deepcovid.models.detector import Detector

CALIBRATION = ("brier", "brier_of_prevalence", "intercept", "slope", "ece", "ece_by_chance", "rms_error")


def measured(scores: pd.DataFrame, detector: Detector) -> dict[str, Any]:
    """The figures of the test side, and of validation for comparison.

    Args:
        scores: all films of one population with `split`, `label` and the calibrated `score`.
        detector: whose operating point and conformal rule they are judged by.
    """
    told = detector.description
    if told.conformal is None:
        raise SystemExit("the detector has no conformal rule: too few patients validate")
    point = detector.operating_point
    test, val = (scores[scores["split"] == side] for side in ("test", "val"))
    return {
        "format": 1,
        "detector": detector.hash,
        "point": {"name": point.name, "threshold": point.threshold},
        "alpha": told.conformal.alpha,
        "expected_coverage": {name: _expected(told.conformal, place) for place, name in enumerate((NORMAL, POSITIVE))},
        "test": _figures(test, point.threshold, told.conformal),
        "validation": _at_point(val, point.threshold) | {"auc": _area(val)},
        "sources": {name: _area(films) for name, films in test.groupby("source") if films["label"].nunique() > 1},
        "source": source_label(scores.assign(split=np.nan), positive=POSITIVE).to_dict(),
        "counts": _counts(scores),
    }


def _expected(rule: Conformal, place: int) -> dict[str, float]:
    low, high = rule.expected(place)
    return {"low": low, "high": high}


def _figures(films: pd.DataFrame, threshold: float, rule: Conformal) -> dict[str, Any]:
    judged = calibration_figures(read_scores(films, positive=POSITIVE))
    return {
        "films": len(films),
        "abnormal": int((films["label"] == POSITIVE).sum()),
        "patients": int(group_ids(films).nunique()),
        "auc": _area(films),
        **_at_point(films, threshold),
        "calibration": {key: judged[key] for key in CALIBRATION},
        "conformal": _sets(films, rule),
    }


def _area(films: pd.DataFrame) -> dict[str, Any]:
    """The AUC by the audit's own way and seed, so that one detector has one interval on its page."""
    positive, codes = (films["label"] == POSITIVE).to_numpy(), pd.factorize(group_ids(films), sort=True)[0]
    return area(positive, score=films["score"].to_numpy(), patient=codes).to_dict()


def _at_point(films: pd.DataFrame, threshold: float) -> dict[str, Any]:
    positive, called = films["label"] == POSITIVE, films["score"] >= threshold
    return {
        "sensitivity": _share(films[positive], called[positive]),
        "specificity": _share(films[~positive], ~called[~positive]),
    }


def _sets(films: pd.DataFrame, rule: Conformal) -> dict[str, Any]:
    """How often the set holds the truth, by class; how many films have one class in it, and how often that one is right."""
    score = films["score"].to_numpy()
    sets = rule.sets(np.stack([1 - score, score], axis=1))
    truth = (films["label"] == POSITIVE).to_numpy().astype(int)
    holds, alone = sets[np.arange(len(films)), truth], sets.sum(axis=1) == 1
    return {
        "coverage": {
            name: _share(films[truth == place], holds[truth == place]) for place, name in ((0, NORMAL), (1, POSITIVE))
        },
        "decided": _share(films, alone),
        "right_of_decided": _share(films[alone], holds[alone]) if alone.any() else None,
        "none": int((sets.sum(axis=1) == 0).sum()),
    }


def _share(films: pd.DataFrame, true: Any) -> dict[str, Any]:
    codes, people = pd.factorize(group_ids(films))
    return clustered_share(np.asarray(true, dtype=bool), patient=codes, patients=len(people)).interval.to_dict()


def _counts(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """Films and patients of each side, source and label."""
    frame = scores.assign(person=group_ids(scores))
    keys = ["split", "source", "label"]
    counted = frame.groupby(keys).agg(films=("image", "size"), patients=("person", "nunique")).reset_index()
    return counted.to_dict("records")

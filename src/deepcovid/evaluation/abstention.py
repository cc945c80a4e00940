"""The conformal part of an evaluation: whether sets hold what they promise, by class and source, and how much they decide."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepcovid.evaluation.clustered import clustered_share
from deepcovid.evaluation.conformal import ALPHA, Conformal, fit_conformal
from deepcovid.evaluation.scores import Scores
from deepcovid.evaluation.subgroups import FEWEST

SHORT, NOT_SHORT, UNKNOWN = "short", "no shortfall shown", "unknown"
CLASSES = ("negative", "positive")


def conformal_of(films: Scores, *, chooser: Scores | None, alpha: float = ALPHA) -> dict[str, Any] | None:
    """Conformal sets of `films` by a rule that was fitted on validation films.

    Args:
        films: what is reported on.
        chooser: the validation films; None: there are none.
        alpha: the share of each class whose set may lack it.

    Returns:
        JSON-safe; None without validation films of both classes.
    """
    if chooser is None or not chooser.n_positive or not chooser.n_negative:
        return None
    rule = fit_conformal(_both(chooser), truth=chooser.positive.astype(int), patient=chooser.patient, alpha=alpha)
    sets = rule.sets(_both(films))
    return {
        "alpha": alpha,
        "classes": [_class(rule, place, films, sets) for place in (1, 0)],
        "by_source": [row for place in (1, 0) for row in _by_source(films, sets, place, rule.expected(place)[0])],
        "decided": _decided(films, sets),
    }


def _both(scores: Scores) -> np.ndarray:
    return np.stack([1 - scores.score, scores.score], axis=1)


def _class(rule: Conformal, place: int, films: Scores, sets: np.ndarray) -> dict[str, Any]:
    """Coverage of one class, and how many of its films have which set."""
    own = films.positive == bool(place)
    holds, other = sets[own, place], sets[own, 1 - place]
    low, high = rule.expected(place)
    return {
        "class": CLASSES[place],
        "lowest": rule.lowest[place],
        "patients": rule.patients[place],
        **_coverage(films, own, sets[:, place], least=low),
        "expected": {"low": low, "high": high},
        "alone": int(np.count_nonzero(holds & ~other)),
        "wrong": int(np.count_nonzero(~holds & other)),
        "both": int(np.count_nonzero(holds & other)),
        "none": int(np.count_nonzero(~holds & ~other)),
    }


def _coverage(films: Scores, rows: np.ndarray, holds: np.ndarray, *, least: float) -> dict[str, Any]:
    """The share that is held, and whether it falls short of the least that so many validation patients let expect."""
    told = _share(films, rows, holds)
    few = films.patients_of(rows) < FEWEST
    verdict = SHORT if told["high"] < least else UNKNOWN if few else NOT_SHORT
    return {"coverage": told, "verdict": verdict}


def _share(films: Scores, rows: np.ndarray, true: np.ndarray) -> dict[str, Any]:
    codes = np.unique(films.patient[rows], return_inverse=True)[1]
    known = films.n_patients is not None
    return clustered_share(true[rows], patient=codes, patients=int(codes.max()) + 1, known=known).interval.to_dict()


def _by_source(films: Scores, sets: np.ndarray, place: int, least: float) -> list[dict[str, Any]]:
    own = films.positive == bool(place)
    names = sorted(set(films.source[own].tolist()) - {""})
    return [
        {
            "class": CLASSES[place],
            "source": name,
            **_coverage(films, own & (films.source == name), sets[:, place], least=least),
        }
        for name in names
    ]


def _decided(films: Scores, sets: np.ndarray) -> dict[str, Any]:
    """Films whose set is one class: their share, and how often that class is theirs."""
    alone = sets.sum(axis=1) == 1
    everyone = np.ones(len(films), dtype=bool)
    told: dict[str, Any] = {"share": _share(films, everyone, alone)}
    for name, rows in (("sensitivity", alone & films.positive), ("specificity", alone & ~films.positive)):
        right = sets[:, 1] == films.positive
        told[name] = _share(films, rows, right) if rows.any() else None
    return told

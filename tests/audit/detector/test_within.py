"""AUCs within strata: DeLong's where there is one stratum, a bootstrap's limits over patients, and what they cover."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.audit.detector.within import area_within, difference_within, patients_within
from deepcovid.evaluation.delong import delong_difference, delong_interval


def _films(rng: np.random.Generator, *, patients: int, films: int = 1) -> tuple[np.ndarray, ...]:
    """Outcome, score, stratum, patient; the films of a patient are alike."""
    patient = np.repeat(np.arange(patients), films)
    outcome = np.repeat(rng.random(patients) < 0.5, films)
    stratum = np.repeat(rng.integers(0, 2, patients), films)
    own = np.repeat(rng.normal(size=patients), films)
    score = outcome * 0.8 + 3.0 * stratum + own + 0.3 * rng.normal(size=len(patient))
    return outcome, score, stratum, patient


def test_one_film_a_patient_without_strata_has_delongs_variance() -> None:
    outcome, score, _, patient = _films(np.random.default_rng(0), patients=120)
    ours = area_within(outcome, score=score, patient=patient)
    theirs = delong_interval(outcome, score=score)
    assert ours.value == pytest.approx(theirs.value)
    assert ours.high - ours.low == pytest.approx(
        theirs.high - theirs.low, rel=0.03
    )  # Student's t in place of the normal
    assert (ours.n, ours.unit, ours.method) == (120, "image", "DeLong")


def test_films_of_other_strata_are_not_compared() -> None:
    outcome, score, stratum, patient = _films(np.random.default_rng(1), patients=400)
    score = score + 50 * stratum
    within = area_within(outcome, score=score, patient=patient, stratum=stratum)
    weights, areas = [], []
    for one in (0, 1):
        p, q = score[(stratum == one) & outcome], score[(stratum == one) & ~outcome]
        areas.append((p[:, None] > q).mean())
        weights.append(len(p) * len(q) / (len(p) + len(q)))
    assert within.value == pytest.approx(np.average(areas, weights=weights))


def test_limits_hold_the_truth_as_often_as_they_say() -> None:
    """Four like films a patient: 95 % limits hold the truth in 93 to 97.5 %, films taken as independent in far fewer."""
    rng = np.random.default_rng(2)
    outcome, score, stratum, patient = _films(rng, patients=200_000)
    truth = area_within(outcome, score=score, patient=patient, stratum=stratum).value
    held = naive = 0
    for _ in range(400):
        outcome, score, stratum, patient = _films(rng, patients=80, films=4)
        limits = area_within(outcome, score=score, patient=patient, stratum=stratum)
        films = area_within(outcome, score=score, patient=np.arange(len(patient)), stratum=stratum)
        held += limits.low <= truth <= limits.high
        naive += films.low <= truth <= films.high
    assert 0.93 <= held / 400 <= 0.975
    assert naive / 400 < 0.75


def test_a_difference_is_paired() -> None:
    rng = np.random.default_rng(3)
    outcome, score, _, patient = _films(rng, patients=150)
    other = score + rng.normal(size=150)
    ours = difference_within(outcome, first=score, second=other, patient=patient)
    theirs = delong_difference(outcome, first=score, second=other).difference
    assert ours.value == pytest.approx(theirs.value)
    assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.03)
    assert ours.method == "DeLong, paired"


def test_strict_limits_are_wider_and_perfect_separation_keeps_a_width() -> None:
    outcome, score, _, patient = _films(np.random.default_rng(4), patients=60)
    usual, strict = (area_within(outcome, score=score, patient=patient, confidence=c) for c in (0.95, 0.99))
    assert strict.low < usual.low < usual.high < strict.high
    perfect = area_within(outcome, score=outcome.astype(float), patient=patient)
    assert perfect.value == 1
    assert 0.85 < perfect.low < 1


def test_strata_of_one_outcome_say_nothing() -> None:
    outcome = np.array([True] * 5 + [False] * 5)
    alone = area_within(outcome, score=np.arange(10.0), patient=np.arange(10), stratum=outcome.astype(int))
    assert alone.value is None
    assert patients_within(outcome, patient=np.arange(10), stratum=outcome.astype(int)) == 0
    assert patients_within(outcome, patient=np.arange(10) // 5 * 5, stratum=np.zeros(10, dtype=int)) == 1

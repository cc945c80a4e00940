from __future__ import annotations

import numpy as np
import pytest

from deepcovid.evaluation.accuracy import accuracy
from deepcovid.evaluation.intervals import wilson


def test_one_film_a_patient_is_wilson() -> None:
    right = np.array([True] * 39 + [False])
    assert accuracy(right) == wilson(39, n=40)
    assert accuracy(right, patient=np.arange(40)) == wilson(39, n=40)


def test_films_of_one_patient_count_as_one() -> None:
    rng = np.random.default_rng(0)
    by_patient = rng.random(40) < 0.8
    right = np.repeat(by_patient, 5)
    ours = accuracy(right, patient=np.repeat(np.arange(40), 5))
    films = wilson(int(right.sum()), n=200)
    assert ours.value == films.value
    assert ours.unit == "patient"
    assert ours.n == 40
    assert ours.high - ours.low > 1.7 * (films.high - films.low)


def test_coverage_over_patients() -> None:
    """Of 200 draws of 60 patients with 1 to 4 films each, the interval holds the truth in about 95 %."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        ease = rng.beta(8, 2, 60)
        films = rng.integers(1, 5, 60)
        patient = np.repeat(np.arange(60), films)
        right = rng.random(len(patient)) < ease[patient]
        interval = accuracy(right, patient=patient, draws=300)
        held += interval.low <= 0.8 <= interval.high
    assert 180 <= held <= 199


def test_no_films() -> None:
    assert accuracy(np.empty(0, dtype=bool)).value is None


def test_same_seed_same_interval() -> None:
    right, patient = np.array([True, True, False, True]), np.array([0, 0, 1, 2])
    assert accuracy(right, patient=patient) == accuracy(right, patient=patient)
    assert accuracy(right, patient=patient).value == pytest.approx(0.75)

"""Predictive values: Bayes' rule, and the MOVER-R limits against their textbook form and by simulation."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import wilson
from deepcovid.evaluation.predictive import predictive_values, ratio_limits

counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_bayes_rule_on_whole_people() -> None:
    """Of 100,000 people with 1 % disease, 90 % sensitivity finds 900 and 80 % specificity calls 19,800 for nothing."""
    [row] = predictive_values(wilson(90, n=100), specificity=wilson(80, n=100), prevalences=[0.01])
    assert row["ppv"]["value"] == pytest.approx(900 / (900 + 19_800))
    assert row["npv"]["value"] == pytest.approx(79_200 / (79_200 + 100))
    assert (row["ppv"]["n"], row["ppv"]["unit"]) == (200, "image")


@given(counts, counts)
def test_contains_the_value_and_is_json(one: tuple[int, int], other: tuple[int, int]) -> None:
    rows = predictive_values(wilson(one[0], n=one[1]), specificity=wilson(other[0], n=other[1]))
    json.dumps(rows, allow_nan=False)
    assert [row["prevalence"] for row in rows] == [0.01, 0.05, 0.2]
    for row in rows:
        for figure in (row["ppv"], row["npv"]):
            assert 0 <= figure["low"] <= figure["high"] <= 1
            if figure["value"] is not None:
                assert figure["low"] - 1e-12 <= figure["value"] <= figure["high"] + 1e-12


def test_limits_are_mover_rs() -> None:
    """The textbook form of MOVER-R, whose denominators must not be zero."""
    (p, l1, u1), (q, l2, u2) = (0.9, 0.82, 0.95), (0.3, 0.22, 0.41)
    low = (p * q - math.sqrt((p * q) ** 2 - l1 * u2 * (2 * p - l1) * (2 * q - u2))) / (u2 * (2 * q - u2))
    high = (p * q + math.sqrt((p * q) ** 2 - u1 * l2 * (2 * p - u1) * (2 * q - l2))) / (l2 * (2 * q - l2))
    assert ratio_limits((p, l1, u1), other=(q, l2, u2)) == pytest.approx((3.0, low, high))


def test_no_false_alarm_gives_one_and_a_lower_limit() -> None:
    [row] = predictive_values(wilson(10, n=12), specificity=wilson(50, n=50), prevalences=[0.05])
    assert (row["ppv"]["value"], row["ppv"]["high"]) == (1.0, 1.0)
    assert 0.1 < row["ppv"]["low"] < 0.9


def test_nothing_called_has_no_ppv() -> None:
    [row] = predictive_values(wilson(0, n=12), specificity=wilson(50, n=50), prevalences=[0.05])
    assert (row["ppv"]["value"], row["ppv"]["low"], row["ppv"]["high"]) == (None, 0.0, 1.0)


def test_coverage() -> None:
    rng = np.random.default_rng(5)
    se, sp, prevalence = 0.9, 0.85, 0.05
    truth = se * prevalence / (se * prevalence + (1 - sp) * (1 - prevalence))
    hits = 0
    for a, b in zip(rng.binomial(60, se, 1500), rng.binomial(200, sp, 1500), strict=True):
        [row] = predictive_values(wilson(int(a), n=60), specificity=wilson(int(b), n=200), prevalences=[prevalence])
        hits += row["ppv"]["low"] <= truth <= row["ppv"]["high"]
    assert 0.93 <= hits / 1500 <= 0.975


@pytest.mark.parametrize("prevalence", [0.0, 1.0, 5.0])
def test_prevalence_is_a_fraction(prevalence: float) -> None:
    with pytest.raises(ScoresError, match=r"allowed is a fraction.*give 0.05 for 5 %"):
        predictive_values(wilson(9, n=10), specificity=wilson(9, n=10), prevalences=[prevalence])

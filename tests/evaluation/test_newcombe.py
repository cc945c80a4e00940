"""Newcombe's interval of an AUC: its equation, its ends, its coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from deepcovid.evaluation.delong import delong_interval
from deepcovid.evaluation.newcombe import newcombe_interval


@given(st.floats(0, 1), st.integers(1, 500), st.integers(1, 5000))
def test_contains_the_value_and_never_collapses(auc: float, n1: int, n0: int) -> None:
    interval = newcombe_interval(auc, n_positive=n1, n_negative=n0, n=n1 + n0)
    assert 0 <= interval.low <= auc <= interval.high <= 1
    assert interval.high - interval.low > 1e-4


def test_limits_solve_newcombes_equation() -> None:
    interval = newcombe_interval(0.9, n_positive=30, n_negative=50, n=80)
    for limit in (interval.low, interval.high):
        ratio = (1 - limit) / (2 - limit) + limit / (1 + limit)
        variance = limit * (1 - limit) * (1 + (40 - 1) * ratio) / (30 * 50)
        assert abs(0.9 - limit) == pytest.approx(norm.ppf(0.975) * np.sqrt(variance), abs=1e-9)


def test_perfect_separation_is_sure_in_proportion_to_its_films() -> None:
    lows = [newcombe_interval(1.0, n_positive=k, n_negative=10 * k, n=11 * k).low for k in (2, 5, 40, 400)]
    assert lows == sorted(lows)
    assert lows[0] < 0.6
    assert newcombe_interval(1.0, n_positive=40, n_negative=3000, n=3040).low == pytest.approx(0.975, abs=5e-4)


def test_mirrors_at_one_half() -> None:
    one, other = (newcombe_interval(a, n_positive=9, n_negative=31, n=40) for a in (0.8, 0.2))
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


def coverage(*, n1: int, n0: int, truth: float, spread: float, repeats: int) -> tuple[float, float]:
    """How often DeLong's and Newcombe's intervals hold the AUC of normal scores, the positives' spread being `spread`."""
    rng = np.random.default_rng(7)
    positive = np.arange(n1 + n0) < n1
    shift = np.sqrt(1 + spread**2) * norm.ppf(truth)
    hits = np.zeros(2)
    for _ in range(repeats):
        score = rng.normal(size=n1 + n0)
        score[positive] = spread * score[positive] + shift
        delong = delong_interval(positive, score=score)
        newcombe = newcombe_interval(float(delong.value or 0), n_positive=n1, n_negative=n0, n=n1 + n0)
        hits += [i.low <= truth <= i.high for i in (delong, newcombe)]
    return hits[0] / repeats, hits[1] / repeats


def test_covers_where_delongs_does_not() -> None:
    """The paper's own sizes, 40 against 3,000, at a true AUC of 0.98."""
    delong, newcombe = coverage(n1=40, n0=3000, truth=0.98, spread=1.0, repeats=150)
    assert newcombe >= 0.93
    assert delong < 0.92


@pytest.mark.parametrize("spread", [0.6, 1.0, 1.5])
@pytest.mark.parametrize(("n1", "n0", "truth"), [(12, 100, 0.9), (40, 300, 0.9), (40, 40, 0.98), (100, 500, 0.97)])
def test_coverage_over_sizes_and_spreads(n1: int, n0: int, truth: float, spread: float) -> None:
    """The figures in the note on short intervals: DeLong's 78 to 95 %, Newcombe's 91 % and more."""
    delong, newcombe = coverage(n1=n1, n0=n0, truth=truth, spread=spread, repeats=500)
    assert 0.75 <= delong <= 0.965
    assert newcombe >= 0.905

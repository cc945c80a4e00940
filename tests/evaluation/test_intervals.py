"""Intervals of proportions against statsmodels and the paper."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from deepcovid.evaluation.intervals import (
    clopper_pearson,
    paper_coverage,
    paper_halfwidth,
    paper_interval,
    wilson,
)

counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("k", "n"), [(39, 40), (2715, 3000), (0, 7), (7, 7), (1, 1), (98, 100), (31, 496)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_agree_with_statsmodels(k: int, n: int, confidence: float) -> None:
    for ours, name in ((wilson, "wilson"), (clopper_pearson, "beta")):
        low, high = proportion_confint(k, n, alpha=1 - confidence, method=name)
        interval = ours(k, n=n, confidence=confidence)
        assert interval.low == pytest.approx(low, abs=1e-12)
        assert interval.high == pytest.approx(high, abs=1e-12)
        assert (interval.value, interval.n, interval.unit) == (k / n, n, "image")


@given(counts)
def test_contain_the_value_and_stay_in_range(pair: tuple[int, int]) -> None:
    k, n = pair
    for interval in (wilson(k, n=n), clopper_pearson(k, n=n)):
        assert 0 <= interval.low <= k / n <= interval.high <= 1
        assert interval.low < interval.high


@given(counts)
def test_mirror(pair: tuple[int, int]) -> None:
    k, n = pair
    for method in (wilson, clopper_pearson):
        assert method(k, n=n).low == pytest.approx(1 - method(n - k, n=n).high, abs=1e-9)


def test_nothing_tried_says_nothing() -> None:
    interval = wilson(0, n=0)
    assert (interval.value, interval.low, interval.high) == (None, 0.0, 1.0)
    assert json.loads(json.dumps(interval.to_dict(), allow_nan=False))["value"] is None


@pytest.mark.parametrize("method", [wilson, clopper_pearson])
def test_impossible_counts_are_refused(method: object) -> None:
    with pytest.raises(ValueError, match="5 successes out of 4"):
        method(5, n=4)  # type: ignore[operator]


def test_paper_figures() -> None:
    """Deep-COVID Table VI: 97.5 % ± 4.8; 90.5 % ± 1.1 as printed, 1.05 by its own formula; 98 of 100."""
    assert 100 * paper_halfwidth(0.975, n=40) == pytest.approx(4.8, abs=0.05)
    assert 100 * paper_halfwidth(0.905, n=3000) == pytest.approx(1.049, abs=5e-4)
    interval = paper_interval(0.98, n=100)
    assert 100 * interval["low"] == pytest.approx(95.3, abs=0.05)
    assert 100 * interval["high"] == pytest.approx(100.7, abs=0.05)


def test_paper_coverage_by_simulation() -> None:
    rng = np.random.default_rng(0)
    seen = rng.binomial(40, 0.975, size=200_000) / 40
    holds = np.abs(seen - 0.975) <= 1.96 * np.sqrt(seen * (1 - seen) / 40)
    assert paper_coverage(0.975, n=40) == pytest.approx(holds.mean(), abs=0.005)
    assert paper_coverage(0.975, n=40) == pytest.approx(0.63, abs=0.01)  # not 0.95
    assert paper_coverage(1.0, n=40) is None


def test_coverage_over_the_upper_range() -> None:
    """Averaged over true proportions of 0.8 to 1 Wilson's is nominal, Clopper and Pearson's above, the papers' below."""
    rng = np.random.default_rng(1)
    hits = {"wilson": 0, "exact": 0, "paper": 0}
    truths = rng.uniform(0.8, 1.0, size=4000)
    for p, k in zip(truths, rng.binomial(40, truths), strict=True):
        score, exact, paper = wilson(int(k), n=40), clopper_pearson(int(k), n=40), paper_interval(k / 40, n=40)
        hits["wilson"] += score.low <= p <= score.high
        hits["exact"] += exact.low <= p <= exact.high
        hits["paper"] += paper["low"] <= p <= paper["high"]
    assert 0.93 <= hits["wilson"] / 4000 <= 0.975
    assert hits["exact"] / 4000 >= 0.95
    assert hits["paper"] / 4000 < 0.85

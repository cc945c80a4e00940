"""DeLong's method against R's pROC on published data, and against the U-statistic summed pair by pair."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepcovid.errors import ScoresError
from deepcovid.evaluation.delong import (
    delong_covariance,
    delong_difference,
    delong_interval,
    structural_components,
)

from . import asah


def covariance_pair_by_pair(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """DeLong et al. 1988 as written: the kernel over all pairs, its row and column means, their covariances."""
    above, below = [], []
    for score in scores:
        kernel = [[1.0 if x > y else 0.5 if x == y else 0.0 for y in score[~positive]] for x in score[positive]]
        above.append([sum(row) / len(row) for row in kernel])
        below.append([sum(column) / len(column) for column in zip(*kernel, strict=True)])
    return np.cov(above) / int(positive.sum()) + np.cov(below) / int((~positive).sum())


def test_published_example() -> None:
    """pROC's values for its aSAH data, to 1e-12."""
    aucs, covariance = delong_covariance(asah.POOR, scores=np.stack([asah.WFNS, asah.S100B, asah.NDKA]))
    assert aucs[[0, 2]] == pytest.approx([asah.AUCS["wfns"], asah.AUCS["ndka"]], abs=1e-12)
    assert np.diag(covariance) == pytest.approx([asah.VARIANCES[k] for k in ("wfns", "s100b", "ndka")], abs=1e-12)
    expected = [asah.COVARIANCES[k] for k in ("s100b, wfns", "wfns, ndka", "ndka, s100b")]
    assert [covariance[0, 1], covariance[0, 2], covariance[1, 2]] == pytest.approx(expected, abs=1e-12)


def test_published_interval_and_difference() -> None:
    interval = delong_interval(asah.POOR, score=asah.NDKA)
    assert (interval.low, interval.value, interval.high) == pytest.approx(asah.NDKA_INTERVAL, abs=1e-9)
    assert (interval.method, interval.n, interval.unit) == ("DeLong", 113, "image")
    result = delong_difference(asah.POOR, first=asah.WFNS, second=asah.S100B)
    expected = asah.WFNS_AGAINST_S100B
    assert result.z == pytest.approx(expected["z"], abs=1e-9)
    assert result.p == pytest.approx(expected["p"], abs=1e-9)
    assert result.difference.low == pytest.approx(expected["low"], abs=1e-9)
    assert result.difference.high == pytest.approx(expected["high"], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 12), st.integers(2, 12), st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_equals_the_u_statistic(n1: int, n0: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(n1 + n0) < n1)
    scores = rng.integers(0, levels, size=(2, n1 + n0)) / levels
    _, covariance = delong_covariance(positive, scores=scores)
    np.testing.assert_allclose(covariance, covariance_pair_by_pair(positive, scores), atol=1e-12)


def test_logit_scale_stays_inside_and_is_skewed() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(120) < 20
    score = rng.normal(size=120) + 2.6 * positive
    plain, logit = (delong_interval(positive, score=score, scale=s) for s in ("plain", "logit"))
    assert 0 < logit.low < plain.low < plain.value < logit.high < 1
    assert logit.method == "DeLong (logit)"


@pytest.mark.parametrize(
    ("positive", "score"),
    [
        ([1, 1, 1, 0, 0, 0, 0], [0.9, 0.8, 0.7, 0.3, 0.2, 0.1, 0.0]),  # perfect
        ([1, 1, 1, 0, 0, 0, 0], [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),  # perfectly wrong
        ([1, 1, 1, 0, 0, 0, 0], [0.5] * 7),  # no score differs
        ([1, 0, 0, 0, 0, 0, 0], [0.5, 0.6, 0.1, 0.1, 0.1, 0.2, 0.3]),  # one positive
    ],
)
def test_without_variance_the_interval_is_honest(positive: list[int], score: list[float]) -> None:
    interval = delong_interval(np.array(positive, dtype=bool), score=np.array(score))
    assert interval.value is not None
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.high - interval.low > 0.2
    assert interval.method == "Newcombe (score)"


def test_difference_without_variance() -> None:
    positive = np.arange(20) < 8
    perfect, wrong = positive.astype(float), 1.0 - positive
    same = delong_difference(positive, first=perfect, second=perfect)
    assert (same.z, same.p, same.difference.value) == (0.0, 1.0, 0.0)
    assert same.difference.low < 0 < same.difference.high
    apart = delong_difference(positive, first=perfect, second=wrong)
    assert (apart.z, apart.p, apart.difference.value) == (None, None, 1.0)
    assert 0 < apart.difference.low < apart.difference.high <= 1
    json.dumps(apart.to_dict(), allow_nan=False)


def test_one_film_of_a_class_has_no_covariance() -> None:
    with pytest.raises(ScoresError, match=r"two films of each class; there are 1 positive.*add films"):
        delong_covariance(np.array([True, False, False]), scores=np.array([0.3, 0.2, 0.1]))


def test_components_average_to_the_auc() -> None:
    above, below = structural_components(asah.POOR, scores=asah.WFNS[None])
    assert above.mean() == pytest.approx(below.mean(), abs=1e-14)
    assert (above.shape, below.shape) == ((1, 41), (1, 72))

"""The patient bootstrap: exact on each draw, seeded, of the right width, and fast."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from deepcovid.evaluation import bootstrap as module
from deepcovid.evaluation.bootstrap import bootstrap, percentile_interval
from deepcovid.evaluation.delong import delong_covariance
from deepcovid.evaluation.intervals import Interval

FALLBACK = Interval(value=1.0, low=0.1, high=1.0, method="fallback", n=3)


def clustered(rng: np.random.Generator, *, patients: int, films: int, shift: float) -> tuple[np.ndarray, ...]:
    """Half the patients positive; two thirds of the variance between patients, the total variance 1."""
    patient = np.repeat(np.arange(patients), films)
    positive = patient < patients // 2
    score = np.sqrt(2 / 3) * rng.normal(size=patients)[patient] + np.sqrt(1 / 3) * rng.normal(size=len(patient))
    return positive, score + shift * positive, patient


def test_each_draw_is_what_scikit_learn_says_of_the_drawn_films(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    patient = rng.integers(0, 25, size=80)
    positive = (patient < 8) ^ (rng.random(80) < 0.1)
    score = np.round(rng.random(80) * 0.6 + 0.3 * positive, 1)
    seen = []
    original = module.multiplicities

    def spy(*args: object, **kwargs: object) -> object:
        for times in original(*args, **kwargs):  # type: ignore[arg-type]
            seen.append(times)
            yield times

    monkeypatch.setattr(module, "multiplicities", spy)
    draws = bootstrap(positive, score=score, cluster=patient, thresholds=np.array([0.5, 0.8]), draws=40, seed=3)
    weights = np.concatenate(seen)[:, np.unique(patient, return_inverse=True)[1]].astype(int)
    for k, weight in enumerate(weights):
        truth, drawn = np.repeat(positive, weight), np.repeat(score, weight)
        assert draws.auc[k] == pytest.approx(roc_auc_score(truth, drawn), abs=1e-12)
        assert draws.average_precision[k] == pytest.approx(average_precision_score(truth, drawn), abs=1e-12)
        for column, threshold in enumerate((0.5, 0.8)):
            called = drawn >= threshold
            assert draws.sensitivity[k, column] == pytest.approx(called[truth].mean(), abs=1e-12)
            assert draws.specificity[k, column] == pytest.approx(1 - called[~truth].mean(), abs=1e-12)
            assert draws.f1[k, column] == pytest.approx(f1_score(truth, called, zero_division=0), abs=1e-12)


def test_draws_keep_the_number_of_patients_of_each_kind() -> None:
    positive = np.array([True, True, False, False, False, True, False])
    patient = np.array([0, 1, 2, 3, 4, 5, 5])
    times = np.concatenate(
        list(module.multiplicities(module.strata_of(positive, codes=patient), films=7, draws=50, seed=0))
    )
    assert np.all(times[:, :2].sum(axis=1) == 2)
    assert np.all(times[:, 2:5].sum(axis=1) == 3)
    assert np.all(times[:, 5] == 1)


def test_same_seed_same_draws() -> None:
    rng = np.random.default_rng(1)
    positive, score, patient = clustered(rng, patients=30, films=2, shift=1.0)
    first, second, other = (bootstrap(positive, score=score, cluster=patient, draws=50, seed=s) for s in (5, 5, 6))
    np.testing.assert_array_equal(first.auc, second.auc)
    assert not np.array_equal(first.auc, other.auc)


def test_spread_over_films_is_delongs() -> None:
    rng = np.random.default_rng(2)
    positive = np.arange(600) < 150
    score = rng.normal(size=600) + 1.2 * positive
    draws = bootstrap(positive, score=score, draws=2000)
    _, covariance = delong_covariance(positive, scores=score)
    assert draws.auc.std() == pytest.approx(np.sqrt(covariance[0, 0]), rel=0.06)


def test_coverage_on_clustered_films() -> None:
    """Drawing patients covers; drawing the films of few patients as if independent does not."""
    rng = np.random.default_rng(11)
    shift, repeats = 1.2, 150
    truth = {"auc": norm.cdf(shift / np.sqrt(2)), "sensitivity": norm.cdf(shift - 0.4)}
    hits = {("patient", "auc"): 0, ("patient", "sensitivity"): 0, ("image", "auc"): 0}
    for repeat in range(repeats):
        positive, score, patient = clustered(rng, patients=100, films=5, shift=shift)
        for unit, cluster in (("patient", patient), ("image", None)):
            draws = bootstrap(
                positive, score=score, cluster=cluster, thresholds=np.array([0.4]), draws=400, seed=repeat
            )
            samples = {"auc": draws.auc, "sensitivity": draws.sensitivity[:, 0]}
            for figure, drawn in samples.items():
                interval = percentile_interval(drawn, value=float(drawn.mean()), clusters=50, n=100, fallback=FALLBACK)
                if (unit, figure) in hits:
                    hits[unit, figure] += interval.low <= truth[figure] <= interval.high
    assert 0.90 * repeats <= hits["patient", "auc"] <= 0.99 * repeats
    assert 0.90 * repeats <= hits["patient", "sensitivity"] <= 0.99 * repeats
    assert hits["image", "auc"] < 0.85 * repeats


def test_collapsed_draws_give_the_fallback() -> None:
    assert percentile_interval(np.ones(50), value=1.0, clusters=9, n=9, fallback=FALLBACK) is FALLBACK
    assert percentile_interval(np.linspace(0, 1, 50), value=0.5, clusters=1, n=1, fallback=FALLBACK) is FALLBACK


def test_few_clusters_widen_the_interval() -> None:
    samples = np.random.default_rng(0).normal(0.8, 0.02, size=4000)
    widths = []
    for clusters in (5, 20, 1000):
        interval = percentile_interval(samples, value=0.8, clusters=clusters, n=clusters, fallback=FALLBACK)
        widths.append(interval.high - interval.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(2 * 1.96 * 0.02, rel=0.05)


def test_two_thousand_draws_of_three_thousand_films_are_quick() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(3000) < 100
    began = time.process_time()
    bootstrap(positive, score=rng.random(3000), cluster=np.arange(3000) // 2, thresholds=np.array([0.1, 0.5, 0.9]))
    assert time.process_time() - began < 5

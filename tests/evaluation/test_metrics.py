"""Counts and curves against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as sk

from deepcovid.evaluation import metrics

scored = st.integers(2, 60).flatmap(
    lambda n: st.tuples(arrays(bool, n), arrays(float, n, elements=st.integers(0, 20).map(lambda v: v / 20)))
)


def both_classes(data: tuple[np.ndarray, np.ndarray]) -> bool:
    return bool(data[0].any() and not data[0].all())


@pytest.fixture
def films() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    positive = rng.random(400) < 0.2
    return positive, np.round(np.clip(rng.normal(0.4 + 0.2 * positive, 0.15), 0, 1), 2)


def test_areas_are_scikit_learns(films: tuple[np.ndarray, np.ndarray]) -> None:
    positive, score = films
    assert metrics.auc(positive, score=score) == pytest.approx(sk.roc_auc_score(positive, score), abs=1e-9)
    expected = sk.average_precision_score(positive, score)
    assert metrics.average_precision(positive, score=score) == pytest.approx(expected, abs=1e-9)


def test_curves_have_the_areas(films: tuple[np.ndarray, np.ndarray]) -> None:
    positive, score = films
    roc = metrics.roc_curve(positive, score=score)
    assert roc["threshold"][0] is None
    assert len({len(v) for v in roc.values()}) == 1
    assert sk.auc(roc["fpr"], roc["tpr"]) == pytest.approx(metrics.auc(positive, score=score), abs=1e-12)
    pr = metrics.precision_recall_curve(positive, score=score)
    assert len({len(v) for v in pr.values()}) == 1
    assert (pr["recall"][-1], pr["precision"][-1], pr["threshold"][-1]) == (0.0, 1.0, None)


@given(scored.filter(both_classes), st.integers(0, 20))
def test_rates_are_the_confusions(data: tuple[np.ndarray, np.ndarray], step: int) -> None:
    positive, score = data
    counts = metrics.confusion(positive, score=score, threshold=step / 20)
    tn, fp, fn, tp = sk.confusion_matrix(positive, score >= step / 20, labels=[False, True]).ravel()
    assert (counts.tp, counts.fp, counts.tn, counts.fn) == (tp, fp, tn, fn)
    sensitivity, specificity = metrics.rates(positive, score=score, thresholds=np.array([step / 20]))
    assert sensitivity[0] == pytest.approx(counts.sensitivity)
    assert specificity[0] == pytest.approx(counts.specificity)
    assert counts.f1 == pytest.approx(sk.f1_score(positive, score >= step / 20, zero_division=0))


@given(scored.filter(both_classes))
def test_rates_are_monotone(data: tuple[np.ndarray, np.ndarray]) -> None:
    curve = metrics.threshold_curve(data[0], score=data[1])
    assert np.all(np.diff(curve["threshold"]) > 0)
    assert np.all(np.diff(curve["sensitivity"]) <= 0)
    assert np.all(np.diff(curve["specificity"]) >= 0)


@given(scored.filter(both_classes))
def test_auc_does_not_see_monotone_transforms(data: tuple[np.ndarray, np.ndarray]) -> None:
    positive, score = data
    transformed = 1 / (1 + np.exp(-5 * score)) ** 3
    assert metrics.auc(positive, score=transformed) == pytest.approx(metrics.auc(positive, score=score), abs=1e-12)


def test_histogram_counts_every_film() -> None:
    score = np.array([0.0, 0.049, 0.05, 0.5, 0.999, 1.0])
    group = np.array(["normal", "normal", "other", "other", "positive", "positive"])
    bins = metrics.histogram(score, group=group)
    assert len(bins["edges"]) == 21
    assert (bins["normal"][0], bins["other"][1], bins["other"][10], bins["positive"][19]) == (2, 1, 1, 2)
    assert sum(sum(bins[name]) for name in ("positive", "normal", "other")) == 6

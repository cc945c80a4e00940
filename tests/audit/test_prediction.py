"""Tests of out-of-fold prediction from what is no lung."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from deepcovid.audit.prediction import Learner, areas_of, by_logistic, by_share, by_trees, result_of, untested
from tests.audit.subjects import people, subject


def asked(seed: int, *, films: int = 240, each: int = 1):
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.choice(["covid", "normal"], films // each, p=[0.4, 0.6]), each).tolist()
    patients = [f"p{place // each}" for place in range(films)]
    return rng, subject({"patient": patients, "label": labels})


@pytest.mark.parametrize("learn", [by_trees, by_logistic, by_share])
def test_a_feature_that_tells_the_label_is_found(learn: Learner) -> None:
    rng, table = asked(0)
    told = (table.labels == "covid").to_numpy() ^ (rng.random(240) < 0.1)
    features = np.stack([told.astype(float), rng.normal(size=240)], axis=1)[:, : 1 if learn is by_share else 2]
    first, _ = areas_of(table, features, known=np.ones(240, bool), learn=learn)
    assert 0.8 < first.auc.low < (first.auc.value or 0) < 0.97
    assert result_of([first], what="it", method="m", n_known=240, n=240).verdict == "WARN"


@pytest.mark.parametrize("learn", [by_logistic, by_share])
def test_noise_seldom_warns_and_pooled_folds_are_not_biased(learn: Learner) -> None:
    found = []
    for seed in range(12):
        rng, table = asked(seed)
        noise = rng.integers(0, 3, (240, 1)).astype(float)
        found += areas_of(table, noise, known=np.ones(240, bool), learn=learn)[:1]
    assert sum(area.auc.low > 0.6 for area in found) == 0
    assert np.mean([area.auc.value for area in found]) == pytest.approx(0.5, abs=0.04)


def test_a_constant_feature_says_exactly_nothing() -> None:
    _, table = asked(3)
    (first, _) = areas_of(table, np.zeros((240, 1)), known=np.ones(240, bool), learn=by_share)
    assert first.auc.value == pytest.approx(0.5, abs=1e-9)


def test_films_of_one_patient_are_never_learnt_from_and_scored() -> None:
    """A feature that names the patient tells nothing once patients are kept together."""
    rng, table = asked(1, films=300, each=3)
    own = rng.normal(size=(100, 1)).repeat(3, axis=0)
    first, *_ = areas_of(table, own, known=np.ones(300, bool), learn=by_trees)
    assert first.auc.value < 0.65
    assert (first.auc.n, first.auc.unit, first.n) == (100, "patient", 300)
    from sklearn.ensemble import ExtraTreesClassifier

    leaky = ExtraTreesClassifier(random_state=0).fit(own[::3], table.labels[::3]).predict_proba(own[1::3])[:, 0]
    assert roc_auc_score(table.labels[1::3] == "covid", leaky) > 0.95


def test_small_classes_are_left_out_and_asked_ones_are_kept() -> None:
    labels = ["a"] * 60 + ["b"] * 60 + ["c"] * 8
    table = subject(people(128, label=labels))
    known = np.ones(128, bool)
    assert sorted(area.label for area in areas_of(table, np.zeros((128, 1)), known=known, learn=by_share)) == ["a", "b"]
    only = subject(people(128, label=labels), positives=("b",))
    assert [area.label for area in areas_of(only, np.zeros((128, 1)), known=known, learn=by_share)] == ["b"]
    few = subject(people(128, label=labels), positives=("c",))
    assert areas_of(few, np.zeros((128, 1)), known=known, learn=by_share) == []
    assert result_of([], what="the source", method="m", n_known=128, n=128).verdict == "CANNOT TELL"


def test_a_class_with_too_few_films_lets_no_table_pass() -> None:
    """Two large classes of which nothing tells, and a small one that nobody asked: not a PASS."""
    table = subject(people(3010, label=["a", "b"] * 1500 + ["covid"] * 10))
    areas = areas_of(table, np.zeros((3010, 1)), known=np.ones(3010, bool), learn=by_share)
    assert untested(table, areas) == ["covid"]
    told = {"what": "it", "method": "m", "n_known": 3010, "n": 3010}
    assert result_of(areas, **told).verdict == "PASS"
    result = result_of(areas, untested=untested(table, areas), **told)
    assert result.verdict == "CANNOT TELL"
    assert "too few films or patients to ask about: covid" in result.notes


def test_unknown_films_are_left_out_and_said() -> None:
    _, table = asked(2)
    known = np.arange(240) < 200
    first, _ = areas_of(table, np.zeros((240, 1)), known=known, learn=by_share)
    assert first.n == 200
    assert (
        "40 of 240 labelled films were left out"
        in result_of([first], what="it", method="m", n_known=200, n=240).notes[1]
    )

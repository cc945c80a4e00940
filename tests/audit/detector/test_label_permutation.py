"""Test 9 on features with and without the label, and on a leak that is built in."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from deepcovid.audit.detector import label_permutation as module
from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.label_permutation import areas, label_permutation, patient_labels, permuted
from tests.audit.detector.given import given


def _case(*, disease: float, n: int = 160, width: int = 10, films: int = 2, seed: int = 0) -> Case:
    rng = np.random.default_rng(seed)
    patient = np.arange(n) // films
    positive = patient % 2 == 0
    features = rng.normal(size=(n, width)) + np.repeat(rng.normal(size=(n // films, width)), films, axis=0)
    features[:, 0] += disease * positive
    return given(positive, features=features, patient=patient, tested=np.ones(n, dtype=bool))


def test_disease_in_the_features_passes() -> None:
    result = label_permutation(_case(disease=2.0))
    assert result.verdict == "PASS"
    assert result.figures["p"] == pytest.approx(1 / 1000)
    assert abs(result.figures["permuted_mean"]["value"] - 0.5) < 0.02
    assert result.figures["permuted_spread"]["high"] < result.figures["true"]["value"]
    assert result.figures["true"]["unit"] == "patient"


def test_p_is_uniform_where_nothing_is_to_be_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 60 tables without disease, and two like films a patient, p is at most 0.1 in about 10 %."""
    monkeypatch.setattr(module, "PERMUTATIONS", 99)
    results = [label_permutation(_case(disease=0.0, n=80, width=4, seed=seed)) for seed in range(60)]
    small = sum(result.figures["p"] <= 0.1 for result in results)
    assert small <= 13  # 6 expected; more than 13 in 1 of 300
    assert all(result.verdict != "FAIL" for result in results)
    assert {result.verdict for result in results} == {"PASS", "CANNOT TELL"} or small == 0


def test_a_leak_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films scored by what was learnt from them too."""

    def asked_of_what_was_learnt(features: np.ndarray, labels: np.ndarray, _: np.ndarray) -> np.ndarray:
        return features @ np.linalg.lstsq(features, labels - labels.mean(axis=0), rcond=None)[0]

    monkeypatch.setattr(module, "_scored", asked_of_what_was_learnt)
    result = label_permutation(_case(disease=0.0, width=30))
    assert result.verdict == "FAIL"
    assert "Something leaks" in result.sentence


@pytest.mark.parametrize("width", [6, 150])
def test_heads_are_ridge_regressions(width: int) -> None:
    case = _case(disease=1.0, n=100, width=width, films=1)
    positive, features = case.positive, case.looks.features(case.rows).astype(float)
    folds = np.arange(100) % 4
    ours = module._scored(features, positive[:, None].astype(float), folds)[:, 0]
    for fold in range(4):
        learnt, asked = folds != fold, folds == fold
        scaler = StandardScaler().fit(features[learnt])
        ridge = Ridge(alpha=learnt.sum()).fit(scaler.transform(features[learnt]), positive[learnt].astype(float))
        theirs = ridge.predict(scaler.transform(features[asked])) - positive[learnt].mean()
        assert ours[asked] == pytest.approx(theirs, abs=1e-6)


def test_areas_and_patients_labels() -> None:
    rng = np.random.default_rng(0)
    labels, scores = (rng.random((50, 3)) < 0.4).astype(float), rng.integers(0, 9, (50, 3)).astype(float)
    assert areas(labels, scores) == pytest.approx([roc_auc_score(labels[:, k], scores[:, k]) for k in range(3)])
    told, mixed = patient_labels(np.array([True, False, False, True, False]), np.array([4, 4, 4, 7, 7]))
    assert told.tolist() == [False, False, False, True, True]
    assert mixed == 2


def test_the_same_seed_deals_the_same_labels() -> None:
    case = _case(disease=1.0, n=80)
    once, again = (permuted(case, case.positive, permutations=30).auc for _ in range(2))
    assert (once == again).all()
    assert len(once) == 30


def test_too_few_films_cannot_tell() -> None:
    assert label_permutation(_case(disease=1.0, n=24)).verdict == "CANNOT TELL"

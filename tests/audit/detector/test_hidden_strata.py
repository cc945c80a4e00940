"""Test 12 on positives of one kind, of two kinds one of which is missed, and of a graded severity."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from deepcovid.audit.detector import hidden_strata as module
from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.hidden_strata import clustered, hidden_strata, null_gaps, people_of
from deepcovid.audit.detector.picture import Films
from tests.audit.detector.given import given

N = 360


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAWS", 199)


def _case(*, missed: float, severity: float = 0.0, seed: int = 0, n: int = N) -> Case:
    """A share `missed` of the positives looks otherwise (feature 1) and is scored like negatives."""
    rng = np.random.default_rng(seed)
    positive = np.arange(n) % 2 == 0
    odd = positive & (rng.random(n) < missed)
    features = rng.normal(size=(n, 8))
    features[:, 0] += positive * (2.5 + severity * rng.normal(size=n)) - 2.5 * odd
    features[:, 1] += 7.0 * odd
    return given(positive, features=features, tested=np.ones(n, dtype=bool))


def test_a_kind_that_is_missed_fails_and_is_shown() -> None:
    result = hidden_strata(_case(missed=0.3))
    assert result.verdict == "FAIL", result.sentence
    assert result.kinds == ("hidden stratum",)
    assert result.figures["worst"]["value"] == pytest.approx(0.5, abs=0.12)
    assert result.figures["p"] <= 0.005
    assert isinstance(result.picture, Films)
    assert len(result.picture.films) == 6


def test_positives_of_one_kind_pass() -> None:
    result = hidden_strata(_case(missed=0.0))
    assert result.verdict == "PASS", result.sentence
    assert result.figures["worst"]["unit"] == "patient"


def test_severity_is_no_hidden_kind() -> None:
    """Clusters along the direction of the score differ in AUC by construction, and do not fail."""
    for seed in range(2):
        case = _case(missed=0.0, severity=2.0, seed=seed)
        result = hidden_strata(case)
        assert result.verdict != "FAIL"
        assert result.figures["p"] > 0.005


def test_clusters_below_by_chance_are_as_frequent_as_p_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAWS", 19)
    rng = np.random.default_rng(5)
    negatives, values = rng.normal(-1, 1, 90), []
    for seed in range(12):
        z = rng.normal(size=(90, 4)) * [3, 2, 1, 1]
        score = 0.4 * z[:, 0] + rng.normal(size=90)
        cluster, _ = clustered(z, seed=seed)
        order = module._worst_first(cluster, score, negatives)
        gap = module._plain_area(score, negatives) - module._plain_area(score[cluster == order[0]], negatives)
        null = null_gaps(z, score, negatives, clusters=int(cluster.max()) + 1, seed=seed)
        values.append((1 + (null >= gap).sum()) / 20)
    assert 0.2 < np.mean(values) < 0.8
    assert min(values) > 0.0


def test_areas_and_patients_means() -> None:
    rng = np.random.default_rng(0)
    positives, negatives = rng.integers(0, 9, 40).astype(float), rng.integers(0, 7, 50).astype(float)
    theirs = roc_auc_score([1] * 40 + [0] * 50, np.concatenate([positives, negatives]))
    assert module._plain_area(positives, negatives) == pytest.approx(theirs)
    case = given(np.ones(4, dtype=bool), features=np.arange(8.0).reshape(4, 2), patient=np.array([3, 3, 5, 5]) * 2)
    people = people_of(case, positive=True)
    assert people.features.tolist() == [[1.0, 2.0], [5.0, 6.0]]
    assert people.patient.tolist() == [6, 10]


def test_few_positives_cannot_tell() -> None:
    result = hidden_strata(_case(missed=0.0, n=100))
    assert result.verdict == "CANNOT TELL"
    assert "50 positive and 50 negative patients are too few" in result.sentence
    assert "60 and 20 would do" in result.sentence

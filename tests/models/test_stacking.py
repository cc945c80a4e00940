from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from deepcovid.models.stacking import EDGE, Combiner, fit_combiner, log_odds, out_of_fold


@pytest.fixture(scope="module")
def told() -> tuple[np.ndarray, np.ndarray]:
    """Scores of two members, and labels that only both together tell: one score must be high and the other low."""
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.02, 0.98, (300, 2))
    return scores, (scores[:, 0] > 0.5) != (scores[:, 1] > 0.5)


@pytest.mark.parametrize("backwards", [False, True])
def test_logistic_is_scikit_learns_of_the_members_that_tell_something(backwards: bool) -> None:
    """A member whose scores run backwards gets no weight, and the others those that they have without it (Breiman 1996)."""
    rng = np.random.default_rng(1)
    positive = rng.random(200) < 0.3
    odds = rng.normal(size=(200, 3)) + positive[:, None] * np.array([1.5, 0.7, -0.8 if backwards else 0.4])
    scores = 1 / (1 + np.exp(-odds))
    kept = [0, 1] if backwards else [0, 1, 2]
    theirs = LogisticRegression(C=1.0, max_iter=2000, tol=1e-10).fit(log_odds(scores)[:, kept], positive)
    combiner = fit_combiner(scores, positive, kind="logistic")
    weights = np.array(combiner.weights)
    np.testing.assert_allclose(weights[kept], theirs.coef_[0], atol=1e-5)
    assert weights.min() >= 0
    assert (weights[2] == 0) == backwards
    expected = theirs.predict_proba(log_odds(scores)[:, kept])[:, 1]
    np.testing.assert_allclose(combiner.score(scores), expected, atol=1e-6)


def test_the_network_is_scikit_learns_with_the_scale_folded_in(told: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = told
    scaler = StandardScaler().fit(log_odds(scores))
    theirs = MLPClassifier((4,), solver="lbfgs", alpha=1.0, max_iter=2000, random_state=3).fit(
        scaler.transform(log_odds(scores)), positive
    )
    combiner = fit_combiner(scores, positive, kind="network", hidden=(4,), seed=3)
    expected = theirs.predict_proba(scaler.transform(log_odds(scores)))[:, 1]
    np.testing.assert_allclose(combiner.score(scores), expected, atol=1e-9)
    assert combiner.weights is None
    assert {name: array.shape for name, array in combiner.to_tensors().items()} == {
        "hidden1.weight": (4, 2),
        "hidden1.bias": (4,),
        "output.weight": (1, 4),
        "output.bias": (1,),
    }


def test_a_network_learns_what_no_weights_can(told: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = told
    right = {
        kind: float(((fit_combiner(scores, positive, kind=kind).score(scores) >= 0.5) == positive).mean())  # type: ignore[arg-type]
        for kind in ("logistic", "network")
    }
    assert right["logistic"] < 0.7
    assert right["network"] > 0.9


def test_a_films_own_fold_never_shapes_its_score(told: tuple[np.ndarray, np.ndarray]) -> None:
    scores, positive = told
    folds = np.arange(len(scores)) % 3
    before = out_of_fold(scores, positive, folds, kind="logistic")
    turned = np.where(folds == 1, ~positive, positive)  # the labels of one fold
    after = out_of_fold(scores, turned, folds, kind="logistic")
    np.testing.assert_array_equal(before[folds == 1], after[folds == 1])
    assert np.abs(before[folds == 0] - after[folds == 0]).max() > 0.01


def test_scores_of_0_and_1_are_kept_from_the_edge() -> None:
    combiner = Combiner("logistic", ((np.array([[1.0]]), np.array([0.0])),))
    np.testing.assert_allclose(combiner.score(np.array([[0.0], [0.3], [1.0]])), [EDGE, 0.3, 1 - EDGE])

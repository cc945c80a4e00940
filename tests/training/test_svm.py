from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from deepcovid.errors import RunError
from deepcovid.models.heads import HeadShape
from deepcovid.training.probe import HeadData
from deepcovid.training.recipe import Recipe
from deepcovid.training.svm import fit_svm

pytest.importorskip("torch")


def blobs(classes: int = 2, *, films: int = 120, seed: int = 0) -> HeadData:
    rng = np.random.default_rng(seed)
    targets = np.arange(films) % classes
    features = rng.normal(size=(films, 6)).astype(np.float32) * np.array([1, 10, 0.1, 1, 1, 1], dtype=np.float32)
    features[np.arange(films), targets] += np.array([2, 20, 0.2, 2, 2, 2])[targets]
    return HeadData(
        features=features,
        targets=targets,
        slots=[[row] for row in range(films)],
        val_features=features[:30],
        val_targets=targets[:30],
        groups=np.arange(films) // 2,
    )


def recipe(**keys: object) -> Recipe:
    return Recipe(name="svm", head=HeadShape(kind="svm"), **keys)  # type: ignore[arg-type]


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_its_order_is_that_of_scikit_learns_linear_svm() -> None:
    data = blobs()
    head, fitted = fit_svm(data, recipe=recipe(), classes=2)
    scaled = StandardScaler().fit(data.features.astype(float))
    plain = LinearSVC(C=1.0, random_state=0, max_iter=10_000).fit(
        scaled.transform(data.features.astype(float)), data.targets
    )
    decision = plain.decision_function(scaled.transform(data.features.astype(float)))
    logits = head.logits(data.features)
    ours = logits[:, 1] - logits[:, 0]
    assert np.corrcoef(ours, decision)[0, 1] > 0.99999
    assert len(fitted.history) == 1
    assert fitted.history[0]["train_accuracy"] > 0.8


def test_platts_probabilities_are_calibrated_on_other_films() -> None:
    head, _ = fit_svm(blobs(films=1000), recipe=recipe(), classes=2)
    fresh = blobs(films=4000, seed=9)
    score = softmax(head.logits(fresh.features))[:, 1]
    assert roc_auc_score(fresh.targets, score) > 0.9
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        chosen = (score >= low) & (score < high)
        assert abs(score[chosen].mean() - fresh.targets[chosen].mean()) < 0.12


@pytest.mark.parametrize("output", ["softmax", "sigmoids", "one-sigmoid"])
def test_every_output_gives_the_same_probability(output: str) -> None:
    data = blobs()
    expected = softmax(fit_svm(data, recipe=recipe(), classes=2)[0].logits(data.features))
    head, _ = fit_svm(data, recipe=recipe(output=output), classes=2)
    np.testing.assert_allclose(softmax(head.logits(data.features)), expected, atol=2e-5)


def test_several_classes_one_against_the_rest() -> None:
    data = blobs(3)
    head, _ = fit_svm(data, recipe=recipe(task="multi-class", output="sigmoids"), classes=3)
    assert (head.logits(data.features).argmax(1) == data.targets).mean() > 0.7


def test_same_seed_same_bits() -> None:
    one, other = (fit_svm(blobs(), recipe=recipe(seed=4), classes=2)[0] for _ in range(2))
    assert all(np.array_equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_one_patient_of_a_class_is_too_few() -> None:
    data = blobs()
    few = HeadData(
        data.features, (np.arange(120) < 2).astype(int), data.slots, data.val_features, data.val_targets, data.groups
    )
    with pytest.raises(RunError, match="need two of each"):
        fit_svm(few, recipe=recipe(), classes=2)

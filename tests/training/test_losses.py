from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from deepcovid.training.losses import Objective, class_weights
from deepcovid.training.recipe import Recipe

torch = pytest.importorskip("torch")


def objective(weights: object = None, **keys: object) -> Objective:
    return Objective(recipe=Recipe(name="t", **keys), weights=weights)  # type: ignore[arg-type]


def test_cross_entropy_of_a_softmax_is_torchs() -> None:
    raw, targets = torch.randn(7, 3), torch.tensor([0, 1, 2, 2, 1, 0, 1])
    judged = objective(task="multi-class")(raw, targets)
    assert torch.equal(judged.loss, torch.nn.functional.cross_entropy(raw, targets))
    assert judged.right == int((raw.argmax(1) == targets).sum())
    assert judged.calls == 7


def test_sigmoids_under_cross_entropy_are_keras_categorical_cross_entropy() -> None:
    """Keras divides each sigmoid by their sum and takes −log of the true class's share (keras/backend.py)."""
    raw, targets = torch.randn(6, 2, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1, 0])
    probabilities = torch.sigmoid(raw)
    shares = probabilities / probabilities.sum(dim=1, keepdim=True)
    expected = -torch.log(shares[torch.arange(6), targets]).mean()
    torch.testing.assert_close(objective(output="sigmoids")(raw, targets).loss, expected)


def test_one_sigmoid_is_the_probability_of_the_class_that_is_not_positive() -> None:
    raw, targets = torch.randn(8, 1, dtype=torch.float64), torch.tensor([0, 1, 1, 0, 1, 0, 0, 1])
    normal = (targets == 0).double()[:, None]
    expected = torch.nn.functional.binary_cross_entropy(torch.sigmoid(raw), normal)
    for loss in ("binary-cross-entropy", "cross-entropy"):
        judged = objective(output="one-sigmoid", loss=loss)(raw, targets)
        torch.testing.assert_close(judged.loss, expected)
        assert judged.right == int(((raw[:, 0] < 0) == (targets == 1)).sum())


def test_every_sigmoid_on_its_own() -> None:
    raw, targets = torch.randn(5, 4, dtype=torch.float64), torch.tensor([0, 3, 2, 1, 3])
    wanted = torch.nn.functional.one_hot(targets, 4).double()
    expected = torch.nn.functional.binary_cross_entropy(torch.sigmoid(raw), wanted)
    judged = objective(task="multi-class", output="sigmoids", loss="binary-cross-entropy")(raw, targets)
    torch.testing.assert_close(judged.loss, expected)


def test_findings_that_are_unknown_count_for_nothing() -> None:
    raw = torch.tensor([[2.0, -1.0, 0.5], [0.3, 4.0, -2.0]], dtype=torch.float64)
    targets = torch.tensor([[1.0, float("nan"), 0.0], [float("nan"), 1.0, 0.0]], dtype=torch.float64)
    judged = objective(task="multi-label", output="multi-label", loss="binary-cross-entropy")(raw, targets)
    known = [(2.0, 1.0), (0.5, 0.0), (4.0, 1.0), (-2.0, 0.0)]
    expected = np.mean([np.logaddexp(0, -z) if y else np.logaddexp(0, z) for z, y in known])
    assert float(judged.loss) == pytest.approx(expected, rel=1e-12)
    assert (judged.right, judged.calls) == (3, 4)


def test_weights_of_classes_are_scikit_learns_balanced() -> None:
    targets = np.array([0] * 7 + [1] * 2 + [2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=targets)
    np.testing.assert_allclose(class_weights(targets, classes=3), expected)
    findings = np.array([[1, 0], [0, np.nan], [0, 1], [0, 0]])
    np.testing.assert_allclose(class_weights(findings, classes=2), [3.0, 2.0])


def test_weighted_sigmoids_of_one_hot_targets_weigh_films_by_their_class() -> None:
    raw, targets = torch.randn(4, 2, dtype=torch.float64), torch.tensor([0, 0, 0, 1])
    weights = torch.tensor([0.5, 2.0], dtype=torch.float64)
    each = torch.nn.functional.binary_cross_entropy_with_logits(
        raw, torch.nn.functional.one_hot(targets, 2).double(), reduction="none"
    ).mean(1)
    expected = (each * weights[targets]).sum() / weights[targets].sum()
    judged = objective(weights, output="sigmoids", loss="binary-cross-entropy")(raw, targets)
    torch.testing.assert_close(judged.loss, expected)

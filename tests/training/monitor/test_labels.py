"""Labels given wrongly: to Rawat's fourth network, and to a small one."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.training.monitor import TrainingFailed
from deepcovid.training.monitor.labels import NAME, refuse_labels
from deepcovid.training.recipe import Mixing
from tests.training.monitor.making import blobs, classes, films, names, network, rawat, recipe, train

pytest.importorskip("torch")
RAW = {"forward": "raw", "raw_of": lambda outputs: outputs[0]}


@pytest.fixture(scope="module")
def small_films() -> tuple:
    targets = classes(24)
    return films(targets, side=64), targets


def test_rawats_fourth_network_with_columns_for_validation_labels(small_films: tuple) -> None:
    """His likely cause: categorical labels in front of one sigmoid."""
    net, how = rawat()
    pixels, targets = small_films
    columns = np.eye(2, dtype=np.float32)[targets]
    fitted = train(net, how.changed(epochs=2), train=(pixels, targets), val=(pixels, columns), **RAW)
    assert names(fitted) == [NAME]
    (finding,) = fitted.findings
    assert "come as 2 columns" in finding.evidence
    assert "gives 1 output for" in finding.evidence
    assert "categorical labels" in finding.causes[0]
    assert finding.since == 1


def test_rawats_fourth_network_with_right_labels_raises_nothing(small_films: tuple) -> None:
    net, how = rawat()
    assert names(train(net, how.changed(epochs=3), train=small_films, val=small_films, **RAW)) == []


def test_rawats_fourth_network_with_films_sorted_by_class(small_films: tuple) -> None:
    net, how = rawat()
    pixels, targets = small_films
    rows = np.argsort(np.concatenate([targets] * 3), kind="stable") % len(targets)
    fitted = train(
        net, how.changed(epochs=2, batch_size=6), train=(pixels, targets), val=(pixels, targets),
        order=lambda epoch: rows, **RAW,
    )  # fmt: skip
    assert names(fitted) == [NAME]
    assert "of one class alone" in fitted.findings[0].evidence


def test_labels_that_no_loss_can_take_stop_the_training_with_the_finding(small_films: tuple) -> None:
    net, how = rawat()
    pixels, targets = small_films
    with pytest.raises(TrainingFailed, match=r"come as 2 columns, shape \(16, 2\)") as caught:
        train(net, how, train=(pixels, np.eye(2, dtype=np.int64)[targets]), val=(pixels, targets), **RAW)
    assert [finding.name for finding in caught.value.findings] == [NAME]
    assert "one class number a film" in caught.value.mend


def test_a_constant_column_is_named() -> None:
    pixels, targets = blobs(24)
    fitted = train(network(), recipe(epochs=2), train=(pixels, np.zeros_like(targets)), val=(pixels, targets))
    assert NAME in names(fitted)
    assert "All 24 training labels of epoch 1 are class 0" in fitted.findings[0].evidence


def test_one_class_of_validation_is_named_where_training_has_two() -> None:
    pixels, targets = blobs(24)
    fitted = train(network(), recipe(epochs=2), train=(pixels, targets), val=(pixels, np.ones_like(targets)))
    assert "All 24 validation labels are class 1" in fitted.findings[0].evidence


def test_few_validation_films_of_one_class_are_no_fault() -> None:
    pixels, targets = blobs(24)
    fitted = train(network(), recipe(epochs=2), train=(pixels, targets), val=(pixels[:8:2], targets[:8:2]))
    assert names(fitted) == []


def test_classes_numbered_the_other_way_round_are_named() -> None:
    (pixels, targets), (others, truth) = blobs(48), blobs(48, seed=1)
    fitted = train(network(), recipe(epochs=8), train=(pixels, targets), val=(others, 1 - truth))
    assert NAME in names(fitted)
    assert "run against the label" in next(one.evidence for one in fitted.findings if one.name == NAME)


@pytest.mark.parametrize(
    ("outputs", "targets", "told"),
    [
        ((4, 2), np.zeros(8, dtype=int), "shape (8,)"),
        ((4, 2), np.zeros((4, 1, 1)), "shape (4, 1, 1)"),
        ((4, 2), np.array([0, 1, 2, 1]), "0, 1, 2; allowed are the whole numbers 0 to 1"),
        ((4, 2), np.array([0, 1, -1, 1]), "-1, 0, 1"),
        ((4, 2), np.array([0.0, 0.5, 1.0, 1.0]), "of fractions"),
        ((4, 1), np.eye(3)[[0, 1, 2, 0]], "3 columns"),
    ],
)
def test_every_wrong_shape_is_told_with_what_came(outputs: tuple, targets: np.ndarray, told: str) -> None:
    how = recipe(output="one-sigmoid" if outputs[1] == 1 else "softmax")
    whole = targets.dtype.kind == "i"
    found = refuse_labels(outputs, targets, recipe=how, side="val", epoch=3, whole=whole)
    assert found is not None
    finding, fatal = found
    assert told in finding.evidence
    assert finding.since == 3
    assert fatal


def test_shares_of_mixed_films_are_right_in_training_only() -> None:
    shares = np.array([[0.3, 0.7], [1.0, 0.0]])
    mixed = recipe(mixing=Mixing(mixup=0.2))
    assert refuse_labels((2, 2), shares, recipe=mixed, side="train", epoch=1, whole=False) is None
    assert refuse_labels((2, 2), shares, recipe=mixed, side="val", epoch=1, whole=False) is not None
    assert refuse_labels((2, 2), shares, recipe=recipe(), side="train", epoch=1, whole=False) is not None


def test_findings_have_a_column_each() -> None:
    how = recipe(task="multi-label", output="multi-label", loss="binary-cross-entropy")
    assert (
        refuse_labels((2, 3), np.array([[0, 1, np.nan], [1, 1, 0]]), recipe=how, side="train", epoch=1, whole=False)
        is None
    )
    found = refuse_labels((2, 3), np.array([0, 2]), recipe=how, side="train", epoch=1, whole=True)
    assert found is not None
    assert "one a finding" in found[0].evidence

"""Validation accuracy that stands still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepcovid.training.monitor.course import Course, Seen
from deepcovid.training.monitor.stuck_at_majority import stuck_at_majority
from deepcovid.training.recipe import EarlyStopping
from tests.training.monitor.making import blobs, names, network, recipe, train

torch = pytest.importorskip("torch")


def test_a_network_that_no_gradient_reaches_is_stuck() -> None:
    """The last layer's weights are zero, and so are those before it: only the bias can move."""
    net = network(norm=False)
    with torch.no_grad():
        for layer in (net[-1], net[-3]):
            layer.weight.zero_()
            layer.bias.zero_()
    fitted = train(net, recipe(epochs=12), train=blobs(48, every=3), val=blobs(24, every=3))
    assert "stuck-at-majority" in names(fitted)
    finding = next(one for one in fitted.findings if one.name == "stuck-at-majority")
    assert finding.since == 1
    assert finding.figures["accuracy"] == pytest.approx(2 / 3)
    assert "66.7 %" in finding.evidence
    assert {round(row["val_accuracy"], 9) for row in fitted.history} == {round(2 / 3, 9)}


def test_early_stopping_after_four_epochs_is_still_named() -> None:
    stop = EarlyStopping(monitor="val_accuracy", patience=3)
    how = recipe(1e-9, epochs=30, early_stopping=stop, keep="best")
    fitted = train(network(norm=False), how, train=blobs(48), val=blobs(24))
    assert len(fitted.history) == 4
    assert "stuck-at-majority" in names(fitted)


def test_labels_of_validation_without_relation_are_named_while_training_learns() -> None:
    targets = np.random.default_rng(0).permutation(blobs(48)[1])
    seen = [_seen(epoch, train_loss=0.2, val_called=(48.0, 0.0)) for epoch in range(1, 12)]
    found = stuck_at_majority(Course(seen=seen, planned=20, over=False))
    assert found is not None
    assert "labels of validation" in found.causes[0]
    assert targets.sum() == 24


def _seen(epoch: int, **values: object) -> Seen:
    one = Seen(
        epoch=epoch, train_loss=0.69, val_loss=0.7, train_true=(24, 24), train_called=(40, 8), val_true=(24.0, 24.0),
        val_called=(48.0, 0.0), chance=0.693, first_loss=0.7, highest_loss=0.8, steps=10, separation=(0.5, 0.5),
        separation_p=(0.5, 0.5), train_separation_p=(0.5, 0.5), val_films=48, val_right=24, train_films=48, train_right=24,
    )  # fmt: skip
    return replace(one, **values)  # type: ignore[arg-type]


def _course(count: int = 8, *, over: bool = False, planned: int = 20, **values: object) -> Course:
    return Course(seen=[_seen(epoch + 1, **values) for epoch in range(count)], planned=planned, over=over)


def test_the_limits_of_the_rule() -> None:
    assert stuck_at_majority(_course(10)) is not None
    assert stuck_at_majority(_course(9)) is None  # half of the 20 planned epochs is wanted
    assert stuck_at_majority(_course(4, over=True)) is not None
    assert stuck_at_majority(_course(3, over=True)) is None
    assert stuck_at_majority(_course(10, steps=3)) is None  # too few steps to tell
    assert stuck_at_majority(_course(10, val_called=(47.0, 1.0))) is None
    assert stuck_at_majority(_course(10, separation_p=(1e-4, 1e-4))) is None  # imbalanced, and being learned
    assert stuck_at_majority(_course(10, train_separation_p=(1e-4, 1e-4))) is None
    assert (
        stuck_at_majority(_course(10, train_loss=0.2, val_films=10, val_true=(5.0, 5.0), val_called=(10.0, 0.0)))
        is None
    )


def test_classes_that_are_unequal_and_learned_late_raise_nothing() -> None:
    """Accuracy begins at the majority rate and then rises."""
    (pixels, targets), val = blobs(60, every=6), blobs(36, every=6, seed=1)
    fitted = train(network(), recipe(1e-3, epochs=12), train=(pixels, targets), val=val)
    assert fitted.history[0]["val_accuracy"] == pytest.approx(30 / 36)
    assert fitted.history[-1]["val_accuracy"] > 0.9
    assert names(fitted) == []

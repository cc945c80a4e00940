"""Training films learned by heart."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.monitor.making import blobs, films, names, network, recipe, train

pytest.importorskip("torch")


def test_labels_without_relation_to_the_films_are_learned_by_heart_and_named() -> None:
    rng = np.random.default_rng(0)
    nothing = np.zeros(48, dtype=int)
    targets, truth = rng.permutation(np.arange(48) % 2), rng.permutation(np.arange(48) % 2)
    fitted = train(
        network(width=16), recipe(1e-2, epochs=40), train=(films(nothing), targets), val=(films(nothing, seed=1), truth)
    )
    assert "over-fitting" in names(fitted)
    finding = next(one for one in fitted.findings if one.name == "over-fitting")
    figures = finding.figures
    assert figures["train_loss"] < 0.35
    assert figures["rise"] > 0.1
    assert finding.since == figures["best_epoch"] + 1
    assert f"kept epoch {figures['best_epoch']}" in finding.tries[0]


def test_a_gap_that_does_not_widen_is_no_over_fitting() -> None:
    fitted = train(network(), recipe(epochs=15), train=blobs(32), val=blobs(24, seed=1))
    assert fitted.history[-1]["train_accuracy"] == 1.0
    assert names(fitted) == []

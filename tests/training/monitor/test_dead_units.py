"""ReLUs that died, and ReLUs that were never alive."""

from __future__ import annotations

import pytest

from deepcovid.training.recipe import Optimiser
from tests.training.monitor.making import blobs, names, network, recipe, train

torch = pytest.importorskip("torch")


def test_units_that_a_long_step_killed_are_named_by_layer() -> None:
    how = recipe(optimiser=Optimiser(learning_rate=0.3), epochs=5)
    fitted = train(network(norm=False), how, train=blobs(48), val=blobs(24))
    assert "dead-units" in names(fitted)
    finding = next(one for one in fitted.findings if one.name == "dead-units")
    assert all(layer["dead"] >= 0.8 * layer["units"] for layer in finding.figures["layers"].values())


def test_a_layer_that_lets_nothing_through_from_the_start_is_named() -> None:
    net = network(norm=False)
    with torch.no_grad():
        net[3].bias.fill_(-100.0)
    fitted = train(net, recipe(epochs=3), train=blobs(48), val=blobs(24))
    assert names(fitted) == ["dead-units"]
    assert "(16 of them were so before the first step)" in fitted.findings[0].evidence
    assert "starting weights or biases" in fitted.findings[0].causes[1]


def test_some_units_that_are_dead_by_construction_raise_nothing() -> None:
    net = network(norm=False)
    with torch.no_grad():
        net[3].bias[:10] = -100.0  # 10 of 16
    fitted = train(net, recipe(epochs=6), train=blobs(48), val=blobs(24))
    assert names(fitted) == []

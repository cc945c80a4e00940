"""Learning rates at which the loss flies off."""

from __future__ import annotations

import pytest

from deepcovid.training.recipe import Optimiser
from tests.training.monitor.making import Heard, blobs, names, network, recipe, train

pytest.importorskip("torch")
NAME = "learning-rate-too-high"


@pytest.mark.parametrize(
    ("norm", "optimiser"),
    [
        (True, Optimiser(learning_rate=3.0)),
        (False, Optimiser(learning_rate=0.3)),
        (False, Optimiser(name="sgd", learning_rate=1.0)),
    ],
)
def test_it_is_named_while_it_happens(norm: bool, optimiser: Optimiser) -> None:
    heard = Heard()
    how = recipe(optimiser=optimiser, epochs=6)
    fitted = train(network(norm=norm), how, train=blobs(48), val=blobs(24, seed=1), progress=heard)
    assert NAME in names(fitted)
    told = [sentence for sentence in heard.warnings if "At a learning rate of" in sentence]
    assert len(told) == 1
    assert "--learning-rate" in told[0]


def test_a_short_training_of_a_wild_rate_is_named() -> None:
    assert NAME in names(train(network(), recipe(30.0, epochs=1), train=blobs(48), val=blobs(24)))


@pytest.mark.parametrize("rate", [1e-3, 1e-2])
def test_ordinary_rates_raise_nothing(rate: float) -> None:
    assert names(train(network(), recipe(rate, epochs=6), train=blobs(48), val=blobs(24, seed=1))) == []

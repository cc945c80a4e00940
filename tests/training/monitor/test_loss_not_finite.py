"""A loss that is no number: by films, by the learning rate, by weights."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.training.monitor import TrainingFailed
from deepcovid.training.monitor.loss_not_finite import NAME
from deepcovid.training.recipe import Optimiser
from tests.training.monitor.making import blobs, network, recipe, train

torch = pytest.importorskip("torch")


def test_films_with_values_that_are_no_numbers_are_the_first_cause() -> None:
    pixels, targets = blobs(24)
    pixels[5] = np.nan
    with pytest.raises(TrainingFailed, match="no longer a number in epoch 1") as caught:
        train(network(), recipe(), train=(pixels, targets), val=blobs(12))
    (finding,) = caught.value.findings
    assert finding.name == NAME
    assert "values that are no numbers" in finding.causes[0]
    assert finding.figures["films_finite"] is False
    assert "look at the films" in caught.value.mend
    assert "lower the learning rate" in caught.value.mend


def test_a_diverging_loss_has_its_learning_rate_as_cause_and_the_steps_before_as_evidence() -> None:
    how = recipe(optimiser=Optimiser(name="sgd", learning_rate=1e4))
    with pytest.raises(TrainingFailed) as caught:
        train(network(norm=False), how, train=blobs(48), val=blobs(12))
    (finding,) = caught.value.findings
    assert "learning rate that is too high" in finding.causes[0]
    assert "the films hold numbers only" in finding.evidence
    before = finding.figures["before"]
    assert max(before) > 5 * before[0]


def test_weights_that_are_no_numbers_from_the_start_are_told() -> None:
    net = network()
    with torch.no_grad():
        net[0].weight[0] = float("nan")
    with pytest.raises(TrainingFailed) as caught:
        train(net, recipe(), train=blobs(24), val=blobs(12))
    assert "starting weights" in caught.value.findings[0].causes[0]
    assert "the first of the training" in caught.value.findings[0].evidence

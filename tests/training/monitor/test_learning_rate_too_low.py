"""Learning rates at which nothing moves."""

from __future__ import annotations

import pytest

from deepcovid.training.recipe import Optimiser
from tests.training.monitor.making import blobs, names, network, recipe, train

pytest.importorskip("torch")
NAME = "learning-rate-too-low"


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("optimiser", [Optimiser(learning_rate=1e-8), Optimiser(name="sgd", learning_rate=1e-7)])
def test_it_is_named_with_how_little_moved(norm: bool, optimiser: Optimiser) -> None:
    fitted = train(network(norm=norm), recipe(optimiser=optimiser, epochs=4), train=blobs(48), val=blobs(24))
    assert NAME in names(fitted)
    finding = next(one for one in fitted.findings if one.name == NAME)
    assert finding.figures["weights_moved"] < 1e-4
    assert f"At a learning rate of {optimiser.learning_rate:g}" in finding.evidence


def test_one_epoch_is_too_short_to_tell() -> None:
    assert names(train(network(), recipe(1e-8, epochs=1), train=blobs(48), val=blobs(24))) == []


def test_a_warm_up_is_waited_for() -> None:
    from deepcovid.training.monitor.course import Course
    from deepcovid.training.monitor.learning_rate_too_low import learning_rate_too_low
    from tests.training.monitor.test_stuck_at_majority import _seen

    seen = [_seen(epoch, moved=1e-6, weights_moved=1e-6) for epoch in range(1, 7)]
    assert learning_rate_too_low(Course(seen=seen, planned=30, warm_up=9.0)) is None
    assert learning_rate_too_low(Course(seen=seen, planned=30)) is not None

"""A rare class that is never called."""

from __future__ import annotations

import pytest

from tests.training.monitor.making import classes, films, names, network, recipe, train

pytest.importorskip("torch")


def test_a_rare_class_among_much_noise_is_named() -> None:
    """Blobs are painted over: five films in sixty are of class 1, and nothing tells them apart."""
    targets, truth = classes(60, every=12), classes(60, every=12)
    blank = films(classes(60) * 0)
    fitted = train(network(), recipe(1e-3, epochs=8), train=(blank, targets), val=(films(truth * 0, seed=1), truth))
    assert "class-never-predicted" in names(fitted)
    finding = next(one for one in fitted.findings if one.name == "class-never-predicted")
    assert finding.figures["class"] == 1
    assert "5 of 60 films" in finding.evidence
    assert "class-weights" in finding.tries[0]


def test_fewer_films_than_five_may_all_be_missed() -> None:
    targets = classes(60, every=20)
    blank = films(targets * 0)
    fitted = train(network(), recipe(1e-3, epochs=6), train=(blank, targets), val=(films(targets * 0, seed=1), targets))
    assert "class-never-predicted" not in names(fitted)


def test_of_three_classes_the_missing_one_is_named() -> None:
    from torch import nn

    targets = classes(60)
    targets[::12] = 2
    net = network()
    net[-1] = nn.Linear(16, 3)
    pixels = films(classes(60))
    fitted = train(
        net,
        recipe(1e-3, epochs=8, task="multi-class"),
        train=(pixels, targets),
        val=(films(classes(60), seed=1), targets),
    )
    told = {finding.name: finding.figures.get("class") for finding in fitted.findings}
    assert told == {"class-never-predicted": 2}

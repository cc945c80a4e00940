"""The range test on a convex problem whose every step can be computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.errors import DeepCovidError, RecipeError
from deepcovid.training.probe import Head, HeadData, head_material
from deepcovid.training.range_test import RatePass, Span, range_test
from deepcovid.training.rates import read_pass
from deepcovid.training.recipe import Optimiser, Recipe

torch = pytest.importorskip("torch")
# one feature of ±1 that is right in three of four: the logit z of the class has loss ¾ log(1 + e^−z) + ¼ log(1 + e^z),
# curvature ¼ · ¾ at its lowest point z = log 3, and moves by both outputs, so that descent is stable up to 2 / (2 · 3/16)
STABLE = 2 / (2 * 3 / 16)
SPAN = Span(lowest=1e-4, highest=100.0, steps=200)


@pytest.fixture(scope="module")
def fabric() -> object:
    import lightning_fabric

    return lightning_fabric.Fabric(accelerator="cpu", devices=1)


def convex() -> HeadData:
    features = np.repeat([[1.0], [-1.0]], 40, axis=0).astype(np.float32)
    targets = np.array([1] * 30 + [0] * 10 + [0] * 30 + [1] * 10)
    return HeadData(features, targets, [[row] for row in range(80)], features[:0], targets[:0])


def descent(data: HeadData, fabric: object, *, passes: int = 1, **values: object) -> tuple[list[RatePass], object]:
    recipe = Recipe(name="t", batch_size=80, optimiser=Optimiser(name="sgd", momentum=0.0)).changed(**values)
    zeros = Head({"weight": np.zeros((2, 1), np.float32), "bias": np.zeros(2, np.float32)})
    material = head_material(data, recipe=recipe, classes=2, fabric=fabric, start=zeros)
    return range_test(material, recipe=recipe, fabric=fabric, span=SPAN, passes=passes), material.model


def by_hand(rates: np.ndarray) -> np.ndarray:
    z, losses = 0.0, []
    for rate in rates:
        losses.append(0.75 * np.log1p(np.exp(-z)) + 0.25 * np.log1p(np.exp(z)))
        z -= 2 * rate * (0.25 / (1 + np.exp(-z)) - 0.75 / (1 + np.exp(z)))
    return np.array(losses)


def test_losses_are_those_of_gradient_descent_and_fly_off_beyond_two_over_the_curvature(fabric: object) -> None:
    (done,), model = descent(convex(), fabric)
    stable = done.rates < STABLE
    np.testing.assert_allclose(done.losses[stable], by_hand(done.rates[stable]), rtol=1e-5)
    lowest = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    flat = np.flatnonzero(done.losses < lowest + 1e-3)
    assert STABLE < done.rates[flat[-1]] < 4 * STABLE  # it takes some steps to leave the valley
    assert done.diverged
    assert all(float(numbers.detach().abs().max()) == 0 for numbers in model.parameters())  # nothing trained is kept
    reading = read_pass(done, span=SPAN)
    steepest = done.rates[np.argmin(np.gradient(by_hand(done.rates[stable]), np.log(done.rates[stable])))]
    assert reading.steepest == pytest.approx(steepest, rel=0.15)
    assert reading.least == pytest.approx(lowest, abs=1e-4)
    assert reading.begins < reading.steepest < reading.lowest < STABLE


def test_same_seed_same_bits_and_every_pass_has_batches_of_its_own(fabric: object) -> None:
    first, _ = descent(convex(), fabric, passes=2, batch_size=16)
    again, _ = descent(convex(), fabric, passes=2, batch_size=16)
    for one, other in zip(first, again, strict=True):
        assert one.losses.tobytes() == other.losses.tobytes()
    assert not np.array_equal(first[0].losses[:20], first[1].losses[:20])
    other, _ = descent(convex(), fabric, batch_size=16, seed=1)
    assert not np.array_equal(first[0].losses[:20], other[0].losses[:20])


def test_what_cannot_be_tested_is_refused(fabric: object) -> None:
    with pytest.raises(RecipeError, match=r"--min-lr.*--max-lr"):
        Span(lowest=1.0, highest=0.1)
    with pytest.raises(RecipeError, match="3 steps are too few"):
        Span(steps=3)
    data = convex()
    data.features[:] = np.nan
    with pytest.raises(DeepCovidError, match="first batch is no number"):
        descent(data, fabric)

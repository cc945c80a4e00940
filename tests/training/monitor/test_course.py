"""What the rules are given: losses of constant guesses, probabilities of pure batches, and the way through JSON."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from deepcovid.training.monitor.course import Layer, binary_entropy, entropy, log10_pure, seen_from, trailing
from tests.training.monitor.test_stuck_at_majority import _seen


def test_the_loss_of_the_best_constant_guess_is_the_entropy() -> None:
    assert entropy(np.array([5.0, 5.0])) == pytest.approx(math.log(2))
    assert entropy(np.array([3.0, 1.0])) == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert entropy(np.array([4.0, 0.0])) == 0.0


def test_the_constant_guess_under_a_weight_is_torchs_minimum() -> None:
    """Golden: the least of torch's binary cross-entropy with pos_weight over constant outputs."""
    torch = pytest.importorskip("torch")
    targets = torch.tensor([1.0] * 3 + [0.0] * 9)
    outputs = torch.linspace(-4, 4, 8001)
    weight = torch.tensor(5.0)
    losses = [
        float(torch.nn.functional.binary_cross_entropy_with_logits(out.expand(12), targets, pos_weight=weight))
        for out in outputs[::20]
    ]
    assert binary_entropy(np.array([0.25]), np.array([5.0])) == pytest.approx(min(losses), abs=1e-4)


def test_pure_batches_are_as_improbable_as_their_sizes_say() -> None:
    assert log10_pure([2, 2], np.array([0.5, 0.5])) == pytest.approx(math.log10(0.25))
    assert log10_pure([8] * 4, np.array([0.5, 0.5])) == pytest.approx(4 * math.log10(2 * 0.5**8))


def test_observations_go_through_json_unchanged() -> None:
    one = _seen(3, layers={"2": Layer(units=8, dead=2, died=1)}, moved=None)
    assert seen_from(json.loads(json.dumps(one.to_dict()))) == one


def test_epochs_at_the_end_are_counted_without_a_gap() -> None:
    seen = [_seen(epoch, steps=steps) for epoch, steps in enumerate((1, 0, 1, 1), 1)]
    assert trailing(seen, lambda one: one.steps == 1) == 2

"""From raw outputs to logits: torch and NumPy alike, and as Keras has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from deepcovid.errors import RecipeError
from deepcovid.models.outputs import OUTPUTS, link, link_array, units


def raw_outputs(output: str) -> np.ndarray:
    raw = np.random.default_rng(0).normal(scale=4, size=(50, units(2, output=output)))
    raw[:3] = [[-120.0], [120.0], [0.0]]
    return raw.astype(np.float32)


@pytest.mark.parametrize("output", OUTPUTS)
def test_torch_and_numpy_agree(output):
    raw = raw_outputs(output)
    ours = link_array(raw, output=output)
    assert ours.shape == (50, 2)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(link(torch.from_numpy(raw), output=output).numpy(), ours, rtol=1e-6, atol=1e-7)


def test_two_sigmoids_are_divided_by_their_sum():
    """keras/backend.py, categorical_crossentropy of probabilities: output / sum(output), then the log."""
    raw = torch.from_numpy(raw_outputs("sigmoids")[3:]).double()
    keras = raw.sigmoid() / raw.sigmoid().sum(dim=1, keepdim=True)
    torch.testing.assert_close(link(raw, output="sigmoids").softmax(dim=1), keras)


def test_one_sigmoid_is_the_probability_of_the_first_class():
    raw = torch.tensor([[2.0], [-1.0]])
    probabilities = link(raw, output="one-sigmoid").softmax(dim=1)
    torch.testing.assert_close(probabilities[:, :1], raw.sigmoid())


@pytest.mark.parametrize(
    ("classes", "output", "words"),
    [(3, "one-sigmoid", "two classes apart, not 3"), (0, "softmax", "0 classes"), (2, "tanh", "no output 'tanh'")],
)
def test_what_cannot_be_is_said(classes, output, words):
    with pytest.raises(RecipeError, match=words):
        units(classes, output=output)


def test_units_are_one_a_class_but_for_one_sigmoid():
    assert [units(4, output=output) for output in ("softmax", "sigmoids", "multi-label")] == [4, 4, 4]
    assert units(2, output="one-sigmoid") == 1

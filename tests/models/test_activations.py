"""Activations and their derivatives against torch's own backward pass."""

from __future__ import annotations

import pytest
import torch

from deepcovid.errors import RecipeError
from deepcovid.models.activations import ACTIVATIONS, build_activation, derivative


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_is_that_of_autograd(name):
    inputs = torch.tensor([-90.0, -4.0, -1.0, -0.1, 0.0, 0.1, 2.0, 90.0], requires_grad=True)
    build_activation(name)(inputs).sum().backward()
    torch.testing.assert_close(derivative(inputs.detach(), name=name), inputs.grad, rtol=1e-5, atol=1e-6)


def test_an_unknown_activation_lists_the_choices():
    with pytest.raises(RecipeError, match="no activation 'swish'") as caught:
        build_activation("swish")
    assert "leaky-relu" in caught.value.mend

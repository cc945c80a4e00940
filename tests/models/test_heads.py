"""Heads: their parts, their first numbers, their gradient without a backward pass."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from deepcovid.errors import RecipeError
from deepcovid.models.heads import LINEAR, HeadShape, build_head, dense_layers, head_gradient


def test_an_empty_shape_is_one_linear_layer():
    torch.manual_seed(1)
    head = build_head(5, units=2, shape=LINEAR)
    torch.manual_seed(1)
    assert torch.equal(head.weight, nn.Linear(5, 2).weight)
    assert isinstance(head, nn.Linear)


def test_parts_carry_their_names():
    """CoroNet's head: dropout 0.5, 256 units, four classes."""
    head = build_head(9, units=4, shape=HeadShape(hidden=(256,), dropout=0.5))
    assert list(dict(head.named_children())) == ["dropout", "hidden1", "activation1", "output"]
    assert [name for name in head.state_dict() if "weight" in name] == ["hidden1.weight", "output.weight"]
    assert head[0].p == 0.5
    assert isinstance(head[2], nn.ReLU)


def test_dense_layers_start_as_those_of_keras():
    """Glorot's uniform law: the variance is 2 / (inputs + outputs); biases are zero."""
    torch.manual_seed(0)
    hidden, last = dense_layers(build_head(300, units=2, shape=HeadShape(hidden=(500,))))
    assert hidden.weight.var().item() == pytest.approx(2 / 800, rel=0.02)
    assert hidden.weight.abs().max() <= (6 / 800) ** 0.5
    assert not hidden.bias.any()
    assert last.weight.abs().max() <= (6 / 502) ** 0.5


@pytest.mark.parametrize("hidden", [(), (4,), (4, 6, 3)])
def test_the_gradient_is_that_of_autograd(hidden):
    shape = HeadShape(hidden=hidden, activation="tanh", dropout=0.2)
    head = build_head(8, units=3, shape=shape).eval()
    features = torch.randn(5, 8, requires_grad=True)
    ours = head_gradient(head, features, activation=shape.activation)
    for unit in range(3):
        (theirs,) = torch.autograd.grad(head(features)[:, unit].sum(), features)
        torch.testing.assert_close(ours[:, unit], theirs)


@pytest.mark.parametrize("values", [{"hidden": (0,)}, {"dropout": 1.0}, {"kind": "svm", "hidden": (3,)}])
def test_shapes_that_cannot_be_are_refused(values):
    with pytest.raises(RecipeError, match="head"):
        HeadShape(**values)

"""The head: what stands between the neck and the raw outputs, and its gradient written as forward operations."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from deepcovid.errors import RecipeError
from deepcovid.models.activations import Activation, build_activation, derivative

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True, kw_only=True)
class HeadShape:
    """What stands between the neck and the logits.

    `hidden` are dense layers, each followed by `activation`; `dropout` stands before the first of them (or before the
    output); `kind` is "network" (trained by gradient steps) or "svm" (a linear support vector machine on frozen
    features, its decision turned into a probability by Platt's method).
    """

    hidden: tuple[int, ...] = ()
    activation: Activation = "relu"
    dropout: float = 0.0
    kind: Literal["network", "svm"] = "network"

    def __post_init__(self) -> None:
        if any(width < 1 for width in self.hidden) or not 0 <= self.dropout < 1:
            raise RecipeError(
                f"head: hidden {list(self.hidden)}, dropout {self.dropout}",
                mend="give widths from 1 and a dropout in [0, 1)",
            )
        if self.kind == "svm" and (self.hidden or self.dropout):
            raise RecipeError("head: an svm has no hidden layers and no dropout", mend="leave them out")


LINEAR = HeadShape()


def build_head(features: int, *, units: int, shape: HeadShape) -> nn.Module:
    """A head with random numbers from torch's global generator: features (N, D) → raw outputs (N, U).

    Without hidden layers and dropout it is one `nn.Linear`, with torch's first numbers; else an `nn.Sequential` with the
    parts dropout, hidden1, activation1, hidden2, …, output. Dense layers beside hidden ones start as Keras' do (Glorot
    and Bengio 2010, equation 16, and zero), since the documents' deep heads were trained there: torch's own first
    numbers are half as large, and through six layers the gradient comes out a thousand times smaller (docs/log.md).
    """
    from torch import nn

    parts: OrderedDict[str, nn.Module] = OrderedDict()
    if shape.dropout:
        parts["dropout"] = nn.Dropout(shape.dropout)
    widths = [features, *shape.hidden]
    for number, (inputs, outputs) in enumerate(pairwise(widths), start=1):
        parts[f"hidden{number}"] = nn.Linear(inputs, outputs)
        parts[f"activation{number}"] = build_activation(shape.activation)
    parts["output"] = nn.Linear(widths[-1], units)
    if shape.hidden:
        for part in parts.values():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)
    return nn.Sequential(parts) if len(parts) > 1 else parts["output"]


def dense_layers(head: nn.Module) -> list[nn.Linear]:
    """The dense layers of a head, in order; the last one gives the raw outputs."""
    from torch import nn

    return [part for part in head.modules() if isinstance(part, nn.Linear)]


def head_gradient(head: nn.Module, features: Tensor, *, activation: Activation) -> Tensor:
    """The gradient of every raw output with respect to the features: (N, D) → (N, U, D), without a backward pass.

    Args:
        head: of `build_head`, in evaluation mode (no dropout).
        features: what it receives.
        activation: of its hidden layers.
    """
    *hidden, last = dense_layers(head)
    slopes, values = [], features
    layer_activation = build_activation(activation)
    for layer in hidden:
        inputs = layer(values)
        slopes.append(derivative(inputs, name=activation))
        values = layer_activation(inputs)
    gradient = last.weight.expand(len(features), -1, -1) if not hidden else last.weight * slopes[-1][:, None]
    for layer, slope in zip(hidden[:0:-1], slopes[-2::-1], strict=True):
        gradient = (gradient @ layer.weight) * slope[:, None]
    return gradient @ hidden[0].weight if hidden else gradient

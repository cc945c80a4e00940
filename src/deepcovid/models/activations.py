"""Activation functions by name: as a layer, and as the derivative that a heat map needs where no gradient is at hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

from deepcovid.errors import RecipeError, did_you_mean

if TYPE_CHECKING:
    from torch import Tensor, nn

Activation = Literal["relu", "leaky-relu", "elu", "selu", "gelu", "silu", "tanh", "sigmoid"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
SLOPE = 0.01  # of leaky-relu below zero: torch's default
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017, equation 14


def build_activation(name: str) -> nn.Module:
    """The activation `name` as torch has it, with torch's defaults.

    Raises:
        RecipeError: no activation has that name.
    """
    from torch import nn

    layers: dict[str, type[nn.Module]] = {
        "relu": nn.ReLU,
        "leaky-relu": nn.LeakyReLU,
        "elu": nn.ELU,
        "selu": nn.SELU,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
    }
    if name not in layers:
        raise RecipeError(
            f"there is no activation {name!r}", mend=f"{did_you_mean(name, layers)}choose one of: {', '.join(layers)}"
        )
    return layers[name]()


def derivative(inputs: Tensor, *, name: Activation) -> Tensor:
    """The derivative of activation `name` at `inputs`, of any shape, by forward operations alone.

    At the kink of relu and its kin it is that of the left side, as torch's own backward pass has it.
    """
    import torch

    if name in {"relu", "leaky-relu"}:
        return torch.where(inputs > 0, 1.0, 0.0 if name == "relu" else SLOPE)
    if name == "elu":
        return torch.where(inputs > 0, 1.0, inputs.clamp(max=0).exp())
    if name == "selu":
        return SELU_SCALE * torch.where(inputs > 0, 1.0, SELU_ALPHA * inputs.clamp(max=0).exp())
    if name == "tanh":
        return 1 - inputs.tanh() ** 2
    if name == "gelu":  # Φ(x) + x φ(x), Hendrycks and Gimpel 2016
        below = 0.5 * (1 + torch.erf(inputs / math.sqrt(2)))
        return below + inputs * torch.exp(-(inputs**2) / 2) / math.sqrt(2 * math.pi)
    squashed = inputs.sigmoid()
    rest = 1 - squashed
    return squashed * rest if name == "sigmoid" else squashed * (1 + inputs * rest)

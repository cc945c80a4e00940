"""What a loop trains on: a model, the batches of an epoch, and how the model's outputs become raw outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

Batches = Iterable[tuple["torch.Tensor", "torch.Tensor"]]


def _itself(outputs: Any) -> torch.Tensor:
    return outputs


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """What a loop trains on.

    Attributes:
        model: what is trained; only parameters that require gradients move.
        train_batches: the (inputs, targets) batches of an epoch (from 0), on the device; targets as `Objective` takes them.
        val_batches: the batches of the validation films; may yield none where nothing depends on them.
        steps_per_epoch: how many batches an epoch has.
        class_weights: (K,) weights of the loss, or None.
        frozen: parts that stay in evaluation mode (dropout; BatchNorm unless the recipe lets it go on collecting).
        forward: the method of `model` that gives the raw outputs.
        raw_of: takes the raw outputs (N, U) from what that gives.
    """

    model: torch.nn.Module
    train_batches: Callable[[int], Batches]
    val_batches: Callable[[], Batches]
    steps_per_epoch: int
    class_weights: np.ndarray | None = None
    frozen: Sequence[torch.nn.Module] = ()
    forward: str = "forward"
    raw_of: Callable[[Any], torch.Tensor] = _itself

    def raw(self, net: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
        """The raw outputs (N, U) of a batch, by `model` or by what a device makes of it."""
        return self.raw_of(getattr(net, self.forward)(inputs))

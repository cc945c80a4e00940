"""A head on frozen features: the layers after the neck, trained by a recipe on arrays that were computed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.models.heads import HeadShape, build_head
from deepcovid.models.outputs import Output, link_array, units
from deepcovid.progress import Progress
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.loop import Fitted, epoch_seed, fit
from deepcovid.training.material import Batches, Material
from deepcovid.training.recipe import Recipe
from deepcovid.training.threads import threads

if TYPE_CHECKING:
    import lightning_fabric
    import torch
    from torch import nn


@dataclass(frozen=True)
class HeadData:
    """Features to train a head on.

    Attributes:
        features: float32 (M, D), a row for each film and draw.
        targets: int (M,), the class of each row; of several findings float (M, K), NaN where unknown.
        slots: the rows that may stand for each training film; an epoch takes one of each.
        val_features, val_targets: the validation films.
        groups: (M,) what rows belong together (a film's draws, a patient's films), where a fit holds some of them out;
            None: every row is on its own.
    """

    features: np.ndarray
    targets: np.ndarray
    slots: Sequence[Sequence[int]]
    val_features: np.ndarray
    val_targets: np.ndarray
    groups: np.ndarray | None = None


@dataclass(frozen=True)
class Head:
    """A trained head: its numbers, named as in its module's state dict, and how they become logits.

    Attributes:
        tensors: float32; `weight` (U, D) and `bias` (U,) of a head that is one linear layer.
        shape: hidden layers and dropout.
        output: how raw outputs become logits.
    """

    tensors: Mapping[str, np.ndarray]
    shape: HeadShape = field(default_factory=HeadShape)
    output: Output = "softmax"

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logits (N, K) of features (N, D)."""
        return link_array(self.raw(features), output=self.output)

    def raw(self, features: np.ndarray) -> np.ndarray:
        """Raw outputs (N, U) of features (N, D), without dropout."""
        if set(self.tensors) == {"weight", "bias"}:
            raw: np.ndarray = features @ self.tensors["weight"].T + self.tensors["bias"]
            return raw
        import torch

        with torch.inference_mode():
            raw = self.module(features.shape[1]).eval()(torch.from_numpy(features)).numpy()
        return raw

    def module(self, features: int) -> nn.Module:
        """The head as a module that takes (N, features)."""
        import torch

        last = [array for name, array in self.tensors.items() if name.endswith("bias")][-1]
        with torch.random.fork_rng(devices=[]):
            module = build_head(features, units=len(last), shape=self.shape)
        module.load_state_dict({name: torch.tensor(array) for name, array in self.tensors.items()})
        return module


def head_of(module: nn.Module, *, shape: HeadShape, output: Output) -> Head:
    """A head's module as arrays."""
    tensors = {name: tensor.detach().cpu().numpy() for name, tensor in module.state_dict().items()}
    return Head(tensors, shape, output)


def epoch_rows(data: HeadData, *, recipe: Recipe, epoch: int) -> np.ndarray:
    """The rows of an epoch in their order: one of each slot, shuffled; repeated when the recipe asks for more steps."""
    rng = np.random.default_rng(epoch_seed(recipe.seed, epoch, 1))
    wanted = recipe.steps_per_epoch * recipe.batch_size or len(data.slots)
    order = np.concatenate([rng.permutation(len(data.slots)) for _ in range(-(-wanted // len(data.slots)))])[:wanted]
    return np.array([data.slots[int(slot)][int(rng.integers(len(data.slots[int(slot)])))] for slot in order])


def train_head(
    data: HeadData,
    *,
    recipe: Recipe,
    classes: int,
    checkpoint: Checkpoint,
    fabric: lightning_fabric.Fabric,
    start: Head | None = None,
    class_weights: np.ndarray | None = None,
    progress: Progress | None = None,
) -> tuple[Head, Fitted]:
    """Train the head on frozen features (Deep-COVID, section III-B, where it is one layer).

    Args:
        data: features and targets.
        recipe: head, output, loss, optimiser, epochs and seed; same seed, same bits.
        classes: how many there are.
        checkpoint: where finished epochs are kept.
        fabric: the device.
        start: where the head starts from; None: random numbers from the seed.
        class_weights: (classes,) weights of the loss, or None.
        progress: told of every epoch.
    """
    material = head_material(
        data, recipe=recipe, classes=classes, fabric=fabric, start=start, class_weights=class_weights
    )
    with threads(1):  # the steps are too small to share
        fitted = fit(material, recipe=recipe, fabric=fabric, checkpoint=checkpoint, progress=progress)
    return head_of(material.model, shape=recipe.head, output=recipe.output), fitted


def head_material(
    data: HeadData,
    *,
    recipe: Recipe,
    classes: int,
    fabric: lightning_fabric.Fabric,
    start: Head | None = None,
    class_weights: np.ndarray | None = None,
) -> Material:
    """What a loop over a head trains on; the arguments are those of `train_head`."""
    import torch

    torch.manual_seed(recipe.seed)
    width = data.features.shape[1]
    if start is None:
        layers = build_head(width, units=units(classes, output=recipe.output), shape=recipe.head)
    else:
        layers = start.module(width)
    features, targets = torch.from_numpy(data.features), as_targets(data.targets)
    val_features, val_targets = torch.from_numpy(data.val_features), as_targets(data.val_targets)

    def train_batches(epoch: int) -> Batches:
        for rows in _batches(epoch_rows(data, recipe=recipe, epoch=epoch), recipe.batch_size):
            yield features[rows].to(fabric.device), targets[rows].to(fabric.device)

    def val_batches() -> Batches:
        if len(val_targets):
            yield val_features.to(fabric.device), val_targets.to(fabric.device)

    return Material(
        model=layers,
        train_batches=train_batches,
        val_batches=val_batches,
        steps_per_epoch=recipe.steps_per_epoch or -(-len(data.slots) // recipe.batch_size),
        class_weights=class_weights,
    )


def as_targets(targets: np.ndarray) -> torch.Tensor:
    """Targets as the loss takes them: classes int64 (N,), findings float32 (N, K)."""
    import torch

    tensor = torch.from_numpy(targets)
    return tensor.float() if targets.ndim == 2 else tensor.long()


def _batches(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]

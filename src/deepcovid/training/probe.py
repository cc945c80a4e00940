"""A head on frozen features: the last layer alone, trained by a recipe on arrays that were computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepcovid.progress import Progress
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.loop import Batches, Fitted, epoch_seed, fit
from deepcovid.training.recipe import Recipe
from deepcovid.training.threads import threads

if TYPE_CHECKING:
    import lightning_fabric


@dataclass(frozen=True)
class HeadData:
    """Features to train a head on.

    Attributes:
        features: float32 (M, D), a row for each film and draw.
        targets: int (M,), the class of each row.
        slots: the rows that may stand for each training film; an epoch takes one of each.
        val_features, val_targets: the validation films.
    """

    features: np.ndarray
    targets: np.ndarray
    slots: Sequence[Sequence[int]]
    val_features: np.ndarray
    val_targets: np.ndarray


@dataclass(frozen=True)
class Head:
    """A linear layer: weight float32 (K, D), bias float32 (K,)."""

    weight: np.ndarray
    bias: np.ndarray

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logits (N, K) of features (N, D)."""
        logits: np.ndarray = features @ self.weight.T + self.bias
        return logits


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
    """Train the last layer on frozen features (Deep-COVID, section III-B).

    Args:
        data: features and targets.
        recipe: loss, optimiser, epochs and seed; same seed, same bits.
        classes: outputs of the head.
        checkpoint: where finished epochs are kept.
        fabric: the device.
        start: where the head starts from; None: random numbers from the seed.
        class_weights: (classes,) weights of the loss, or None.
        progress: told of every epoch.
    """
    import torch

    torch.manual_seed(recipe.seed)
    layer = torch.nn.Linear(data.features.shape[1], classes)
    if start is not None:
        layer.load_state_dict({"weight": torch.tensor(start.weight), "bias": torch.tensor(start.bias)})
    features, targets = torch.from_numpy(data.features), torch.from_numpy(data.targets).long()
    val_features, val_targets = torch.from_numpy(data.val_features), torch.from_numpy(data.val_targets).long()

    def train_batches(epoch: int) -> Batches:
        for rows in _batches(epoch_rows(data, recipe=recipe, epoch=epoch), recipe.batch_size):
            yield features[rows].to(fabric.device), targets[rows].to(fabric.device)

    def val_batches() -> Batches:
        if len(val_targets):
            yield val_features.to(fabric.device), val_targets.to(fabric.device)

    with threads(1):  # the steps are too small to share
        fitted = fit(
            layer,
            recipe=recipe,
            train_batches=train_batches,
            val_batches=val_batches,
            steps_per_epoch=recipe.steps_per_epoch or -(-len(data.slots) // recipe.batch_size),
            fabric=fabric,
            checkpoint=checkpoint,
            class_weights=class_weights,
            progress=progress,
        )
    return Head(layer.weight.detach().cpu().numpy(), layer.bias.detach().cpu().numpy()), fitted


def _batches(rows: np.ndarray, size: int) -> list[np.ndarray]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]

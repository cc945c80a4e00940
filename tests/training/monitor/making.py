"""Trainings small enough for a test and real all the same: films with and without a blob, a small network, the loop."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.loop import Fitted, epoch_seed, fit
from deepcovid.training.material import Material
from deepcovid.training.recipe import Optimiser, Recipe
from tests.conftest import draw_film


class Heard:
    """Progress that remembers its warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def say(self, sentence: str) -> None:
        pass

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def track(self, things: Any, *, description: str, total: int | None = None) -> Any:
        yield from things


def classes(count: int, *, every: int = 2) -> np.ndarray:
    """int64 (N,): each `every`-th film is of class 1."""
    return (np.arange(count) % every == 0).astype(np.int64)


def films(targets: np.ndarray, *, seed: int = 0, side: int = 32) -> Any:
    """Films (N, 1, side, side) in [0, 1]; those of class 1 have a bright blob."""
    import torch

    rng = np.random.default_rng(seed)
    drawn = [draw_film(rng, positive=bool(target), side=side) for target in targets]
    return torch.tensor(np.stack(drawn)[:, None] / 255, dtype=torch.float32)


def network(*, norm: bool = True, width: int = 8, seed: int = 0) -> Any:
    """Three convolutions with ReLU, and two dense layers."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    layers: list[Any] = []
    before = 1
    for wide in (width, 2 * width, 2 * width):
        layers += [nn.Conv2d(before, wide, 3, padding=1), *([nn.BatchNorm2d(wide)] if norm else [])]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        before = wide
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * before, 16), nn.ReLU(), nn.Linear(16, 2)
    )


def recipe(rate: float = 3e-3, **values: Any) -> Recipe:
    """Ten epochs of batches of eight."""
    own: dict[str, Any] = {
        "trainable": "all",
        "epochs": 10,
        "batch_size": 8,
        "optimiser": Optimiser(learning_rate=rate),
    }
    return Recipe(name="t", **{**own, **values})


def train(
    net: Any,
    how: Recipe,
    *,
    train: tuple[Any, Any],
    val: tuple[Any, Any],
    order: Callable[[int], np.ndarray] | None = None,
    folder: Path | None = None,
    progress: Any = None,
    **options: Any,
) -> Fitted:
    """The loop on tensors; `order` gives the rows of an epoch (default: shuffled)."""
    import lightning_fabric
    import torch

    pixels, targets = (torch.as_tensor(part) for part in train)
    val_pixels, val_targets = (torch.as_tensor(part) for part in val)

    def shuffled(epoch: int) -> np.ndarray:
        return np.random.default_rng(epoch_seed(how.seed, epoch, 1)).permutation(len(pixels))

    def train_batches(epoch: int) -> Any:
        rows = (order or shuffled)(epoch)
        for start in range(0, len(rows), how.batch_size):
            chosen = rows[start : start + how.batch_size]
            yield pixels[chosen], targets[chosen]

    def val_batches() -> Any:
        for start in range(0, len(val_pixels), how.batch_size):
            yield val_pixels[start : start + how.batch_size], val_targets[start : start + how.batch_size]

    with tempfile.TemporaryDirectory() as place:
        return fit(
            Material(
                model=net,
                train_batches=train_batches,
                val_batches=val_batches,
                steps_per_epoch=-(-len(pixels) // how.batch_size),
                **options,
            ),
            recipe=how,
            fabric=lightning_fabric.Fabric(accelerator="cpu", devices=1),
            checkpoint=Checkpoint(folder or Path(place), identity="x"),
            progress=progress,
        )


def blobs(count: int = 48, *, every: int = 2, seed: int = 0) -> tuple[Any, np.ndarray]:
    """Films and their classes."""
    targets = classes(count, every=every)
    return films(targets, seed=seed), targets


def rawat_batches(targets: np.ndarray) -> Any:
    """Films for Rawat's fourth network, 64 px."""
    return films(targets, side=64)


def rawat(*, seed: int = 0) -> tuple[Any, Recipe]:
    """Rawat's fourth network with its recipe, four steps an epoch, and what `fit` needs to run it."""
    import torch

    from deepcovid.models.zoo import build_network
    from deepcovid.training.recipe import load_recipe

    how = load_recipe("rawat-cnn-local-maxima")
    torch.manual_seed(seed)
    net = build_network(how.network, classes=2, preprocessing=how.preprocessing, head=how.head, output=how.output)
    return net, how


def names(fitted: Fitted) -> list[str]:
    """The symptoms that were found."""
    return [finding.name for finding in fitted.findings]

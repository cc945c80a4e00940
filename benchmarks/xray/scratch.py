"""Training a whole network from random numbers: what weights that have seen chests have to be better than.

The highest rate of its cycle is chosen among `RATES` for each network, on films of the patients that the pretraining learns
from (normal against abnormal of NIH and Kermany, 80 % to learn from): no film that anything is measured on takes part.
`benchmarks/xray_scratch.py` does that.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.features.store import FeatureStore
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.zoo import build_network
from deepcovid.storage import read_json, sha256_json, write_json
from deepcovid.training.checkpoint import Checkpoint
from deepcovid.training.finetune import FilmData, finetune
from deepcovid.training.recipe import Optimiser, Recipe, Schedule
from xray.tasks import Task

RATES = (3e-4, 1e-3, 3e-3)
SCRATCH = Recipe(
    name="scratch", trainable="all", weights="none", epochs=30, batch_size=32, balance="class-weights",
    optimiser=Optimiser(name="adamw", learning_rate=1e-3, weight_decay=1e-4),
    schedule=Schedule(name="one-cycle"), augmentation=Augmentation(rotation=(-10.0, 10.0), crop=(0.8, 1.0), contrast=0.2),
)  # fmt: skip


def recipe_of(network: str, preprocessing: Preprocessing, *, rate: float, epochs: int = SCRATCH.epochs) -> Recipe:
    """The recipe for a network."""
    optimiser = replace(SCRATCH.optimiser, learning_rate=rate)
    return replace(SCRATCH, network=network, preprocessing=preprocessing, optimiser=optimiser, epochs=epochs)


@dataclass(frozen=True, kw_only=True)
class Where:
    """The device that trains, and processes that fetch films; any number of these gives the same films."""

    device: str = "cpu"
    loaders: int = 0


def trained(
    store: FeatureStore, keys: list[str], positive: np.ndarray, *, recipe: Recipe, where: Where = Where()
) -> Any:
    """A whole network, trained from random numbers on films of the store; in evaluation mode, on the processor."""
    import lightning_fabric

    fabric = lightning_fabric.Fabric(accelerator=where.device, devices=1)
    targets = positive.astype(np.int64)
    network = build_network(recipe.network, classes=2, preprocessing=recipe.preprocessing)
    load_backbone_weights(network, "none", seed=recipe.seed)
    with tempfile.TemporaryDirectory() as folder:
        finetune(
            network,
            store=store,
            train=FilmData(keys, targets),
            val=FilmData([], targets[:0]),
            recipe=recipe,
            checkpoint=Checkpoint(Path(folder), identity="from scratch"),
            fabric=fabric,
            class_weights=len(targets) / (2 * np.bincount(targets, minlength=2)),
            workers=where.loaders,
        )
    return network.cpu().eval()


def logits_of(network: Any, store: FeatureStore, keys: list[str]) -> np.ndarray:
    """The log odds of the positive class (N,)."""
    import torch

    with torch.inference_mode():
        films = torch.from_numpy(np.stack([store.array(key) for key in keys]))[:, None]
        logits = torch.cat([network(part)[0] for part in films.split(32)]).numpy()
    apart: np.ndarray = logits[:, 1] - logits[:, 0]
    return apart


def from_nothing(
    task: Task, store: FeatureStore, keys: list[str], *, recipe: Recipe, folder: Path, where: Where = Where()
) -> tuple[np.ndarray, list[str]]:
    """Out-of-fold scores of whole networks that were trained from random numbers in each fold of the first division, and the
    device that trained each.

    A fold that `folder` holds is not trained again.
    """
    mine, devices = [keys[row] for row in task.rows], []

    def score(train: np.ndarray, test: np.ndarray) -> np.ndarray:
        told = {
            "recipe": recipe.to_dict(),
            "train": [(mine[row], bool(task.positive[row])) for row in train],
            "test": [mine[row] for row in test],
        }
        kept = folder / f"fold-{sha256_json(told)[:16]}.json"
        if not kept.exists():
            network = trained(store, [mine[row] for row in train], task.positive[train], recipe=recipe, where=where)
            write_json(kept, {"device": where.device, "scores": logits_of(network, store, told["test"]).tolist()})
            print(f"{task.name}: a fold from scratch", flush=True)
        fold = read_json(kept)
        devices.append(fold["device"])
        return np.array(fold["scores"])

    return task.out_of_fold(score, divisions=1), devices

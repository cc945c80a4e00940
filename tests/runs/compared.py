"""Run folders as a training leaves them, drawn from a seed: two detectors of one table, and whatever differs between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.storage import write_json, write_table, write_tensors
from deepcovid.training.recipe import load_recipe


def films(*, patients: int = 60, each: int = 1, seed: int = 0) -> pd.DataFrame:
    """A table of films, two thirds of the patients on the test side; nothing is on the disk."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"patient": np.repeat([f"p{number:03d}" for number in range(patients)], each)})
    frame["image"] = [f"../../films/{number:04d}.png" for number in range(len(frame))]
    frame["label"] = np.repeat(np.where(rng.random(patients) < 0.4, "covid", "normal"), each)
    frame["split"] = np.repeat(np.where(np.arange(patients) % 3 == 0, "val", "test"), each)
    return frame.assign(source="north")


def make_run(folder: Path, frame: pd.DataFrame, *, gap: float, seed: int = 1, **changes: Any) -> Path:
    """A run folder whose scores tell the classes apart by `gap` standard deviations."""
    rng = np.random.default_rng(seed)
    logits = gap * (frame["label"] == "covid") - gap / 2 + rng.normal(size=len(frame))
    write_table(folder / "scores.parquet", frame.assign(score=1 / (1 + np.exp(-logits))))
    recipe = load_recipe("rawat-vgg16").changed(epochs=30)
    config = {"recipe": recipe.to_dict(), "table_hash": "a" * 64, "positive": "covid", "normal": "normal"}
    config |= {"label_column": "label"} | changes
    sides = {side: {"films": int((frame["split"] == side).sum())} for side in ("val", "test")}
    training = {"epochs": 3, "kept_epoch": 2, "stopped_early": True}
    write_json(folder / "run.json", {"config": config, "data": {"sides": sides}, "training": training})
    history = pd.DataFrame({"epoch": [1, 2, 3], "train_loss": [0.7, 0.5, 0.3], "train_accuracy": [0.5, 0.8, 0.9]})
    films_of = sides["val"]["films"]
    write_table(
        folder / "history.csv", history.assign(val_loss=[0.7, 0.6, 0.65], val_accuracy=np.array([8, 12, 11]) / films_of)
    )
    tensors = {
        "backbone.0.weight": (4, 3, 3, 3),
        "backbone.1.running_mean": (4,),
        "head.weight": (2, 4),
        "head.bias": (2,),
    }
    named = {name: np.zeros(shape, dtype=np.float32) for name, shape in tensors.items()}
    write_tensors(folder / "detector" / "weights.safetensors", named)
    return folder

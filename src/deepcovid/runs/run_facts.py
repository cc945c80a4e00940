"""What a finished run says of its training: figures by epoch, parameters, sizes: the columns of Rawat's Table 11."""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.errors import DeepCovidError
from deepcovid.evaluation.intervals import wilson
from deepcovid.models.detector import GRAPH, WEIGHTS
from deepcovid.runs.folder import RECORD
from deepcovid.storage import read_json

MEGABYTE = 1_000_000
FLOAT = 4  # bytes
MOMENTS = {"adam": 2, "adamw": 2, "sgd": 1}  # numbers that an optimiser keeps for each parameter that it moves
MEASURES = ("val_accuracy", "train_accuracy", "val_loss", "train_loss")
STATISTICS = ("running_mean", "running_var")
HEAD, COMBINER = "head.", "combiner."


def run_facts(folder: Path) -> dict[str, Any]:
    """Training, parameters and sizes of a run folder; None for what its files do not tell.

    Returns:
        `recipe`, `table_hash`, `films` (of each side), `epochs` (`run`, `allowed`, `kept`), `kept` and `last` (accuracy
        and loss on validation and training films; the accuracy on validation with its interval), `parameters` (`all`,
        `trainable`, `statistics` of BatchNorm), `megabytes` (`weights`, `onnx`, `with_optimiser`), `notes`.
    """
    record = read_json(folder / RECORD)
    config, recipe = record.get("config", {}), record.get("config", {}).get("recipe", {})
    history = read_history(folder)
    sides = record.get("data", {}).get("sides", {})
    counted, notes = _parameters(folder / "detector" / WEIGHTS, recipe)
    kept = record.get("training", {}).get("kept_epoch")
    return {
        "recipe": recipe.get("name"),
        "table_hash": config.get("table_hash"),
        "films": {side: told.get("films") for side, told in sides.items()},
        "epochs": {
            "run": None if history is None else len(history),
            "allowed": None if recipe.get("members") else recipe.get("epochs"),
            "kept": kept,
            "keep": None if recipe.get("members") else recipe.get("keep"),
        },
        "kept": None if history is None else _at(history, kept, films=sides.get("val", {}).get("films")),
        "last": None if history is None else _at(history, len(history), films=sides.get("val", {}).get("films")),
        "parameters": counted,
        "megabytes": _sizes(folder, counted, recipe),
        "notes": notes,
    }


def read_history(folder: Path) -> pd.DataFrame | None:
    """history.csv with a column `best` at the kept epoch, or None where there is none."""
    path = folder / "history.csv"
    if not path.is_file():
        return None
    history = pd.read_csv(path)
    kept = read_json(folder / RECORD).get("training", {}).get("kept_epoch")
    return history.assign(best=history["epoch"] == kept) if len(history) else None


def _at(history: pd.DataFrame, epoch: int | None, *, films: int | None) -> dict[str, Any] | None:
    rows = history[history["epoch"] == epoch]
    if not len(rows):
        return None
    told: dict[str, Any] = {"epoch": int(rows["epoch"].iloc[0])}
    for name in MEASURES:
        value = float(rows[name].iloc[0]) if name in rows else math.nan
        told[name] = value if math.isfinite(value) else None
    if told["val_accuracy"] is not None and films:
        told["val_accuracy"] = wilson(round(told["val_accuracy"] * films), n=films).to_dict()
    elif told["val_accuracy"] is not None:
        told["val_accuracy"] = {"value": told["val_accuracy"], "low": None, "high": None, "n": None}
    return told


def _parameters(weights: Path, recipe: dict[str, Any]) -> tuple[dict[str, int | None], list[str]]:
    if not weights.is_file():
        return {"all": None, "trainable": None, "statistics": None}, []
    counts = _counted(weights)
    statistics = sum(n for name, n in counts.items() if name.endswith(STATISTICS))
    own = {name: n for name, n in counts.items() if not name.endswith((*STATISTICS, "num_batches_tracked"))}
    if recipe.get("members"):
        return _of_a_stack(own, statistics)
    moving = recipe.get("trainable")
    if moving == "all":
        trainable: int | None = sum(own.values())
    elif moving == "head":
        trainable = sum(n for name, n in own.items() if name.startswith(HEAD))
    else:
        trainable = _of_blocks(recipe)
    notes = (
        []
        if trainable is not None
        else ["How many parameters were trained is not told: counting blocks needs PyTorch."]
    )
    return {"all": sum(own.values()), "trainable": trainable, "statistics": statistics}, notes


def _of_a_stack(own: dict[str, int], statistics: int) -> tuple[dict[str, int | None], list[str]]:
    combiner = sum(n for name, n in own.items() if name.startswith(COMBINER))
    notes = [
        f"A stack: {combiner} of its parameters are the combiner's; how its members were trained, their own runs tell."
    ]
    return {"all": sum(own.values()), "trainable": None, "statistics": statistics}, notes


def _counted(weights: Path) -> dict[str, int]:
    """How many numbers each tensor of a safetensors file has, by its header alone."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, framework="numpy") as file:
            return {name: math.prod(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise DeepCovidError(
            f"this is no whole safetensors file ({error})", path=weights, mend="train again, or copy the run again"
        ) from error


def _of_blocks(recipe: dict[str, Any]) -> int | None:
    """The parameters of the last blocks and the head, by the network built anew without numbers; None without torch."""
    if find_spec("torch") is None:
        return None
    from deepcovid.training.feasible import moving_parameters
    from deepcovid.training.recipe import recipe_from

    return moving_parameters(recipe_from(recipe, where="run.json"))


def _sizes(folder: Path, counted: dict[str, int | None], recipe: dict[str, Any]) -> dict[str, float | None]:
    """Megabytes (10⁶ bytes) of the files, and of the weights as Keras saves them: with what the optimiser keeps."""
    files = {"weights": folder / "detector" / WEIGHTS, "onnx": folder / "detector" / GRAPH}
    sizes: dict[str, float | None] = {
        name: path.stat().st_size / MEGABYTE if path.is_file() else None for name, path in files.items()
    }
    moments = MOMENTS.get(recipe.get("optimiser", {}).get("name", ""))
    everything, statistics, trainable = (counted[name] for name in ("all", "statistics", "trainable"))
    sizes["with_optimiser"] = None
    if moments is not None and everything is not None and statistics is not None and trainable is not None:
        sizes["with_optimiser"] = saved_megabytes(everything + statistics, trainable=trainable, moments=moments)
    return sizes


def saved_megabytes(numbers: int, *, trainable: int, moments: int = 2) -> float:
    """What Keras saves of a training, in millions of bytes: all numbers and, of those that move, the optimiser's `moments`.

    Rawat's own network of 40,317,025 numbers takes 483.8 MB so; he prints 483.9 as the size of the model.
    """
    return FLOAT * (numbers + moments * trainable) / MEGABYTE

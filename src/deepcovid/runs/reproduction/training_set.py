"""A document's set of recipes trained on one table, each in a run folder of its own that is resumed or taken as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from deepcovid.datasets.table import Table
from deepcovid.errors import WeightsError
from deepcovid.progress import Progress
from deepcovid.runs.folder import RECORD
from deepcovid.runs.reproduction.outcome import Wishes
from deepcovid.runs.train import Run, train
from deepcovid.storage import read_json
from deepcovid.training.recipe import load_recipe

QUICK_EPOCHS = 2


def train_set(table: Table, names: Iterable[str], wishes: Wishes, progress: Progress) -> dict[str, Run]:
    """Train each recipe on the table's sides; runs by recipe.

    Args:
        table: films with a split, or without one (then split by patient).
        names: recipes.
        wishes: epochs, weights, folder.
        progress: told what happens.
    """
    runs = {}
    for name in names:
        folder = wishes.out / name
        epochs = wishes.epochs or (QUICK_EPOCHS if wishes.quick else None)
        recipe = load_recipe(name).changed(epochs=epochs)
        settings = replace(
            wishes.settings, weights=weights_for(name, recipe.network, wishes), resume=(folder / RECORD).exists()
        )
        progress.say(f"{name}:")
        runs[name] = train(table, recipe=recipe, out=folder, settings=settings, progress=progress)
    return runs


def weights_for(recipe: str, network: str, wishes: Wishes) -> str | None:
    """What a recipe starts from: --weights itself, or the file or detector in that folder that bears its name.

    Raises:
        WeightsError: the folder has nothing for this recipe, or several things.
    """
    if wishes.weights is None or not Path(wishes.weights).is_dir() or (Path(wishes.weights) / "detector.json").exists():
        return wishes.weights
    folder = Path(wishes.weights)
    found = [
        entry
        for entry in sorted(folder.iterdir())
        if entry.stem in {recipe, network} or entry.name.startswith((f"{network}-", f"{network}_"))
    ]
    if len(found) != 1:
        told = ", ".join(entry.name for entry in found) or "nothing"
        raise WeightsError(
            f"for {recipe} the folder has {told}",
            path=folder,
            mend=f"put one file named {network}.safetensors (or the published {network}-….pth) into it",
        )
    return str(found[0])


def sentence_on_weights(runs: dict[str, Run]) -> str:
    """What the networks started from, as their runs say."""
    told = dict.fromkeys(read_json(run.folder / RECORD)["weights"]["sentence"] for run in runs.values())
    return " ".join(told)

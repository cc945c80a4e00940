"""A document's set of recipes trained on one table, each in a run folder of its own that is resumed or taken as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deepcovid.datasets.table import Table
from deepcovid.progress import Progress
from deepcovid.runs.folder import RECORD
from deepcovid.runs.reproduction.outcome import Wishes
from deepcovid.runs.train import Run, train
from deepcovid.runs.weights_folder import weights_within
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
        recipe = load_recipe(name)
        recipe = recipe if recipe.head.kind == "svm" else recipe.changed(epochs=epochs)  # an svm has none
        # a stack looks in the folder for each of its members
        weights = wishes.weights if recipe.members else weights_for(name, recipe.network, wishes)
        settings = replace(wishes.settings, weights=weights, resume=(folder / RECORD).exists())
        progress.say(f"{name}:")
        runs[name] = train(table, recipe=recipe, out=folder, settings=settings, progress=progress)
    return runs


def weights_for(recipe: str, network: str, wishes: Wishes) -> str | None:
    """What a recipe starts from: --weights itself, or the file or detector in that folder that bears its name.

    Raises:
        WeightsError: the folder has nothing for this recipe, or several things.
    """
    return None if wishes.weights is None else weights_within(wishes.weights, recipe=recipe, network=network)


def sentence_on_weights(runs: dict[str, Run]) -> str:
    """What the networks started from, as their runs say."""
    told = dict.fromkeys(read_json(run.folder / RECORD)["weights"]["sentence"] for run in runs.values())
    return " ".join(told)

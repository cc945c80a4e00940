"""Sixteen real films, and every recipe made small enough to learn them by heart in seconds: what of it is replaced, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import RecipeError
from deepcovid.features.extraction import resized_film
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.models.zoo import feature_map_shape
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.training.recipe import Recipe, Schedule

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

FILMS = {"covid": 7, "normal": 3, "bacterial": 3, "viral": 3}
BACTERIA = ("Streptococcus", "Klebsiella", "Legionella")
FOUR_CLASSES = ("coronet", "covidaid")  # covid, normal, bacterial, viral; other recipes of several classes have three

SIZES = (32, 48, 80)  # px; the first that the network takes: 48 is Rawat's own network's, 80 the Inceptions'
EPOCHS = 2  # an epoch writes all numbers of network and optimiser to disk, so few epochs of many steps
STEPS = {
    "head": 300,
    "script": 32,
    "whole": 16,
}  # of a head on stored features, on films drawn anew, of what moves beside it
RATES = {"head": 0.03, "script": 0.003, "whole": 0.001}
# no BatchNorm: Rawat's own have four and six dense layers behind convolutions
STEPS |= {"rawat-cnn": 140, "rawat-cnn-local-maxima": 80, "deepcovid-squeezenet-script": 100}
RATES |= {"rawat-cnn": 0.002, "rawat-cnn-local-maxima": 0.003, "deepcovid-squeezenet-script": 0.1}


def sixteen_films(folder: Path) -> Table:
    """Seven films of covid, three each of normal, bacterial and viral pneumonia, no two of one patient, all to train on.

    `label` is covid, normal or other; `cause` tells bacteria (by their name) from viruses (by the names of Kermany's files).
    """
    table = load_table(folder / "table.csv")
    frame = table.frame.drop_duplicates("patient").assign(split="train")
    cause = frame["label"].astype("str").mask(frame["findings"].isin(BACTERIA), "bacterial")
    cause = cause.mask(frame["original"].astype("str").str.contains("_virus"), "viral")
    chosen = [frame[cause == name].head(count).assign(cause=name) for name, count in FILMS.items()]
    return table.with_frame(pd.concat(chosen).reset_index(drop=True))


def prepared_for(recipe: Recipe, table: Table) -> Prepared:
    """The films with the classes that the recipe tells apart."""
    column = "cause" if recipe.name in FOUR_CLASSES else "label"
    return prepare_unsplit(table, positive="covid", label_column=column, task=recipe.task)


def small(recipe: Recipe) -> Recipe:
    """The recipe with these keys replaced; network, neck, head, output, loss, balance, batches, classes and all else are its own.

    - `preprocessing.size`: the smallest of `SIZES`, for time.
    - `weights`: none, since a test downloads nothing.
    - `augmentation`, `draws`, `minority_count`, `early_stopping`, `keep`: off, few, and the last epoch: films that are to
      be learnt by heart stay as they are, and none is left to choose an epoch by.
    - `epochs`, `steps_per_epoch`, `schedule`, `optimiser.learning_rate`: one cycle of few steps at a higher rate, where the
      recipe takes thousands.
    - `optimiser.epsilon` of rawat-cnn-local-maxima, torch's: with its own 0.1 it takes hundreds of steps (docs/log.md).
    """
    values: dict[str, Any] = {
        "preprocessing": replace(recipe.preprocessing, size=_smallest(recipe)),
        "weights": "none",
        "augmentation": Augmentation(),
        "draws": 0,
        "minority_count": min(recipe.minority_count, FILMS["covid"] + 2),
        "early_stopping": None,
        "keep": "last",
    }
    if recipe.head.kind == "svm":  # it has neither steps nor rates
        return replace(recipe, **values)
    kind = "whole" if recipe.trainable != "head" else "head" if recipe.stored_features else "script"
    steps = STEPS.get(recipe.name, STEPS[kind])
    values |= {"epochs": EPOCHS, "steps_per_epoch": steps // EPOCHS, "schedule": Schedule(name="one-cycle")}
    if recipe.name == "rawat-cnn-local-maxima":
        values["optimiser"] = replace(recipe.optimiser, epsilon=1e-8)
    return replace(recipe, **values).changed(learning_rate=RATES.get(recipe.name, RATES[kind]))


def _smallest(recipe: Recipe) -> tuple[int, int]:
    for side in SIZES:
        size = (side, side)
        try:
            feature_map_shape(recipe.network, classes=2, preprocessing=replace(recipe.preprocessing, size=size))
        except RecipeError:
            continue
        return size
    raise AssertionError(f"{recipe.network} takes none of {SIZES}")


def settle(network: FilmNetwork, prepared: Prepared) -> None:
    """Give BatchNorm the films' own means and variances, and let it follow a training in three steps in place of thirty.

    Untrained, its 0 and 1 fit no film: signals fade or explode through a frozen network of random numbers, where
    published weights bring fitting ones. And a running mean takes a tenth of each step's: after the few steps here most
    of it would be of the start, and a network that is right on every film in training mode would be wrong on half of
    them as a detector (docs/log.md).
    """
    import torch

    norms = [part for part in network.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    for part in norms:
        part.momentum = 1.0
    paths = [prepared.table.image_path(image) for image in prepared.frame["image"]]
    films = np.stack([resized_film(path, network.preprocessing) for path in paths])[:, None]
    network.train()
    with torch.no_grad():
        network(torch.from_numpy(films))
    for part in norms:
        part.momentum = 0.5
    network.eval()

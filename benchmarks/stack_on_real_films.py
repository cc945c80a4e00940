"""Three cheap networks and a stack of them on the real films of one source: covid against everything else.

    python benchmarks/stack_on_real_films.py ../shared/data/cxr-512 --out runs/stack-real

Films of covid-chestxray alone, so that no hospital tells the label; sides by patient, 60 : 10 : 30. Two members are last
layers on random features, since no trained weights are at hand without a network: the figures are of stacking, not of what
such networks reach. Given again, it goes on where it was.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import get_args

from deepcovid.cli.console import Spoken
from deepcovid.datasets.splits import split_table
from deepcovid.datasets.table import load_table, save_table
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.models.stacking import CombinerKind
from deepcovid.runs.folder import RECORD
from deepcovid.runs.settings import Settings
from deepcovid.runs.stacking.stack import stack
from deepcovid.runs.train import train
from deepcovid.training.recipe import Recipe, load_recipe

SOURCE = "covid-chestxray"
SHARES = {"train": 0.6, "val": 0.1, "test": 0.3}
SETTINGS = Settings(weights="none", allow_random_backbone=True, device="cpu", threads=1, workers=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path, help="the folder with table.csv")
    parser.add_argument("--out", type=Path, required=True, help="where the table, the runs and the stacks go")
    given = parser.parse_args()
    whole = load_table(given.films / "table.csv")
    one = whole.with_frame(whole.frame[whole.frame["source"] == SOURCE].reset_index(drop=True))
    split = split_table(one.with_frame(one.frame.drop(columns="split", errors="ignore")), fractions=SHARES)
    save_table(split, given.out / "split.csv", allow_outside=True)
    table = load_table(given.out / "split.csv", allow_outside=True)
    runs = []
    for recipe in recipes():
        place = given.out / recipe.name
        print(f"{recipe.name}:", flush=True)
        settings = replace(SETTINGS, resume=(place / RECORD).exists())
        train(table, recipe=recipe, out=place, settings=settings, progress=Spoken())
        runs.append(place)
    for combiner in get_args(CombinerKind):
        out = given.out / f"stack-{combiner}"
        stacked = stack(runs, out=out, combiner=combiner, settings=SETTINGS, progress=Spoken())
        print(f"{combiner}: {stacked.sentence}\n  {stacked.record['sentence_out_of_fold']}", flush=True)


def recipes() -> list[Recipe]:
    """The members: a small network trained whole, a linear head and a support vector machine on random features."""
    dark, squeeze, mobile = (load_recipe(name) for name in ("darkcovidnet", "deepcovid-squeezenet", "mobilenet-svm"))
    small = replace(dark.changed(epochs=30), balance="class-weights", preprocessing=_at(dark, 64))
    # at the recipe's 1e-4 the loss of a head on random features is that of a coin after 100 epochs
    plain = replace(
        squeeze.changed(learning_rate=1e-2),
        minority_count=0,
        augmentation=Augmentation(),
        balance="class-weights",
        preprocessing=_at(squeeze, 128),
    )
    return [small, plain, replace(mobile, preprocessing=_at(mobile, 128))]


def _at(recipe: Recipe, side: int) -> Preprocessing:
    return replace(recipe.preprocessing, size=(side, side))


if __name__ == "__main__":
    main()

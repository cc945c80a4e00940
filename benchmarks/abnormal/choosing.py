"""The recipes that deepcovid's own detector was chosen from, by cross-validation on the patients that train it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from material import ADULTS, CHILDREN

from deepcovid.cli.console import Spoken
from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.evaluation.clustered import clustered_auc
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.runs.crossvalidation import Division, cross_validate
from deepcovid.runs.data import prepare_for
from deepcovid.runs.settings import Settings
from deepcovid.training.recipe import Optimiser, Recipe, Schedule

POSITIVE, NORMAL = "abnormal", "normal"
FOLDS = 5
MILD = Augmentation(rotation=(-7.0, 7.0), crop=(0.8, 1.0), contrast=0.2)


def _at(side: int) -> Preprocessing:
    return replace(IMAGENET, size=(side, side))


HEAD = Recipe(
    name="head", title="Normal or abnormal: last layer on our frozen backbone", network="squeezenet1_1", trainable="head",
    weights="xray", epochs=100, batch_size=32, optimiser=Optimiser(learning_rate=1e-3), preprocessing=_at(128),
)  # fmt: skip
WHOLE = Recipe(
    name="whole", title="Normal or abnormal: our backbone trained on at a low rate", network="squeezenet1_1", trainable="all",
    weights="xray", epochs=12, batch_size=32, optimiser=Optimiser(name="adamw", learning_rate=3e-4, weight_decay=1e-2),
    schedule=Schedule(name="one-cycle"), augmentation=MILD, preprocessing=_at(128),
)  # fmt: skip
CANDIDATES = {"head": HEAD, "head-192": replace(HEAD, preprocessing=_at(192)), "whole": WHOLE}


def settings_for(weights: str, **more: Any) -> Settings:
    """One core, so that the same command gives the same bytes."""
    return Settings(positive=POSITIVE, normal=NORMAL, weights=weights, device="cpu", threads=1, workers=1, **more)


def choose(films: Table, *, weights: str, names: list[str], out: Path, folds: int = FOLDS) -> dict[str, Any]:
    """The out-of-fold AUC of candidates on the training side, of adults and of children apart.

    Args:
        films: with `split` and `population`; other sides than `train` are not looked at.
        weights: what the backbone starts from.
        names: of `CANDIDATES`.
        out: where folds are kept; a finished one is not computed again.
        folds: how many of the five are run.
    """
    mine = films.frame[films.frame["split"] == "train"].drop(columns="split").reset_index(drop=True)
    settings, told = settings_for(weights), {}
    for name in names:
        recipe = CANDIDATES[name]
        prepared = prepare_for(films.with_frame(mine), recipe=recipe, settings=settings, progress=Spoken())
        division = Division(count=FOLDS, only=tuple(range(1, folds + 1)))
        scored = cross_validate(
            prepared, recipe=recipe, out=out / name, division=division, settings=settings, progress=Spoken()
        )
        told[name] = {
            population: area(scored.frame[scored.frame["population"] == population])
            for population in (ADULTS, CHILDREN)
        }
    return told


def area(frame: pd.DataFrame) -> dict[str, Any]:
    """The AUC of scored films, with its interval over patients."""
    codes, people = pd.factorize(group_ids(frame))
    found = clustered_auc(
        (frame["label"] == POSITIVE).to_numpy(), score=frame["score"].to_numpy(), patient=codes, patients=len(people)
    )
    return found.interval.to_dict()

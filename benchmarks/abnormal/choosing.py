"""The recipes that deepcovid's own detectors were chosen from, by cross-validation on the patients that train it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from material import NORMAL, POSITIVE, of_population

from deepcovid.cli.console import Spoken
from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.evaluation.clustered import clustered_auc
from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.preprocessing import IMAGENET, Preprocessing
from deepcovid.models.abnormal.words import ADULTS, CHILDREN
from deepcovid.runs.crossvalidation import Division, cross_validate
from deepcovid.runs.data import prepare_for
from deepcovid.runs.settings import Settings
from deepcovid.training.recipe import Optimiser, Recipe, Schedule

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
    """The out-of-fold AUC of candidates on the training side, of adults and of children, by one training on both and by one each.

    Args:
        films: with `split` and `population`; other sides than `train` are not looked at.
        weights: what the backbone starts from.
        names: of `CANDIDATES`.
        out: where folds are kept; a finished one is not computed again.
        folds: how many of the five are run.
    """
    mine = films.with_frame(films.frame[films.frame["split"] == "train"].drop(columns="split").reset_index(drop=True))
    told: dict[str, Any] = {}
    for name in names:
        both = _scored(mine, weights=weights, name=name, out=out / name / "both", folds=folds)
        told[name] = {one: {"both": area(both[both["population"] == one])} for one in (ADULTS, CHILDREN)}
        for one in (ADULTS, CHILDREN):
            alone = _scored(of_population(mine, one), weights=weights, name=name, out=out / name / one, folds=folds)
            told[name][one]["alone"] = area(alone)
    return told


def _scored(films: Table, *, weights: str, name: str, out: Path, folds: int) -> pd.DataFrame:
    """The held-out films with their scores."""
    recipe, settings = CANDIDATES[name], settings_for(weights)
    prepared = prepare_for(films, recipe=recipe, settings=settings, progress=Spoken())
    division = Division(count=FOLDS, only=tuple(range(1, folds + 1)))
    return cross_validate(
        prepared, recipe=recipe, out=out, division=division, settings=settings, progress=Spoken()
    ).frame


def area(frame: pd.DataFrame) -> dict[str, Any]:
    """The AUC of scored films, with its interval over patients."""
    codes, people = pd.factorize(group_ids(frame))
    found = clustered_auc(
        (frame["label"] == POSITIVE).to_numpy(), score=frame["score"].to_numpy(), patient=codes, patients=len(people)
    )
    return found.interval.to_dict()

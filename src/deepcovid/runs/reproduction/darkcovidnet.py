"""DarkCovidNet (Ozturk et al. 2020): five folds, film by film as published and by patient, two and three classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepcovid.audit.source_label import source_label
from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.errors import TableError
from deepcovid.evaluation.accuracy import accuracy
from deepcovid.progress import Progress
from deepcovid.reporting.published import PublishedFigure, published
from deepcovid.runs.crossvalidation import CrossValidated, Division, cross_validate
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.runs.folds import Grouping
from deepcovid.runs.reproduction.outcome import SMOKE, Line, Reproduction, Wishes
from deepcovid.training.recipe import Recipe, load_recipe

TITLE = "Ozturk et al. 2020: DarkCovidNet"
FOLDS = 5
QUICK_EPOCHS = 2
CLASSES = {2: ("no-findings", "covid"), 3: ("no-findings", "pneumonia", "covid")}
PUBLISHED_FILMS = {"covid": 125, "no-findings": 500, "pneumonia": 500}
RECIPES = {2: "darkcovidnet", 3: "darkcovidnet-3-class"}


def reproduce_darkcovidnet(table: Table, wishes: Wishes, progress: Progress) -> Reproduction:
    """Five folds of both tasks: the published accuracies beside ours, image-wise and patient-grouped.

    Args:
        table: films with the labels covid, no-findings and pneumonia in the settings' label column.
        wishes: which tasks, groupings and folds.
        progress: told what happens.

    Raises:
        TableError: the table has other labels.
    """
    lines: list[Line] = []
    warnings: list[str] = [SMOKE] if wishes.quick else []
    figures = {figure.system: figure for figure in published("darkcovidnet")}
    counted: dict[str, int] = {}
    runs: list[str] = []
    for classes in wishes.classes:
        recipe = _recipe(classes, wishes)
        prepared = _films(table, classes, wishes)
        counted |= {
            str(name): int(count) for name, count in prepared.frame[prepared.label_column].value_counts().items()
        }
        audit = source_label(prepared.frame, positive="covid", label_column=prepared.label_column)
        if audit.warns:
            warnings.append(f"{classes} classes: {audit.sentence}")
        for grouping in wishes.groupings:
            out = wishes.out / f"{classes}-classes-by-{grouping}"
            division = Division(count=FOLDS, grouping=_grouping(grouping), seed=recipe.seed, only=_folds(wishes))
            progress.say(f"{classes} classes, folds by {grouping}:")
            folds = cross_validate(
                prepared, recipe=recipe, out=out, division=division, settings=wishes.settings, progress=progress
            )
            lines.append(
                _line(figures[f"DarkCovidNet, {classes} classes"], folds, prepared, grouping=grouping, classes=classes)
            )
            runs.append(str(out))
    return Reproduction(
        document="darkcovidnet",
        title=TITLE,
        lines=tuple(lines),
        same_data=_same_data(counted),
        same_weights="Both start from random numbers; the published seed is not told.",
        differences=_differences(wishes),
        to_know=(
            "The published folds divide film by film: films of one patient stand on both sides, and the same network scores "
            "higher so. The folds by patient beside them are the ones that say something of new patients.",
            "Every covid film comes from one collection and every other film from another, so that no figure here can be "
            "shown to be of the disease rather than of the collection.",
        ),
        warnings=tuple(dict.fromkeys(warnings)),
        runs=tuple(runs),
    )


def _recipe(classes: int, wishes: Wishes) -> Recipe:
    """The paper reports its folds at the last epoch."""
    epochs = wishes.epochs or (QUICK_EPOCHS if wishes.quick else None)
    return load_recipe(RECIPES[classes]).changed(keep="last", epochs=epochs)


def _films(table: Table, classes: int, wishes: Wishes) -> Prepared:
    column = wishes.settings.label_column
    wanted = CLASSES[classes]
    if column not in table.frame or not set(wanted) <= set(table.frame[column].dropna()):
        raise TableError(
            f"the labels {', '.join(wanted)} do not all stand in the column {column!r}",
            path=table.path,
            mend="name the column with --label-column (darkcovidnet in our table of films), or import the authors' folders: "
            "deepcovid data import DIR --source darkcovidnet",
        )
    rows = table.frame[table.frame[column].isin(wanted)].reset_index(drop=True)
    options: dict[str, Any] = {} if classes == 2 else {"task": "multi-class", "classes": wanted}
    return prepare_unsplit(table.with_frame(rows), positive="covid", label_column=column, **options)


def _folds(wishes: Wishes) -> tuple[int, ...]:
    return wishes.folds or ((1,) if wishes.quick else ())


def _grouping(word: str) -> Grouping:
    return "patient" if word == "patient" else "image"


def _line(figure: PublishedFigure, folds: CrossValidated, prepared: Prepared, *, grouping: str, classes: int) -> Line:
    frame = folds.frame
    names = list(prepared.classes)
    called = frame[[f"score_{name}" for name in names]].to_numpy().argmax(axis=1)
    truth = (
        (frame[prepared.label_column] == prepared.positive).to_numpy(dtype=int)
        if prepared.task == "binary"
        else np.array([names.index(label) for label in frame[prepared.label_column]])
    )
    ours = accuracy(called == truth, patient=group_ids(frame).to_numpy())
    done = sorted(folds.records)
    shared = [folds.records[number]["patients_on_both_sides"] for number in done]
    told = f"folds {', '.join(map(str, done))} of {FOLDS} by {grouping}, {_epochs(folds)} epochs, last epoch kept; "
    told += f"{'/'.join(map(str, shared))} patients on both sides"
    return Line(
        published=figure,
        system=f"DarkCovidNet, {classes} classes",
        metric=f"accuracy, folds by {grouping}",
        ours=ours,
        how=told,
    )


def _epochs(folds: CrossValidated) -> str:
    lengths = {len(history) for history in folds.histories.values()}
    return "/".join(map(str, sorted(lengths)))


def _same_data(counted: dict[str, int]) -> str:
    there = ", ".join(f"{counted.get(name, 0)} {name}" for name in PUBLISHED_FILMS)
    printed = ", ".join(f"{count} {name}" for name, count in PUBLISHED_FILMS.items())
    if all(counted.get(name, 0) == count for name, count in PUBLISHED_FILMS.items()):
        return f"As many films as published ({printed})."
    return f"Films here: {there}; published: {printed}."


def _differences(wishes: Wishes) -> tuple[str, ...]:
    told = [
        "Films are not varied here; the authors' notebook uses fastai's default transforms.",
        "Normalised by ImageNet's mean and spread; the authors by those of one batch.",
        "Films are read as grey and scaled to 256 × 256 by antialiased bilinear interpolation, after JPEG at 512 px where the "
        "table's films are so; the authors' files were larger.",
    ]
    if wishes.epochs:
        told.append(f"{wishes.epochs} epochs in place of the published 100.")
    if wishes.folds:
        told.append(
            f"Only folds {', '.join(map(str, wishes.folds))} of {FOLDS} were run; the published mean is over all."
        )
    return tuple(told)

"""The members of a stack: finished runs of one table, and what each recipe says of films outside each fold."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError
from deepcovid.models.detector import Detector
from deepcovid.progress import Progress
from deepcovid.runs.crossvalidation import Division, cross_validate
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.runs.folder import RECORD
from deepcovid.runs.settings import Settings
from deepcovid.runs.weights_folder import weights_within
from deepcovid.storage import read_json, sha256_json
from deepcovid.training.recipe import Recipe, recipe_from

FOLDS = "folds"
ALIKE = ("table_hash", "labels_hash", "label_column", "positive")


@dataclass(frozen=True)
class Member:
    """A finished run: its folder, its record, its recipe, its detector."""

    folder: Path
    record: dict[str, Any]
    recipe: Recipe
    detector: Detector

    @property
    def name(self) -> str:
        """The run's folder."""
        return self.folder.name


@dataclass(frozen=True)
class MemberScores:
    """What the members say, a column a member.

    Attributes:
        inside: rows of the training and validation films, by place in the table; `outside` (n, M) are their scores out of
            fold, and `fold` (n,) the folds in which they were held out.
        test: rows of the test films; `alone` (m, M) are the runs' own scores of them.
    """

    inside: np.ndarray
    outside: np.ndarray
    fold: np.ndarray
    test: np.ndarray
    alone: np.ndarray


def read_members(runs: Sequence[Path | str]) -> list[Member]:
    """The runs, if they can be stacked.

    Raises:
        RunError: fewer than two, one that is unfinished, a stack, of several classes, or of other films.
    """
    places = [Path(run) for run in runs]
    if len(places) < 2:
        raise RunError(f"{len(places)} run was given", mend="give two runs or more of the same table")
    names = [Path(os.path.abspath(place)).name for place in places]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RunError(f"two runs are named {twice[0]}", mend="name each run once; rename a folder if they are two")
    members = [_member(Path(os.path.abspath(place)), place) for place in places]
    for member in members:
        _require_like(member, members[0])
    return members


def _member(absolute: Path, place: Path) -> Member:
    if not (place / RECORD).exists():
        raise RunError(f"there is no {RECORD} here", path=place, mend="give the folder of a finished run")
    record: dict[str, Any] = read_json(place / RECORD)
    if record.get("status") != "finished":
        raise RunError("the run is not finished", path=place, mend="go on with it: deepcovid train … --resume")
    recipe = recipe_from(record["config"]["recipe"], where=f"{place / RECORD}, recipe")
    if recipe.members:
        raise RunError("it is a stack itself", path=place, mend="name its members instead")
    if recipe.task != "binary":
        raise RunError("it has several classes; runs of two are stacked", path=place, mend="leave it out")
    if recipe.calibration != "none":
        raise RunError("its scores are calibrated, those of its folds cannot be", path=place, mend="train it without")
    return Member(absolute, record, recipe, Detector.load(place / "detector"))


def _require_like(member: Member, first: Member) -> None:
    for key in ALIKE:
        if member.record["config"][key] != first.record["config"][key]:
            raise RunError(
                f"it was trained on other films, labels or sides than {first.name} ({key})",
                path=member.folder,
                mend="train it on the same table, with its split",
            )


def films_of(member: Member) -> Prepared:
    """All films of a run with their sides, as every member was given them."""
    column = member.record["config"]["label_column"]
    table = load_table(member.folder / "table.parquet", label_column=column, allow_outside=True)
    return prepare_unsplit(table, positive=member.record["config"]["positive"], label_column=column)


def score_films(
    members: Sequence[Member],
    films: Prepared,
    *,
    folds: int,
    settings: Settings,
    progress: Progress,
) -> MemberScores:
    """Train each member's recipe on all folds but one of its training and validation films, by patient, and score the one.

    The folds of a member stand in its run's folder, so that another stack of it takes them as they are.

    Args:
        members: runs of `films`.
        films: all of them, with their sides.
        folds: how many.
        settings: weights, device and threads; weights are the run's own unless they are given.
        progress: told of members and folds.
    """
    test = films.rows("test")
    inside = np.setdiff1d(np.arange(len(films.frame)), test)
    learnt = replace(films, table=films.table.with_frame(films.frame.iloc[inside].reset_index(drop=True)))
    columns, folded = [], np.zeros(len(inside), dtype=np.int64)
    for member in members:
        progress.say(f"{member.name} ({member.recipe.name}):")
        own = _own(member, settings)
        place = _place(member, folds=folds, settings=own)
        division = Division(count=folds)
        found = cross_validate(
            learnt, recipe=member.recipe, out=place, division=division, settings=own, progress=progress
        )
        frame = found.frame.set_index("image").reindex(learnt.frame["image"])
        if frame["score"].isna().any():
            raise RunError(
                f"{int(frame['score'].isna().sum())} films could not be scored out of fold",
                path=place,
                mend="look at the films that could not be read, and train the runs again without them",
            )
        columns.append(frame["score"].to_numpy(dtype=float))
        folded = frame["fold"].to_numpy(dtype=np.int64)
    alone = np.stack([_test_scores(member, films, test) for member in members], axis=1)
    return MemberScores(inside, np.stack(columns, axis=1), folded, test, alone)


def _place(member: Member, *, folds: int, settings: Settings) -> Path:
    """Where so many folds are kept; those that start from other weights than the run did have a folder of their own."""
    same = settings.weights == member.record["weights"]["name"]
    other = "" if same else f"-{sha256_json(settings.weights)[:8]}"
    return member.folder / FOLDS / f"{folds}{other}"


def _own(member: Member, settings: Settings) -> Settings:
    found = weights_of(member.recipe, settings) or member.record["weights"]["name"]
    allowed = settings.allow_random_backbone or found == "none"
    return replace(settings, weights=found, allow_random_backbone=allowed)


def weights_of(recipe: Recipe, settings: Settings) -> str | None:
    """What a member starts from: its own file, where the weights are a folder of several."""
    if settings.weights is None:
        return None
    return weights_within(settings.weights, recipe=recipe.name, network=recipe.network)


def _test_scores(member: Member, films: Prepared, rows: np.ndarray) -> np.ndarray:
    """The run's own scores of the test films, in the order of `rows`."""
    frame = pd.read_parquet(member.folder / "scores.parquet")
    places = [os.path.normpath(member.folder / image) for image in frame["image"]]
    scores = pd.Series(frame["score"].to_numpy(dtype=float), index=places)
    wanted = [os.path.normpath(films.table.image_path(image).absolute()) for image in films.frame["image"].iloc[rows]]
    found = scores.reindex(wanted)
    if found.isna().any():
        raise RunError(
            f"{int(found.isna().sum())} of {len(wanted)} test films have no score here",
            path=member.folder,
            mend="train it again on the same films",
        )
    result: np.ndarray = found.to_numpy()
    return result

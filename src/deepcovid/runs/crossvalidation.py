"""Cross-validation of a recipe: every film is scored by a network that was not trained on it, fold after fold, resumable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.splits import add_validation
from deepcovid.errors import RecipeError, RunError, TableError
from deepcovid.progress import Progress, Silent
from deepcovid.runs.data import VALIDATION_SHARE, Prepared, balanced
from deepcovid.runs.fitting import start_network
from deepcovid.runs.folds import Fold, Grouping, make_folds, shared_patients
from deepcovid.runs.part import HISTORY, SCORES, is_finished, part_config, run_part
from deepcovid.runs.settings import Settings
from deepcovid.storage import lock, read_json
from deepcovid.training.recipe import Recipe

RECORD = "fold.json"


@dataclass(frozen=True, kw_only=True)
class Division:
    """How films are divided: so many folds, by patient or film by film, by a seed; `only` some of them (from 1)."""

    count: int = 5
    grouping: Grouping = "patient"
    seed: int = 0
    only: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        wrong = [number for number in self.only if not 1 <= number <= self.count]
        if self.count < 2 or wrong:
            raise RunError(
                f"{self.count} folds, of which {list(self.only) or 'all'} were asked for",
                mend="ask for 2 folds or more, numbered from 1",
            )


@dataclass(frozen=True)
class CrossValidated:
    """What folds leave.

    Attributes:
        folder: where they lie.
        frame: the held-out rows of all folds that were run, with `fold`, `score` and `score_<class>`.
        histories: figures by epoch, by fold.
        records: what each fold's record says: counts, patients on both sides.
    """

    folder: Path
    frame: pd.DataFrame
    histories: dict[int, pd.DataFrame]
    records: dict[int, dict[str, Any]]


def cross_validate(
    prepared: Prepared,
    *,
    recipe: Recipe,
    out: Path,
    division: Division | None = None,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> CrossValidated:
    """Train on all folds but one, score the one, in turn.

    Where the recipe keeps the last epoch, a fold trains on all films outside it, and the held-out films are watched by
    epoch without deciding anything. Where it keeps the best epoch or stops early, a part of the training films,
    by patient, decides that; the held-out films never do.

    Args:
        prepared: labelled films; their sides are ignored.
        recipe: what is trained.
        out: the folder; a fold that is finished there is not computed again, one that was killed goes on.
        division: folds, grouping, seed.
        settings: weights, device, threads.
        progress: told of folds, films and epochs.

    Raises:
        RecipeError: the recipe calibrates.
        RunError: the folder holds folds of another configuration.
        TableError: too few patients for so many folds.
    """
    if recipe.calibration != "none":
        raise RecipeError(
            f"calibration is {recipe.calibration!r}, but a fold's held-out films may not calibrate their own scores",
            mend='give calibration = "none" for cross-validation and stacking',
        )
    division, settings, progress = division or Division(), settings or Settings(), progress or Silent()
    wanted = [
        fold
        for fold in make_folds(prepared, count=division.count, grouping=division.grouping, seed=division.seed)
        if not division.only or fold.number in division.only
    ]
    out.mkdir(parents=True, exist_ok=True)
    with lock(out):
        for fold in wanted:
            _run_fold(prepared, fold, recipe, out / f"fold-{fold.number}", division, settings, progress)
    return collect_folds(out, numbers=[fold.number for fold in wanted])


def collect_folds(folder: Path, *, numbers: Sequence[int]) -> CrossValidated:
    """The finished folds of a folder, put together."""
    frames, histories, records = [], {}, {}
    for number in numbers:
        place = folder / f"fold-{number}"
        records[number] = read_json(place / RECORD)
        frames.append(pd.read_parquet(place / SCORES))
        histories[number] = pd.read_csv(place / HISTORY)
    return CrossValidated(folder, pd.concat(frames, ignore_index=True), histories, records)


def _run_fold(
    prepared: Prepared,
    fold: Fold,
    recipe: Recipe,
    folder: Path,
    division: Division,
    settings: Settings,
    progress: Progress,
) -> None:
    films = with_held_out(prepared, fold, recipe=recipe)
    network, weights = start_network(
        recipe, settings=settings, progress=Silent(), classes=len(prepared.classes), films=films.table
    )
    if weights.caution:
        progress.warn(f"fold {fold.number}: {weights.caution}")
    config = part_config(prepared, recipe, weights_sha256=weights.sha256)
    config["division"] = [division.count, division.grouping, division.seed, fold.number]
    if is_finished(folder / RECORD, config, what="the fold"):
        progress.say(f"Fold {fold.number} of {division.count} is finished already.")
        return
    shared = shared_patients(prepared, fold)
    progress.say(
        f"Fold {fold.number} of {division.count}: {len(fold.train)} films train, {len(fold.held_out)} are held out; "
        f"{shared} patients stand on both sides."
    )
    held_out = set(prepared.frame["image"].iloc[fold.held_out])
    run_part(
        folder / RECORD,
        films,
        network,
        recipe=recipe,
        config=config,
        settings=settings,
        tables=lambda frame: {SCORES: _held(frame, held_out, fold.number)},
        facts=lambda trained: {"counts": films.counts["sides"], "patients_on_both_sides": shared},
        progress=progress,
    )


def _held(frame: pd.DataFrame, images: set[str], number: int) -> pd.DataFrame:
    """The held-out films with the number of their fold."""
    held = frame[frame["image"].isin(images)]
    return held.assign(fold=number).drop(columns="split").reset_index(drop=True)


def with_held_out(prepared: Prepared, fold: Fold, *, recipe: Recipe) -> Prepared:
    """The films with the sides of a fold: `val` is watched (last epoch kept) or taken by patient out of training."""
    side = np.full(len(prepared.frame), "train", dtype=object)
    decides = recipe.keep == "best" or recipe.early_stopping is not None
    side[fold.held_out] = "test" if decides else "val"
    films = replace(prepared, table=prepared.table.with_frame(prepared.frame.assign(split=side)))
    if not decides:
        return films
    try:
        return replace(
            films,
            table=balanced(films, add_validation, fraction=VALIDATION_SHARE, seed=recipe.seed),
        )
    except TableError as error:
        raise TableError(
            f"fold {fold.number} has too few patients to choose an epoch by ({error.problem})",
            mend="keep the last epoch (keep = 'last', no early stopping), or ask for fewer folds",
        ) from error

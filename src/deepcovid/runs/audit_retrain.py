"""A run's network trained anew without the sources that an audit holds out: what it scores there was learnt elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.leave_source_out import RETRAINED, Part, parts_of, source_counts
from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import DetectorError, RunError
from deepcovid.progress import Progress
from deepcovid.runs.folder import RECORD
from deepcovid.runs.settings import Settings
from deepcovid.runs.train import train
from deepcovid.training.recipe import Recipe, recipe_from

FOLDER = "without"  # within the run folder: a run for each part


@dataclass(frozen=True)
class Retraining:
    """What a run was trained by.

    Attributes:
        run: its folder, finished.
        recipe, settings: its own.
        table: with its split.
    """

    run: Path
    recipe: Recipe
    settings: Settings
    table: Table

    @classmethod
    def of(cls, run: Path, record: Mapping[str, Any], *, workers: int = 0) -> Retraining:
        """Read from the run's record.

        Raises:
            RunError: a stack.
        """
        config = record["config"]
        recipe = recipe_from(config["recipe"], where=str(run / RECORD))
        if recipe.members:
            raise RunError(
                "a stack cannot be trained anew by an audit", path=run, mend="audit its members with --retrain"
            )
        settings = Settings(
            positive=config["positive"],
            normal=config["normal"],
            label_column=config["label_column"],
            weights=record["weights"]["name"],
            allow_random_backbone=True,
            workers=workers,
            threads=1,
        )
        table = load_table(run / "table.parquet", label_column=settings.label_column, allow_outside=True)
        return cls(run, recipe, settings, table)

    def scores(self, case: Case, *, progress: Progress) -> dict[str, dict[str, np.ndarray]]:
        """For each part that test 5 holds out the scores, float (N,), of a network trained without it; NaN for other films.

        What was trained before is not trained again.
        """
        parts, _ = parts_of(source_counts(case))
        return {RETRAINED: {part.name: self._without(part, case, progress) for part in parts}}

    def _without(self, part: Part, case: Case, progress: Progress) -> np.ndarray:
        progress.say(f"Training anew without {part.name} …")
        frame = self.table.frame
        held = frame[case.source_column].isin(part.sources) & (frame["split"] != "test")
        films = self.table.with_frame(frame[~held].reset_index(drop=True))
        place = self.run / FOLDER / re.sub(r"[^A-Za-z0-9.-]+", "-", part.name)
        begun = (place / RECORD).exists()
        done = train(
            films, recipe=self.recipe, out=place, settings=replace(self.settings, resume=begun), progress=progress
        )
        scores = pd.read_parquet(done.folder / "scores.parquet").set_index("image")["score"]
        own = load_table(done.folder / "table.parquet", label_column=self.settings.label_column, allow_outside=True)
        # each run's table names films as they lie from its own folder
        known = {own.image_path(str(name)).resolve(): score for name, score in scores.items()}
        return np.array([known.get(path.resolve(), np.nan) for path in case.looks.paths])


def retraining(
    run: Path | None, facts: Mapping[str, Any], *, workers: int, progress: Progress
) -> Callable[[Case], dict[str, dict[str, np.ndarray]]]:
    """What gives an audit the scores of networks trained anew.

    Args:
        run: the run folder whose own table is audited; None: it is no such audit.
        facts: of the run; `run` is its record.
        workers: films decoded side by side.
        progress: told of every training.

    Raises:
        DetectorError: it is no audit of a run on its own table.
        RunError: the run is a stack's.
    """
    if run is None:
        raise DetectorError(
            "only a run on its own table can be trained anew",
            mend="give the run folder and no table, or leave out --retrain",
        )
    known = Retraining.of(run, facts["run"], workers=workers)
    return lambda case: known.scores(case, progress=progress)

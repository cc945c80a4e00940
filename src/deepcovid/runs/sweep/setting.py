"""One setting of a sweep with one seed: trained in a folder of its own, finished, failed, or to go on with."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.errors import DeepCovidError
from deepcovid.progress import Inside, Progress
from deepcovid.runs.data import Prepared
from deepcovid.runs.fitting import start_network
from deepcovid.runs.part import SCORES, is_finished, part_config, run_part
from deepcovid.runs.settings import Settings
from deepcovid.runs.trained import Trained
from deepcovid.storage import read_json, write_json
from deepcovid.training.recipe import Recipe
from deepcovid.training.variations import Variant, content_of

RECORD, TEST = "setting.json", "test-scores.parquet"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a setting with a seed lies."""

    folder: Path
    variant: Variant
    seed: int

    @property
    def recipe(self) -> Recipe:
        """What is trained."""
        return self.variant.recipe.changed(seed=self.seed)

    @property
    def record(self) -> dict[str, Any]:
        """What was written; empty before it began."""
        path = self.folder / RECORD
        told: dict[str, Any] = read_json(path) if path.exists() else {}
        return told

    def scores(self, side: str) -> pd.DataFrame:
        """The films of validation ("val") or test with their scores."""
        return pd.read_parquet(self.folder / (SCORES if side == "val" else TEST))


def place_of(out: Path, variant: Variant, seed: int) -> Place:
    """The place of a setting in a sweep's folder, named by what the setting is and not by its number."""
    return Place(folder=out / "settings" / variant.key / f"seed-{seed}", variant=variant, seed=seed)


def train_setting(place: Place, prepared: Prepared, *, settings: Settings, progress: Progress) -> None:
    """Train one setting, unless it is finished; what goes wrong is written into its record, and the sweep goes on.

    Args:
        place: which, and where.
        prepared: films with their sides, the same for all settings.
        settings: weights, device, threads.
        progress: told of warnings, and now and then of films and epochs.

    Raises:
        RunError: the folder holds this setting of other films.
    """
    inside = Inside(progress, name=place.variant.title)
    recipe, config = place.recipe, {"recipe": content_of(place.recipe) | {"seed": place.seed}}
    try:
        network, weights = start_network(
            recipe, settings=settings, progress=inside, classes=len(prepared.classes), films=prepared.table
        )
    except DeepCovidError as error:
        _fail(place, config, error)
        return
    config = part_config(prepared, recipe, weights_sha256=weights.sha256) | config
    if is_finished(place.folder / RECORD, config, what="the setting"):
        return
    began = time.monotonic()
    try:
        run_part(
            place.folder / RECORD,
            prepared,
            network,
            recipe=recipe,
            config=config,
            settings=settings,
            tables=lambda frame: {SCORES: _side(frame, "val"), TEST: _side(frame, "test")},
            facts=lambda trained: _facts(trained, time.monotonic() - began) | {"caution": weights.caution},
            progress=inside,
        )
    except (DeepCovidError, RuntimeError, ValueError) as error:  # the last two are torch's, of sizes and memory
        _fail(place, config, error)
        return
    shutil.rmtree(place.folder / "checkpoint", ignore_errors=True)  # three times the weights, for each setting


def _side(frame: pd.DataFrame, side: str) -> pd.DataFrame:
    return frame[frame["split"] == side].reset_index(drop=True)


def _facts(trained: Trained, seconds: float) -> dict[str, Any]:
    kept = trained.facts.get("features") or trained.facts["films"]
    return {
        "epochs": len(trained.fitted.history),
        "stopped_early": trained.fitted.stopped_early,
        "findings": [finding.to_dict() for finding in trained.fitted.findings],
        "store": {"computed": kept["computed"], "reused": kept["reused"]},
        "seconds": round(seconds, 3),
    }


def _fail(place: Place, config: dict[str, Any], error: Exception) -> None:
    text = str(error) if isinstance(error, DeepCovidError) else f"{type(error).__name__}: {error}"
    write_json(place.folder / RECORD, {"status": "failed", "config": config, "error": text.strip().splitlines()[0]})

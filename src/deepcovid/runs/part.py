"""A training without detector and report, in a folder of its own that can be resumed: a fold, or a setting of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from deepcovid.errors import RunError
from deepcovid.progress import Progress, Silent
from deepcovid.runs.data import Prepared
from deepcovid.runs.fitting import fit_films, start_fabric
from deepcovid.runs.settings import Settings
from deepcovid.runs.trained import Trained
from deepcovid.storage import read_json, sha256_json, write_json, write_table
from deepcovid.training.recipe import Recipe

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

SCORES, HISTORY = "scores.parquet", "history.csv"


def part_config(prepared: Prepared, recipe: Recipe, *, weights_sha256: str | None) -> dict[str, Any]:
    """All that decides what a training of `recipe` on these films gives, but how they are divided."""
    return {
        "recipe": {key: value for key, value in recipe.to_dict().items() if key != "published"},
        "weights_sha256": weights_sha256,
        "table_hash": prepared.table.content_hash(),
        "classes": list(prepared.classes),
        "label_column": prepared.label_column,
    }


def is_finished(record: Path, config: dict[str, Any], *, what: str) -> bool:
    """Whether the part with this record is done.

    Args:
        record: its JSON file.
        config: all that decides the result.
        what: "the fold", in errors.

    Raises:
        RunError: it was made by another configuration.
    """
    if not record.exists():
        return False
    told = read_json(record)
    if told["status"] == "failed":
        return False
    if told.get("config") != config:
        raise RunError(
            f"{what} here was made with another recipe, table, weights or division",
            path=record.parent,
            mend="choose another --out, or delete the folder",
        )
    return bool(told["status"] == "finished")


def run_part(
    record: Path,
    films: Prepared,
    network: FilmNetwork,
    *,
    recipe: Recipe,
    config: dict[str, Any],
    settings: Settings,
    tables: Callable[[pd.DataFrame], dict[str, pd.DataFrame]],
    facts: Callable[[Trained], dict[str, Any]],
    progress: Progress,
) -> Trained:
    """Train, and write scores, history and record beside each other; a killed training goes on from its last epoch.

    Args:
        record: the JSON file that says when it is finished; the others stand beside it.
        films: with their sides.
        network: with the weights to start from.
        recipe: what is trained.
        config: all that decides the result.
        settings: device, threads, workers.
        tables: takes all films with `score` and `score_<class>`, and gives what to write of them by the name of its file.
        facts: what the record says besides.
        progress: told of films and epochs.
    """
    folder = record.parent
    write_json(record, {"status": "running", "config": config})
    trained = fit_films(
        network,
        films,
        recipe=recipe,
        settings=settings,
        fabric=start_fabric(settings, progress=Silent()),
        folder=folder / "checkpoint",
        identity=sha256_json(config),
        progress=progress,
    )
    names = {f"score_{name}": trained.probabilities[:, place] for place, name in enumerate(films.classes)}
    for name, frame in tables(trained.prepared.frame.assign(score=trained.scores, **names)).items():
        write_table(folder / name, frame)
    write_table(folder / HISTORY, pd.DataFrame(trained.fitted.history))
    told = {
        "status": "finished",
        "config": config,
        **facts(trained),
        "kept_epoch": trained.fitted.kept_epoch,
        "unreadable": sorted(str(error) for error in trained.unreadable.values()),
    }
    write_json(record, told)
    return trained

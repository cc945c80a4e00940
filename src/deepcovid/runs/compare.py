"""Any runs or score files side by side: how they were trained, what they give on test films, and paired tests."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.errors import ScoresError
from deepcovid.evaluation.comparison import ComparedPoint, adjust, compare_pair
from deepcovid.evaluation.findings import as_one_label
from deepcovid.evaluation.labels import labels_as_text
from deepcovid.evaluation.matching import NOTHING_COMMON, JudgedFilms, judged_films, match
from deepcovid.runs.evaluate import SCORES, evaluate_files, read_scores
from deepcovid.runs.folder import RECORD
from deepcovid.runs.run_facts import read_history, run_facts
from deepcovid.storage import read_json

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison.

    Attributes:
        told: JSON-safe: `runs`, `pairs`, `tests`, `notes`; what `--json` writes.
        evaluations: each run's evaluation, by name.
        histories: figures by epoch, of those that have them, by name.
    """

    told: dict[str, Any]
    evaluations: dict[str, dict[str, Any]]
    histories: dict[str, pd.DataFrame]


def compare_runs(
    paths: Sequence[Path],
    *,
    positive: str | None = None,
    label_column: str | None = None,
    score_column: str = "score",
    draws: int = 2000,
    seed: int = 0,
) -> Compared:
    """Put runs side by side.

    Two runs are tested against each other on the test films that both have, matched by image; where there are none, or
    the labels contradict, they are not, and the reason is told.

    Args:
        paths: run folders, or CSV or Parquet files of scores; from one on.
        positive, label_column, score_column: as `evaluate_files` takes them.
        draws, seed: of the bootstrap.

    Raises:
        DeepCovidError: a path that stands twice, or cannot be read or evaluated; the message names it.
    """
    _refuse_twice(paths)
    evaluated = evaluate_files(
        paths, positive=positive, label_column=label_column, score_column=score_column, seed=seed
    )
    evaluations = {name: one.evaluation for name, one in evaluated.items()}
    folders = {name: _folder_of(path) for name, path in zip(evaluations, paths, strict=True)}
    films = {
        name: _films(path, evaluations[name], label_column=label_column, score_column=score_column)
        for name, path in zip(evaluations, paths, strict=True)
    }
    runs = [_run(name, folders[name], evaluation) for name, evaluation in evaluations.items()]
    pairs = [_pair(one, other, films, evaluations, draws=draws, seed=seed) for one, other in combinations(runs, 2)]
    adjusted, tests = adjust([pair["differences"] for pair in pairs])
    pairs = [pair | {"differences": entries} for pair, entries in zip(pairs, adjusted, strict=True)]
    histories = {name: read_history(folder) for name, folder in folders.items() if folder is not None}
    return Compared(
        told={"format": FORMAT, "runs": runs, "pairs": pairs, "tests": tests, "notes": _notes(runs, pairs, tests)},
        evaluations=evaluations,
        histories={name: history for name, history in histories.items() if history is not None},
    )


def _refuse_twice(paths: Sequence[Path]) -> None:
    seen: dict[str, Path] = {}
    for path in paths:
        place = os.path.realpath(_scores_of(path))
        if place in seen:
            raise ScoresError("this run stands twice among those to compare", path=path, mend="name each run once")
        seen[place] = path


def _scores_of(path: Path) -> Path:
    return path / SCORES if path.is_dir() else path


def _folder_of(path: Path) -> Path | None:
    """The run folder, where the path is one or its scores.parquet."""
    folder = path if path.is_dir() else path.parent
    ours = path.is_dir() or path.name == SCORES
    return folder if ours and (folder / RECORD).is_file() else None


def _run(name: str, folder: Path | None, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    points = [
        {key: point[key] for key in ("name", "threshold", "chosen_on", "sensitivity", "specificity", "accuracy")}
        for point in evaluation["operating_points"]
    ]
    test = {key: evaluation[key] for key in ("positive", "split", "n", "n_positive", "n_negative", "n_patients", "auc")}
    return {
        "name": name,
        "training": None if folder is None else run_facts(folder),
        "test": test | {"operating_points": points},
        "notes": list(evaluation["notes"]),
    }


def _films(
    path: Path, evaluation: Mapping[str, Any], *, label_column: str | None, score_column: str
) -> JudgedFilms | None:
    """The films that were evaluated, named by their place; None where the table has no column `image`."""
    frame, _ = read_scores(path)
    if "image" not in frame:
        return None
    folder = _folder_of(path)
    told = {} if folder is None else _config(folder)
    column, positive = label_column or told.get("label_column", "label"), str(evaluation["positive"])
    several = evaluation.get("classes", {})
    if several.get("task") == "multi-label":
        frame = as_one_label(frame, several["names"], positive=positive, label_column=column)
    own = f"score_{positive}"
    return judged_films(
        frame,
        images=_places(frame, _scores_of(path).parent),
        positive=positive,
        label_column=column,
        score_column=own if score_column == "score" and "score" not in frame else score_column,
        split=evaluation["split"],
    )


def _config(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = read_json(folder / RECORD).get("config", {})
    return told


def _places(frame: pd.DataFrame, folder: Path) -> np.ndarray:
    """Each film's place on this machine: two tables name one film by different relative paths."""
    cells = labels_as_text(frame["image"])
    return np.array([os.path.abspath(folder / cell) if cell else f"row {row}" for row, cell in enumerate(cells)], str)


def _pair(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    films: Mapping[str, JudgedFilms | None],
    evaluations: Mapping[str, Mapping[str, Any]],
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    names = (first["name"], second["name"])
    pair: dict[str, Any] = {"first": names[0], "second": names[1], "films": None, "patients": None, "differences": []}
    one, other = (films[name] for name in names)
    if one is None or other is None:
        lacking = " and ".join(name for name in names if films[name] is None)
        return pair | {"note": f"no paired test: {lacking} has no column image"}
    if first["test"]["positive"] != second["test"]["positive"]:
        return pair | {"note": "no paired test: their positive classes differ"}
    matched, said = match(one, other)
    if matched is None:
        where = ", by its place on the disk" if said == NOTHING_COMMON else ""
        return pair | {"note": f"no paired test: {said}{where}{_by_hash(first, second)}"}
    entries = compare_pair(matched, points=_points(*(evaluations[name] for name in names)), draws=draws, seed=seed)
    patients = len(np.unique(matched.patient)) if matched.patient_known.any() else None
    return pair | {"films": len(matched), "patients": patients, "differences": entries, "note": said or None}


def _points(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[ComparedPoint]:
    """The operating points that both have by name."""
    there = {point["name"]: point["threshold"] for point in second["operating_points"]}
    return [
        ComparedPoint(name=point["name"], first=point["threshold"], second=there[point["name"]])
        for point in first["operating_points"]
        if point["name"] in there
    ]


def _by_hash(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    hashes = [run["training"] and run["training"]["table_hash"] for run in (first, second)]
    if None in hashes:
        return ""
    if hashes[0] == hashes[1]:
        return " (the tables of both have the same hash: films were divided or moved otherwise)"
    return f" (the tables differ: {hashes[0][:8]} and {hashes[1][:8]})"


def _notes(runs: Sequence[Mapping[str, Any]], pairs: Sequence[Mapping[str, Any]], tests: int) -> list[str]:
    notes = []
    hashes = {run["name"]: run["training"]["table_hash"] for run in runs if run["training"]}
    if len(set(hashes.values())) > 1:
        told = ", ".join(f"{name} {str(value)[:8]}" for name, value in hashes.items())
        notes.append(f"The runs were trained on different tables (hash): {told}.")
    chosen = [run["name"] for run in runs if run["training"] and run["training"]["epochs"]["keep"] == "best"]
    if chosen:
        notes.append(f"Validation picked the kept epoch of {', '.join(chosen)}: its accuracy there flatters.")
    if tests:
        notes.append(
            f"{tests} tests; p (Holm) is adjusted for all of them together. An interval that holds 0 is no evidence that "
            "two runs are alike."
        )
    if any(pair["patients"] and pair["patients"] < pair["films"] for pair in pairs):
        notes.append(
            "Patients have several films: intervals are of a bootstrap over patients, and p of calls is the larger of its own "
            "and McNemar's, which takes films as independent."
        )
    return notes

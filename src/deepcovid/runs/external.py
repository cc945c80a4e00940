"""A run's detector on tables that it has never seen: without the patients it learnt from, beside its own test films."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.columnar import read_parquet
from deepcovid.datasets.columns import patient_ids, text_column
from deepcovid.datasets.table import Table, load_table
from deepcovid.errors import RunError, ScoresError, TableError
from deepcovid.evaluation.calibrated import RAW
from deepcovid.evaluation.findings import as_one_label
from deepcovid.evaluation.rules import Rule
from deepcovid.evaluation.scores import read_scores
from deepcovid.evaluation.summary import evaluate
from deepcovid.imaging.finding import Found
from deepcovid.models.detector import Detector
from deepcovid.models.engine import cores
from deepcovid.progress import Progress, Silent
from deepcovid.runs.evaluate import SCORES, Evaluated, evaluate_files, source_test
from deepcovid.runs.folder import RECORD
from deepcovid.runs.predict import Wishes, predict
from deepcovid.storage import read_json, sha256_file

OWN = "own test films"
LEARNT_FROM = ("train", "val")


@dataclass(frozen=True, kw_only=True)
class How:
    """What is reported of every table alike: thresholds, target sensitivity, rules, seed of draws; and films side by side."""

    thresholds: Sequence[float] = ()
    target_sensitivity: float = 0.975
    rules: Sequence[Rule] = ()
    seed: int = 0
    workers: int = 0


def evaluate_external(
    run: Path,
    tables: Sequence[Path],
    *,
    how: How | None = None,
    allow_outside: bool = False,
    progress: Progress | None = None,
) -> dict[str, Evaluated]:
    """The run's own test films, and each table, evaluated alike: thresholds come from the run's validation films and are
    applied unchanged.

    Films of patients whom the detector was trained or chosen on, and copies of its films, are left out; a note counts them.

    Args:
        run: a finished run folder.
        tables: tables of films with the run's label column.
        how: what is reported.
        allow_outside: whether the tables may name films outside their folders.
        progress: told of films.

    Raises:
        RunError: no run folder with a detector and scores.
        TableError, ScoresError: a table that cannot be read or evaluated; the message names it.
    """
    how, progress = how or How(), progress or Silent()
    own = _OwnRun.of(run)
    options: dict[str, Any] = {
        "thresholds": how.thresholds, "target_sensitivity": how.target_sensitivity, "rules": how.rules, "seed": how.seed
    }  # fmt: skip
    (internal,) = evaluate_files([run], positive=None, **options).values()
    found = {OWN: internal}
    for path in tables:
        name = path.stem if path.stem not in found else str(path)
        table = load_table(
            path, label_column=own.label_column, required_labels=own.labelled, allow_outside=allow_outside
        )
        found[name] = _evaluated(own, table, internal.evaluation, options=options, how=how, progress=progress)
    return found


@dataclass(frozen=True)
class _OwnRun:
    """What a run leaves that a table is set against."""

    detector: Detector
    films: Table
    scores: pd.DataFrame
    config: dict[str, Any]

    @classmethod
    def of(cls, run: Path) -> _OwnRun:
        needed = (RECORD, "table.parquet", SCORES, "detector/detector.json")
        absent = [name for name in needed if not (run / name).is_file()]
        if absent:
            raise RunError(
                f"this is no finished run folder: it lacks {', '.join(absent)}",
                path=run,
                mend="give the folder that `deepcovid train` wrote; its table says whom the detector was trained on",
            )
        frame = read_parquet(run / "table.parquet", error=RunError)
        films = Table(frame=frame, folder=run, path=run / "table.parquet", notes=())
        scores = read_parquet(run / SCORES, error=ScoresError)
        return cls(Detector.load(run / "detector"), films, scores, read_json(run / RECORD)["config"])

    @property
    def label_column(self) -> str:
        return str(self.config["label_column"])

    @property
    def labelled(self) -> bool:
        """Whether the label stands in one column (findings may stand in several)."""
        return self.config.get("task") != "multi-label"

    @property
    def learnt_from(self) -> pd.DataFrame:
        """The rows that the detector was trained, or its thresholds chosen, on."""
        return self.films.frame[self.films.frame["split"].isin(LEARNT_FROM)]

    @property
    def validation(self) -> pd.DataFrame:
        """Its scored validation films; a calibrated score stays as it is."""
        return self.scores[self.scores["split"] == "val"].drop(columns=RAW, errors="ignore")


def _evaluated(
    own: _OwnRun, table: Table, internal: dict[str, Any], *, options: dict[str, Any], how: How, progress: Progress
) -> Evaluated:
    positive, column = own.config["positive"], own.label_column
    kept, notes = without_learnt(table, own.films, own.learnt_from)
    scored, failed = _scored(own.detector, kept, workers=how.workers or cores(), progress=progress)
    task = {name: own.config[name] for name in ("classes", "task") if name in own.config}
    asked = {"positive": positive, "normal": own.config["normal"], "label_column": column}
    try:
        read_scores(
            _one_label(scored, own), positive=positive, label_column=column
        )  # its own errors, before validation joins
        whole = pd.concat([own.validation, scored.assign(split="test")], ignore_index=True)
        evaluation = evaluate(whole, **asked, **task, **options)
    except ScoresError as error:
        raise ScoresError(error.problem, mend=error.mend, path=table.path) from error
    evaluation["split"] = None
    evaluation["notes"] = [*notes, *failed, change_of_auc(evaluation, internal), *evaluation["notes"]]
    source = source_test(_one_label(scored, own), positive=positive, column=column) if "source" in scored else None
    return Evaluated(evaluation, source)


def _one_label(frame: pd.DataFrame, own: _OwnRun) -> pd.DataFrame:
    if own.labelled:
        return frame
    return as_one_label(
        frame, own.config["classes"], positive=own.config["positive"], label_column=own.label_column, error=ScoresError
    )


def without_learnt(table: Table, films: Table, learnt: pd.DataFrame) -> tuple[Table, list[str]]:
    """The table without patients whom a detector learnt from and without copies of its films; and what was left out.

    Args:
        table: the films to evaluate on.
        films: the run's table, for the places of its films.
        learnt: its rows that were trained or chosen on.

    Raises:
        TableError: nothing is left.
    """
    frame = table.frame
    ids, known = patient_ids(frame), set(patient_ids(learnt).dropna())
    shared = ids.isin(known)
    copies = _copies(table, films, learnt) & ~shared
    notes = []
    if shared.any():
        people = ids[shared].nunique()
        notes.append(
            f"Left out: {_films(int(shared.sum()))} of {people} {'patient' if people == 1 else 'patients'} of whom the detector "
            "was trained or its threshold chosen."
        )
    if copies.any():
        notes.append(
            f"Left out: {_films(int(copies.sum()))} that are copies, byte by byte, of films it was trained or chosen on."
        )
    notes += _not_compared(frame, ids)
    rest = frame[~shared & ~copies].reset_index(drop=True)
    if rest.empty:
        raise TableError(
            "every film is of a patient, or is a film, that the detector was trained or chosen on",
            path=table.path,
            mend="give films of other patients",
        )
    return replace(table, frame=rest), notes


def _not_compared(frame: pd.DataFrame, ids: pd.Series) -> list[str]:
    """What keeps patients from being held against the training's."""
    nameless = int(ids.isna().sum())
    unplaced = int((ids.notna() & text_column(frame, "source").isna() & text_column(frame, "person").isna()).sum())
    notes = []
    if nameless:
        notes.append(f"{_films(nameless)} without a patient: only copies of training films could be found among them.")
    if unplaced:
        notes.append(
            f"{_films(unplaced)} with a patient and no source: who they are in the training's sources is unknown."
        )
    return notes


def _films(count: int) -> str:
    return "1 film" if count == 1 else f"{count:,} films"


def _copies(table: Table, films: Table, learnt: pd.DataFrame) -> pd.Series:
    """Which films of the table have the bytes of one that was learnt from; only files of equal size are read."""
    theirs = [table.image_path(image) for image in table.frame["image"]]
    ours = [path for path in (films.image_path(image) for image in learnt["image"]) if path.is_file()]
    sizes = {path.stat().st_size for path in theirs}
    hashes = {sha256_file(path) for path in ours if path.stat().st_size in sizes}
    own_sizes = {path.stat().st_size for path in ours}
    same = [bool(hashes) and path.stat().st_size in own_sizes and sha256_file(path) in hashes for path in theirs]
    return pd.Series(same, index=table.frame.index, dtype=bool)


def _scored(detector: Detector, table: Table, *, workers: int, progress: Progress) -> tuple[pd.DataFrame, list[str]]:
    """The rows with their scores, without films that cannot be read; and what must be said of these and of the gate."""
    paths = [table.image_path(image) for image in table.frame["image"]]
    progress.say(f"Scoring {len(set(paths)):,} films of {table.path} …")
    found = predict(detector, Found(sorted(set(paths))), wishes=Wishes(gate=False, workers=workers), progress=progress)
    by_path = {one.path: one for one in found.done}
    held = [path in by_path for path in paths]
    done = [by_path[path] for path in paths if path in by_path]
    frame = table.frame[held].reset_index(drop=True)
    columns = {"score": [one.score for one in done]}
    if len(detector.description.classes) > 2 or detector.description.activation == "sigmoid":
        columns |= {f"score_{name}": [one.probabilities[name] for one in done] for name in detector.description.classes}
    notes = []
    if found.failed:
        notes.append(f"{_films(len(found.failed))} could not be read and are left out.")
    odd = sum(one.gate is not None and not one.gate.passes for one in done)
    if odd:
        notes.append(f"Of these the gate takes {_films(odd)} for no frontal chest film; they are scored all the same.")
    return frame.assign(**columns), notes


def change_of_auc(evaluation: dict[str, Any], internal: dict[str, Any]) -> str:
    """How far the AUC is from that of the run's own test films, with the interval of two samples of their own (MOVER)."""
    here, there = evaluation["auc"], internal["auc"]
    change = here["value"] - there["value"]
    low = change - math.hypot(here["value"] - here["low"], there["high"] - there["value"])
    high = change + math.hypot(here["high"] - here["value"], there["value"] - there["low"])
    verdict = (
        "It is lower." if high < 0 else "It is higher." if low > 0 else "No change is shown, nor that there is none."
    )
    return (
        f"AUC {here['value']:.3f} here and {there['value']:.3f} on the run's own test films: a change of {change:+.3f} "
        f"({low:+.3f} to {high:+.3f}, 95 %). {verdict}"
    )

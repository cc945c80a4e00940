"""Evaluations of score files: a run's own, or those of any program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.audit.source_label import SourceLabelResult, source_label
from deepcovid.datasets.columnar import read_parquet
from deepcovid.datasets.delimited import read_delimited
from deepcovid.errors import ScoresError
from deepcovid.evaluation.findings import as_one_label
from deepcovid.evaluation.labels import labels_as_text
from deepcovid.evaluation.rules import Rule, parse_rule
from deepcovid.evaluation.scores import read_scores as check_scores
from deepcovid.evaluation.summary import evaluate
from deepcovid.reporting.content import Notice
from deepcovid.runs.folder import RECORD
from deepcovid.storage import read_json

FIRST_DISEASE = "covid"
SCORES = "scores.parquet"
SUFFIXES = {".csv", ".tsv", ".txt", ".parquet"}


@dataclass(frozen=True)
class Evaluated:
    """An evaluation, and what the sources of the same films say of the label (None: the file names no source)."""

    evaluation: dict[str, Any]
    source: SourceLabelResult | None


def evaluate_files(
    paths: Sequence[Path],
    *,
    positive: str | None,
    normal: str | None = None,
    label_column: str | None = None,
    score_column: str = "score",
    classes: Sequence[str] = (),
    thresholds: Sequence[float] = (),
    target_sensitivity: float = 0.975,
    rules: Sequence[Rule] = (),
    seed: int = 0,
) -> dict[str, Evaluated]:
    """The evaluation of each file under its name.

    Args:
        paths: CSV or Parquet files of scores, or run folders.
        positive: the positive label; None: a run folder's own, else "1" where the labels are 0 and 1, else "covid".
        normal: the label of healthy films; None: a run folder's own, else "normal".
        label_column: where the label stands; None: a run folder's own, else "label".
        score_column: where the score stands.
        classes: several classes with scores; none: a run folder's own, else those that the file has columns for.
        thresholds: thresholds to report at.
        target_sensitivity: for the threshold chosen by rule.
        rules: further rules by which thresholds are chosen; none: a run folder's own.
        seed: of the bootstrap.

    Raises:
        ScoresError: a file cannot be read or evaluated; the message names it.
    """
    files = [_read(path, positive, label_column) for path in paths]
    for path, file in zip(paths, files, strict=True):  # all of them before one is evaluated, which takes seconds each
        _check(path, file, score_column=score_column)
    evaluations: dict[str, Evaluated] = {}
    for path, file in zip(paths, files, strict=True):
        frame, column, chosen, told = file.frame, file.label_column, file.positive, file.told
        names, task = tuple(classes or told.get("classes", ())), None if classes else told.get("task")
        try:
            evaluation = evaluate(
                frame,
                positive=chosen,
                normal=normal or told.get("normal", "normal"),
                label_column=column,
                score_column=score_column,
                classes=names,
                task=task,
                thresholds=thresholds,
                target_sensitivity=target_sensitivity,
                rules=rules or [parse_rule(text) for text in told.get("rules", ())],
                seed=seed,
            )
        except ScoresError as error:
            raise ScoresError(error.problem, mend=error.mend, path=path) from error
        evaluation["notes"] += file.notes
        several = evaluation.get("classes", {})
        if several.get("task") == "multi-label":
            frame = as_one_label(frame, several["names"], positive=chosen, label_column=column)
        source = source_test(frame, positive=chosen, column=column) if "source" in frame else None
        evaluations[_name(path, evaluations)] = Evaluated(evaluation, source)
    return evaluations


@dataclass(frozen=True, eq=False)
class _File:
    """A file of scores as read, what it is to be evaluated by, and what its run says."""

    frame: pd.DataFrame
    label_column: str
    positive: str
    notes: list[str]
    told: dict[str, Any]


def _read(path: Path, positive: str | None, label_column: str | None) -> _File:
    (frame, notes), told = read_scores(path), _told_by_run(path)
    column = label_column or told.get("label_column", "label")
    return _File(frame, column, positive or told.get("positive") or _default_positive(frame, column), notes, told)


def _check(path: Path, file: _File, *, score_column: str) -> None:
    """Refuse what cannot be evaluated; several classes may have findings in columns of their own, and are looked at later.

    Raises:
        ScoresError: naming the file.
    """
    if any(str(name).startswith("score_") for name in file.frame.columns):
        return
    try:
        check_scores(file.frame, positive=file.positive, label_column=file.label_column, score_column=score_column)
    except ScoresError as error:
        raise ScoresError(error.problem, mend=error.mend, path=path) from error


def source_test(frame: pd.DataFrame, *, positive: str, column: str) -> SourceLabelResult:
    """The source test on every labelled film of the file, training films too: a detector learnt from those."""
    labels = labels_as_text(frame[column])
    labels.index = frame.index
    return source_label(frame.assign(**{column: labels}), positive=positive, label_column=column)


def notices_of(evaluations: Mapping[str, Evaluated]) -> list[Notice]:
    """The warnings about sources, named by file where there are several."""
    return [
        Notice(
            "danger" if one.source.verdict == "FAIL" else "caution",
            one.source.sentence if len(evaluations) == 1 else f"{name}: {one.source.sentence}",
        )
        for name, one in evaluations.items()
        if one.source is not None and one.source.warns
    ]


def read_scores(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The scores in a CSV or Parquet file, or in a run folder's scores.parquet; and how the file was read.

    Raises:
        ScoresError: no such file, or none that can be read.
    """
    if path.is_dir():
        if not (path / SCORES).is_file():
            mend = "give the folder that `deepcovid train` wrote, or a CSV or Parquet file of scores"
            raise ScoresError(f"this is no finished run folder: it has no {SCORES}", path=path, mend=mend)
        path = path / SCORES
    if not path.is_file():
        raise ScoresError("there is no such file", path=path, mend="check the path")
    if path.suffix.lower() not in SUFFIXES:
        raise ScoresError(
            f"scores are a .csv, .tsv or .parquet file, or a run folder; this is a {path.suffix or 'file without an ending'}",
            path=path,
            mend="give one of those",
        )
    if path.suffix.lower() == ".parquet":
        return read_parquet(path, error=ScoresError), []
    text = read_delimited(path)
    if text.problems:
        raise ScoresError("; ".join(text.problems[:10]), path=path, mend="mend the rows that are named")
    frame = pd.DataFrame(list(text.rows.values()), columns=text.header, dtype=object)
    return frame.replace({"": None}), list(text.notes)


def _told_by_run(path: Path) -> dict[str, Any]:
    """What a run folder's record says of its labels; nothing for other files."""
    record = (path if path.is_dir() else path.parent) / RECORD
    ours = path.is_dir() or path.name == SCORES
    told: dict[str, Any] = read_json(record).get("config", {}) if ours and record.exists() else {}
    return told


def _default_positive(frame: pd.DataFrame, label_column: str) -> str:
    if label_column not in frame:
        return FIRST_DISEASE
    labels = set(labels_as_text(frame[label_column]).dropna())
    truths = [label for label in labels if label.removesuffix(".0").lower() in {"1", "true"}]
    binary = {label.removesuffix(".0").lower() for label in labels} <= {"0", "1", "true", "false"}
    return truths[0] if binary and len(truths) == 1 else FIRST_DISEASE


def _name(path: Path, taken: dict[str, Any]) -> str:
    name = path.parent.name if path.name == SCORES else path.stem or path.name
    return name if name not in taken else str(path)

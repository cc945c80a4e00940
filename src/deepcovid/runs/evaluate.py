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
from deepcovid.evaluation.summary import evaluate
from deepcovid.reporting.content import Notice
from deepcovid.runs.folder import RECORD
from deepcovid.storage import read_json

FIRST_DISEASE = "covid"
SCORES = "scores.parquet"


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
    evaluations: dict[str, Evaluated] = {}
    for path in paths:
        (frame, told_by_file), told = read_scores(path), _told_by_run(path)
        column = label_column or told.get("label_column", "label")
        chosen = positive or told.get("positive") or _default_positive(frame, column)
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
        evaluation["notes"] += told_by_file
        several = evaluation.get("classes", {})
        if several.get("task") == "multi-label":
            frame = as_one_label(frame, several["names"], positive=chosen, label_column=column)
        source = source_test(frame, positive=chosen, column=column) if "source" in frame else None
        evaluations[_name(path, evaluations)] = Evaluated(evaluation, source)
    return evaluations


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
        path = path / SCORES
    if not path.is_file():
        raise ScoresError("there is no such file", path=path, mend="check the path")
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

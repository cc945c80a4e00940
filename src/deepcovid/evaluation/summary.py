"""The evaluation of a scores table: all that Deep-COVID shows and what it should have shown, as one JSON-safe dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.errors import ScoresError
from deepcovid.evaluation import metrics
from deepcovid.evaluation.abstention import conformal_of
from deepcovid.evaluation.areas import auc_intervals, average_precision_interval
from deepcovid.evaluation.bootstrap import Draws, bootstrap
from deepcovid.evaluation.calibrated import RAW, calibration_of
from deepcovid.evaluation.class_scores import SeveralTask, read_class_scores, several_classes, task_of
from deepcovid.evaluation.decision_curve import THRESHOLDS, decision_curve
from deepcovid.evaluation.findings import as_one_label
from deepcovid.evaluation.intervals import PAPER_Z, paper_coverage, paper_halfwidth
from deepcovid.evaluation.multiclass import evaluate_classes
from deepcovid.evaluation.notes import choice_note, data_notes, delong_note
from deepcovid.evaluation.operating_points import THIS_DATA, VALIDATION, OperatingPoint, describe, points
from deepcovid.evaluation.rules import Rule
from deepcovid.evaluation.scores import NORMAL, OTHER, POSITIVE, Scores, read_scores
from deepcovid.evaluation.subgroups import subgroups
from deepcovid.evaluation.thresholds import at_sensitivity, threshold_table

FORMAT = 1
FEWEST_DRAWS = 20


def evaluate(
    scores: pd.DataFrame,
    *,
    positive: str,
    label_column: str = "label",
    score_column: str = "score",
    normal: str | None = None,
    thresholds: Sequence[float] = (),
    target_sensitivity: float = 0.975,
    rules: Sequence[Rule] = (),
    draws: int = 2000,
    seed: int = 0,
    classes: Sequence[str] = (),
    task: SeveralTask | None = None,
    by_group: bool = True,
) -> dict[str, Any]:
    """Evaluate a table of scores, ours or anyone's.

    With a column `split` the test films are evaluated and thresholds by rule are chosen on the validation films;
    without test films the validation films are evaluated, else all; thresholds are then chosen on the films they
    are reported on, which the result says. With a column `patient` (unique within `source`) the bootstrap draws patients.

    Args:
        scores: one row a film, with its label and its score in [0, 1]; `uncalibrated_score`, where it is there, the one before
            the detector's own calibration.
        positive: the label of the positive class ("1" for 0/1 or true/false labels); all others are negative.
        label_column: where the labels are.
        score_column: where the scores are.
        normal: the label of normal films, shown apart in the histogram.
        thresholds: operating points to report besides 0.5 and the target sensitivity, in [0, 1].
        target_sensitivity: a fraction in (0, 1]; the paper's is 0.975.
        rules: further rules by which thresholds are chosen, see `Rule`.
        draws: of the bootstrap, at least 20.
        seed: of the bootstrap.
        classes: several classes: those with a column `score_<class>` that are evaluated too, each against the rest and all
            together; empty: those that the table has columns for, see `several_classes`.
        task: of several classes: one a film, or any number; None: as the labels look, see `task_of`.
        by_group: whether figures are given by sex, age band, view and source too, where the table tells them.

    Returns:
        The evaluation (format 1), fractions in [0, 1], without NaN or infinity: `json.dumps(…, allow_nan=False)` works.

    Raises:
        ScoresError: the table cannot be evaluated; see `read_scores`.
    """
    if draws < FEWEST_DRAWS:
        raise ScoresError(f"{draws} bootstrap draws are too few", mend=f"ask for at least {FEWEST_DRAWS}, better 2000")
    names = several_classes(scores, positive=positive, label_column=label_column, classes=classes)
    kind = (task or task_of(scores, classes=names, label_column=label_column)) if names else None
    whole = scores
    if kind == "multi-label":
        scores = as_one_label(
            scores, names, positive=positive, label_column=label_column, normal=normal, error=ScoresError
        )
    table = read_scores(scores, positive=positive, label_column=label_column, score_column=score_column, normal=normal)
    sides = _sides(table)
    films = sides.films
    chosen = points(
        films,
        chooser=sides.chooser,
        chosen_on=sides.chosen_on,
        thresholds=thresholds,
        target_sensitivity=target_sensitivity,
        rules=rules,
    )
    cuts = np.array([*(point.threshold for point in chosen), *THRESHOLDS])
    sample = bootstrap(
        films.positive, score=films.score, cluster=films.patient, thresholds=cuts, draws=draws, seed=seed
    )
    head = _head(films, positive=positive, normal=normal, split=sides.split)
    body = _body(films, sample=sample, chosen=chosen, thresholds=thresholds, target=target_sensitivity)
    raw = None
    if RAW in scores:
        raw = _sides(read_scores(scores, positive=positive, label_column=label_column, score_column=RAW)).films
    chooser = sides.chooser if sides.chosen_on == VALIDATION and raw is None else None
    body["calibration"] = calibration_of(films, chooser=chooser, raw=raw, draws=draws, seed=seed)
    body["conformal"] = conformal_of(films, chooser=sides.chooser if sides.chosen_on == VALIDATION else None)
    main = next(point for point in chosen if point.chosen_on == sides.chosen_on)
    body["subgroups"] = subgroups(films, threshold=main.threshold, name=main.name) if by_group else None
    notes = [*sides.notes, *_missing_normal(films, normal=normal), *data_notes(films)]
    notes += [choice_note(point.name) for point in chosen if point.chosen_on == THIS_DATA]
    notes += delong_note(films, auc=body["auc"]["value"])
    if kind is None:
        return head | body | {"notes": notes}
    all_classes = read_class_scores(whole, classes=names, task=kind, label_column=label_column, normal=normal)
    if sides.split is not None:
        all_classes = all_classes.pick(all_classes.split == sides.split)
    section = evaluate_classes(all_classes, draws=draws, seed=seed)
    return head | body | {"notes": [*notes, *section.pop("notes")], "classes": section}


def evaluate_many(frames: Mapping[str, pd.DataFrame], **options: Any) -> dict[str, Any]:
    """{"models": {name: evaluation}} for several detectors; `options` are those of `evaluate`.

    Raises:
        ScoresError: no table, or one that cannot be evaluated (its name stands first).
    """
    if not frames:
        raise ScoresError("there is no scores table to evaluate", mend="give at least one")
    models = {}
    for name, frame in frames.items():
        try:
            models[name] = evaluate(frame, **options)
        except ScoresError as error:
            raise ScoresError(str(error), path=name) from error
    return {"models": models}


@dataclass(frozen=True)
class _Sides:
    """The films reported on, those that thresholds are chosen on, and what to say about it."""

    films: Scores
    chooser: Scores
    chosen_on: str
    split: str | None
    notes: list[str]


def _sides(table: Scores) -> _Sides:
    present = set(np.unique(table.split).tolist())
    if "test" in present:
        return _test_side(table)
    if "val" in present and present <= {"val", "train", ""}:
        films = _side(table, "val")
        left = len(table) - len(films)
        notes = [f"There is no test split: the {len(films)} validation films are evaluated."] if left else []
        return _Sides(films, films, THIS_DATA, "val", notes)
    notes = []
    if len(present) > 1:
        notes.append(
            f"The splits {', '.join(sorted(present - {''}))} are none of train, val, test: all films are evaluated."
        )
    if present == {"train"}:
        notes.append(
            "These are training films: the figures say how well they were learned, not how well others are read."
        )
    split = next(iter(present)) or None if len(present) == 1 else None
    return _Sides(table, table, THIS_DATA, split, notes)


def _test_side(table: Scores) -> _Sides:
    films = _side(table, "test")
    unknown = int(np.count_nonzero(table.split == ""))
    notes = [f"{unknown} films without a split are left out."] if unknown else []
    validation = table.pick(table.split == "val")
    if validation.n_positive:
        return _Sides(films, validation, VALIDATION, "test", notes)
    if len(validation):
        notes.append("The validation split has no positive film, so no threshold can be chosen on it.")
    return _Sides(films, films, THIS_DATA, "test", notes)


def _side(table: Scores, split: str) -> Scores:
    films = table.pick(table.split == split)
    if not films.n_positive or not films.n_negative:
        raise ScoresError(
            f"the split {split!r} has {films.n_positive} positive and {films.n_negative} negative films; "
            f"the whole table has {table.n_positive} and {table.n_negative}",
            mend="split again, by label, or drop the column `split` to evaluate all films",
        )
    return films


def _head(films: Scores, *, positive: str, normal: str | None, split: str | None) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "positive": positive,
        "normal": normal,
        "split": split,
        "n": len(films),
        "n_positive": films.n_positive,
        "n_negative": films.n_negative,
        "n_patients": films.n_patients,
        "n_dropped": films.n_dropped,
        "prevalence": films.n_positive / len(films),
        "groups": {name: int(np.count_nonzero(films.group == name)) for name in (POSITIVE, NORMAL, OTHER)},
    }


def _body(
    films: Scores, *, sample: Draws, chosen: list[OperatingPoint], thresholds: Sequence[float], target: float
) -> dict[str, Any]:
    truth, score = films.positive, films.score
    return {
        **{name: interval.to_dict() for name, interval in auc_intervals(films, draws=sample).items()},
        "average_precision": average_precision_interval(films, draws=sample).to_dict(),
        "operating_points": [
            describe(point, scores=films, draws=sample, column=column) for column, point in enumerate(chosen)
        ],
        "paper": {
            "threshold_table": threshold_table(truth, score=score, thresholds=thresholds),
            "interval": _paper_interval(films, chosen=chosen, target=target),
        },
        "decision_curve": decision_curve(films, draws=sample, columns=slice(len(chosen), None)),
        "curves": {
            "roc": metrics.roc_curve(truth, score=score),
            "pr": metrics.precision_recall_curve(truth, score=score),
            "thresholds": metrics.threshold_curve(truth, score=score),
        },
        "histogram": metrics.histogram(score, group=films.group),
    }


def _paper_interval(films: Scores, *, chosen: list[OperatingPoint], target: float) -> dict[str, Any]:
    """Deep-COVID Table VI: first the threshold chosen on these films, as the paper does, then every operating point."""
    as_paper = OperatingPoint(
        f"sensitivity ≥ {100 * target:g} % on these films",
        at_sensitivity(films.positive, score=films.score, target=target),
        THIS_DATA,
    )
    rows = [] if any(point.chosen_on == THIS_DATA for point in chosen) else [as_paper]
    return {
        "name": "the papers' interval (Wald)",
        "formula": "r = z·sqrt(p·(1 − p)/N)",
        "source": "Minaee et al. 2020, arXiv 2004.09363, Eq. 3",
        "z": PAPER_Z,
        "rows": [_paper_row(point, films=films) for point in (*rows, *chosen)],
    }


def _paper_row(point: OperatingPoint, *, films: Scores) -> dict[str, Any]:
    counts = metrics.confusion(films.positive, score=films.score, threshold=point.threshold)
    row: dict[str, Any] = {"name": point.name, "threshold": point.threshold, "chosen_on": point.chosen_on}
    for name, p, n in (
        ("sensitivity", counts.sensitivity, films.n_positive),
        ("specificity", counts.specificity, films.n_negative),
    ):
        row[name] = p
        row[f"{name}_halfwidth"] = paper_halfwidth(p, n=n)
        row[f"{name}_coverage"] = paper_coverage(p, n=n)
    return row | {"n_positive": films.n_positive, "n_negative": films.n_negative}


def _missing_normal(films: Scores, *, normal: str | None) -> list[str]:
    if normal is None or np.any(films.group == NORMAL):
        return []
    return [f"No film is labelled {normal!r}, so the histogram has no normal films."]

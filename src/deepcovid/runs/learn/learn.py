"""`learn`, put together: features once, ways compared within the time, the last training, the curve, one page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.table import Table
from deepcovid.errors import TableError
from deepcovid.evaluation.learning_curve import LearningCurve, fit_learning_curve
from deepcovid.progress import Progress, Silent
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.runs.learn.budget import REPORTING, Budget
from deepcovid.runs.learn.candidates import Candidate, candidates_for, seconds_of
from deepcovid.runs.learn.choosing import (
    STACK,
    Chosen,
    affordable,
    as_dict,
    choose,
    fewest_patients,
    outer_count,
)
from deepcovid.runs.learn.curve import Measured, measure
from deepcovid.runs.learn.extraction import extract, time_backbone
from deepcovid.runs.learn.wishes import Wishes
from deepcovid.runs.train import Run, train
from deepcovid.storage import lock, write_bytes, write_json, write_table, write_text

LEAST_PATIENTS = 4  # of either class
CURVE_SHARE = 0.15  # of the budget, for the draws of the curve
FORMAT = 1


@dataclass(frozen=True)
class Learnt:
    """What `learn` leaves: its folder, what learn.json holds, and the last trainings, the first in `run`."""

    folder: Path
    told: dict[str, Any]
    runs: tuple[Run, ...]

    @property
    def page(self) -> Path:
        """The page to open."""
        return self.folder / "learn.html"


def learn(table: Table, *, wishes: Wishes, progress: Progress | None = None) -> Learnt:
    """Choose a way to train by the data, train, and tell how the AUC grows with the films.

    Args:
        table: films with labels; patients where they are known.
        wishes: the folder, the budget, and what is asked.
        progress: told what happens.

    Raises:
        TableError: fewer than four patients of a class.
        WeightsError: the weights cannot be had, or are random without permission.
        RunError: the budget is too small for the least that can be done; the message names it.
    """
    progress, settings = progress or Silent(), wishes.settings
    budget = Budget(60 * wishes.minutes)
    prepared = prepare_unsplit(table, positive=settings.positive, label_column=settings.label_column)
    _require_patients(prepared)
    with lock(wishes.out):
        return _learn(prepared, wishes, budget, progress)


def _learn(prepared: Prepared, wishes: Wishes, budget: Budget, progress: Progress) -> Learnt:
    settings = wishes.settings
    options = candidates_for(
        _patients(prepared)[0],
        network=wishes.network,
        size=wishes.size,
        weights=settings.weights or "imagenet",
        seed=wishes.seed,
        settings=settings,
    )
    backbone = time_backbone(prepared, options[0], progress=progress)
    if backbone.weights.random:
        progress.warn(f"The frozen backbone holds random numbers: {backbone.weights.sentence}")
    for one in options:
        films = len(prepared.frame)
        seconds = seconds_of(one, films=films, forward=backbone.seconds, device=_device(settings.device))
        budget.estimate(one.name, seconds)
    count = outer_count(prepared)
    least = len(prepared.frame) * backbone.seconds + (count + 1) * budget.cost("probe") + REPORTING
    budget.require(least, why="features of all films, a linear probe on each fold, the last training and the report")
    prepared, features, unreadable = extract(
        prepared, backbone, workers=settings.workers, budget=budget, progress=progress
    )
    _require_patients(prepared)
    reserve = REPORTING + CURVE_SHARE * budget.seconds
    wanted = [one for one in options if one.considered]
    going = affordable(wanted, outer=count, budget=budget, reserve=reserve)
    progress.say(f"Compared by {count} outer folds over patients: {', '.join(one.title for one in going)}.")
    chosen = choose(
        prepared,
        going,
        out=wishes.out / "folds",
        seed=wishes.seed,
        budget=budget,
        reserve=reserve,
        progress=progress,
    )
    write_table(wishes.out / "scores.parquet", chosen.scores)
    scored = [one for one in going if one.name in chosen.aucs]
    last = REPORTING + sum(budget.cost(one.name) for one in _members(chosen, scored))
    progress.say("Drawing 4, 8, 16 … positives for the learning curve …")
    until = min(budget.used + CURVE_SHARE * budget.seconds, budget.seconds - last)
    measured = measure(
        features,
        folds=[(fold.train, fold.held_out) for fold in chosen.folds],
        seed=wishes.seed,
        enough=lambda: budget.used > until,
    )
    if measured.cut_short:
        budget.leave_out(f"The learning curve rests on {measured.draws} draws of each number, for want of time.")
    curve = fit_learning_curve(measured.points, held=measured.held)
    runs = _train_last(prepared, chosen, scored, wishes, progress)
    told = _told(prepared, wishes, options, going, chosen, measured, curve, runs, unreadable, backbone.weights, budget)
    _write(told, wishes.out)
    return Learnt(wishes.out, told, runs)


def _train_last(
    prepared: Prepared, chosen: Chosen, going: list[Candidate], wishes: Wishes, progress: Progress
) -> tuple[Run, ...]:
    """An ordinary run of what was chosen, in OUT/run; of a mean of scores one run a member."""
    runs = []
    for number, member in enumerate(_members(chosen, going)):
        folder = wishes.out / ("run" if number == 0 else f"run-{member.name}")
        settings = replace(member.settings, resume=(folder / "run.json").exists())
        progress.say(f"The last training: {member.title}, in {folder}.")
        runs.append(train(prepared.table, recipe=member.recipe, out=folder, settings=settings, progress=progress))
    return tuple(runs)


def _members(chosen: Chosen, going: list[Candidate]) -> list[Candidate]:
    return going if chosen.name == STACK else [one for one in going if one.name == chosen.name]


def _told(
    prepared: Prepared,
    wishes: Wishes,
    options: list[Candidate],
    going: list[Candidate],
    chosen: Chosen,
    measured: Measured,
    curve: LearningCurve,
    runs: tuple[Run, ...],
    unreadable: list[str],
    weights: Any,
    budget: Budget,
) -> dict[str, Any]:
    warnings = [f"The frozen backbone holds random numbers: {weights.sentence}"] if weights.random else []
    warnings += [weights.caution] if weights.caution else []
    warnings += [sentence for run in runs for sentence in run.warnings]
    positives, others = _patients(prepared)
    return {
        "format": FORMAT,
        "warnings": list(dict.fromkeys(warnings)),
        "positive": prepared.positive,
        "films": len(prepared.frame),
        "positive_films": int(prepared.is_positive.sum()),
        "positive_patients": positives,
        "other_patients": others,
        "unreadable": unreadable,
        "notes": list(prepared.notes),
        "weights": weights.sentence,
        "candidates": [
            one.to_dict()
            | {
                "seconds": round(budget.cost(one.name), 1),
                "tried": one.name in chosen.aucs,
                "auc": chosen.aucs[one.name].to_dict() if one.name in chosen.aucs else None,
            }
            for one in options
        ],
        "chosen": as_dict(chosen, going),
        "curve": curve_told(measured, curve, here=int(prepared.is_positive.sum()), wishes=wishes),
        "budget": {"minutes": wishes.minutes, "used_seconds": round(budget.used, 1), "left_out": budget.left_out},
        "runs": [str(run.folder) for run in runs],
        "run_test_auc": [run.evaluation["auc"] for run in runs],
        "seed": wishes.seed,
        "command": wishes.settings.command,
    }


def curve_told(measured: Measured, curve: LearningCurve, *, here: int, wishes: Wishes) -> dict[str, Any]:
    """Points with intervals, the curve beyond them, and how many positives each target needs."""
    sizes = sorted({*(point.n for point in measured.points), here, 2 * here, 4 * here, 8 * here})
    return {
        "of": "linear probes (logistic regression on standardised features) on the frozen backbone, whatever was chosen",
        "draws": measured.draws,
        "folds": measured.held.folds,
        "points": [
            {"n": point.n, "fits": point.fits, "auc": curve.measured(point).to_dict()} for point in measured.points
        ],
        "positives_at_hand": here,
        "expected": [{"n": n, "auc": curve.expected(n).to_dict()} for n in sizes],
        "predicted": [{"n": n, "auc": curve.predicted(n).to_dict()} for n in sizes],
        "at_twice": curve.predicted(2 * here).to_dict() | {"n_positives": 2 * here},
        "needed": [curve.films_needed(target).to_dict() for target in wishes.targets],
        "width": {"target": wishes.width, "positives": curve.films_for_width(wishes.width)},
    }


def _write(told: dict[str, Any], out: Path) -> None:
    from deepcovid.reporting.figures.learning import learning_figure
    from deepcovid.reporting.figures.style import figure_png, figure_svg
    from deepcovid.reporting.learn_report import render_learn

    figure = learning_figure(told["curve"])
    write_text(out / "figures" / "learning-curve.svg", figure_svg(figure))
    write_bytes(out / "figures" / "learning-curve.png", figure_png(figure))
    write_text(out / "learn.html", render_learn(told))
    write_json(out / "learn.json", told)


def _patients(prepared: Prepared) -> tuple[int, int]:
    groups = group_ids(prepared.frame).to_numpy()
    return len(set(groups[prepared.is_positive])), len(set(groups[~prepared.is_positive]))


def _require_patients(prepared: Prepared) -> None:
    if fewest_patients(prepared) < LEAST_PATIENTS:
        positives, others = _patients(prepared)
        raise TableError(
            f"there are {positives} patients with {prepared.positive} and {others} others; learn needs {LEAST_PATIENTS} of "
            "each, to hold some out in folds",
            path=prepared.table.path,
            mend="give films of more patients",
        )


def _device(wanted: str) -> str:
    """Where whole networks will train: "cpu", or another device."""
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"

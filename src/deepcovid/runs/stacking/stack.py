"""Stacking finished runs: folds, combiner, detector, evaluation and report, in one folder that can be gone on with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.source_label import source_label
from deepcovid.datasets.table import save_table
from deepcovid.evaluation.summary import evaluate
from deepcovid.models.engine import cores
from deepcovid.models.heads import HeadShape
from deepcovid.models.stacking import HIDDEN, CombinerKind, fit_combiner, out_of_fold
from deepcovid.progress import Progress, Silent
from deepcovid.runs.data import Prepared
from deepcovid.runs.environment import machine, versions
from deepcovid.runs.evidence import write_evidence
from deepcovid.runs.folder import RunFolder
from deepcovid.runs.report import report_run
from deepcovid.runs.settings import Settings
from deepcovid.runs.stacking.account import account
from deepcovid.runs.stacking.artefact import write_stack
from deepcovid.runs.stacking.members import ALIKE, Member, MemberScores, films_of, read_members, score_films
from deepcovid.storage import lock, read_json, write_json, write_table
from deepcovid.training.recipe import Recipe

ACCOUNT = "stack.json"


@dataclass(frozen=True)
class Stacked:
    """A stack: its run folder, its account (`stack.json`), the scores of out-of-fold (as `val`) and test films."""

    folder: Path
    record: dict[str, Any]
    scores: pd.DataFrame

    @property
    def sentence(self) -> str:
        """Whether it is better than its best member on the test films, with interval and tests."""
        return str(self.record["sentence"])


def stack(
    runs: Sequence[Path | str],
    *,
    out: Path | str,
    combiner: CombinerKind = "logistic",
    folds: int = 5,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Stacked:
    """Stack finished runs of one table: integrated stacking (Wolpert 1992; InstaCovNet-19), on out-of-fold scores.

    Each run's recipe is trained again on all folds but one of its training and validation films, by patient, and scores
    the one; the combiner is fitted on those scores, so that it never sees a score of a network on its own training films.
    The stack's members are the runs' own detectors, as in scikit-learn's StackingClassifier, and its test scores come of
    theirs. The scores by which its threshold is chosen are of combiners that did not see the fold either.

    Args:
        runs: folders of finished runs with the same films, labels and sides; two or more.
        out: a run folder; a finished stack there is taken as it is, and so are finished folds in the members' folders.
        combiner: "logistic" or "network".
        folds: of the training and validation films.
        settings: weights, device and threads of the folds; labels are the runs' own.
        progress: told what happens.

    Raises:
        RunError: fewer than two runs, one that is unfinished, of several classes, a stack, or of other films; or the
            folder holds another stack.
    """
    settings, progress, folder = settings or Settings(), progress or Silent(), RunFolder(Path(out))
    members = read_members(runs)
    recipe = Recipe(
        name="stack",
        title=f"Stack of {', '.join(member.name for member in members)}",
        members=tuple(member.name for member in members),
        combiner=combiner,
        head=HeadShape(hidden=HIDDEN if combiner == "network" else ()),
        folds=folds,
    )
    with lock(folder.path):
        folder.begin(_config(members, recipe), resume=True)
        return finish_stack(folder, members, recipe=recipe, settings=settings, progress=progress)


def _config(members: Sequence[Member], recipe: Recipe) -> dict[str, Any]:
    told = members[0].record["config"]
    return {
        "recipe": recipe.to_dict(),
        "detectors": {member.name: member.detector.hash for member in members},
        "normal": told["normal"],
        **{key: told[key] for key in ALIKE},
    }


def finish_stack(
    folder: RunFolder, members: Sequence[Member], *, recipe: Recipe, settings: Settings, progress: Progress
) -> Stacked:
    """Compute folds, combiner and all that a run folder holds, or take what is finished there."""
    if folder.finished:
        progress.say(f"{folder.path} is finished already; nothing was computed.")
        return Stacked(folder.path, read_json(folder / ACCOUNT), pd.read_parquet(folder / "scores.parquet"))
    began = time.perf_counter()
    films = films_of(members[0])
    told = score_films(members, films, folds=recipe.folds, settings=settings, progress=progress)
    trained = time.perf_counter()
    normal = folder.record["config"]["normal"]
    truth, options = films.is_positive, _options(recipe)
    combiner = fit_combiner(told.outside, truth[told.inside], **options)
    score = np.empty(len(films.frame))
    score[told.inside] = out_of_fold(told.outside, truth[told.inside], told.fold, **options)
    score[told.test] = combiner.score(told.alone)
    judged = _judged(films, told)
    scores = judged.frame.assign(score=score)
    evaluations = _evaluations(scores, judged, normal=normal)
    record = account(members, films, told, combiner, scores)
    _note(folder, members, films, settings, record)
    detector = write_stack(
        folder / "detector", members, combiner, judged, score, recipe=recipe, evaluation=evaluations["test"]
    )
    audit = source_label(films.frame, positive=films.positive, label_column=films.label_column)
    moved = save_table(films.table, folder / "table.parquet", allow_outside=True)
    kept = _with_members(scores.assign(image=moved.frame["image"]), members, told)
    write_table(folder / "scores.parquet", kept)
    write_json(folder / "evaluation.json", evaluations["test"])
    write_json(folder / "audit.json", {"detector": detector.hash, "source_label": audit.to_dict()})
    write_json(folder / ACCOUNT, record)
    timings = {"folds": trained - began, "stacking": time.perf_counter() - trained}
    folder.note(detector=detector.hash, timings={name: round(seconds, 3) for name, seconds in timings.items()})
    own = replace(settings, positive=films.positive, normal=normal, label_column=films.label_column)
    report_run(folder, prepared=judged, fitted=None, unreadable={}, scores=scores, evaluations=evaluations,
               detector=detector, audit=audit, recipe=recipe, settings=own, progress=progress)  # fmt: skip
    folder.note(status="finished")
    write_evidence(folder.path)
    return Stacked(folder.path, record, kept)


def _options(recipe: Recipe) -> dict[str, Any]:
    return {"kind": recipe.combiner, "hidden": recipe.head.hidden or HIDDEN, "seed": recipe.seed}


def _judged(films: Prepared, told: MemberScores) -> Prepared:
    """The films with the sides that the stack is judged by: `val` are the out-of-fold ones."""
    side = np.full(len(films.frame), "val", dtype=object)
    side[told.test] = "test"
    return replace(films, table=films.table.with_frame(films.frame.assign(split=side)))


def _evaluations(scores: pd.DataFrame, films: Prepared, *, normal: str) -> dict[str, dict[str, Any]]:
    options: dict[str, Any] = {"positive": films.positive, "normal": normal, "label_column": films.label_column}
    outside = scores[scores["split"] == "val"].drop(columns="split")
    return {"test": evaluate(scores, **options), "validation": evaluate(outside, **options)}


def _with_members(scores: pd.DataFrame, members: Sequence[Member], told: MemberScores) -> pd.DataFrame:
    """The scores with a column `member_<name>` of each member's own, out of fold or of the test side."""
    each = np.empty((len(scores), len(members)))
    each[told.inside], each[told.test] = told.outside, told.alone
    return scores.assign(**{f"member_{member.name}": each[:, place] for place, member in enumerate(members)})


def _note(
    folder: RunFolder, members: Sequence[Member], films: Prepared, settings: Settings, record: dict[str, Any]
) -> None:
    """What run.json says of a stack beside its configuration."""
    told = [member.record["weights"] for member in members]
    frozen = [
        one["name"] == "none" and member.recipe.trainable != "all" for one, member in zip(told, members, strict=True)
    ]
    folder.note(
        legs=folder.record.get("legs", 0) + 1,
        command=settings.command,
        versions=versions(),
        machine=machine(),
        engine={"device": settings.device, "workers": settings.workers or cores()},
        weights={
            "name": "none" if any(frozen) else "members",
            "sha256": None,
            "source": "the members' runs",
            "sentence": " ".join(
                f"{member.name}: {one['sentence']}" for member, one in zip(members, told, strict=True)
            ),
        },
        data=films.counts,
        notes=list(films.notes),
        training={"combiner": record["stacker"], "stack": record["sentence"]},
    )

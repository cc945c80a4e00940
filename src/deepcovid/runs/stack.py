"""Learned stacking of runs: a logistic regression on what each recipe says of films that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids, patient_ids
from deepcovid.datasets.table import load_table
from deepcovid.errors import RunError
from deepcovid.evaluation.comparison import ComparedPoint, compare_pair
from deepcovid.evaluation.matching import Matched
from deepcovid.evaluation.metrics import auc
from deepcovid.evaluation.summary import evaluate
from deepcovid.progress import Progress, Silent
from deepcovid.runs.crossvalidation import Division, cross_validate
from deepcovid.runs.data import Prepared, prepare_unsplit
from deepcovid.runs.folder import RECORD
from deepcovid.runs.settings import Settings
from deepcovid.storage import read_json, write_json, write_table
from deepcovid.training.recipe import Recipe, recipe_from

EDGE = 1e-6  # scores are kept this far from 0 and 1 before their logit is taken


@dataclass(frozen=True)
class Member:
    """One run of a stack: its folder, recipe and test scores, and what its recipe says of films outside each fold."""

    folder: Path
    recipe: Recipe
    settings: Settings
    test: pd.DataFrame
    out_of_fold: pd.DataFrame

    @property
    def name(self) -> str:
        """The run's folder."""
        return self.folder.name


@dataclass(frozen=True)
class Stacked:
    """A stack: its folder, its account (`stack.json`), the scores of out-of-fold (as `val`) and test films."""

    folder: Path
    record: dict[str, Any]
    scores: pd.DataFrame

    @property
    def sentence(self) -> str:
        """Whether it is better than its best member, with the interval of the difference."""
        return str(self.record["sentence"])


def stack(
    runs: Sequence[Path | str],
    *,
    out: Path | str,
    folds: int = 5,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Stacked:
    """Stack finished runs of one table: integrated stacking (Wolpert 1992; InstaCovNet-19), on out-of-fold scores.

    Each run's recipe is trained again on all folds but one of its training and validation films, by patient, and scores the
    one; a logistic regression on the logits of those scores is the stack, so that it never sees a score of a network on its
    own training films. Test films are scored by the runs themselves. The best member is chosen by its out-of-fold AUC.

    Args:
        runs: folders of finished runs with the same films, labels and sides; two or more.
        out: the folder; folds that are finished there are taken as they are.
        folds: of the training and validation films.
        settings: weights, device and threads of the folds; labels are the runs' own.
        progress: told what happens.

    Raises:
        RunError: fewer than two runs, one that is unfinished, of several classes, or of other films.
    """
    settings, progress, folder = settings or Settings(), progress or Silent(), Path(out)
    places = [Path(run) for run in runs]
    records = [_record(place) for place in places]
    _require_alike(places, records)
    prepared = _films(places[0], records[0])
    members = [
        _member(place, record, prepared, folder, folds=folds, settings=settings, progress=progress)
        for place, record in zip(places, records, strict=True)
    ]
    weights, bias = _fit([member.out_of_fold for member in members], prepared.positive, prepared.label_column)
    scores = pd.concat(
        [
            _scored([m.out_of_fold for m in members], weights, bias).assign(split="val"),
            _scored([m.test for m in members], weights, bias).assign(split="test"),
        ],
        ignore_index=True,
    )
    record = _account(members, scores, weights, bias, prepared, records[0])
    write_table(folder / "scores.parquet", scores)
    write_json(folder / "evaluation.json", record.pop("evaluation"))
    write_json(folder / "stack.json", record)
    return Stacked(folder, record, scores)


def _record(place: Path) -> dict[str, Any]:
    if not (place / RECORD).exists():
        raise RunError(f"there is no {RECORD} here", path=place, mend="give the folder of a finished run")
    record: dict[str, Any] = read_json(place / RECORD)
    if record.get("status") != "finished":
        raise RunError("the run is not finished", path=place, mend="go on with it: deepcovid train … --resume")
    return record


def _require_alike(places: Sequence[Path], records: Sequence[dict[str, Any]]) -> None:
    if len(places) < 2:
        raise RunError(f"{len(places)} run was given", mend="give two runs or more of the same table")
    for place, record in zip(places, records, strict=True):
        for key in ("table_hash", "labels_hash", "label_column", "positive"):
            if record["config"][key] != records[0]["config"][key]:
                raise RunError(
                    f"it was trained on other films, labels or sides than {places[0].name} ({key})",
                    path=place,
                    mend="train it on the same table, with its split",
                )
        if record["config"]["recipe"]["task"] != "binary":
            raise RunError("it has several classes; runs of two are stacked", path=place, mend="leave it out")


def _films(place: Path, record: dict[str, Any]) -> Prepared:
    """The training and validation films that every run was given."""
    column = record["config"]["label_column"]
    table = load_table(place / "table.parquet", label_column=column, allow_outside=True)
    frame = table.frame[table.frame["split"] != "test"].reset_index(drop=True)
    return prepare_unsplit(table.with_frame(frame), positive=record["config"]["positive"], label_column=column)


def _member(
    place: Path,
    record: dict[str, Any],
    prepared: Prepared,
    folder: Path,
    *,
    folds: int,
    settings: Settings,
    progress: Progress,
) -> Member:
    recipe = recipe_from(record["config"]["recipe"], where=f"{place / RECORD}, recipe")
    name = settings.weights or record["weights"]["name"]
    own = replace(settings, weights=name, allow_random_backbone=settings.allow_random_backbone or name == "none")
    progress.say(f"{place.name} ({recipe.name}):")
    found = cross_validate(
        prepared,
        recipe=recipe,
        out=folder / place.name,
        division=Division(count=folds),
        settings=own,
        progress=progress,
    )
    scores = pd.read_parquet(place / "scores.parquet")
    test = scores[scores["split"] == "test"].sort_values("image", kind="stable").reset_index(drop=True)
    return Member(place, recipe, own, test, found.frame.sort_values("image", kind="stable").reset_index(drop=True))


def _logits(frames: Sequence[pd.DataFrame]) -> np.ndarray:
    scores = np.stack([frame["score"].to_numpy(dtype=float) for frame in frames], axis=1).clip(EDGE, 1 - EDGE)
    result: np.ndarray = np.log(scores / (1 - scores))
    return result


def _fit(frames: Sequence[pd.DataFrame], positive: str, column: str) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    truth = (frames[0][column] == positive).to_numpy()
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(_logits(frames), truth)
    return fitted.coef_[0], float(fitted.intercept_[0])


def _scored(frames: Sequence[pd.DataFrame], weights: np.ndarray, bias: float) -> pd.DataFrame:
    score = 1 / (1 + np.exp(-(_logits(frames) @ weights + bias)))
    return frames[0].drop(columns=[name for name in frames[0] if str(name).startswith("score")]).assign(score=score)


def _account(
    members: Sequence[Member],
    scores: pd.DataFrame,
    weights: np.ndarray,
    bias: float,
    prepared: Prepared,
    record: dict[str, Any],
) -> dict[str, Any]:
    column, positive = prepared.label_column, prepared.positive
    outside = members[0].out_of_fold[column] == positive
    areas = [auc(outside.to_numpy(), score=member.out_of_fold["score"].to_numpy()) for member in members]
    best = members[int(np.argmax(areas))]
    test = scores[scores["split"] == "test"].reset_index(drop=True)
    truth = (test[column] == positive).to_numpy()
    stacked, alone = test["score"].to_numpy(), best.test["score"].to_numpy()
    films = Matched(
        positive=truth,
        patient=np.unique(group_ids(test).to_numpy(), return_inverse=True)[1],
        patient_known=patient_ids(test).notna().to_numpy(),
        first=stacked,
        second=alone,
    )
    compared = compare_pair(films, points=[ComparedPoint(name="0.5", first=0.5, second=0.5)])
    evaluation = evaluate(scores, positive=positive, label_column=column, normal=record["config"]["normal"])
    return {
        "format": 1,
        "members": [
            {
                "run": str(member.folder),
                "recipe": member.recipe.name,
                "weight": float(weight),
                "out_of_fold_auc": float(area),
            }
            for member, weight, area in zip(members, weights, areas, strict=True)
        ],
        "bias": bias,
        "stacker": "logistic regression (L2, C = 1) on the logits of out-of-fold scores",
        "best_member": best.name,
        "compared": compared,
        "sentence": _sentence(best.name, compared),
        "evaluation": evaluation,
    }


def _sentence(best: str, compared: Sequence[dict[str, Any]]) -> str:
    area, calls = compared[0], compared[-1]
    difference = area["difference"]
    low, high = difference["low"], difference["high"]
    told = (
        f"AUC of the stack less that of {best}, its best member by out-of-fold films: {difference['value']:+.3f} "
        f"({low:+.3f} to {high:+.3f}; {difference['method']}, {difference['n']} {difference['unit']}s); accuracy of calls at "
        f"0.5: p = {calls['p']:.2g} ({calls['p_method']})."
    )
    verdict = "The stack is better" if low > 0 else "The stack is worse" if high < 0 else "No difference is shown"
    return f"{verdict}. {told}"

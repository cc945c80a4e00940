"""What a stack says of itself: its members, and whether it is better than the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids, patient_ids
from deepcovid.evaluation.comparison import ComparedPoint, compare_pair
from deepcovid.evaluation.matching import Matched
from deepcovid.evaluation.summary import evaluate
from deepcovid.models.stacking import Combiner
from deepcovid.runs.data import Prepared
from deepcovid.runs.stacking.members import Member, MemberScores

FORMAT = 2


def account(
    members: Sequence[Member], films: Prepared, told: MemberScores, combiner: Combiner, scores: pd.DataFrame
) -> dict[str, Any]:
    """What stack.json holds.

    The best member is chosen by its out-of-fold AUC, not by the test films, and held against the stack on the test films;
    a second comparison is of all out-of-fold films, on which the best member was chosen.

    Args:
        members: in the order of the columns of `told`.
        films: all of them.
        told: what the members say.
        combiner: fitted on it.
        scores: rows of `films`: the stack's scores, with the sides `val` (out of fold) and `test`.
    """
    sides = {"out_of_fold": (told.inside, told.outside), "test": (told.test, told.alone)}
    areas = {
        side: [_area(films, rows, columns[:, place]) for place in range(len(members))]
        for side, (rows, columns) in sides.items()
    }
    best = int(np.argmax([area["value"] for area in areas["out_of_fold"]]))
    stacked = {side: scores["score"].to_numpy()[rows] for side, (rows, _) in sides.items()}
    compared = {
        side: _compared(films, rows, stacked[side], columns[:, best]) for side, (rows, columns) in sides.items()
    }
    weights: Sequence[float | None] = combiner.weights or [None] * len(members)
    return {
        "format": FORMAT,
        "members": [
            {
                "name": member.name,
                "recipe": member.recipe.name,
                "detector": member.detector.hash,
                "weight": weights[place],
                "out_of_fold_auc": areas["out_of_fold"][place],
                "test_auc": areas["test"][place],
            }
            for place, member in enumerate(members)
        ],
        "combiner": combiner.kind,
        "bias": float(combiner.layers[-1][1][0]) if combiner.weights else None,
        "stacker": combiner.sentence,
        "out_of_fold_auc": _area(films, told.inside, stacked["out_of_fold"]),
        "test_auc": _area(films, told.test, stacked["test"]),
        "best_member": members[best].name,
        "compared": compared["test"],
        "compared_out_of_fold": compared["out_of_fold"],
        "sentence": sentence(members[best].name, compared["test"], films="test films"),
        "sentence_out_of_fold": sentence(members[best].name, compared["out_of_fold"], films="out-of-fold films"),
    }


def _area(films: Prepared, rows: np.ndarray, score: np.ndarray) -> dict[str, Any]:
    """The AUC of some films with its interval."""
    frame = films.frame.iloc[rows].drop(columns="split").assign(score=score)
    area: dict[str, Any] = evaluate(frame, positive=films.positive, label_column=films.label_column)["auc"]
    return area


def _compared(films: Prepared, rows: np.ndarray, stacked: np.ndarray, alone: np.ndarray) -> list[dict[str, Any]]:
    frame = films.frame.iloc[rows]
    matched = Matched(
        positive=films.is_positive[rows],
        patient=np.unique(group_ids(frame).to_numpy(), return_inverse=True)[1],
        patient_known=patient_ids(frame).notna().to_numpy(),
        first=stacked,
        second=alone,
    )
    return compare_pair(matched, points=[ComparedPoint(name="0.5", first=0.5, second=0.5)])


def sentence(best: str, compared: Sequence[dict[str, Any]], *, films: str) -> str:
    """Whether the stack is better than its best member on `films`, with the interval and the tests."""
    area, calls = compared[0], compared[-1]
    difference = area["difference"]
    low, high = difference["low"], difference["high"]
    told = (
        f"AUC on {films} of the stack less that of {best}, its best member by out-of-fold films: "
        f"{difference['value']:+.3f} ({low:+.3f} to {high:+.3f}; {difference['method']}, {difference['n']} "
        f"{difference['unit']}s; p = {area['p']:.2g}); accuracy of calls at 0.5: {100 * calls['difference']['value']:+.1f} "
        f"points, p = {calls['p']:.2g} ({calls['p_method']}), McNemar's p = {calls['mcnemar_p']:.2g}."
    )
    verdict = "The stack is better" if low > 0 else "The stack is worse" if high < 0 else "No difference is shown"
    return f"{verdict}. {told}"

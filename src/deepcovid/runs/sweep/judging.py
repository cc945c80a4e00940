"""The settings of a sweep side by side: their scores of the same films, judged, with sentences on what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.datasets.columns import group_ids, patient_ids
from deepcovid.evaluation.tried import By, TriedFilms, judge_tried
from deepcovid.reporting import words
from deepcovid.reporting.comparison_tables import p_value, signed_interval
from deepcovid.reporting.sweep_tables import FIGURES, figure_words
from deepcovid.runs.data import Prepared
from deepcovid.runs.sweep.setting import Place
from deepcovid.training.recipe import Recipe

FEW = 10  # patients of the rarer class: from here down the best of many is mostly chance


@dataclass(frozen=True, eq=False)
class Judged:
    """Settings judged on one side: `told` as `judge_tried` gives it, and the films that all of them scored."""

    told: dict[str, Any]
    films: TriedFilms

    @property
    def counts(self) -> dict[str, Any]:
        """Films, positive films, patients (None where none is known), and patients of the rarer class."""
        positive = self.films.positive
        return {
            "films": len(positive),
            "positive_films": int(positive.sum()),
            "patients": self.films.clusters() if self.films.patients_known else None,
            "rarer_patients": self.films.smaller,
        }


def judge(prepared: Prepared, settings: Sequence[Sequence[Place]], *, side: str, own: int | None, by: By) -> Judged:
    """Judge finished settings (each with its seeds) on the films of a side that all of them scored.

    Args:
        prepared: labels and patients.
        settings: the places of each setting's seeds.
        side: "val" or "test".
        own: which of them the others are compared with, or None.
        by: what the best is chosen by.
    """
    frames = [[place.scores(side).set_index("image")["score"] for place in seeds] for seeds in settings]
    known = prepared.frame.assign(positive=prepared.is_positive, group=group_ids(prepared.frame)).set_index("image")
    images = known.index[known["split"] == side]
    for scores in (scores for seeds in frames for scores in seeds):
        images = images.intersection(scores.index, sort=False)
    rows = known.loc[images]
    films = TriedFilms(
        positive=rows["positive"].to_numpy(dtype=bool),
        patient=np.unique(rows["group"].to_numpy(dtype=str), return_inverse=True)[1],
        patients_known=bool(patient_ids(rows.reset_index()).notna().any()),
        scores=np.array([[scores.loc[images].to_numpy(dtype=float) for scores in seeds] for seeds in frames]),
    )
    return Judged(judge_tried(films, own=own, by=by), films)


def sentences(told: Mapping[str, Any]) -> list[str]:
    """What was chosen, what its figure is worth, and how it stands against the recipe's own setting."""
    best, count, name = told["settings"][0], len(told["settings"]), FIGURES[told["by"]]
    seen = told["validation"]
    patients = "" if seen["patients"] is None else f" of {seen['patients']} patients"
    where = f"{seen['films']} validation films{patients} ({seen['positive_films']} positive)"
    return [
        f"{best['title']} has the best {name} of {count} settings on {where}: {figure_words(best[told['by']], told['by'])}.",
        f"That figure is optimistic: it was chosen as the best of {count} on the very films that it is measured on. Corrected "
        f"for choosing: {figure_words(told['corrected'], told['by'])}.",
        _against_own(told, best, name),
    ]


def _against_own(told: Mapping[str, Any], best: Mapping[str, Any], name: str) -> str:
    own = next((row for row in told["settings"] if row["own"]), None)
    if own is None:
        return "The recipe's own setting failed, so that nothing can be compared with it."
    if best["own"]:
        return f"It is the recipe's own setting: no other has a higher {name}."
    others = len(told["settings"]) - 1
    say = words.percent if told["by"] == "accuracy" else words.ratio
    low, high = best["difference"]["low"], best["difference"]["high"]
    verdict = "better" if low > 0 else "worse" if high < 0 else ""
    shown = f"it is {verdict}" if verdict and best["p_holm"] < 0.05 else "no difference is shown"
    difference = signed_interval(best["difference"], as_points=told["by"] == "accuracy")
    return (
        f"Against the recipe's own setting ({say(own[told['by']]['value'])}) {difference} by {words.basis(best['difference'])}; "
        f"p {_p(best['p'])}, by Holm's method for {others} {'comparison' if others == 1 else 'comparisons'} "
        f"p {_p(best['p_holm'])}: {shown}."
    )


def _p(p: float) -> str:
    text = p_value(p)
    return text if text.startswith("<") else f"= {text}"


def notes(told: Mapping[str, Any], *, recipe: Recipe, keeps_best: bool) -> list[str]:
    """What a reader of the table must know."""
    found = []
    if told["validation"]["rarer_patients"] < FEW:
        unit = "films" if told["validation"]["patients"] is None else "patients"
        found.append(
            f"Only {told['validation']['rarer_patients']} {unit} of the rarer class are on the validation side: which setting "
            "is the best there is mostly chance."
        )
    if len(told["tied"]) > 1:
        found.append(
            f"{len(told['tied'])} settings share the best figure; of equal ones the recipe's own is chosen, else the first tried."
        )
    if keeps_best:
        found.append("Validation also picked the epoch that each setting keeps, which flatters all of them.")
    if recipe.task != "binary":
        found.append(f"Of several classes: figures are those of {told['positive']} against the rest.")
    if recipe.calibration != "none":
        found.append(f"Scores are judged as trained, before the recipe's calibration ({recipe.calibration}).")
    if len(told["seeds"]) > 1:
        found.append(
            f"Figures are means over {len(told['seeds'])} seeds of training; intervals are of films and patients, the spread "
            "over seeds stands beside them."
        )
    else:
        found.append("One seed a setting: how much a figure changes with the seed alone, --seeds tells.")
    if told["test"] is None:
        found.append(
            "Validation chose, and test films were not looked at; --test gives the chosen setting's figures there."
        )
    else:
        found.append(
            "Validation chose; test figures are those of the chosen setting and the recipe's own, and choose nothing."
        )
    return found

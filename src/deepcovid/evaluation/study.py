"""The plan of a study: how many films of which class, of how many patients, and how many people to enrol."""

from __future__ import annotations

from typing import Any

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import CONFIDENCE
from deepcovid.evaluation.planning import (
    ASSURANCE,
    Clustering,
    Method,
    films_for_auc,
    films_needed,
    people_needed,
)


def plan_study(
    *,
    sensitivity: float | None = None,
    specificity: float | None = None,
    auc: float | None = None,
    halfwidth: float = 0.05,
    prevalence: float | None = None,
    method: Method = "wilson",
    films_per_patient: float = 1.0,
    icc: float = 1.0,
) -> dict[str, Any]:
    """What it takes to know each of the figures that are given to ± `halfwidth` (95 % intervals).

    Args:
        sensitivity, specificity, auc: what is expected of the detector, fractions; None: not planned for.
        halfwidth: half of the interval that is wanted, a fraction in [0.005, 0.5).
        prevalence: share of positives among the people enrolled; None: both classes are collected apart.
        method: how intervals of shares are made.
        films_per_patient, icc: see `Clustering`.

    Returns:
        JSON-safe: `positives` and `negatives` (a `Need` each, where planned), `auc`, `people`, and `notes`.

    Raises:
        ScoresError: nothing to plan for, or a number out of its range.
    """
    if sensitivity is None and specificity is None and auc is None:
        raise ScoresError(
            "there is nothing to plan for", mend="give a sensitivity, a specificity or an AUC, such as 0.975"
        )
    clustering = Clustering(films_per_patient=films_per_patient, icc=icc)
    options: dict[str, Any] = {"halfwidth": halfwidth, "method": method, "clustering": clustering}
    plan: dict[str, Any] = {
        "format": 1,
        "confidence": CONFIDENCE,
        "assurance": ASSURANCE,
        "method": method,
        "halfwidth": halfwidth,
        "films_per_patient": films_per_patient,
        "icc": icc,
        "design_effect": clustering.design_effect,
        "prevalence": prevalence,
        "positives": None if sensitivity is None else films_needed(sensitivity, **options).to_dict(),
        "negatives": None if specificity is None else films_needed(specificity, **options).to_dict(),
        "auc": None if auc is None else _for_auc(auc, halfwidth, prevalence, clustering),
    }
    plan["people"] = None if prevalence is None else _people(plan, prevalence)
    return plan | {"notes": _notes(plan)}


def _for_auc(auc: float, halfwidth: float, prevalence: float | None, clustering: Clustering) -> dict[str, Any]:
    if prevalence is not None and not 0 < prevalence < 1:
        raise ScoresError(f"the prevalence is {prevalence:g}", mend="give a fraction between 0 and 1, such as 0.05")
    ratio = 1.0 if prevalence is None else (1 - prevalence) / prevalence
    found = films_for_auc(auc, halfwidth=halfwidth, negatives_per_positive=ratio)
    for name in ("hanley_mcneil", "newcombe"):
        found[name] |= {side: clustering.of(found[name][side]) for side in ("positives", "negatives")}
    return found


def _people(plan: dict[str, Any], prevalence: float) -> dict[str, int]:
    """People to enrol for the patients of both classes, by each reading of the half-width; for an AUC by the larger formula."""
    people = {}
    for reading in ("expected", "assured", "whatever_comes"):
        positives, negatives = (
            plan[side][reading]["patients"] if plan[side] else 0 for side in ("positives", "negatives")
        )
        for method in ("hanley_mcneil", "newcombe") if plan["auc"] else ():
            positives = max(positives, plan["auc"][method]["positives"]["patients"])
            negatives = max(negatives, plan["auc"][method]["negatives"]["patients"])
        people[reading] = people_needed(prevalence, positives=positives, negatives=negatives)
    return people


def _notes(plan: dict[str, Any]) -> list[str]:
    notes = ["The plan takes the figures that are expected as the truth; a detector that does worse needs more films."]
    if plan["design_effect"] > 1:
        notes.append(
            f"With {plan['films_per_patient']:g} films a patient and a correlation of {plan['icc']:g}, "
            f"{plan['design_effect']:.3g} films say as much as one independent film."
        )
    if plan["auc"]:
        notes.append(
            "Both formulas for the AUC suppose a shape of the scores (Hanley and McNeil's an exponential one, with limits that "
            "are too narrow near 1 and pass it); plan by the one that asks for more."
        )
    return notes

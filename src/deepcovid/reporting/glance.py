"""The first screen in words: what was asked, how good, how sure, what a call is worth, whether to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.content import NO_AUDIT, ReportContent
from deepcovid.reporting.figures.curves import main_point
from deepcovid.reporting.tables import CHOSEN


@dataclass(frozen=True)
class Headline:
    """A measure with its interval, to be set large; `at`, `low`, `high` are places on a scale from 0 to 100."""

    name: str
    value: str
    sign: str
    interval: str
    basis: str
    at: float | None
    low: float | None
    high: float | None
    chance: float | None = None


def headlines(evaluation: Mapping[str, Any]) -> list[Headline]:
    """AUC, and sensitivity and specificity at the main operating point."""
    auc = evaluation["auc"]
    shown = [_headline("AUC", auc, value=words.ratio(auc.get("value")), as_percent=False, chance=50.0)]
    point = main_point(evaluation)
    for key in ("sensitivity", "specificity") if point else ():
        interval = point[key]
        shown.append(_headline(words.headline(key), interval, value=words.bare_percent(interval.get("value"))))
    return shown


def _headline(
    name: str, interval: Mapping[str, Any], *, value: str, as_percent: bool = True, chance: float | None = None
) -> Headline:
    places = [100 * interval[key] if words.known(interval.get(key)) else None for key in ("value", "low", "high")]
    sign = "%" if as_percent and places[0] is not None else ""
    limits = words.bounds(interval, as_percent=as_percent)
    return Headline(name, value, sign, limits, words.basis(interval), *places, chance=chance)


def measured_on(name: str, evaluation: Mapping[str, Any]) -> str:
    """What the figures were measured on: "420 films (40 covid, 380 not) of 361 patients in “test”"."""
    patients = evaluation.get("n_patients")
    whom = f" of {words.counted(patients, 'patient')}" if patients is not None else ", patients unknown"
    split = {"test": "the test split", "val": "the validation split", "validation": "the validation split"}
    where = split.get(str(evaluation.get("split")), f"“{name}”")
    left_out = evaluation.get("n_dropped") or 0
    tail = f" {words.count(left_out)} rows without label or score are left out." if left_out else ""
    return (
        f"Measured on {words.counted(evaluation['n'], 'image')}{whom}, in {where}: "
        f"{words.count(evaluation['n_positive'])} {evaluation['positive']}, {words.count(evaluation['n_negative'])} not.{tail}"
    )


def how_sure(evaluation: Mapping[str, Any]) -> str:
    """What the number of films leaves open, in words."""
    point = main_point(evaluation)
    if not point or not words.known(point["sensitivity"].get("low")):
        return "There is no operating point with both kinds of film, so no sensitivity or specificity is given."
    sensitivity, by_patient = point["sensitivity"], point.get("sensitivity_bootstrap")
    said = (
        f"{words.count(evaluation['n_positive'])} positive films leave the sensitivity anywhere from "
        f"{words.bounds(sensitivity).replace('–', ' to ')} (Wilson, 95 %)"
    )
    if by_patient and words.known(by_patient.get("low")):
        said += f"; counted by patient, {words.bounds(by_patient).replace('–', ' to ')} ({words.basis(by_patient)})"
    return said + "."


def threshold_sentence(evaluation: Mapping[str, Any]) -> str:
    """Which threshold the sensitivity and specificity belong to, and where it was chosen."""
    point = main_point(evaluation)
    if not point:
        return ""
    chosen = CHOSEN.get(point["chosen_on"], point["chosen_on"])
    warning = ", so both figures flatter" if point["chosen_on"] == "this data" else ""
    return f"Sensitivity and specificity at the threshold {words.threshold(point['threshold'])} ({point['name']}), chosen {chosen}{warning}."


def in_use(evaluation: Mapping[str, Any]) -> str:
    """What a call would be worth at the middle prevalence given."""
    point = main_point(evaluation)
    rows = [row for row in (point or {}).get("predictive_values") or [] if words.known(row["ppv"].get("value"))]
    if not rows:
        return ""
    row = rows[len(rows) // 2]
    return (
        f"Where {words.prevalence(row['prevalence'])} people have {evaluation['positive']}, "
        f"{words.percent(row['ppv']['value'])} of the positive calls would be right ({words.bounds(row['ppv'])}), "
        f"and {words.percent(row['npv']['value'])} of the negative ones ({words.bounds(row['npv'])}), "
        "if the films there were like these."
    )


def belief(content: ReportContent) -> str:
    """The audit's sentence, or that there was no audit."""
    return content.audit_sentence or NO_AUDIT

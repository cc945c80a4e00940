"""The first screen in words: what was asked, how good, how sure, what a call is worth, whether to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.content import NO_AUDIT, ReportContent
from deepcovid.reporting.figures.curves import main_point
from deepcovid.reporting.tables import HOW_CHOSEN


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
    for key, interval in ((key, point[key]) for key in ("sensitivity", "specificity") if point):
        shown.append(_headline(words.headline(key), interval, value=words.bare_percent(interval.get("value"))))
    return shown


def _headline(
    name: str, interval: Mapping[str, Any], *, value: str, as_percent: bool = True, chance: float | None = None
) -> Headline:
    at, low, high = (
        100 * interval[key] if words.known(interval.get(key)) else None for key in ("value", "low", "high")
    )
    sign = "%" if as_percent and at is not None else ""
    limits = words.bounds(interval, as_percent=as_percent)
    return Headline(name, value, sign, limits, words.basis(interval), at=at, low=low, high=high, chance=chance)


def measured_on(name: str, evaluation: Mapping[str, Any]) -> str:
    """What the figures were measured on: "Measured on 420 films of 361 patients, in the test split: 40 covid, 380 not."."""
    patients = evaluation.get("n_patients")
    whom = f" of {words.counted(patients, 'patient')}" if patients is not None else ", patients unknown"
    split = {"val": "validation"}.get(str(evaluation.get("split")), evaluation.get("split"))
    where = f"the {split} split" if split else f"“{name}”"
    return (
        f"Measured on {words.counted(evaluation['n'], 'image')}{whom}, in {where}: "
        f"{words.count(evaluation['n_positive'])} {evaluation['positive']}, {words.count(evaluation['n_negative'])} not."
    )


def how_sure(evaluation: Mapping[str, Any]) -> str:
    """What the number of films leaves open, in words."""
    point = main_point(evaluation)
    if not point or not words.known(point["sensitivity"].get("low")):
        return "There is no operating point with both kinds of film, so no sensitivity or specificity is given."
    sensitivity, by_patient = point["sensitivity"], point.get("sensitivity_bootstrap")
    said = (
        f"{words.count(evaluation['n_positive'])} positive films leave the sensitivity anywhere from "
        f"{words.spoken_bounds(sensitivity)} (Wilson, 95 %)"
    )
    if by_patient and words.known(by_patient.get("low")):
        said += f"; counted by patient, {words.spoken_bounds(by_patient)} ({words.basis(by_patient)})"
    return said + "."


def threshold_sentence(evaluation: Mapping[str, Any]) -> str:
    """Which threshold the sensitivity and specificity belong to, and where it was chosen."""
    point = main_point(evaluation)
    if not point:
        return ""
    chosen = HOW_CHOSEN.get(point["chosen_on"], point["chosen_on"])
    warning = ", so both figures flatter" if point["chosen_on"] == "this data" else ""
    at = f"{words.threshold(point['threshold'])} ({point['name']})"
    return f"Sensitivity and specificity at the threshold {at}, {chosen}{warning}.{_undecided(evaluation)}"


def _undecided(evaluation: Mapping[str, Any]) -> str:
    """That these figures count films of which no call is the verdict; empty without conformal sets."""
    section = evaluation.get("conformal")
    share = section["decided"]["share"] if section else {"value": None}
    if not words.known(share["value"]) or share["value"] == 1:
        return ""
    return (
        f" They count the threshold's calls of all films; {words.percent(share['value'])} of them ({words.bounds(share)}) have a "
        "set of one class, and of the others “deepcovid predict” says that it cannot tell, in place of a call."
    )


def in_use(evaluation: Mapping[str, Any]) -> str:
    """What a call would be worth at the middle prevalence given."""
    point = main_point(evaluation)
    rows = [row for row in (point or {}).get("predictive_values") or [] if words.known(row["ppv"].get("value"))]
    if not rows:
        return ""
    row = rows[len(rows) // 2]
    return (
        f"Where {words.prevalence(row['prevalence'])} people have {evaluation['positive']}, "
        f"{words.percent(row['ppv']['value'])} of the positive calls would be right ({words.spoken_bounds(row['ppv'])}), "
        f"and {words.percent(row['npv']['value'])} of the negative ones ({words.spoken_bounds(row['npv'])}), "
        "if the films there were like these."
    )


def belief(content: ReportContent) -> str:
    """The audit's sentence, or that there was no audit; a sentence that the page opens with is not said twice."""
    said = {notice.sentence: notice.level for notice in content.notices}
    level = said.get(content.audit_sentence or "")
    if level == "danger":
        return "Not as it stands: see the warning at the top of this page."
    if level == "caution":
        return "With reserve: see the caution at the top of this page."
    return content.audit_sentence or NO_AUDIT


def notes(content: ReportContent) -> list[str]:
    """What else must be known: notices for information and the evaluation's notes, each once, and none that is a warning."""
    warned = {notice.sentence for notice in content.notices if notice.level != "info"}
    said = [notice.sentence for notice in content.notices if notice.level == "info"] + list(
        content.main.get("notes") or []
    )
    return [note for note in dict.fromkeys(said) if note not in warned]

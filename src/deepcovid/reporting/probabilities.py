"""The report's part on scores as probabilities: reliability diagram, decision curve, and their tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.figures.calibration import decision_figure, reliability_figure
from deepcovid.reporting.plates import Plate
from deepcovid.reporting.probability_tables import calibration_table, calibrations_of, sets_table
from deepcovid.reporting.tables import Table

Section = Mapping[str, Any]


def probability_plates(evaluation: Section) -> list[Plate]:
    """The reliability diagram and the decision curve, where the evaluation has them."""
    plates = []
    if evaluation.get("calibration"):
        plates.append(_reliability(evaluation["calibration"]))
    if evaluation.get("decision_curve"):
        plates.append(_decision(evaluation["decision_curve"]))
    return plates


def probability_tables(evaluation: Section) -> list[Table]:
    """Calibration, and conformal sets, where the evaluation has them."""
    tables = [calibration_table(evaluation["calibration"])] if evaluation.get("calibration") else []
    if evaluation.get("conformal"):
        tables.append(sets_table(evaluation["conformal"], positive=str(evaluation["positive"])))
    return tables


def _reliability(section: Section) -> Plate:
    drawn = dict(list(calibrations_of(section).items())[:2])
    told = "; ".join(
        f"{words.ratio(row['score'])}: {words.percent(row['observed']['value'])} ({words.bounds(row['observed'])})"
        for row in section["as_given"]["bins"]
    )
    return Plate(
        "reliability", "Reliability diagram", reliability_figure(drawn),
        f"Observed share of positives by mean score of a bin: {told}.",
        "A dot is a bin of about as many films as the others: right is its mean score, up the share of positives among its "
        "films, with the 95 % interval. Dots on the diagonal are probabilities; below it scores are too high. It holds where "
        "positives are as common as here.",
    )  # fmt: skip


def _decision(curve: Section) -> Plate:
    ranges = [f"{100 * first:.0f} to {100 * last:.0f} %" for first, last in curve["useful"]]
    use = "At no threshold is the lower limit above both."
    if ranges:
        use = f"The lower limit is above both at thresholds of {', '.join(ranges)}."
    return Plate(
        "decision-curve", "Decision curve", decision_figure(curve),
        f"Net benefit against the threshold probability. {use}",
        "Who acts from a probability of 10 % on holds a missed case to be as bad as nine false alarms. Net benefit counts true "
        "calls and takes off false ones at that rate, for people of whom "
        f"{words.percent(curve['prevalence'])} are positive. {use}",
    )  # fmt: skip

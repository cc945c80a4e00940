"""Tables of scores as probabilities: calibration before and after, and the sets that are to hold the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.reporting import words
from deepcovid.reporting.tables import Cell, Table

Section = Mapping[str, Any]


def calibrations_of(section: Section) -> dict[str, Section]:
    """The figures of a `calibration` by a reader's name, the scores that are evaluated first."""
    found = {"as given": section["as_given"]}
    if section.get("before"):
        found = {"calibrated, as given": section["as_given"], "before that": section["before"]}
    if section.get("temperature"):
        found[f"divided by {section['temperature']['temperature']:.2f}"] = section["temperature"]
    if section.get("isotonic"):
        found["by a rising function"] = section["isotonic"]
    return found


def calibration_table(section: Section) -> Table:
    """One row a calibration."""
    head = ["scores", "Brier score", "slope", "intercept", "error by bins", "by chance alone", "error without chance"]
    rows = [
        [Cell(name, number=False), _ratio(figures["brier"]), _signed(figures["slope"]), _signed(figures["intercept"]),
         Cell(words.ratio(figures["ece"])), Cell(words.ratio(figures["ece_by_chance"])), _ratio(figures["rms_error"])]
        for name, figures in calibrations_of(section).items()
    ]  # fmt: skip
    given = section["as_given"]
    note = (
        f"Brackets are 95 % intervals ({words.basis(given['brier'])}; slope and intercept by sandwich errors). Slope 1 and "
        f"intercept 0 are calibrated. The share of positives as everybody's score has a Brier score of "
        f"{words.ratio(given['brier_of_prevalence'])}."
    )
    fitted = section.get("fitted_on")
    if fitted and (section.get("temperature") or section.get("isotonic")):
        films, positive = words.counted(fitted["films"], "image"), words.count(fitted["positive"])
        note += f" The other rows were fitted on {films} of validation, {positive} of them positive; the scores are as given."
    return Table("How far scores are probabilities", head, rows, note)


def _ratio(interval: Section) -> Cell:
    return Cell(f"{words.ratio(interval['value'])} ({words.bounds(interval, as_percent=False)})")


def _signed(interval: Section | None) -> Cell:
    if interval is None:
        return Cell(words.ABSENT, remark=True)
    return Cell(f"{interval['value']:.2f} ({interval['low']:.2f} to {interval['high']:.2f})")


def sets_table(section: Section, *, positive: str) -> Table:
    """One row a class, then its sources: whether the sets hold it, and what they say."""
    names = {"positive": positive, "negative": f"not {positive}"}
    head = ["films of", "in the set", "interval", "verdict", "decided rightly", "wrongly", "both", "neither"]
    rows = []
    for row in section["classes"]:
        counts = [Cell(words.count(row[key])) for key in ("alone", "wrong", "both", "none")]
        rows.append([Cell(names[row["class"]], number=False), *_coverage(row), *counts])
        sources = [part for part in section["by_source"] if part["class"] == row["class"]]
        for part in sources if len(sources) > 1 else []:
            rows.append([Cell(f"… from {part['source']}", number=False), *_coverage(part), *[Cell("")] * 4])
    promise = words.percent(1 - section["alpha"])
    decided = section["decided"]["share"]
    expected = "; ".join(
        f"{words.percent(row['expected']['low'])} to {words.percent(row['expected']['high'])} for {names[row['class']]} "
        f"({words.counted(row['patients'], 'patient')} of validation)"
        for row in section["classes"]
    )
    note = (
        f"Each class is to be in the set of {promise} of its films that are like those of validation; to expect is {expected}. "
        f"{words.percent(decided['value'])} of the films ({words.bounds(decided)}) have a set of one class, a decision; both "
        "says that the film cannot be told, neither that it is unlike either class; “deepcovid predict” says that first, and "
        "the call at the threshold behind it."
    )
    return Table("Sets that are to hold the truth", head, rows, note)


def _coverage(row: Section) -> list[Cell]:
    told = row["coverage"]
    return [
        Cell(words.percent(told["value"])),
        Cell(words.bounds(told)),
        Cell(row["verdict"], number=False, remark=row["verdict"] == "unknown"),
    ]

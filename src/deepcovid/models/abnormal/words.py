"""What is said with the calls of deepcovid's own detectors: what they mean, do not promise, and how often they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.imaging.dicom_age import AgeGroup

ADULTS, CHILDREN = "adults", "children"
GROUPS: dict[str, AgeGroup] = {ADULTS: "adult", CHILDREN: "child"}
RESEARCH = "a demonstration for research, no medical device"
BY_AGE = (
    "No detector was named: deepcovid's own are used, normal or abnormal chest film, of adults and of children under 18; the "
    f"age in a film's header says which. Each is {RESEARCH}."
)
OTHERS = {
    ADULTS: "Films of children: name normal-or-abnormal-children.",
    CHILDREN: "Films of adults: name normal-or-abnormal.",
}
WHOSE = {
    ADULTS: "this detector was made of films of adults and measured on them alone: name normal-or-abnormal-children",
    CHILDREN: "this detector was made of films of children and measured on them alone: name normal-or-abnormal",
}
MEANINGS = {
    ADULTS: "abnormal: like films of adults whose reports name pneumonia, alone or with other findings (found by text mining, so "
    "that labels are wrong at times). What is on the film, if anything, it does not say.",
    CHILDREN: "abnormal: like films of children with pneumonia. What is on the film, if anything, it does not say.",
}
NO_PROMISE = (
    "not called abnormal: no word that the film is normal. What did not stand beside pneumonia in its films (a fracture, a "
    "nodule, air beside the lung) it has not learnt."
)
NEXT_STEP = "Have the film read by a radiologist; the detector says neither what is abnormal nor that anything is."


def named(population: str) -> str:
    """Which detector this is, where it was named."""
    return f"deepcovid's own detector, normal or abnormal chest film of {population}; {RESEARCH}. {OTHERS[population]}"


def audited(audit: Mapping[str, Any]) -> str:
    """An audit's verdict with its sentence, and which tests fail where several do.

    Args:
        audit: an `audit.json`, with `verdict`, `sentence` and `tests`.
    """
    failed = [test["test"] for test in audit.get("tests", ()) if test["verdict"] == "FAIL"]
    more = f" {len(failed)} of its tests fail: {', '.join(failed)}." if len(failed) > 1 else ""
    return f"{audit['verdict']}. {audit['sentence']}{more}"


def unlike(group: AgeGroup, *, population: str) -> str:
    """A warning where a film of this age group is scored by the detector of the others; else empty."""
    if group == "unknown" or group == GROUPS[population]:
        return ""
    return f"this is a film of {'a child' if group == 'child' else 'an adult'} by its header, and {WHOSE[population]}"


def without_age(films: int, *, unread: int) -> str:
    """What is said of films that tell no age, some of them (`unread`) one that cannot be read, and that the detector of adults
    scored; empty for none."""
    if not films:
        return ""
    which = "1 film tells no age and was" if films == 1 else f"{films:,} films tell no age and were"
    why = f" (it cannot be read in {unread:,})" if unread else ""
    return (
        f"{which} scored as of adults{why}. If any is of a child: deepcovid predict normal-or-abnormal-children FILMS"
    )


def unread_ages(films: int) -> str:
    """That an age was to be read, and whose the films are remains unknown; empty for none."""
    return f"ages that cannot be read in the headers of films: {films:,}; they were scored as named" if films else ""


def unlike_ages(films: int, *, population: str) -> str:
    """That films of others were given to the detector that was named; empty for none."""
    others = CHILDREN if population == ADULTS else ADULTS
    return f"films of {others} by their headers: {films:,}; {WHOSE[population]}" if films else ""


def about(figures: Mapping[str, Any], *, population: str) -> tuple[str, ...]:
    """What the calls mean, and how often they are wrong.

    Args:
        figures: `test` with `sensitivity` and `specificity` (intervals as JSON), `slope` of its `calibration`, and of its
            `conformal` rule `decided` and `right_of_decided`.
        population: adults or children.
    """
    found = figures["test"]
    lines = (
        MEANINGS[population],
        NO_PROMISE,
        f"measured on {population} kept out of its training, by the threshold alone: {_share(found['sensitivity'])} of abnormal "
        f"films are called so, {_share(found['specificity'])} of normal ones are not. Nothing was measured on others.",
        _decided(found["conformal"]),
        miscalibrated(found["calibration"]),
    )
    return tuple(line for line in lines if line)


def _decided(conformal: Mapping[str, Any]) -> str:
    """Of how many films it can be told which class they are of, and how many of these were told rightly."""
    if not conformal.get("decided"):
        return ""
    share, right = _share(conformal["decided"]), _share(conformal["right_of_decided"])
    return f"cannot tell: the film could be either. {share} of films were decided there, {right} of them rightly."


def miscalibrated(calibration: Mapping[str, Any]) -> str:
    """That probabilities are too sure, or too cautious, where the interval of the calibration slope says so; else empty."""
    slope = calibration["slope"]
    if slope is None or slope["low"] <= 1 <= slope["high"]:
        return ""
    how = "too sure" if slope["high"] < 1 else "too cautious"
    figure = f"{slope['value']:.2f} ({slope['low']:.2f}–{slope['high']:.2f}; {slope['n']} {slope['unit']}s)"
    return f"its probabilities were {how} there: calibration slope {figure}, where 1 is right."


def _share(interval: Mapping[str, Any]) -> str:
    if interval["value"] is None:
        return "an unknown share"
    low, high = (f"{100 * interval[end]:.0f}" for end in ("low", "high"))
    return f"{100 * interval['value']:.0f} % ({low}–{high} %; {interval['n']} {interval['unit']}s)"

"""How old somebody was when a film was taken, by its DICOM header; and whether that is a child's age or an adult's."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any, Literal

from deepcovid.imaging.dicom_elements import text

AgeGroup = Literal["adult", "child", "unknown"]
ADULT = 18  # years
AGE_RANGE = (0, 120)  # years
TAKEN = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")
_DAYS_A_YEAR = 365.25
_A_YEAR = {"D": _DAYS_A_YEAR, "W": _DAYS_A_YEAR / 7, "M": 12.0, "Y": 1.0}
UNREADABLE = "the header's age cannot be read: the age group is unknown"
CONTRADICTION = "Patient's Age and the dates of birth and study lie on two sides of 18 years; Patient's Age was taken"


@dataclass(frozen=True)
class Grouped:
    """The age group of a film, and a note where the header's age cannot be read or contradicts itself."""

    group: AgeGroup
    note: str = ""


def age_group(dataset: Any) -> Grouped:
    """Child under 18 years, else adult: by Patient's Age (0010,1010), else by the dates of birth and of the film.

    Nothing else of the age is told: with the film's date an age would give away the year of birth.
    """
    said, counted = _said(dataset), _counted(dataset, day(dataset, *TAKEN))
    if said is not None and counted is not None and (said < ADULT) != (counted < ADULT):
        return Grouped(_group(said), CONTRADICTION)
    years = counted if said is None else said
    if years is not None:
        return Grouped(_group(years))
    told = text(dataset, "PatientAge") or text(dataset, "PatientBirthDate")
    return Grouped("unknown", UNREADABLE if told else "")


def age(dataset: Any, taken: datetime.date | None) -> float | None:
    """Years from Patient's Age (AS: 034Y, 006M, 012W, 003D), else from the dates of birth and of the film.

    Whole years from two on, below that two decimals: finer, an age and a date would give away the day of birth.
    """
    said = _said(dataset)
    years = _counted(dataset, taken) if said is None else said
    if years is None:
        return None
    return round(years, 2) if years < 2 else float(int(years + 1e-9))


def day(dataset: Any, *keywords: str) -> datetime.date | None:
    """The first of these dates (DA, PS3.5, 6.2: YYYYMMDD) that is one."""
    for keyword in keywords:
        digits = re.sub(r"[.\-]", "", text(dataset, keyword))
        if re.fullmatch(r"\d{8}", digits):
            try:
                return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            except ValueError:
                continue
    return None


def _said(dataset: Any) -> float | None:
    """Years by Patient's Age (PS3.5, 6.2, AS); None where it is no age."""
    found = re.fullmatch(r"(\d{1,3})([DWMY])", text(dataset, "PatientAge").upper(), re.ASCII)
    return _possible(int(found[1]) / _A_YEAR[found[2]]) if found else None


def _counted(dataset: Any, taken: datetime.date | None) -> float | None:
    """Years by the dates: whole ones by the calendar from two on, so that a birthday counts on its day."""
    born = day(dataset, "PatientBirthDate")
    if born is None or taken is None:
        return None
    whole = taken.year - born.year - ((taken.month, taken.day) < (born.month, born.day))
    return _possible(float(whole) if whole >= 2 else (taken - born).days / _DAYS_A_YEAR)


def _possible(years: float) -> float | None:
    return years if AGE_RANGE[0] <= years <= AGE_RANGE[1] else None


def _group(years: float) -> AgeGroup:
    return "child" if years < ADULT else "adult"

"""Who was filmed: the words that collections use for age and sex, brought to years and F or M."""

from __future__ import annotations

import math
import re

from deepcovid.imaging.dicom_age import AGE_RANGE

_PER_YEAR = {"Y": 1.0, "M": 12.0, "W": 365.25 / 7, "D": 365.25}
_SEXES = {"f": "F", "female": "F", "woman": "F", "m": "M", "male": "M", "man": "M"}
_UNKNOWN = ("unknown", "unk", "n/a", "na", "nan", "none", "not available", "?", "-", "u", "o")


def parse_age(word: str) -> float | None:
    """Years from "62", "62.0", DICOM's age string "070Y", "006M" (PS3.5, 6.2, AS) or a range "60-69" (its middle).

    "<1" is 0.5 and "90+" or ">89" the bound itself; a word for unknown is None.

    Raises:
        ValueError: it is no age, or none between 0 and 120 years; the message says what is allowed.
    """
    plain = word.strip().lower().removesuffix("years").removesuffix("year").removesuffix("yo").strip()
    if plain in _UNKNOWN:
        return None
    years = _years(plain)
    if years is None or not AGE_RANGE[0] <= years <= AGE_RANGE[1]:
        low, high = AGE_RANGE
        raise ValueError(f"allowed are years from {low} to {high} (62, 070Y, 006M, 60-69, <1, 90+) or an empty cell")
    return round(years, 4)


def is_approximate_age(word: str) -> bool:
    """Whether a cell tells a range or a bound and no age: "60-69", "50+", "<1"."""
    return bool(re.search(r"[<>+–]|\d\s*-\s*\d|\dto|\d to ", word.strip().lower()))


def parse_sex(word: str) -> str | None:
    """F or M from F, M, female, male; a word for unknown (DICOM's O included) is None.

    Raises:
        ValueError: it is neither; the message says what is allowed.
    """
    plain = word.strip().lower()
    if plain in _UNKNOWN:
        return None
    if plain in _SEXES:
        return _SEXES[plain]
    raise ValueError("allowed are F, M, female, male, unknown or an empty cell")


def _years(plain: str) -> float | None:
    if dicom := re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*([ymwd])", plain, re.ASCII):
        return float(dicom[1]) / _PER_YEAR[dicom[2].upper()]
    if span := re.fullmatch(r"(\d{1,3})\s*(?:-|–|to)\s*(\d{1,3})", plain, re.ASCII):
        return (float(span[1]) + float(span[2])) / 2 if float(span[1]) <= float(span[2]) else None
    if bound := re.fullmatch(r"[<>]?=?\s*(\d{1,3})\s*\+?", plain, re.ASCII):
        years = float(bound[1])
        return years / 2 if plain.startswith("<") and years <= 1 else years
    number = float(plain) if re.fullmatch(r"\d{1,3}(\.\d+)?", plain, re.ASCII) else math.nan
    return None if math.isnan(number) else number

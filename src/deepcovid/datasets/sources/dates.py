"""When a film was made: the ways in which collections write a date, brought to ISO 8601 as far as it is told."""

from __future__ import annotations

import datetime
import re

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ALLOWED = "allowed are 2020, 2020-01, 2020-01-22, 20200122, January 22, 2020 or an empty cell"


def parse_date(word: str, *, month_first: bool = False) -> str:
    """ "2020", "2020-01" or "2020-01-22", from these, DICOM's 20200122 (PS3.5, 6.2, DA), or months in English.

    Args:
        word: the collection's words.
        month_first: whether 2/29/2020 is the 29th of February; else slashes are refused, as both orders exist.

    Raises:
        ValueError: no date, or one without a year; the message says what is allowed.
    """
    plain = " ".join(word.replace(",", " ").split()).lower()
    for pattern, fields in _PATTERNS:
        found = re.fullmatch(pattern, plain, re.ASCII)
        if found and (month_first or "/" not in plain):
            told = dict(zip(fields, found.groups(), strict=True))
            return _iso(told["y"], told.get("m"), told.get("d"))
    raise ValueError(_ALLOWED)


_NAME = r"([a-z]{3,9})\.?"
_PATTERNS = (
    (r"(\d{4})", "y"),
    (r"(\d{4})-(\d{1,2})", "ym"),
    (r"(\d{4})-(\d{1,2})-(\d{1,2})", "ymd"),
    (r"(\d{4})(\d{2})(\d{2})", "ymd"),
    (rf"{_NAME} (\d{{4}})", "my"),
    (rf"{_NAME} (\d{{1,2}}) (\d{{4}})", "mdy"),
    (rf"(\d{{1,2}}) {_NAME} (\d{{4}})", "dmy"),
    (r"(\d{1,2})/(\d{1,2})/(\d{4})", "mdy"),
)


def _iso(year: str, month: str | None, day: str | None) -> str:
    if month is None:
        return year
    number = int(month) if month.isdigit() else _month(month)
    if not 1 <= number <= 12:
        raise ValueError(_ALLOWED)
    if day is None:
        return f"{year}-{number:02d}"
    try:
        return datetime.date(int(year), number, int(day)).isoformat()
    except ValueError as error:
        raise ValueError(f"there is no such day; {_ALLOWED}") from error


def _month(name: str) -> int:
    """1 to 12 from a month's name or its first three or four letters; 0 where it is none."""
    return next((n for n, month in enumerate(_MONTHS, 1) if name in (month, month[:3], month[:4])), 0)

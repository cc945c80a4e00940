"""Who a DICOM header names, only to find the same names in file names and to keep both out of every message."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any

from deepcovid.imaging.dicom_elements import optional, text

NAMES = (
    "PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "ReferringPhysicianName",
    "PerformingPhysicianName", "OperatorsName", "RequestingPhysician", "NameOfPhysiciansReadingStudy", "ResponsiblePerson",
)  # fmt: skip
NUMBERS = ("PatientID", "OtherPatientIDs", "AccessionNumber", "AdmissionID", "MedicalRecordLocator")
DATES = ("PatientBirthDate",)
UIDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
KEYWORDS = (*NAMES, *NUMBERS, *DATES, *UIDS)
KINDS = {"name": "a name", "number": "a patient's or an order's number", "date": "a date of birth", "uid": "a UID"}
SHORTEST_NAME, SHORTEST_NUMBER = 3, 4
MOST_NAMES = 60  # words of names in one header; more are no names
HIDDEN = "[…]"
# Words that stand for a name where somebody has removed it, and words that name folders of films
PLAIN = frozenset((
    "anon", "anonym", "anonymous", "anonymised", "anonymized", "unknown", "none", "patient", "test", "phantom", "chest",
    "thorax", "dicom", "film", "films", "image", "images", "export", "study", "series", "data", "covid", "normal",
    "pneumonia", "train", "val",
))  # fmt: skip


class Identifiers:
    """The words and numbers by which one header names people, folded so that they can be looked for in a path."""

    def __init__(self, dataset: Any) -> None:
        words = [word for keyword in NAMES for word in _words(_all(dataset, keyword)) if _tells(word)]
        self.names = set(words[:MOST_NAMES])
        self.numbers = {folded for keyword in NUMBERS for folded in _foldeds(dataset, keyword) if _is_number(folded)}
        self.dates = {form for keyword in DATES for form in _forms_of_day(text(dataset, keyword))}
        self.uids = {uid for keyword in UIDS if len(uid := text(dataset, keyword)) >= 10}

    def kinds_in(self, path: PurePath) -> set[str]:
        """Which kinds of `KINDS` a path holds."""
        return {kind for part in path.parts for kind in self._kinds_in(part)}

    def secrets(self) -> set[str]:
        """Everything that no message may repeat, in folded form."""
        return self.names | self.numbers | self.dates

    def _kinds_in(self, part: str) -> Iterable[str]:
        folded, words = _folded(part), set(_words(part))
        if words & self.names or _joined(self.names, folded):
            yield "name"
        if any(_stands_in(number, folded, words) for number in self.numbers):
            yield "number"
        if any(date in folded for date in self.dates):
            yield "date"
        if any(uid in part for uid in self.uids):
            yield "uid"


def below(path: PurePath, folder: PurePath) -> PurePath:
    """A path as a table in `folder` would write it."""
    return PurePath(os.path.relpath(path, folder))


def masked(path: PurePath, secrets: Iterable[str]) -> str:
    """A path with every part hidden that holds one of `secrets`."""
    known = set(secrets)
    return "/".join(HIDDEN if _holds(part, known) else part for part in path.parts)


def _holds(part: str, secrets: set[str]) -> bool:
    folded = _folded(part)
    ends = range(SHORTEST_NUMBER, len(folded) + 1)
    # few pieces of a name are looked up among many secrets, not the other way round
    pieces = {folded[start:end] for end in ends for start in range(end - SHORTEST_NUMBER + 1)}
    return not secrets.isdisjoint(pieces | set(_words(part)))


def _stands_in(number: str, folded: str, words: set[str]) -> bool:
    return number in words or (len(number) > SHORTEST_NUMBER and number in folded)


def _joined(names: set[str], folded: str) -> bool:
    """Whether two of the names stand together, as in DOEJANE."""
    return any(one + other in folded for one in names for other in names if one != other)


def _tells(word: str) -> bool:
    return len(word) >= SHORTEST_NAME and not word.isdigit() and word not in PLAIN


def _is_number(folded: str) -> bool:
    return len(folded) >= SHORTEST_NUMBER and folded not in PLAIN


def _forms_of_day(value: str) -> set[str]:
    digits = re.sub(r"\D", "", value)
    if len(digits) != 8:
        return set()
    year, month, day = digits[:4], digits[4:6], digits[6:]
    return {year + month + day, day + month + year, month + day + year}


def _all(dataset: Any, keyword: str) -> str:
    value = optional(dataset, keyword)
    return "" if value is None or isinstance(value, bytes) else str(value)


def _foldeds(dataset: Any, keyword: str) -> list[str]:
    value = optional(dataset, keyword)
    several = value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else [value]
    return [_folded(str(one)) for one in several if one is not None and not isinstance(one, bytes)]


def _folded(value: str) -> str:
    """Letters and digits alone, small and without accents."""
    plain = unicodedata.normalize("NFKD", value).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def _words(value: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", value).casefold()
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", kept)

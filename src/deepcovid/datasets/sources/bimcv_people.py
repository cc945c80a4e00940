"""Who was filmed in the BIMCV-COVID19 collection, when, and how far from a positive test."""

from __future__ import annotations

import datetime
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.people import parse_age
from deepcovid.datasets.sources.reading import Metadata, read_metadata

TESTS = ("sil_reg_covid_posi.tsv", "SIL_REG_COVID_POSI_iter123.txt")
_RESULTS = {"POSITIVO": True, "NEGATIVO": False, "INDETERMINADO": False}
_SPAN = 2.0  # years within which the ages of one patient's sessions are taken as one


def ages_of(people: Metadata) -> pd.Series:
    """Years from cells like "[62]" or "['62', '63']", a list over sessions: its middle where it spans two years at most."""
    spread = 0

    def parse(cell: str) -> float | None:
        nonlocal spread
        if cell.startswith("[") != cell.endswith("]"):
            raise ValueError("allowed is an age, or a list of ages in brackets")
        words = [word.strip().strip("'\"") for word in cell.strip("[]").split(",")]
        years = [parse_age(word) for word in words if word]
        known = [year for year in years if year is not None]
        if known and max(known) - min(known) > _SPAN:
            spread += 1
            return None
        return (min(known) + max(known)) / 2 if known else None

    ages = people.cells("age", parse)
    if spread:
        people.notes.append(f"{spread} different lists of ages span more than {_SPAN:g} years: those ages are unknown")
    return ages


def dates_of(home: Path, films: pd.DataFrame) -> tuple[pd.Series, list[str], list[str]]:
    """The date of each film's session, from sub-*/sub-*_sessions.tsv; problems of those files; notes."""
    dates: dict[str, datetime.date | None] = {}
    problems: list[str] = []
    for patient in sorted(films["patient"].unique()):
        path = home / patient / f"{patient}_sessions.tsv"
        if path.is_file():
            told = read_metadata(path, required=("session_id", "study_date"))
            dates |= dict(zip(told.needed("session_id"), told.cells("study_date", _compact), strict=True))
            problems += [f"{path.relative_to(home).as_posix()} {problem}" for problem in told.problems]
    known = films["session"].map(dates)
    missing = int(known.isna().sum())
    notes = [f"{missing} of {len(films)} films have no date (sub-*_sessions.tsv)"] if missing else []
    return known.astype(object).where(known.notna(), None), problems, notes


def days_from_positive(home: Path, patient: pd.Series, dates: pd.Series) -> tuple[pd.Series, list[str], list[str]]:
    """Days from the nearest positive test of the patient to the film (negative: the film came first); problems; notes."""
    path = next(
        (home / "derivatives/EHR" / name for name in TESTS if (home / "derivatives/EHR" / name).is_file()), None
    )
    if path is None:
        note = "there is no file of tests: how far a film is from a positive one is unknown"
        return pd.Series(None, index=dates.index, dtype=object), [], [note]
    told = read_metadata(path, required=("participant", "date", "result"))
    tests = pd.DataFrame(
        {
            "patient": told.needed("participant"),
            "date": told.cells("date", _dotted),
            "positive": told.cells("result", _result),
        }
    )
    positive = tests[tests["positive"].eq(True) & tests["date"].notna()]
    by_patient = {str(name): list(group) for name, group in positive.groupby("patient")["date"]}
    pairs = zip(patient, dates, strict=True)
    days = [_nearest(date, by_patient.get(str(who), [])) if date is not None else None for who, date in pairs]
    return pd.Series(days, index=dates.index, dtype=object), [f"{path.name} {problem}" for problem in told.problems], []


def _nearest(date: datetime.date, tests: list[datetime.date]) -> str | None:
    days = [(date - test).days for test in tests]
    return str(min(days, key=abs)) if days else None


def _compact(word: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(word.removesuffix(".0"), "%Y%m%d").date()
    except ValueError as error:
        raise ValueError("allowed is YYYYMMDD") from error


def _dotted(word: str) -> datetime.date:
    try:
        return datetime.datetime.strptime(word, "%d.%m.%Y").date()
    except ValueError as error:
        raise ValueError("allowed is DD.MM.YYYY") from error


def _result(word: str) -> bool:
    if word.upper() not in _RESULTS:
        raise ValueError(f"allowed are {', '.join(_RESULTS)}")
    return _RESULTS[word.upper()]

"""Test 6: how many films are called positive that cannot be, because they were taken before the disease?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.areas import FEWEST
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.detector.within import STRICT
from deepcovid.errors import TableError
from deepcovid.evaluation.intervals import CONFIDENCE, IMAGE, PATIENT, Interval, wilson
from deepcovid.evaluation.planning import films_needed

COLUMN = "control"
TRUE = ("1", "1.0", "true", "yes", "y")
MARGIN = 0.10  # by which the false-positive rate may be higher than among the other negatives
CLOSE = 0.02  # to the margin, where no useful number of films would tell
SPECIFICITY = 0.95  # of the threshold that is used where the detector has none
PATIENTS = 20  # of the other negatives, or no threshold is made and no difference is given
RULE = (
    f"Controls are tested films that cannot be positive: marked in the column `{COLUMN}`, of a source named for it, or dated "
    "before a day that is given. FAIL: their false-positive rate at the detector's threshold is higher than among the other "
    f"tested negatives, the difference's lower 99 % limit above {MARGIN:.2f}. PASS: the difference's upper limit, or that of the "
    f"rate itself, is at most {MARGIN:.2f}. Else CANNOT TELL; also for fewer than {FEWEST} patients with controls. Controls of a "
    "source whose trained films are all negative do not count: there, to know the source is enough."
)
HOW = (
    f"name sources all of whose films are older than the disease (--control-source), give the day before which a film cannot be "
    f"positive (--before) for the column date, or mark films in a column {COLUMN}"
)


@dataclass(frozen=True)
class Controls:
    """Which tested films are controls.

    Attributes:
        rows: of those that count.
        known_by_source: controls of a source that was trained on with negatives only; they do not count.
        positive: films that are called controls and labelled positive; they do not count.
    """

    rows: np.ndarray
    known_by_source: int
    positive: int


@detector_test(
    name="control-films",
    number=6,
    question="How many films are called positive that cannot be, because they were taken before the disease?",
    rule=RULE,
)
def control_films(case: Case) -> AuditResult:
    """The false-positive rate on controls beside that on the other negatives."""
    found = controls_of(case)
    notes = _notes(found, case)
    if len(np.unique(case.patient[found.rows])) < FEWEST:
        return AuditResult("CANNOT TELL", _too_few(found), {"films": len(found.rows)}, notes=notes)
    others = np.setdiff1d(case.rows[~case.positive[case.rows]], np.flatnonzero(is_control(case)))
    enough = len(np.unique(case.patient[others])) >= PATIENTS
    threshold = case.looks.classifier.threshold
    if threshold is None:
        if not enough:
            sentence = "The detector has no threshold, and there are too few other negatives to make one."
            return AuditResult("CANNOT TELL", sentence, {"films": len(found.rows)}, notes=notes)
        threshold = float(np.quantile(case.looks.scores(others), SPECIFICITY))
        notes += (
            f"the detector has no threshold: one with a specificity of {SPECIFICITY:.0%} on the other negatives was used",
        )
    rate, other = (_rate(case, rows, threshold) for rows in (found.rows, others))
    difference = difference_of_shares(rate, other) if enough else None
    strict = _strict(case, found.rows, others, threshold) if enough else None
    verdict = _verdict(rate, difference, strict)
    figures = {
        "films": len(found.rows),
        "threshold": threshold,
        "rate": rate.to_dict(),
        "other_negatives": other.to_dict() if enough else None,
        "difference": difference.to_dict() if difference else None,
        "strict": strict.to_dict() if strict else None,
        "sources": _by_source(case, found.rows, threshold),
    }
    rows = {"controls": rate, **({"other negatives": other} if enough else {})}
    return AuditResult(
        verdict,
        _sentence(rate, other if enough else None, difference, verdict, len(found.rows)),
        figures,
        kinds=("source",) if verdict == "FAIL" else (),
        notes=notes,
        picture=Bars(rows, axis="false-positive rate", limit=None, chance=None),
    )


def is_control(case: Case) -> np.ndarray:
    """bool (N,): films that cannot be positive by their mark, their source or their date.

    Raises:
        TableError: a day that is none, or a source that no film has.
    """
    wish = case.extra.get("controls", {})
    marked = case.column(COLUMN).astype("str").str.strip().str.lower().isin(TRUE).to_numpy()
    sources = [str(name) for name in wish.get("sources", ())]
    unknown = [name for name in sources if name not in set(case.source.dropna())]
    if unknown:
        there = ", ".join(sorted(set(case.source.dropna().astype("str")))[:20]) or "none"
        raise TableError(f"no film has the source {unknown[0]!r}", mend=f"name one of: {there}")
    of_source = case.source.isin(sources).to_numpy()
    return marked | of_source | _before(case, str(wish.get("before", "")))


def controls_of(case: Case) -> Controls:
    """The tested controls that count, and how many do not."""
    control = is_control(case) & case.tested
    positive, source = case.positive, case.source
    trained_on = set(source[case.trained].dropna())
    with_positives = set(source[case.trained & positive].dropna())
    one_class = source.isin(trained_on - with_positives).to_numpy()
    return Controls(
        np.flatnonzero(control & ~positive & ~one_class),
        int((control & ~positive & one_class).sum()),
        int((control & positive).sum()),
    )


def difference_of_shares(first: Interval, second: Interval) -> Interval:
    """The difference of two independent shares from Wilson's intervals of both (Newcombe, Stat. Med. 17:873, 1998, method 10)."""
    a, b = first.value or 0.0, second.value or 0.0
    return Interval(
        value=a - b,
        low=a - b - math.hypot(a - first.low, second.high - b),
        high=a - b + math.hypot(first.high - a, b - second.low),
        method="Newcombe, of two shares",
        n=first.n + second.n,
        unit=first.unit,
    )


def _before(case: Case, day: str) -> np.ndarray:
    """bool (N,): films dated before a day; False where their date is unknown."""
    if not day:
        return np.zeros(len(case), dtype=bool)
    limit = pd.to_datetime(day, errors="coerce")
    if pd.isna(limit):
        raise TableError(f"the day before which films are controls is {day!r}", mend="give it as 2019-12-01")
    dates = pd.to_datetime(case.column("date"), errors="coerce", format="mixed")
    earlier: np.ndarray = (dates < limit).to_numpy(dtype=bool)
    return earlier


def _rate(case: Case, rows: np.ndarray, threshold: float, *, confidence: float = CONFIDENCE) -> Interval:
    """The share of films called positive; where patients have several, the mean of each counts once."""
    called = (case.looks.scores(rows) >= threshold).astype(float)
    codes = np.unique(case.patient[rows], return_inverse=True)[1]
    n = int(codes.max()) + 1 if len(codes) else 0
    if n == len(rows):
        return wilson(float(called.sum()), n=n, confidence=confidence, unit=IMAGE)
    share = np.bincount(codes, called) / np.bincount(codes)
    return wilson(float(share.sum()), n=n, confidence=confidence, unit=PATIENT)


def _strict(case: Case, controls: np.ndarray, others: np.ndarray, threshold: float) -> Interval:
    first, second = (_rate(case, rows, threshold, confidence=STRICT) for rows in (controls, others))
    return difference_of_shares(first, second)


def _verdict(rate: Interval, difference: Interval | None, strict: Interval | None) -> Verdict:
    if strict is not None and strict.low > MARGIN:
        return "FAIL"
    bounded = difference is not None and difference.high <= MARGIN
    return "PASS" if rate.high <= MARGIN or bounded else "CANNOT TELL"


def _by_source(case: Case, rows: np.ndarray, threshold: float) -> list[dict[str, Any]]:
    source = case.source.iloc[rows].astype("str").where(case.source.iloc[rows].notna(), "unknown").to_numpy(dtype=str)
    return [
        {
            "source": name,
            "films": int((source == name).sum()),
            "rate": _rate(case, rows[source == name], threshold).to_dict(),
        }
        for name in sorted(set(source.tolist()))
    ]


def _notes(found: Controls, case: Case) -> tuple[str, ...]:
    notes: list[str] = []
    if found.known_by_source:
        notes.append(f"{found.known_by_source} controls do not count: their source was trained on with negatives only")
    if found.positive:
        notes.append(f"{found.positive} films are controls and labelled positive: look at their dates and labels")
    if not case.trained.any():
        notes.append("which films were trained on is not known, so a control may be of a source that was")
    return tuple(notes)


def _too_few(found: Controls) -> str:
    if found.known_by_source and not len(found.rows):
        return (
            f"The {found.known_by_source} control films are all of sources that were trained on with negatives only, where to "
            "know the source is enough; controls of other sources would tell."
        )
    few = f"only {len(found.rows)} control films" if len(found.rows) else "no control films"
    return f"There are {few}; to have some, {HOW}."


def _sentence(rate: Interval, other: Interval | None, difference: Interval | None, verdict: Verdict, films: int) -> str:
    told = f"{_share(rate)} of {films:,} films that cannot be positive are called positive"
    if other is not None and difference is not None:
        told += f", {_share(other)} of the other negatives (difference {_share(difference)})"
    if verdict == "CANNOT TELL":
        return f"{told}: whether that is too many cannot be told.{_more(rate, difference)}"
    return f"{told}{': what they are called by is not the disease' if verdict == 'FAIL' else ''}."


def _more(rate: Interval, difference: Interval | None) -> str:
    """How many controls would tell, were the rates those seen."""
    share, apart = rate.value or 0.0, 0.0 if difference is None else difference.value or 0.0
    if difference is None or abs(MARGIN - apart) < CLOSE:
        return ""
    need = films_needed(share, halfwidth=min(abs(MARGIN - apart) / math.sqrt(2), 0.49)).expected["independent"]
    return f" About {need} controls and as many other negatives would tell, were the rates so."


def _share(figure: Interval) -> str:
    return f"{figure.value or 0:.1%} ({figure.low:.1%} to {figure.high:.1%})"

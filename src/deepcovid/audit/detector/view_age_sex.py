"""Test 7: do view, age, sex or the form of the file tell the label, and does the detector follow them?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.audit.children_and_adults import PAEDIATRIC
from deepcovid.audit.detector import kinds
from deepcovid.audit.detector.areas import words
from deepcovid.audit.detector.attribute import BOUND, FEWEST, LIMIT, Attribute, Followed, banded, followed, grouped
from deepcovid.audit.detector.detector_test import AuditResult, Case, detector_test, gravest
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.file_facts import file_facts
from deepcovid.datasets.film_facts import FilmFacts

AGES = (16.0, 40.0, 60.0, 75.0)  # years; below the first are children
QUALITIES = (40.0, 60.0, 75.0, 85.0, 95.0)  # of a JPEG
SIZES = 5  # groups of equal numbers of films
NEEDED = ("view", "age", "sex")
RULE = (
    "Asked of view, age, sex, size in pixels, JPEG quality and file format. FAIL: for one of them its AUC alone for the "
    f"label has a lower limit above {LIMIT:.2f}, and within a label the detector's scores follow it: the AUC of the score for "
    f"what it takes for positive has a lower limit above {LIMIT:.2f}. FAIL too: its AUC alone has a lower limit above "
    f"{BOUND:.2f} and no label has {FEWEST} patients of either kind, so that nothing separates it from disease. PASS: for each, "
    f"one of the two AUCs has an upper limit of at most {LIMIT:.2f}. Else CANNOT TELL; also where view, age or sex is unknown."
)


@detector_test(
    name="view-age-sex",
    number=7,
    question="Do view, age, sex or the form of the file tell the label, and does the detector follow them?",
    rule=RULE,
)
def view_age_sex(case: Case) -> AuditResult:
    """AUC of each alone, the AUC of the detector after matching beside the pooled one, and whether its scores follow."""
    found = [followed(case, attribute) for attribute in attributes_of(case)]
    asked = [one for one in found if one.attribute.name in NEEDED or one.n_known]
    verdict = gravest([one.verdict for one in asked])
    told = sorted(asked, key=lambda one: -(one.alone.value or 0) if one.alone else 0)
    shown = [one for one in told if one.verdict == verdict] if verdict != "PASS" else told[:3]
    sentence = "; ".join(one.words for one in shown)
    return AuditResult(
        verdict,
        f"{sentence[0].upper()}{sentence[1:]}.{_matching(told)}",
        {"attributes": [one.to_dict() for one in found], "limit": LIMIT},
        kinds=tuple(one.attribute.kind for one in found if one.verdict == "FAIL"),
        notes=_notes(found),
        picture=_bars(told),
    )


def attributes_of(case: Case) -> list[Attribute]:
    """View, age and sex as the table tells them, then what the files' form is."""
    ages = _ages(case)
    facts = file_facts(case.looks.paths, workers=case.looks.workers).facts
    sizes = np.array([np.log2(max(one.height, one.width)) if one else np.nan for one in facts])
    forms = [f"{one.format} {one.mode} {one.bit_depth} bit" if one else None for one in facts]
    return [
        grouped("view", kind=kinds.PROJECTION, cells=case.column("view")),
        banded("age", kind=kinds.BODY_SIZE, values=ages, edges=AGES, unit=" years"),
        grouped("sex", kind="sex", cells=case.column("sex")),
        _by_size(sizes),
        banded("JPEG quality", kind=kinds.JPEG, values=_qualities(facts), edges=QUALITIES),
        grouped("file format", kind="file format", cells=pd.Series(forms, dtype=object)),
    ]


def _ages(case: Case) -> np.ndarray:
    """Years; for a film without an age of a source that is called paediatric half of what a child may have, else NaN."""
    ages = pd.to_numeric(case.column("age"), errors="coerce").to_numpy(dtype=float)
    child = case.source.map(lambda name: bool(PAEDIATRIC.search(str(name))), na_action="ignore") == True  # noqa: E712
    return np.where(np.isnan(ages) & child.to_numpy(dtype=bool), AGES[0] / 2, ages)


def _by_size(sizes: np.ndarray) -> Attribute:
    """Films in groups of about equal numbers by the longer side."""
    known = sizes[np.isfinite(sizes)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, SIZES + 1)[1:-1])) if len(known) else np.zeros(1)
    pixels = np.exp2(edges)
    return banded("size in pixels", kind=kinds.RESOLUTION, values=np.exp2(sizes), edges=tuple(np.round(pixels, 3)))


def _qualities(facts: tuple[FilmFacts | None, ...]) -> np.ndarray:
    return np.array([one.quality if one and one.quality else np.nan for one in facts], dtype=float)


def _matching(found: list[Followed]) -> str:
    """The detector's AUC pooled and among films alike, for what tells most."""
    for one in found:
        if one.matched is not None and one.matched.value is not None and one.pooled is not None:
            both = f"{words(one.matched)} among films alike in {one.attribute.name}, {words(one.pooled)} pooled"
            return f" The detector's AUC is {both}."
    return ""


def _notes(found: list[Followed]) -> tuple[str, ...]:
    notes = [
        "alone: share of positives among other patients' films of the same group, five folds by patient, all films"
    ]
    notes += [
        "follows, matched, pooled: tested films",
        "without an age, films of a source called paediatric are children's",
    ]
    for one in found:
        if one.attribute.constant:
            notes.append(f"{one.attribute.name}: the same in all films")
        elif one.alone is None:
            notes.append(f"{one.attribute.name}: known of {one.n_known} films, too few of either class")
    return tuple(notes)


def _bars(found: list[Followed]) -> Bars | None:
    rows = {}
    for one in found:
        if one.alone is not None:
            rows[f"{one.attribute.name} alone"] = one.alone
            rows |= {f"score follows {one.attribute.name}": one.follows} if one.follows is not None else {}
    return Bars(rows, limit=LIMIT) if rows else None

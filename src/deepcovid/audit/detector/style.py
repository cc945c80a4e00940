"""Test 7, second part: does the detector follow edges, greys, JPEG quality or resolution, where they go with the label?"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from deepcovid.audit.detector.detector_test import AuditResult, Case, detector_test, gravest
from deepcovid.audit.detector.kinds import BORDER, CONTRAST, JPEG, RESOLUTION
from deepcovid.audit.detector.looks import Need
from deepcovid.audit.detector.picture import Bars
from deepcovid.audit.detector.shortcut import (
    LIMIT,
    RULE,
    Alter,
    Habits,
    Judged,
    Sides,
    can_be_asked,
    habits,
    judged,
    needs_of,
)
from deepcovid.audit.detector.style_alter import altered_edges, altered_greys, altered_quality, altered_resolution
from deepcovid.evaluation.intervals import Interval

ALTERED: Mapping[str, Alter] = {
    BORDER: altered_edges,
    CONTRAST: altered_greys,
    JPEG: altered_quality,
    RESOLUTION: altered_resolution,
}


def _needs(case: Case) -> Sequence[Need]:
    return needs_of([sides for _, sides in _plan(case)]) if can_be_asked(case) else ()


@functools.lru_cache(maxsize=1)  # asked for what is needed, and again for the answer
def _plan(case: Case) -> tuple[tuple[Habits, Sides], ...]:
    found = [habits(case, kind) for kind in ALTERED]
    return tuple((one, ALTERED[one.kind](case, one)) for one in found)


@detector_test(
    name="style",
    number=7,
    question="Does the detector follow edges, greys, JPEG quality or resolution, where they go with the label?",
    rule=RULE,
    needs=_needs,
)
def style(case: Case) -> AuditResult:
    """Both AUCs of each kind."""
    if not can_be_asked(case):
        return AuditResult("CANNOT TELL", "Too few films of a class to say whether their style tells the label.")
    case.looks.ensure(_needs(case))
    return told([judged(case, found, sides) for found, sides in _plan(case)])


def told(found: Sequence[Judged]) -> AuditResult:
    """The result of some kinds: the gravest verdict, those that have it first."""
    verdict = gravest([one.verdict for one in found])
    order = sorted(found, key=lambda one: (one.verdict != verdict, -(one.data.value or 0)))
    shown = [one for one in order if one.verdict == verdict] if verdict != "PASS" else order[:1]
    rows: dict[str, Interval] = {}
    for one in order:
        rows |= {f"{one.kind}: tells the label": one.data, f"{one.kind}: moves the score": one.detector}
    sentence = "; ".join(one.words for one in shown)
    return AuditResult(
        verdict,
        f"{sentence[0].upper()}{sentence[1:]}.",
        {"kinds": [one.to_dict() for one in found], "limit": LIMIT},
        kinds=tuple(one.kind for one in found if one.verdict == "FAIL"),
        notes=tuple(one.note for one in found if one.note),
        picture=Bars(rows, limit=LIMIT),
    )

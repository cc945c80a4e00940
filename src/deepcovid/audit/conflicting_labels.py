"""Does one film carry two labels?"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Any

import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.datasets.duplicates import Pair

RULE = (
    "FAIL: two rows of one image, two equal files, or two films that count as duplicates have different labels. "
    "Else PASS; a film without a label contradicts none."
)


@data_test(name="conflicting-labels", question="Does one film carry two labels?", rule=RULE, place=50)
def conflicting_labels(subject: Subject) -> DataResult:
    """List duplicates, of one patient or of two, whose labels contradict each other."""
    found: list[dict[str, Any]] = []
    for pair in contradictions(subject):
        a, b = subject.film(pair.a), subject.film(pair.b)
        found.append({"correlation": round(pair.correlation, 4), "exact": pair.exact, "films": [a, b]})
    figures = {"pairs": len(found), "contradictions": found}
    if not found:
        return DataResult("PASS", "No film was found under two labels.", figures)
    listed = [" and ".join(f"{f['label']} (row {f['row']}, {f['image']})" for f in one["films"]) for one in found]
    sentence = f"{len(found)} pair{'s' if len(found) > 1 else ''} of films that are one carry different labels."
    return DataResult("FAIL", sentence, figures, tuple(listed))


def contradictions(subject: Subject) -> list[Pair]:
    """The duplicates with two labels; two rows that name one image among them."""
    labels = subject.labels
    pairs = [pair for pair in subject.pairs.pairs if pair.duplicate] + _repeated_rows(subject)
    # copies are paired with the first of them alone, which may have no label: the first that has one speaks for it
    speaker: dict[int, int] = {}
    for pair in pairs:
        if pair.exact and pd.isna(labels.iloc[pair.a]) and not pd.isna(labels.iloc[pair.b]):
            speaker[pair.a] = min(pair.b, speaker.get(pair.a, pair.b))
    seen: dict[tuple[int, int], Pair] = {}
    for pair in pairs:
        a, b = sorted((speaker.get(pair.a, pair.a), speaker.get(pair.b, pair.b)))
        seen[a, b] = replace(pair, a=a, b=b)
    return [pair for pair in seen.values() if _differ(labels.iloc[pair.a], labels.iloc[pair.b])]


def _repeated_rows(subject: Subject) -> list[Pair]:
    """Rows that name an image which an earlier row has, whether or not the file can be read."""
    first: dict[str, int] = {}
    found = []
    for place, image in enumerate(subject.column("image")):
        if not pd.isna(image):
            before = first.setdefault(posixpath.normpath(str(image)), place)
            if before != place:
                found.append(Pair(before, place, "same", 0, 1.0, 1.0, exact=True))
    return found


def _differ(a: Any, b: Any) -> bool:
    return bool(not pd.isna(a) and not pd.isna(b) and a != b)

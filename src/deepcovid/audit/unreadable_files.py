"""Is every film there, and can it be read?"""

from __future__ import annotations

from typing import Any

import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.errors import printable

RULE = "FAIL: a film's file is missing or cannot be read. Else PASS."


@data_test(name="unreadable-files", question="Is every film there and readable?", rule=RULE, place=20)
def unreadable_files(subject: Subject) -> DataResult:
    """Every row whose film is missing or unreadable, with the reason."""
    failures, n = subject.films.failures, len(subject.frame)
    figures = {"films": n, "unreadable": len(failures)}
    if not failures:
        return DataResult("PASS", f"All {n:,} films are there and can be read.", figures)
    images = subject.column("image")
    findings = [
        f"row {subject.row(place)}: {_shown(images.iloc[place])}: {reason}"
        for place, reason in sorted(failures.items())
    ]
    missing = sum(reason == "there is no such file" for reason in failures.values())
    damaged = len(failures) - missing
    sentence = f"{len(failures):,} of {n:,} films cannot be had: {missing:,} are missing, {damaged:,} cannot be read."
    return DataResult("FAIL", sentence, {**figures, "missing": missing}, findings=tuple(findings))


def _shown(image: Any) -> str:
    return "(empty)" if pd.isna(image) else printable(image)

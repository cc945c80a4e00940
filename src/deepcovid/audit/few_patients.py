"""Has every class patients enough?"""

from __future__ import annotations

from typing import Any

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.datasets.columns import group_ids, patient_ids

FEWEST = 30
RULE = (
    f"WARN: a class has fewer than {FEWEST} patients (a film without a patient counts as one). PASS: none has. CANNOT TELL: no "
    "film has a label."
)


@data_test(name="few-patients", question="Has every class patients enough?", rule=RULE, place=130)
def few_patients(subject: Subject) -> DataResult:
    """Patients and films of each class."""
    labels, groups, ids = subject.labels, group_ids(subject.frame), patient_ids(subject.frame)
    counts: list[dict[str, Any]] = [
        {
            "label": str(label),
            "films": int((labels == label).sum()),
            "patients": int(groups[labels == label].nunique()),
            "films_without_patient": int(ids[labels == label].isna().sum()),
        }
        for label in labels.value_counts().index
    ]
    unlabelled = int(labels.isna().sum())
    figures = {"classes": counts, "unlabelled": unlabelled, "fewest": FEWEST}
    if not counts:
        return DataResult("CANNOT TELL", "No film has a label.", figures)
    few = [one for one in counts if one["patients"] < FEWEST]
    notes = (f"{unlabelled} films have no label",) if unlabelled else ()
    if few:
        told = ", ".join(f"{one['label']} {one['patients']}" for one in few)
        return DataResult("WARN", f"Classes with fewer than {FEWEST} patients: {told}.", figures, notes=notes)
    told = ", ".join(f"{one['label']} {one['patients']}" for one in counts[:8])
    return DataResult("PASS", f"Every class has at least {FEWEST} patients: {told}.", figures, notes=notes)

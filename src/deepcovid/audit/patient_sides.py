"""Does a patient stand on two sides of the split?"""

from __future__ import annotations

import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, data_test
from deepcovid.datasets.columns import SPLITS, patient_ids

RULE = (
    "FAIL: films of one patient (of one source) stand on more than one side of the split. PASS: there is no split, or none does. "
    "CANNOT TELL: there is a split and some films have no patient."
)


@data_test(name="patient-sides", question="Does a patient stand on two sides of the split?", rule=RULE, place=30)
def patient_sides(subject: Subject) -> DataResult:
    """List patients whose films stand on more than one side."""
    split, ids = subject.column("split"), patient_ids(subject.frame)
    sided = split.isin(SPLITS)
    if not sided.any():
        return DataResult("PASS", "The table has no split yet; a patient cannot stand on two sides.", {"patients": 0})
    known = sided & ids.notna()
    places = ids[known].groupby(ids[known]).indices  # places among the known
    torn = split[known].groupby(ids[known]).nunique()
    of_known = ids.index[known]
    found = [_torn(subject, of_known[places[one]]) for one in torn[torn > 1].index]
    unknown = int((sided & ids.isna()).sum())
    figures = {"patients": len(found), "films_without_patient": unknown, "torn": found}
    if found:
        listed = tuple(_words(one) for one in found)
        return DataResult("FAIL", f"{len(found):,} patients stand on two sides of the split.", figures, listed)
    if unknown:
        sentence = f"{unknown:,} of {int(sided.sum()):,} films have no patient: whether one stands on two sides cannot be told."
        return DataResult("CANNOT TELL", sentence, figures)
    return DataResult("PASS", f"Each of the {len(torn):,} patients stands on one side of the split.", figures)


def _torn(subject: Subject, places: pd.Index) -> dict[str, object]:
    films = [subject.film(place) for place in places]
    sides = [{"split": side, "rows": [f["row"] for f in films if f["split"] == side]} for side in SPLITS]
    return {
        "patient": films[0]["patient"],
        "source": films[0]["source"],
        "sides": [side for side in sides if side["rows"]],
    }


def _words(torn: dict[str, object]) -> str:
    sides = ", ".join(f"{side['split']} (row {', '.join(map(str, side['rows']))})" for side in torn["sides"])  # type: ignore[attr-defined]
    of = f" of {torn['source']}" if torn["source"] else ""
    return f"patient {torn['patient']}{of}: {sides}"

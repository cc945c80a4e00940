"""Can the table be used as it is? Cells that no training would accept."""

from __future__ import annotations

from deepcovid.audit.data_test import DataResult, Subject, data_test

RULE = (
    "FAIL: an image stands in two rows, an image cell is empty, a split is none of train, val and test, an age is no number "
    "of years from 0 to 120, or labels differ in capital letters only. Else PASS."
)


@data_test(name="table-form", question="Can the table be used as it is?", rule=RULE, place=10)
def table_form(subject: Subject) -> DataResult:
    """List what is wrong with the table's cells; what `load_table` would refuse."""
    if subject.problems:
        count = len(subject.problems)
        sentence = f"The table's cells have {count} problem{'s' if count > 1 else ''}."
        return DataResult("FAIL", sentence, {"problems": count}, findings=subject.problems)
    return DataResult("PASS", f"Every cell of the {len(subject.frame):,} rows can be used.", {"problems": 0})

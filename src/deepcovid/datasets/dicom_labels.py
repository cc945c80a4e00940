"""Labels for imported films from a table that names them by UID, file, accession number or patient."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from deepcovid.datasets.delimited import read_delimited
from deepcovid.datasets.dicom_rows import Row
from deepcovid.errors import TableError

# the most specific first: the kind of key, and how its column may be called
KEYS = {
    "sop_instance_uid": ("sopinstanceuid", "instanceuid", "sopuid"),
    "file": ("file", "image", "filename", "path"),
    "accession_number": ("accessionnumber", "accession"),
    "study_instance_uid": ("studyinstanceuid", "studyuid"),
    "patient_id": ("patientid", "patient"),
}
LISTED = 20


@dataclass(frozen=True)
class Labels:
    """Labels by key.

    Attributes:
        kind: which of `KEYS` they are named by.
        by_key: key → label.
        path: the file that they come from.
    """

    kind: str
    by_key: dict[str, str]
    path: Path

    def of(self, row: Row, *, name: str) -> str | None:
        """The label of a film; `name` is its file's path below the imported folder."""
        if self.kind == "file":
            return self.by_key.get(name, self.by_key.get(row.path.name))
        return self.by_key.get(row.keys.get(self.kind, ""))


def load_labels(path: Path | str) -> Labels:
    """Labels from a CSV with a column `label` and one that names films: see `KEYS`; the most specific is used.

    Raises:
        TableError: a column is missing, or a film has two labels; rows are told by number, never by what they hold.
    """
    path = Path(path)
    if not path.is_file():
        raise TableError("there is no such file", path=path, mend="check the path")
    text = read_delimited(path)
    columns = {re.sub(r"[^a-z]", "", name.lower()): at for at, name in enumerate(text.header)}
    kind = next((kind for kind, words in KEYS.items() if any(word in columns for word in words)), None)
    if "label" not in columns or kind is None or text.problems:
        missing = [] if "label" in columns else ["there is no column label"]
        missing += [] if kind else [f"there is none of the columns {', '.join(KEYS)}"]
        raise TableError(
            "the labels cannot be joined",
            path=path,
            problems=[*missing, *text.problems],
            mend="write a header such as sop_instance_uid,label",
        )
    key_at = next(columns[word] for word in KEYS[kind] if word in columns)
    rows = {number: (cells[key_at].strip(), cells[columns["label"]].strip()) for number, cells in text.rows.items()}
    _refuse_contradictions(rows, path)
    return Labels(kind, {key: label for key, label in rows.values() if key and label}, path)


def _refuse_contradictions(rows: dict[int, tuple[str, str]], path: Path) -> None:
    by_key: dict[str, dict[str, int]] = defaultdict(dict)
    for number, (key, label) in rows.items():
        if key and label:
            by_key[key].setdefault(label, number)
    torn = [sorted(labels.values()) for labels in by_key.values() if len(labels) > 1]
    if torn:
        problems = [f"rows {', '.join(map(str, numbers))} name the same film with different labels" for numbers in torn]
        hidden = len(problems) - LISTED
        raise TableError(
            "the labels contradict each other",
            path=path,
            problems=problems[:LISTED] + ([f"… and {hidden} more"] if hidden > 0 else []),
            mend="keep the row that is right",
        )

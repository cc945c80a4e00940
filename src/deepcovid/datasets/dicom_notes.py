"""What a reader of an imported table must know: what is unknown, what was changed, and what the films themselves may show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

from deepcovid.datasets.dicom_cells import OLDEST
from deepcovid.datasets.dicom_labels import Labels
from deepcovid.datasets.dicom_rows import Row, Wanted
from deepcovid.datasets.table import Table

FRONTAL = ("PA", "AP", "AP supine")


def notes_of(
    table: Table, rows: Sequence[Row], *, wanted: Wanted, paths: Sequence[PurePath] | None, labels: str | Labels | None
) -> list[str]:
    """Sentences with their counts; the most important first.

    Args:
        table: as imported.
        rows: its films.
        wanted: what was asked for.
        paths: of the rows, as they will stand in the table; None where the films were copied under other names.
        labels: where labels came from.
    """
    notes = [*_people(table, rows, wanted), *_ages_and_dates(table, wanted), *_views(table), *_pictures(table)]
    if paths is None:
        notes.append(
            "films are 16-bit PNG as they are displayed; the columns on size and encoding tell of their originals"
        )
    else:
        notes += _paths(paths, rows)
    return notes + _labels(table, rows, labels)


def _films(number: int) -> str:
    return "1 film" if number == 1 else f"{number} films"


def _people(table: Table, rows: Sequence[Row], wanted: Wanted) -> list[str]:
    frame, notes = table.frame, []
    if wanted.identifiers:
        notes.append("THIS TABLE NAMES PATIENTS (--keep-identifiers): keep it where patients' records may be kept")
    unknown = sum(not row.patient_known for row in rows)
    if unknown:
        notes.append(
            f"no Patient ID, or one that many share (anonymous, 0, …): {_films(unknown)}; their study stands for the patient"
        )
    lost = int(frame["patient"].isna().sum())
    if lost:
        notes.append(f"neither patient nor study is known: {_films(lost)}")
    people: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in rows:
        if row.cells["patient"]:
            people[row.cells["patient"]].add(row.born)
    shared = sum(len({born for born in known if all(born)}) > 1 for known in people.values())
    if shared:
        notes.append(f"{shared} patient ids stand for people of different birth date or sex: they may be shared")
    return notes


def _ages_and_dates(table: Table, wanted: Wanted) -> list[str]:
    frame, notes = table.frame, []
    oldest = int((frame["age"] >= OLDEST).sum())
    if oldest:
        notes.append(f"ages of 90 and more stand as 90: {_films(oldest)}")
    told = {
        "year": "dates are years alone (--dates shifted keeps intervals)",
        "shifted": "dates are moved back by 1 to 365 days, all of a patient alike; those of unknown patients are left out",
        "exact": "DATES ARE EXACT (--dates exact): keep this table where patients' records may be kept",
    }
    if frame["date"].notna().any():
        notes.append(told[wanted.dates])
    return notes


def _views(table: Table) -> list[str]:
    view = table.frame["view"]
    notes = [f"view {name}: {_films(number)}" for name, number in view[~view.isin(FRONTAL)].value_counts().items()]
    unknown = int(view.isna().sum())
    if unknown:
        notes.append(f"{unknown} of {len(view)} films do not say their view")
    other = table.frame["body_part"]
    other = other[other.notna() & (other != "chest")]
    if len(other):
        notes.append(f"another part of the body than the chest, by the header: {_films(len(other))}")
    return notes


def _pictures(table: Table) -> list[str]:
    burned = table.frame["burned_in"]
    yes, silent = int((burned == "yes").sum()), int(burned.isna().sum())
    notes = [f"text burnt into the picture, which may name the patient, by the header: {_films(yes)}"] if yes else []
    if silent:
        notes.append(f"whether text is burnt into the picture is not said: {_films(silent)}; look before sharing")
    return notes


def _paths(paths: Sequence[PurePath], rows: Sequence[Row]) -> list[str]:
    kinds = [row.people.kinds_in(path) for row, path in zip(rows, paths, strict=True)]
    uids, named = sum("uid" in found for found in kinds), sum(bool(found - {"uid"}) for found in kinds)
    notes = ["the DICOM files themselves still name their patients: share copies (--copy-to DIR), not them"]
    if uids:
        notes.append(f"the path holds a UID, which the hospital's archive can trace: {_films(uids)}")
    if named:
        removed = all(row.removed for row, found in zip(rows, kinds, strict=True) if found - {"uid"})
        why = "; kept, since the header says that identities were removed" if removed else ""
        notes.append(f"the path holds a name or number that the header holds, too: {_films(named)}{why}")
    return notes


def _labels(table: Table, rows: Sequence[Row], labels: str | Labels | None) -> list[str]:
    empty, total = int(table.frame["label"].isna().sum()), len(table)
    notes = []
    if isinstance(labels, Labels):
        notes.append(f"labels were joined by {labels.kind.replace('_', ' ')}")
        if labels.kind != "file":
            spare = set(labels.by_key) - {row.keys.get(labels.kind, "") for row in rows}
            if spare:
                notes.append(f"{len(spare)} labels belong to no film here")
    if empty:
        notes.append(f"{empty} of {total} films have no label: fill the column, or join one with --labels CSV")
    return notes

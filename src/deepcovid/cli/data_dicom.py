"""`deepcovid data import-dicom`: a folder, ZIP archive or disc of DICOM files becomes a table without patients' names."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepcovid.cli.console import Spoken, console, refuse_overwriting
from deepcovid.errors import DeepCovidError, printable

if TYPE_CHECKING:
    from deepcovid.datasets.dicom_folder import Imported
    from deepcovid.datasets.dicom_labels import Labels
    from deepcovid.datasets.pseudonyms import Key

LISTED = 20  # unreadable files that are spelt out; --json has all


class Dates(enum.StrEnum):
    """How much of a date is told."""

    year = "year"
    none = "none"
    shifted = "shifted"
    exact = "exact"


def import_dicom(
    place: Annotated[Path, typer.Argument(help="A folder of DICOM files, a ZIP of a study, a DICOMDIR, or one file.")],
    out: Annotated[Path, typer.Option(help="The table to write (CSV or Parquet), in the films' folder or above it.")],
    source: Annotated[str | None, typer.Option(help="The hospital or collection that all films come from.")] = None,
    label: Annotated[str | None, typer.Option(help="The one label of all these films.")] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV: label, and sop_instance_uid, file, accession_number, study_instance_uid or patient_id."
        ),
    ] = None,
    copy_to: Annotated[
        Path | None,
        typer.Option(help="Write the pixels as 16-bit PNG under hashed names here, for the table. Always for a ZIP."),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key", help="The key of the hashed ids; made where it is absent, and never shown.")
    ] = None,
    dates: Annotated[Dates, typer.Option(help="shifted: back by 1–365 days, all of a patient alike.")] = Dates.year,
    modality: Annotated[
        list[str] | None, typer.Option(help="Take these for films; default: CR, DX and RG. Repeatable.")
    ] = None,
    frontal_only: Annotated[
        bool, typer.Option("--frontal-only", help="Leave out films of a known other view.")
    ] = False,
    for_processing: Annotated[bool, typer.Option("--for-processing", help="Keep detectors' raw values, too.")] = False,
    keep_paths: Annotated[
        bool, typer.Option("--keep-paths", help="Let the table name files whose names tell who the patient is.")
    ] = False,
    keep_identifiers: Annotated[
        bool, typer.Option("--keep-identifiers", help="Write names, numbers, UIDs and exact dates into the table.")
    ] = False,
    allow_outside: Annotated[
        bool, typer.Option("--allow-outside", help="Allow films outside the table's folder.")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write counts, notes and failures here.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Files at once.")] = 8,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Turn DICOM films into a table: patients' ids become keyed hashes, and no other text of a header is written.

    Exit code 1 where files could not be read (the others are in the table), 2 where no table was written.
    """
    from deepcovid.datasets.dicom_folder import Request
    from deepcovid.datasets.dicom_folder import import_dicom as run
    from deepcovid.datasets.dicom_rows import Wanted
    from deepcovid.datasets.table import save_table
    from deepcovid.imaging.archive import is_archive

    refuse_overwriting([out, json_file], inputs=[path for path in (place, labels) if path is not None])
    if not allow_outside and not (copy_to is None and is_archive(place)):
        _refuse_outside(copy_to or (place if place.is_dir() else place.parent), out)
    wanted = Wanted(
        frontal_only=frontal_only, for_processing=for_processing, dates=dates.value, identifiers=keep_identifiers
    )
    if modality:
        wanted = Wanted(**{**wanted.__dict__, "modalities": tuple(_modality(word) for word in modality)})
    given = _given(label, labels)
    spoken = Spoken(quiet=quiet)
    if copy_to is None and is_archive(place):
        copy_to = out.parent / f"{out.stem}-films"
        spoken.say(f"the films of the archive are written as PNG to {copy_to} (--copy-to names another place)")
    key = _key(key_file, away_from=[place, copy_to], out=out)
    if key.made:
        spoken.warn(f"a new key was made: {key.path}; without it, ids of a later import will not agree with these")
    request = Request(
        wanted=wanted,
        source=source,
        label=given,
        copy_to=copy_to,
        table_folder=out.parent,
        keep_paths=keep_paths or keep_identifiers,
        workers=workers,
    )
    found = run(place, key=key, request=request, progress=spoken)
    save_table(found.table, out, allow_outside=allow_outside)
    _tell(found, key, out)
    if json_file is not None:
        from deepcovid.storage import write_json

        write_json(json_file, _summary(found, key, out))
    if found.failed:
        raise typer.Exit(1)


def _refuse_outside(films: Path, out: Path) -> None:
    """Before hours of copying: films must lie below the table."""
    below = os.path.relpath(films.absolute(), out.absolute().parent)
    if below.split(os.sep)[0] == os.pardir:
        raise DeepCovidError(
            "the films would lie outside the table's folder",
            path=out,
            mend=f"write the table to {films} or above it, copy the films there (--copy-to), or use --allow-outside",
        )


def _modality(word: str) -> str:
    from deepcovid.datasets.dicom_cells import MODALITIES

    if word.upper() not in MODALITIES:
        raise DeepCovidError(
            f"there is no modality {printable(word)!r} in DICOM", mend="write one such as CR, DX or OT"
        )
    return word.upper()


def _given(label: str | None, labels: Path | None) -> str | Labels | None:
    if labels is None:
        return label
    if label is not None:
        raise DeepCovidError("--label and --labels were both given", mend="give one of them")
    from deepcovid.datasets.dicom_labels import load_labels

    return load_labels(labels)


def _key(key_file: Path | None, *, away_from: list[Path | None], out: Path) -> Key:
    from deepcovid.datasets.pseudonyms import default_key_path, load_key

    path = (key_file or default_key_path()).absolute()
    beside = path.parent == out.absolute().parent
    if beside or any(folder is not None and folder.absolute() in path.parents for folder in away_from):
        raise DeepCovidError(
            "the key would lie with the films or the table: whoever gets them could name the patients",
            path=path,
            mend="name another place with --key, outside what is shared",
        )
    return load_key(path)


def _tell(found: Imported, key: Key, out: Path) -> None:
    screen, frame = console(), found.table.frame
    patients = frame["patient"].nunique()
    films = "1 film" if len(frame) == 1 else f"{len(frame)} films"
    screen.print(f"{films} of {patients} patient{'' if patients == 1 else 's'}", markup=False)
    for view, number in frame["view"].fillna("view not said").value_counts().items():
        screen.print(f"  {view}: {number}", markup=False)
    for note in found.table.notes:
        screen.print(f"! {note}", style="yellow", markup=False)
    made = (
        "made now; ids agree with no earlier table. Keep it" if key.made else "used; ids agree with other tables of it"
    )
    screen.print(f"key of the patient ids: {key.path} ({made})", markup=False)
    screen.print(f"written: {out}", markup=False)
    _tell_failures(found)


def _tell_failures(found: Imported) -> None:
    if not found.failed:
        return
    screen = console(error=True)
    files = "1 file" if len(found.failed) == 1 else f"{len(found.failed)} files"
    screen.print(f"{files} could not be read:", style="bold red", markup=False)
    for name, reason in found.failed[:LISTED]:
        screen.print(f"  {printable(name)}: {reason}", style="red", markup=False)
    if len(found.failed) > LISTED:
        screen.print(f"  … and {len(found.failed) - LISTED} more (--json lists all)", style="red", markup=False)


def _summary(found: Imported, key: Key, out: Path) -> dict[str, object]:
    frame = found.table.frame
    return {
        "table": str(out),
        "films": len(frame),
        "patients": int(frame["patient"].nunique()),
        "views": {str(view): int(n) for view, n in frame["view"].fillna("not said").value_counts().items()},
        "left_out": dict(found.left_out),
        "notes": list(found.table.notes),
        "failed": [{"file": name, "error": reason} for name, reason in found.failed],
        "key": {"file": str(key.path), "made": key.made},
    }

"""A table from a folder, ZIP archive or disc of DICOM files: headers read, people replaced by keyed hashes, the rest said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pandas as pd

from deepcovid.datasets.dicom_files import candidates
from deepcovid.datasets.dicom_identifiers import KINDS, below, masked
from deepcovid.datasets.dicom_labels import Labels
from deepcovid.datasets.dicom_notes import notes_of
from deepcovid.datasets.dicom_rows import Row, Wanted, row_of
from deepcovid.datasets.pseudonyms import Key, Pseudonyms
from deepcovid.datasets.table import Table
from deepcovid.errors import DeepCovidError, ImageError, TableError, printable
from deepcovid.imaging.archive import archive_of, is_archive
from deepcovid.imaging.guards import quiet
from deepcovid.progress import Progress, Silent

T = TypeVar("T")
Outcome = Row | str | DeepCovidError | None
TEXT = ("image", "label", "source", "patient", "view", "modality", "sex", "date", "manufacturer", "body_part", "dicom_modality",
        "study", "photometric", "transfer_syntax", "pixel_spacing_measured", "burned_in")  # fmt: skip
WHOLE = ("height", "width", "bit_depth")
LISTED = 20  # failures that are spelt out where there is no table
WORKERS = 8  # threads: reading headers waits for disks more than it computes


@dataclass(frozen=True, kw_only=True)
class Request:
    """How to import.

    Attributes:
        wanted: which files are films, and what of them is told.
        source: the hospital or collection; patients are unique within it.
        label: the one label of all these films, or labels by film; None leaves the column empty.
        copy_to: where to write films as PNG named by keyed hashes; None leaves them where they are.
        keep_paths: whether file names may hold the names and numbers that the headers hold.
        table_folder: where the table will lie, since names of the folders between it and the films stand in it, too;
            None for the folder of the films.
        workers: files side by side.
    """

    wanted: Wanted = field(default_factory=Wanted)
    source: str | None = None
    label: str | Labels | None = None
    copy_to: Path | None = None
    keep_paths: bool = False
    table_folder: Path | None = None
    workers: int = WORKERS


@dataclass
class Imported:
    """A table of films, the files that could not be read (path, with names hidden, and reason), and what was left out."""

    table: Table
    failed: list[tuple[str, str]]
    left_out: Counter[str]


def import_dicom(
    place: Path | str, *, key: Key, request: Request | None = None, progress: Progress | None = None
) -> Imported:
    """The films of a folder, a ZIP archive, a DICOMDIR or one file of DICOM as a table; headers alone are read.

    Each cell is a word of a closed list, a number, a year or a keyed hash, so that nothing of a header's text can
    reach it; see docs/dicom.md. Patient: HMAC-SHA256 of Patient ID. Age: years, those over 89 as 90.
    What is no film (CT, reports, raw detector values, several frames), copies of one instance and files without a name
    that a table can hold are left out and counted in the notes; files that cannot be read are listed, and the rest goes on.

    Args:
        place: where the files are.
        key: the secret of the hashes.
        request: what is wanted; by default everything safe.
        progress: told of every file.

    Raises:
        TableError: there is no film, or file names hold identifiers and no copy was asked for.
        ImageError: the archive or the index cannot be used.
    """
    request, progress, place = request or Request(), progress or Silent(), Path(place)
    found = candidates(place)
    if is_archive(found.base) and request.copy_to is None:
        raise TableError(
            "a table cannot point into a ZIP archive",
            path=place,
            mend="write its films as PNG with --copy-to DIR, or unpack it and name the folder",
        )
    with quiet():
        outcomes = _read(found.files, key, request, progress)
    rows, failures = _sorted_out(found.files, outcomes, found.skipped, place)
    rows = _once(rows, found.skipped)
    if not rows and not failures:
        raise TableError(
            "there is no film here", path=place, problems=_counts(found.skipped), mend="name another folder"
        )
    images = _images(rows, found.base, request, place, failures, progress)
    secrets = {secret for row in rows for secret in row.people.secrets()}
    failed = [(masked(path.relative_to(found.base), secrets), _reason(error)) for path, error in failures.items()]
    if not images:
        problems = [f"{printable(name)}: {reason}" for name, reason in failed[:LISTED]]
        raise TableError(
            f"none of {len(failed)} films could be read", path=place, problems=problems, mend="copy them again"
        )
    rows = [row for row in rows if row.path in images]
    table = _table(rows, images, found.base, request)
    told = None if request.copy_to else [below(row.path, request.table_folder or found.base) for row in rows]
    notes = notes_of(table, rows, wanted=request.wanted, paths=told, labels=request.label)
    return Imported(table.with_note(*notes, *_counts(found.skipped)), failed, +found.skipped)


def _read(files: Sequence[Path], key: Key, request: Request, progress: Progress) -> list[Outcome]:
    names = Pseudonyms(key.secret)

    def one(path: Path) -> Outcome:
        try:
            return row_of(path, names=names, wanted=request.wanted)
        except DeepCovidError as error:
            return error

    done = _side_by_side(one, files, request.workers)
    return list(progress.track(done, description="headers", total=len(files)))


def _sorted_out(
    files: Sequence[Path], outcomes: Iterable[Outcome], skipped: Counter[str], place: Path
) -> tuple[list[Row], dict[Path, DeepCovidError]]:
    rows: list[Row] = []
    failures: dict[Path, DeepCovidError] = {}
    for path, outcome in zip(files, outcomes, strict=True):
        if isinstance(outcome, Row):
            rows.append(outcome)
        elif isinstance(outcome, DeepCovidError):
            failures[path] = outcome
        elif outcome is None and path == place:
            raise TableError(
                "this is no DICOM file", path=place, mend="name a folder of DICOM files, a ZIP or a DICOMDIR"
            )
        else:
            skipped[outcome or "files that are no DICOM"] += 1
    return rows, failures


def _once(rows: list[Row], skipped: Counter[str]) -> list[Row]:
    """The first row of every instance (SOP Instance UID)."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.uid in first:
            skipped["further copies of an instance (same SOP Instance UID)"] += 1
        else:
            first[row.uid or row.path.as_posix()] = row
    return list(first.values())


def _images(
    rows: list[Row],
    base: Path,
    request: Request,
    place: Path,
    failures: dict[Path, DeepCovidError],
    progress: Progress,
) -> dict[Path, str]:
    """The cell of `image` for every film: its path below the table's folder. Films that cannot be copied are failures."""
    if request.copy_to is not None:
        return _copies(rows, request, failures, progress)
    _refuse_named_paths(rows, base, request, place)
    cells = {row.path: row.path.relative_to(base).as_posix() for row in rows}
    odd = [path for path, cell in cells.items() if not cell.isprintable() or cell != cell.strip() or "\\" in cell]
    for path in odd:
        failures[path] = ImageError(
            "its name cannot stand in a table", path=path, mend="rename it, or use --copy-to DIR"
        )
    return {path: cell for path, cell in cells.items() if path not in failures}


def _copies(
    rows: list[Row], request: Request, failures: dict[Path, DeepCovidError], progress: Progress
) -> dict[Path, str]:
    from deepcovid.datasets.dicom_copies import copy_film

    folder = request.copy_to or Path()

    def one(row: Row) -> str | DeepCovidError:
        try:
            return copy_film(row.path, folder / f"{row.film}.png").name
        except DeepCovidError as error:
            return error

    # members of an archive are unpacked into memory
    workers = min(request.workers, 2) if rows and archive_of(rows[0].path) else request.workers
    done = progress.track(_side_by_side(one, rows, workers), description="films", total=len(rows))
    images = {}
    for row, outcome in zip(rows, done, strict=True):
        if isinstance(outcome, str):
            images[row.path] = outcome
        else:
            failures[row.path] = outcome
    return images


def _refuse_named_paths(rows: list[Row], base: Path, request: Request, place: Path) -> None:
    """File names stand in the table: those that hold what the header hides are refused, by kind and number alone."""
    told: Counter[str] = Counter()
    for row in rows:
        if not row.removed:
            told.update(row.people.kinds_in(below(row.path, request.table_folder or base)) - {"uid"})
    if not told or request.keep_paths:
        return
    raise TableError(
        "names of files or folders hold what a table must not: "
        + "; ".join(f"{KINDS[kind]} in {number} of {len(rows)} paths" for kind, number in told.most_common()),
        path=place,
        mend="write the films as PNG under hashed names with --copy-to DIR, or keep these paths on purpose with --keep-paths",
    )


def _table(rows: list[Row], images: dict[Path, str], base: Path, request: Request) -> Table:
    records = []
    for row in rows:
        name = row.path.relative_to(base).as_posix()
        label = request.label.of(row, name=name) if isinstance(request.label, Labels) else request.label
        records.append(
            {"image": images[row.path], "label": label, "patient": None, "source": request.source} | row.cells
        )
    frame = pd.DataFrame(records)
    frame["age"] = frame["age"].astype("float64").clip(upper=90.0)
    for column in frame.columns:
        if column in TEXT:
            frame[column] = frame[column].astype("str").where(frame[column].notna())
        elif column in WHOLE:
            frame[column] = frame[column].astype("Int64")
    if request.source is None:
        frame = frame.drop(columns="source")
    return Table(frame=frame, folder=request.copy_to or base)


def _counts(skipped: Counter[str]) -> list[str]:
    return [
        f"{number} {what} left out" for what, number in sorted(skipped.items(), key=lambda item: -item[1]) if number
    ]


def _reason(error: DeepCovidError) -> str:
    """Without the path, which may hold a name."""
    return f"{error.problem} → {error.mend}" if error.mend else error.problem


def _side_by_side(work: Callable[..., T], things: Sequence[object], workers: int) -> Iterator[T]:
    if workers == 1 or len(things) < 2:
        yield from map(work, things)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(work, things)

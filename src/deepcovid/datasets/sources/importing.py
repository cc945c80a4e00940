"""A table from a copy of a published collection on disk: its frontal films, with every row left out counted and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pandas as pd

from deepcovid.datasets.columns import patient_ids
from deepcovid.datasets.sources.counts import compare_counts
from deepcovid.datasets.sources.listing import files_there, films_beside, linked_outside
from deepcovid.datasets.sources.reading import OURS, refuse_problems
from deepcovid.datasets.sources.source import SOURCES
from deepcovid.datasets.sources.views import FRONTAL, VIEWS
from deepcovid.datasets.table import Table
from deepcovid.datasets.validation import is_absolute, leaves_folder, shown
from deepcovid.errors import DeepCovidError, TableError
from deepcovid.imaging.finding import is_film_name
from deepcovid.imaging.readers import is_film_file

ALWAYS = frozenset(
    ("image", "label", "patient", "source", "view", "modality", "sex", "age", "date", "license", "findings")
)  # columns of every table, so that tables of several collections have them in common
LISTED = 20  # absent files that are spelt out; the rest are counted


def import_source(
    folder: Path | str,
    *,
    name: str,
    views: Sequence[str] = FRONTAL,
    keep_ct: bool = False,
    allow_absent: bool = False,
) -> Table:
    """The films of the collection `name` in `folder`; no image is opened.

    Rows that are no X-ray (CT, say) and rows of a known view that is not in `views` are left out and counted in the
    notes; rows whose view or modality is not told are kept, and counted too.

    Args:
        folder: the copy of the collection; the table's paths start from it.
        name: a registered source.
        views: the views to keep, of `VIEWS`.
        keep_ct: keep what is no X-ray, too.
        allow_absent: leave out rows whose file is absent and say so, instead of refusing the copy.

    Raises:
        UnknownNameError: there is no such source.
        TableError: the folder or its metadata are absent or damaged, or files that should be there are not; every
            problem with its row number.
    """
    source, folder = SOURCES[name], Path(folder)
    _check_views(views)
    if not folder.is_dir():
        raise TableError("there is no such folder", path=folder, mend=f"give a folder that holds\n{source.layout}")
    parsed = source.read(folder)
    where = parsed.metadata or folder
    refuse_problems(_row_problems(parsed.frame), path=where)
    frame, notes = _chosen(parsed.frame, views=views, keep_ct=keep_ct)
    there, hollow = _there(frame["image"], folder=folder, look_inside=parsed.metadata is None)
    frame, absent = _present(frame, there=there, where=where, allow_absent=allow_absent)
    if frame.empty:
        told = "; ".join([*notes, *absent])
        raise TableError(f"no film is left ({told or 'no row'})", path=where, mend="keep more, or get the films")
    remarks = (
        hollow,
        _linked(frame["image"], folder),
        _unlisted(parsed.frame["image"], folder),
        _two_sexes(frame),
        _unknown(frame),
    )
    every = (*parsed.notes, *compare_counts(source, parsed.frame), *notes, *absent, *chain(*remarks))
    return Table(frame=_ordered(frame), folder=folder, path=parsed.metadata, notes=tuple(dict.fromkeys(every)))


def _check_views(views: Sequence[str]) -> None:
    odd = [view for view in views if view not in VIEWS]
    if odd or not views:
        came = f"there is no view {odd[0]!r}" if odd else "no view was given"
        raise DeepCovidError(came, mend=f"choose of: {', '.join(VIEWS)}")


def _row_problems(frame: pd.DataFrame) -> list[str]:
    """Names of files that no table can hold, and names that stand twice."""
    images = frame["image"]
    problems = [f"{_row(row)}: the file name is empty; every row needs one" for row in images.index[images.isna()]]
    named = images.dropna()
    odd = named.map(lambda cell: is_absolute(cell) or leaves_folder(cell) or not cell.isprintable())
    problems += [
        f"{_row(row)}: the file {shown(cell)!r} lies outside the collection" for row, cell in named[odd].items()
    ]
    for cell, rows in named[named.duplicated(keep=False)].groupby(named).groups.items():
        problems.append(
            f"{', '.join(map(_row, rows))}: the file {shown(str(cell))!r} stands in {len(rows)} rows; allowed is one"
        )
    return problems


def _row(row: object) -> str:
    return f"row {row}" if isinstance(row, int) else str(row)


def _chosen(frame: pd.DataFrame, *, views: Sequence[str], keep_ct: bool) -> tuple[pd.DataFrame, list[str]]:
    """The rows of X-rays of the wished views; what was left out and why."""
    notes = []
    if not keep_ct and "modality" in frame.columns:
        other = frame["modality"].notna() & (frame["modality"] != "X-ray")
        for modality, number in Counter(frame.loc[other, "modality"]).most_common():
            notes.append(f"{number} {modality} images are no X-rays and were left out (--keep-ct keeps them)")
        frame = frame[~other]
    if "view" in frame.columns:
        other = frame["view"].notna() & ~frame["view"].isin(list(views))
        for view, number in Counter(frame.loc[other, "view"]).most_common():
            notes.append(f"{number} films of view {view} were left out (kept were {', '.join(views)}; see --views)")
        frame = frame[~other]
    return frame, notes


def _there(images: pd.Series, *, folder: Path, look_inside: bool) -> tuple[pd.Series, list[str]]:
    """Whether each film is there; with `look_inside`, where nothing but the files tells of the films, whether it is one.

    A copy of empty files, all of them, is one of names alone: that is said, and they count as there.
    """
    there = files_there(folder, images)
    if not look_inside:
        return there, []
    films = images.map(lambda cell: not is_film_name(cell) or is_film_file(folder / cell)).astype(bool)
    if there.any() and not (there & films).any():
        return there, [f"none of the {int(there.sum())} files is an image: their names alone were read"]
    return there & films, []


def _present(
    frame: pd.DataFrame, *, there: pd.Series, where: Path, allow_absent: bool
) -> tuple[pd.DataFrame, list[str]]:
    """The rows whose file is there, and a note that lists the others."""
    absent = frame.loc[~there, "image"]
    if absent.empty:
        return frame, []
    if not allow_absent:
        lines = [_lacking(row, cell) for row, cell in absent.items()]
        hidden = len(lines) - LISTED
        raise TableError(
            f"{len(absent)} of {len(frame)} films are not in the copy → "
            "get their files, or go on without them with --allow-absent",
            path=where,
            problems=[*lines[:LISTED], *([f"… and {hidden} more absent files"] if hidden > 0 else [])],
        )
    names = ", ".join(f"{shown(cell)} ({_row(row)})" for row, cell in absent.head(LISTED).items())
    more = f", and {len(absent) - LISTED} more" if len(absent) > LISTED else ""
    return frame[there], [f"absent from the copy, and left out: {len(absent)} of {len(frame)} films: {names}{more}"]


def _lacking(row: object, cell: str) -> str:
    if cell.endswith(str(row)):  # a collection without metadata: its files are its rows
        return f"{shown(cell)}: the file is empty or no image"
    return f"{_row(row)}: there is no file {shown(cell)}"


def _unlisted(images: pd.Series, folder: Path) -> list[str]:
    """Films that lie beside those of the metadata, and that no row names."""
    beside = films_beside(folder, images)
    if not beside:
        return []
    return [f"beside the films lie {len(beside)} that no row of the metadata names: left out ({shown(beside[0])}, say)"]


def _linked(images: pd.Series, folder: Path) -> list[str]:
    """Films on another disk, say, under a folder that is a link: every command asks whether that is meant."""
    linked = linked_outside(folder, images)
    if not linked:
        return []
    return [
        f"links lead {len(linked)} films out of {folder} ({shown(linked[0])}, say): read the table with --allow-outside"
    ]


def _two_sexes(frame: pd.DataFrame) -> list[str]:
    """Patients whose films tell both sexes: told by rows, as no patient's id reaches a log."""
    if not {"patient", "sex"} <= set(frame.columns):
        return []
    person = patient_ids(frame)
    torn = frame["sex"].groupby(person).nunique()
    rows = frame.index[person.isin(torn.index[torn > 1])]
    if rows.empty:
        return []
    where = ", ".join(map(_row, rows[:LISTED])) + (", …" if len(rows) > LISTED else "")
    return [f"{int((torn > 1).sum())} patients are of both sexes, so that their ids may be wrong: {where}"]


def _unknown(frame: pd.DataFrame) -> list[str]:
    notes = []
    for column in ("label", "view", "patient"):
        empty = int(frame[column].isna().sum()) if column in frame.columns else len(frame)
        if empty:
            notes.append(f"{empty} of {len(frame)} films have no {column}")
    return notes


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Our columns first, those of every collection even where they say nothing; text as text, ages as numbers."""
    said = [name for name in OURS if name in frame.columns and frame[name].notna().any()]
    ours = [name for name in OURS if name in said or name in ALWAYS]
    rest = [name for name in frame.columns if name not in OURS]
    ordered = frame.reindex(columns=[*ours, *rest]).reset_index(drop=True)
    for name in ordered.columns:
        ordered[name] = ordered[name].astype("float64" if name == "age" else "str")
    return ordered

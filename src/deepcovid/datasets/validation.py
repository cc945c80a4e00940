"""What can be wrong with a table of films: every finding with its row number and its mend."""

from __future__ import annotations

import difflib
import math
import os.path
import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import pandas as pd

from deepcovid.datasets.columns import FILE_COLUMNS, SPLITS, patient_ids, text_column
from deepcovid.imaging.dicom_age import AGE_RANGE
from deepcovid.imaging.finding import FILM_SUFFIXES, leads_out

LISTED = 20  # findings of one kind that are spelt out; the rest are counted

SYNONYMS = {
    "image": ("filename", "file", "path", "image_path", "img", "file_name", "imagename"),
    "label": ("class", "target", "diagnosis", "finding", "category", "y"),
}


def table_problems(
    frame: pd.DataFrame,
    *,
    folder: Path,
    label_column: str = "label",
    required_labels: bool = True,
    check_files: bool = True,
    allow_outside: bool = False,
) -> list[str]:
    """Every problem of a table, one sentence each: the row, what came, and after "→" the mend.

    Args:
        frame: the table, its text trimmed and its empty cells missing; the index holds the row numbers that a
            spreadsheet shows (the header is row 1).
        folder: the folder that the table's paths start from.
        label_column: the column that holds the class.
        required_labels: whether the label column must be there with at least one label in it.
        check_files: whether every film and mask must exist.
        allow_outside: whether paths may leave `folder` by `..` or by a symbolic link.
    """
    required = ["image", label_column] if required_labels else ["image"]
    if "image" not in frame.columns and any(name.lower().endswith(tuple(FILM_SUFFIXES)) for name in frame.columns):
        return ["row 1: a film stands where the header should → write image,label,… above it"]  # quotes no patient
    problems = [_missing_column(name, list(frame.columns)) for name in required if name not in frame.columns]
    if frame.empty:
        return [*problems, "the table has no rows → add one row an image"]
    for column in FILE_COLUMNS:
        if column in frame.columns:
            problems += _path_problems(
                frame[column], folder=folder, check_files=check_files, allow_outside=allow_outside
            )
    if "image" in frame.columns:
        problems += _empty_images(frame["image"])
        problems += _repeated_images(frame, label_column=label_column)
    if label_column in frame.columns:
        problems += label_case_problems(frame[label_column], name=label_column)
    if required_labels and label_column in frame.columns and frame[label_column].isna().all():
        problems.append(
            f"no row has a {shown(label_column)} (the columns are: {_columns(list(frame.columns))}) → fill the column, or choose "
            "another with --label-column"
        )
    if "split" in frame.columns:
        problems += _split_problems(frame["split"])
        problems += _patients_on_two_sides(frame)
    if "age" in frame.columns:
        problems += _age_problems(frame["age"])
    return problems


def repeated_columns(columns: Sequence[str]) -> list[str]:
    """One problem for every column name that stands more than once."""
    return [
        f"the column {shown(name)!r} stands {count} times → keep one of them, or rename the others"
        for name, count in Counter(columns).items()
        if count > 1
    ]


def _missing_column(name: str, columns: Sequence[str]) -> str:
    there = _columns(columns)
    near = _nearest(name, columns)
    if name not in ("image", "label"):  # the user's own word, of --label-column
        mend = f"did you mean {shown(near)!r}? name the label column with --label-column" if near else ""
        mend = mend or "name one of them with --label-column"
    else:
        mend = f"rename {shown(near)!r} to {name!r}" if near else f"add a column {name!r}"
        mend += ", or choose another label column with --label-column" if name == "label" else ""
    return f"there is no column {name!r} (there are: {there or 'none'}) → {mend}"


def _columns(columns: Sequence[str]) -> str:
    return ", ".join(map(shown, columns[:LISTED])) + (", …" if len(columns) > LISTED else "")


def _nearest(name: str, columns: Sequence[str]) -> str | None:
    lowered = {column.lower(): column for column in reversed(columns)}
    for candidate in (name.lower(), *SYNONYMS.get(name, ())):
        if candidate in lowered:
            return lowered[candidate]
    close = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.7)
    return lowered[close[0]] if close else None


def _empty_images(images: pd.Series) -> list[str]:
    return _some(
        (f"row {row}: the image cell is empty → name the film's file, or delete the row" for row in _missing(images)),
        more="rows without an image",
    )


def _path_problems(paths: pd.Series, *, folder: Path, check_files: bool, allow_outside: bool) -> list[str]:
    known = paths.dropna()
    absolute = {row: path for row, path in known.items() if is_absolute(path)}
    outside = {} if allow_outside else {r: p for r, p in known.items() if r not in absolute and leaves_folder(p)}
    problems = _some(
        (
            f"row {row}: the {paths.name} path is absolute ({shown(path)}) → write it relative to the table's folder ({folder})"
            for row, path in absolute.items()
        ),
        more=f"absolute {paths.name} paths",
    )
    problems += _some(
        (
            f"row {row}: the {paths.name} path leaves the table's folder ({shown(path)}) → move the table to a folder above "
            "its films, or allow it with --allow-outside"
            for row, path in outside.items()
        ),
        more=f"{paths.name} paths out of the folder",
    )
    if check_files:
        rest = known.drop(index=[*absolute, *outside])
        problems += _absent_files(rest, folder=folder)
        problems += [] if allow_outside else linked_files(rest, folder=folder)
    return problems


def linked_files(paths: pd.Series, *, folder: Path) -> list[str]:
    """Files that a symbolic link, of their own or of a folder on the way, leads out of the table's folder."""
    root = os.path.realpath(folder)
    places = {parent: os.path.realpath(os.path.join(root, parent)) for parent in {posixpath.dirname(p) for p in paths}}
    astray = {parent for parent, place in places.items() if os.path.commonpath([place, root]) != root}
    return _some(
        (
            f"row {row}: a link leads the {paths.name} path out of the table's folder ({shown(path)}) → "
            "copy the file into the folder, or allow it with --allow-outside"
            for row, path in paths.items()
            if posixpath.dirname(path) in astray or leads_out(Path(root, path), root=root)
        ),
        more=f"{paths.name} links out of the folder",
    )


def _absent_files(paths: pd.Series, *, folder: Path) -> list[str]:
    absent = [(row, path) for row, path in paths.items() if not os.path.isfile(os.path.join(folder, path))]
    if not absent:
        return []
    backslash = "write / and not \\ between folders" if any("\\" in path for _, path in absent) else ""
    mend = backslash or f"put the files under {folder}, or move the table to the folder that its paths start from"
    head = f"{len(absent)} of {len(paths)} {paths.name} files are missing → {mend}"
    return [head, *_some((f"row {row}: there is no file {shown(path)}" for row, path in absent), more="missing files")]


def label_case_problems(labels: pd.Series, *, name: str) -> list[str]:
    """Labels that differ in capital letters only, and would count as classes of their own."""
    counts = labels.dropna().astype("str").value_counts()
    alike: dict[str, list[str]] = {}
    for label in counts.index:
        alike.setdefault(label.casefold(), []).append(f"{shown(label)} ({counts[label]})")
    return [
        f"{' and '.join(spellings)} in {name} differ in capital letters only → write them alike"
        for spellings in alike.values()
        if len(spellings) > 1
    ]


def _repeated_images(frame: pd.DataFrame, *, label_column: str) -> list[str]:
    names = frame["image"].dropna().map(posixpath.normpath)
    again = names[names.duplicated(keep=False)]
    labels = frame[label_column] if label_column in frame.columns else pd.Series(None, index=frame.index, dtype=object)
    return _some(
        (
            _repeated_image(str(name), rows, labels.loc[list(rows)])
            for name, rows in again.groupby(again).groups.items()
        ),
        more="images that stand in several rows",
    )


def _repeated_image(name: str, rows: Iterable[Any], labels: pd.Series) -> str:
    given = [shown(label) for label in sorted(set(labels.dropna()))[:LISTED]]
    where = _rows(rows)
    if len(given) > 1:
        return f"{where}: the same image {shown(name)} has different labels ({', '.join(given)}) → keep the row that is right"
    return f"{where}: the same image {shown(name)} → keep one of the rows"


def _split_problems(split: pd.Series) -> list[str]:
    wrong = split[~split.isin(SPLITS) & split.notna()]
    return _some(
        (
            f"row {row}: the split is {shown(value)!r}; allowed are {', '.join(SPLITS)} or an empty cell → "
            f"write {_nearest_split(value)!r}"
            for row, value in wrong.items()
        ),
        more="rows with an unknown split",
    )


def _nearest_split(value: str) -> str:
    return next((name for name in SPLITS if value.lower().startswith(name[:2])), "train")


def _patients_on_two_sides(frame: pd.DataFrame) -> list[str]:
    ids = patient_ids(frame)
    rows = pd.DataFrame({"id": ids, "split": frame["split"], "source": text_column(frame, "source").fillna("")})
    rows = rows[ids.notna() & rows["split"].isin(SPLITS)]
    groups = rows.groupby("id")
    torn = groups["split"].nunique()
    return _some(
        (_torn_patient(groups.get_group(one)) for one in torn[torn > 1].index),
        more="patients on two sides of the split",
    )


def _torn_patient(rows: pd.DataFrame) -> str:
    """Told by rows: no patient's id reaches a log."""
    split, source = rows["split"], " and ".join(sorted(set(rows["source"]) - {""}))
    sides = [f"{name} ({_rows(split[split == name].index)})" for name in SPLITS if (split == name).any()]
    of = f" of source {shown(source)}" if source else ""
    return (
        f"a patient{of} stands on more than one side of the split: {', '.join(sides)} → "
        "give all films of a patient one side, or empty the split column and split anew"
    )


def _age_problems(age: pd.Series) -> list[str]:
    low, high = AGE_RANGE
    wrong = ((row, value) for row, value in age.dropna().items() if not _is_age(value))
    return _some(
        (
            f"row {row}: the age is {shown(str(value))!r}; allowed are years from {low} to {high} → "
            "write it in years, or leave the cell empty where it is unknown"
            for row, value in wrong
        ),
        more="rows with an impossible age",
    )


def _is_age(value: object) -> bool:
    try:
        years = float(str(value))
    except ValueError:
        return False
    return "_" not in str(value) and math.isfinite(years) and AGE_RANGE[0] <= years <= AGE_RANGE[1]


def is_absolute(path: str) -> bool:
    """Whether a cell's path starts at a root, a drive, a share or a home folder instead of the table's folder."""
    windows = PureWindowsPath(path)
    return path.startswith(("/", "\\", "~/", "file:")) or bool(windows.drive and windows.root)


def leaves_folder(path: str) -> bool:
    """Whether a relative path climbs out of the folder that it starts from, by its text alone (no link is followed)."""
    return any(posixpath.normpath(form).split("/")[0] == ".." for form in (path, path.replace("\\", "/")))


def shown(text: str) -> str:
    """A cell as a message shows it: at most 120 characters, none that a terminal would obey."""
    printable = "".join(char if char.isprintable() else "�" for char in text[:120])
    return printable + ("…" if len(text) > 120 else "")


def _missing(column: pd.Series) -> list[Any]:
    return column.index[column.isna()].tolist()


def _rows(rows: Iterable[Any]) -> str:
    numbers = [str(row) for row in rows]
    shown = ", ".join(numbers[:LISTED]) + (", …" if len(numbers) > LISTED else "")
    return f"row{'s' if len(numbers) > 1 else ''} {shown}"


def _some(findings: Iterable[str], *, more: str) -> list[str]:
    """The first findings of one kind, and how many more there are."""
    found = list(findings)
    hidden = len(found) - LISTED
    return found if hidden <= 0 else [*found[:LISTED], f"… and {hidden} more {more}"]

"""The table of films: one row an image, with the folder that its paths start from."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from deepcovid.datasets.columnar import read_parquet
from deepcovid.datasets.columns import FILE_COLUMNS, KNOWN_COLUMNS, TEXT_COLUMNS
from deepcovid.datasets.delimited import read_delimited
from deepcovid.datasets.validation import is_absolute, leaves_folder, repeated_columns, shown, table_problems
from deepcovid.errors import TableError
from deepcovid.storage import FORMULA, is_formula, sha256_json, write_table


@dataclass(frozen=True, eq=False)
class Table:
    """Films and what is known of them.

    Attributes:
        frame: one row an image; `image` is a path relative to `folder`; a missing value means "unknown".
        folder: the folder that paths in `image`, `lung_mask` and `lesion_mask` start from.
        path: the file that the table was read from or written to, if any.
        notes: sentences that a reader of results must know (how the file was read, what is unknown).
        cautions: those that must be read before any figure.
    """

    frame: pd.DataFrame
    folder: Path
    path: Path | None = None
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "image" not in self.frame.columns:
            raise TableError("a table needs a column 'image'", path=self.path, mend="name every film's file in it")
        object.__setattr__(self, "folder", Path(self.folder))

    def __len__(self) -> int:
        return len(self.frame)

    def image_path(self, row_image: str) -> Path:
        """Where the file of one cell of `image` (or of a mask column) lies."""
        return self.folder / row_image

    def with_frame(self, frame: pd.DataFrame) -> Table:
        """The same folder, path and notes with other rows or columns."""
        return replace(self, frame=frame)

    def with_note(self, *notes: str) -> Table:
        """The same table with more notes; one that is there already is not repeated."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    @property
    def hash(self) -> str:
        """The SHA-256 of what the table says in its known columns; see `content_hash`."""
        return self.content_hash()

    def content_hash(self, *, columns: Sequence[str] = KNOWN_COLUMNS) -> str:
        """The SHA-256 of the content of `columns`, as 64 hexadecimal digits.

        The order of rows and columns, the place of the folder, and the folder in which the table itself stands change
        nothing: paths count from the folder that all films have in common.
        """
        present = sorted(name for name in columns if name in self.frame.columns)
        root = os.path.abspath(self.folder)
        base = self._common_folder(root)
        cells = {name: [_canonical(value, name, root, base) for value in self.frame[name]] for name in present}
        rows = sorted(zip(*cells.values(), strict=True), key=repr)
        return sha256_json({"columns": present, "rows": [list(row) for row in rows]})

    def _common_folder(self, root: str) -> str:
        parents = {os.path.dirname(_place(root, image)) for image in self.frame["image"].dropna()}
        return os.path.commonpath(parents) if parents else root


def load_table(
    path: Path | str,
    *,
    check_files: bool = True,
    label_column: str = "label",
    required_labels: bool = True,
    allow_outside: bool = False,
) -> Table:
    """Read and check a table of films.

    CSV is UTF-8 with or without a byte order mark (else latin-1, said in a note), separated by commas (semicolons and
    tabs are said in a note), and every cell stays the text that it is, trimmed; only `age` becomes a number (years).
    Parquet keeps the types of extra columns. An empty cell is unknown; rows without a label are kept.

    Args:
        path: a .csv, .tsv or .parquet file.
        check_files: whether every film and mask must exist.
        label_column: the column that holds the class.
        required_labels: whether that column must be there, with at least one label.
        allow_outside: whether paths may leave the table's folder by `..` or by a symbolic link; absolute paths are
            never allowed.

    Raises:
        TableError: with every problem at once in `problems`, each with the row number that a spreadsheet shows.
    """
    path = Path(path)
    read = read_cells(path, label_column=label_column)
    frame, folder, notes, problems = read.frame, path.parent, list(read.notes), list(read.problems)
    problems += table_problems(
        frame,
        folder=folder,
        label_column=label_column,
        required_labels=required_labels,
        check_files=check_files,
        allow_outside=allow_outside,
    )
    if problems:
        raise _refusal(path, problems)
    if "age" in frame.columns:
        frame["age"] = frame["age"].map(float, na_action="ignore").astype("float64")
    notes += [*_unknowns(frame, label_column), *_formulas(frame)]
    return Table(frame=frame.reset_index(drop=True), folder=folder, path=path, notes=tuple(notes))


@dataclass(frozen=True, eq=False)
class Cells:
    """What stands in a table's file, before anything is asked of it.

    Attributes:
        frame: known columns as trimmed text, blanks missing, other columns as they are; the index holds the row
            numbers that a spreadsheet shows.
        notes: how the file was read.
        problems: rows of another width, columns that stand twice.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def read_cells(path: Path, *, label_column: str = "label") -> Cells:
    """The cells of a table's file as they stand; `load_table` asks more of them.

    Raises:
        TableError: the file is absent or is no table at all.
    """
    _check_file(path)
    raw, notes, problems = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path)
    problems += repeated_columns(list(raw.columns))
    raw = raw.loc[:, ~raw.columns.duplicated()]
    frame = _trimmed(raw, text_columns=[*TEXT_COLUMNS, "age", label_column])
    return Cells(frame, tuple(notes), tuple(problems))


def save_table(table: Table, path: Path | str, *, allow_outside: bool = False) -> Table:
    """Write a table as CSV or Parquet with its paths made relative to the new place; returns the table as written.

    Raises:
        TableError: a film would lie outside the folder of `path`, so that `load_table` would refuse the table; with
            `allow_outside` it is written all the same, and must be loaded so.
    """
    path = Path(path)
    frame = table.frame.copy()
    for column in FILE_COLUMNS:
        if column in frame.columns:
            moved = [_moved(cell, table.folder, path.parent, path) for cell in frame[column]]
            frame[column] = pd.Series(moved, index=frame.index, dtype="str")
            outside = [cell for cell in moved if cell is not None and leaves_folder(cell)]
            if outside and not allow_outside:
                raise TableError(
                    f"{len(outside)} {column} files would lie outside the table's folder (first: {outside[0]})",
                    path=path,
                    mend=f"write the table to {table.folder} or above it, or allow it with --allow-outside",
                )
    write_table(path, frame)
    return replace(table, frame=frame, folder=path.parent, path=path)


def drop_unlabelled(table: Table, *, label_column: str = "label") -> Table:
    """The rows that have a label; how many were left out is said in a note."""
    known = table.frame[label_column].notna()
    if known.all():
        return table
    note = f"{int((~known).sum())} of {len(table)} films have no {label_column}"
    rest = replace(table, notes=tuple(other for other in table.notes if other != note))
    return rest.with_frame(table.frame[known].reset_index(drop=True)).with_note(f"{note} and were left out")


def _check_file(path: Path) -> None:
    if path.is_dir():
        mend = f"make a table of it: deepcovid data import {path} --out {path / 'table.csv'}"
        raise TableError("this is a folder, not a table", path=path, mend=mend)
    if not path.is_file():
        raise TableError("there is no such file", path=path, mend="check the path")
    if path.suffix.lower() not in {".csv", ".tsv", ".parquet"}:
        raise TableError(
            f"a table is a .csv, .tsv or .parquet file, not {path.suffix!r}", path=path, mend="save it as UTF-8 CSV"
        )


def _refusal(path: Path, problems: list[str]) -> TableError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return TableError(f"the table cannot be used: {count}", path=path, problems=problems)


def _read_text(path: Path) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The cells as text, indexed by row number; notes; problems of form."""
    text = read_delimited(path)
    frame = pd.DataFrame(list(text.rows.values()), index=list(text.rows), columns=text.header, dtype=object)
    unnamed = [name == "" for name in text.header]
    notes = list(text.notes)
    if any(unnamed):
        frame = frame.loc[:, [not blank for blank in unnamed]]
        notes.append(f"{sum(unnamed)} column(s) without a name were left out")
    return frame, notes, text.problems


def _read_parquet(path: Path) -> tuple[pd.DataFrame, list[str], list[str]]:
    """As `_read_text`; the first film is row 2, as in a spreadsheet."""
    frame = read_parquet(path)
    frame.columns = [str(name).strip() for name in frame.columns]
    frame.index = pd.RangeIndex(2, len(frame) + 2)
    return frame, [], []


def _trimmed(raw: pd.DataFrame, *, text_columns: Sequence[str]) -> pd.DataFrame:
    """Known columns as text, blanks as missing; other columns of text trimmed alike, of other types left alone."""
    columns = {}
    for name in raw.columns:
        if name in text_columns or pd.api.types.is_string_dtype(raw[name]):
            columns[name] = pd.Series([_as_text(cell) for cell in raw[name]], index=raw.index, dtype="str")
        else:
            columns[name] = raw[name]
    return pd.DataFrame(columns, index=raw.index)


def _as_text(cell: Any) -> str | None:
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() or None


def _unknowns(frame: pd.DataFrame, label_column: str) -> list[str]:
    notes = []
    for column in dict.fromkeys((label_column, "split")):
        empty = int(frame[column].isna().sum()) if column in frame.columns else 0
        if empty and (column != "split" or empty < len(frame)):
            notes.append(f"{empty} of {len(frame)} films have no {column}")
    return notes


def _formulas(frame: pd.DataFrame) -> list[str]:
    """What a spreadsheet would run is text here, and is told."""
    text = [name for name in frame.columns if pd.api.types.is_string_dtype(frame[name])]
    found = {name: int(frame[name].map(is_formula, na_action="ignore").eq(True).sum()) for name in text}
    columns = [shown(name) for name, count in found.items() if count]
    if not columns:
        return []
    return [
        f"{sum(found.values())} cells begin as a spreadsheet's formulas do (in {', '.join(columns)}); they are text here, "
        "and are written to CSV with an apostrophe before them"
    ]


def _place(root: str, cell: str) -> str:
    return os.path.normpath(os.path.join(root, cell))


def _moved(cell: Any, old: Path, new: Path, path: Path) -> str | None:
    if pd.isna(cell):
        return None
    if is_absolute(cell):
        raise TableError(f"the path {cell} is absolute", path=path, mend=f"make it relative to {old}")
    try:
        moved = Path(os.path.relpath(_place(os.path.abspath(old), cell), os.path.abspath(new))).as_posix()
    except ValueError as error:  # another drive, on Windows
        raise TableError(f"{cell} cannot be reached from here ({error})", path=path, mend="use one drive") from error
    return f"./{moved}" if moved[:1] in FORMULA else moved  # the same path, and no formula


def _canonical(value: Any, name: str, root: str, base: str) -> Any:
    if pd.isna(value) or value == "":
        return None
    if name in FILE_COLUMNS:
        return Path(os.path.relpath(_place(root, value), base)).as_posix()
    return float(value) if name == "age" else str(value)

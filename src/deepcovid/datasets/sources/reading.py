"""A collection's metadata file read strictly: every problem with its row number, all of them at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import KNOWN_COLUMNS
from deepcovid.datasets.delimited import parse_delimited
from deepcovid.datasets.sources.compressed import plain_bytes
from deepcovid.datasets.sources.people import is_approximate_age, parse_age
from deepcovid.datasets.sources.source import Parsed
from deepcovid.datasets.validation import repeated_columns, shown
from deepcovid.errors import TableError

OURS = (*KNOWN_COLUMNS, "modality")
# In a file read as latin-1 these are no control characters but Windows-1252's quotes and dashes.
_WINDOWS = {n: bytes([n]).decode("cp1252", "replace") for n in range(0x80, 0xA0)}
LISTED = 50  # problems that are spelt out; the rest are counted


@dataclass
class Metadata:
    """The cells of a metadata file and what is wrong with them.

    Attributes:
        path: the file.
        frame: every cell as trimmed text, None where it is empty; the index holds the row numbers of a spreadsheet.
        notes: sentences for the user.
        problems: what makes the file unusable, one sentence each; `parsed` refuses the file where there are any.
    """

    path: Path
    frame: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def text(self, name: str) -> pd.Series:
        """The column as it stands; all None where the file has no such column."""
        if name in self.frame.columns:
            return self.frame[name]
        return pd.Series([None] * len(self.frame), index=self.frame.index, dtype=object, name=name)

    def needed(self, name: str) -> pd.Series:
        """The column as it stands; an empty cell in it is a problem."""
        cells = self.text(name)
        for row in cells.index[cells.isna()]:
            self.problem(row, f"the {name} cell is empty; every row needs one")
        return cells

    def cells(
        self, name: str, parse: Callable[[str], Any], *, otherwise: Literal["refuse", "empty"] = "refuse"
    ) -> pd.Series:
        """The column with every cell that is not empty brought to our words by `parse`.

        Args:
            name: the collection's column.
            parse: from a cell's text to a value or None (unknown); a ValueError says what is allowed.
            otherwise: what a cell is that `parse` does not know: "refuse" (the file is damaged; a problem with its row)
                or "empty" (the collection is known to hold such words; unknown, and counted in a note).
        """
        column = self.text(name)
        codes, words = pd.factorize(column)  # a column of 377,110 cells holds few words; -1 is an empty cell
        values = np.full(len(words) + 1, None, dtype=object)
        errors: dict[int, str] = {}
        for code, word in enumerate(words):
            try:
                values[code] = parse(word)
            except ValueError as error:
                errors[code] = str(error)
        places = np.flatnonzero(np.isin(codes, list(errors)))
        for place in map(int, places) if otherwise == "refuse" else ():
            allowed = errors[codes[place]]
            self.problem(column.index[place], f"the {name} is {shown(column.iloc[place])!r}; {allowed}")
        if len(places) and otherwise == "empty":
            counts = Counter(column.iloc[places]).most_common(10)
            known = ", ".join(f"{shown(word)!r} ({count})" for word, count in counts)
            self.notes.append(f"{len(places)} cells of {name} say nothing that is known here: {known}")
        return pd.Series(values[codes], index=self.frame.index, dtype=object, name=name)

    def ages(self, name: str, parse: Callable[[str], float | None] = parse_age) -> pd.Series:
        """The column in years; ranges and bounds are counted in a note."""
        years = self.cells(name, parse)
        rough = [cell for cell in self.text(name).dropna() if is_approximate_age(cell)]
        if rough:
            self.notes.append(
                f"{len(rough)} ages are ranges or bounds ({shown(rough[0])!r}, say): the middle or the bound was taken"
            )
        return years

    def problem(self, row: object, sentence: str) -> None:
        """Enter what is wrong in a row: what came, and what is allowed."""
        self.problems.append(f"row {row}: {sentence}" if isinstance(row, int) else f"{row}: {sentence}")

    def parsed(self, ours: Mapping[str, Any], *, notes: Sequence[str] = ()) -> Parsed:
        """Our columns (series with this frame's index, or one value for all rows), then the collection's own.

        Raises:
            TableError: with every problem that was found.
        """
        refuse_problems(self.problems, path=self.path)
        frame = pd.DataFrame({name: pd.Series(cells, index=self.frame.index) for name, cells in ours.items()})
        return Parsed(frame=with_originals(frame, self.frame), notes=(*self.notes, *notes), metadata=self.path)


def read_metadata(path: Path, *, required: Sequence[str], usual: Sequence[str] = (), mend: str = "") -> Metadata:
    """Read a delimited file of metadata, gzipped or not; UTF-8 with or without a byte order mark, else latin-1.

    Args:
        path: the file.
        required: columns that must be there, as the collection spells them.
        usual: columns that a copy may lack; a note says so.
        mend: what to do where the file is absent.

    Raises:
        TableError: there is no such file, it is no text table, or a required column is absent.
    """
    if not path.is_file():
        raise TableError("there is no such file", path=path, mend=mend or "give the folder of the collection itself")
    data = plain_bytes(path)
    if not data.strip():
        raise TableError("the file is empty", path=path, mend="get the file anew")
    text = parse_delimited(data, path=path)
    header = [name or f"unnamed_{number}" for number, name in enumerate(text.header, 1)]
    problems = repeated_columns(header)
    absent = [name for name in required if name not in header]
    if absent:
        there = ", ".join(shown(name) for name in header[:LISTED])
        problems.insert(0, f"row 1: there is no column {', '.join(map(repr, absent))} (there are: {there})")
    if problems:
        refuse_problems([*problems, *text.problems], path=path)
    cells = [[cell.translate(_WINDOWS).strip() or None for cell in row] for row in text.rows.values()]
    frame = pd.DataFrame(cells, index=pd.Index(list(text.rows), dtype=object), columns=header, dtype=object)
    frame = frame.where(frame.notna(), None)
    blank = [name for name in header if name.startswith("unnamed_") and frame[name].isna().all()]
    found = [*text.problems, *([] if len(frame) else ["the file has a header and no row"])]
    lacking = [name for name in usual if name not in header]
    notes = [*text.notes, *([f"the metadata lack the column {', '.join(lacking)}"] if lacking else [])]
    return Metadata(path=path, frame=frame.drop(columns=blank), notes=notes, problems=found)


def with_originals(ours: pd.DataFrame, original: pd.DataFrame) -> pd.DataFrame:
    """Our columns, then the collection's; one that has the name of ours (capitals aside) becomes `original_<name>`."""
    taken = {name.lower() for name in (*OURS, *ours.columns)}
    names = {name: f"original_{name}" if name.lower() in taken else name for name in original.columns}
    return pd.concat([ours, original.rename(columns=names)], axis=1)


def refuse_problems(problems: Sequence[str], *, path: Path) -> None:
    """Raise where there is a problem.

    Raises:
        TableError: with the first 50 problems and how many more there are.
    """
    if not problems:
        return
    hidden = len(problems) - LISTED
    listed = [*problems[:LISTED], *([f"… and {hidden} more problems"] if hidden > 0 else [])]
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise TableError(
        f"the collection's metadata cannot be used: {count} → mend the rows, or get the file anew",
        path=path,
        problems=listed,
    )

"""Parquet read strictly: the footer is believed only as far as a table of films can be true, and nothing is unpickled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deepcovid.errors import DeepCovidError, TableError

if TYPE_CHECKING:
    import pandas as pd

MAX_ROWS, MAX_COLUMNS, MAX_UNPACKED = 50_000_000, 10_000, 4 * 2**30
ANEW = "write the file anew"
# What pyarrow and pandas were seen to raise on damaged files; Arrow's own errors derive from these.
_FAILURES = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    NotImplementedError,
    MemoryError,
    OverflowError,
    AttributeError,
)


def read_parquet(path: Path, *, error: type[DeepCovidError] = TableError) -> pd.DataFrame:
    """The table in a Parquet file.

    Args:
        path: the file.
        error: the type to raise.

    Raises:
        TableError: no Parquet, damaged, or with more rows, columns or bytes than any table of films. What the file
            says is not quoted: it may be a patient's name.
    """
    import pandas as pd

    try:
        too_large = _too_large(path)
        frame = None if too_large else pd.read_parquet(path)
    except _FAILURES:
        raise error(f"this is not readable as Parquet: {_described(path)}", path=path, mend=ANEW) from None
    if frame is None:
        raise error(f"the footer promises {too_large}", path=path, mend="give a table with one row an image")
    return frame


def _too_large(path: Path) -> str:
    """What the footer promises beyond any table of films, in words; nothing where it is within reason."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        told = file.metadata
        size = sum(told.row_group(group).total_byte_size for group in range(told.num_row_groups))
    if told.num_rows > MAX_ROWS:
        return f"{told.num_rows:,} rows; allowed are {MAX_ROWS:,}"
    if told.num_columns > MAX_COLUMNS:
        return f"{told.num_columns:,} columns; allowed are {MAX_COLUMNS:,}"
    return f"{size / 1e9:,.1f} GB; allowed are {MAX_UNPACKED / 1e9:,.1f}" if size > MAX_UNPACKED else ""


def _described(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError:
        return "it cannot be opened"
    if start == b"PAR1":
        return "it is damaged or cut off"
    return "a pickle is never loaded" if start[:1] == b"\x80" else "it is a file of another kind"

"""Delimited text read strictly: encoding, delimiter, quotes and ragged rows are found out and said, never guessed at."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepcovid.errors import TableError
from deepcovid.storage import plain

MAX_COLUMNS = 10_000
MAX_BYTES, MAX_LINE = 256 * 2**20, 8 * 2**20
UTF8 = "save it as UTF-8 CSV"
_BINARY = {
    b"PK\x03\x04": "a zip or Excel file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"\x80\x04\x95": "a pickle, which is never loaded",
}
_OTHER_TEXTS = {
    "<!doctype html": "a web page",
    "<html": "a web page",
    "<?xml": "an XML document",
    "{": "JSON",
    "[{": "JSON",
}


@dataclass(frozen=True)
class Delimited:
    """The cells of a text table as they stand in the file."""

    header: list[str]
    rows: dict[int, list[str]]  # by the row number that a spreadsheet shows; blank rows are left out
    notes: tuple[str, ...]
    problems: list[str]


def read_delimited(path: Path) -> Delimited:
    """Read comma-, semicolon- or tab-separated text with quotes as in RFC 4180.

    An apostrophe that `storage.write_table` put before a formula is taken away again.

    Raises:
        TableError: the file is no text table, has no header, an open quote, a line over 8 MiB, or more than 10,000
            columns; or it is longer than 256 MiB.
    """
    _check_length(path.stat().st_size, path)
    return parse_delimited(path.read_bytes(), path=path)


def parse_delimited(data: bytes, *, path: Path) -> Delimited:
    """As `read_delimited`, from the bytes of `path` (a compressed file's content, say)."""
    _check_length(len(data), path)
    text, notes = _decode(data, path)
    text = _without_separator_line(text)
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = _delimiter(first_line)
    if delimiter != ",":
        name = {";": "semicolons", "\t": "tabs"}[delimiter]
        notes.append(f"the cells are separated by {name}, and were read so")
    records = _records(text, delimiter, path)
    if not records:
        raise TableError("the file is empty", path=path, mend="write a header (image,label,…) and one row an image")
    header_row = min(records)
    header = [name.strip() for name in records.pop(header_row)]
    if len(header) > MAX_COLUMNS:
        raise TableError(
            f"there are {len(header):,} columns; allowed are {MAX_COLUMNS:,}", path=path, mend="write one row an image"
        )
    rows, problems = _squared(records, len(header))
    return Delimited(header=header, rows=rows, notes=tuple(notes), problems=problems)


def _decode(data: bytes, path: Path) -> tuple[str, list[str]]:
    for magic, kind in _BINARY.items():
        if data.startswith(magic):
            suffix = ".parquet" if magic == b"PAR1" else ".csv"
            raise TableError(f"this is {kind}, not a text table", path=path, mend=f"save it as {suffix}")
    text, notes = _text(data)
    if "\x00" in text:
        raise TableError("this is not a text table (it holds zero bytes)", path=path, mend=UTF8)
    start = text[:64].lstrip().lower()
    for sign, kind in _OTHER_TEXTS.items():
        if start.startswith(sign):
            raise TableError(f"this is {kind}, not a text table", path=path, mend=UTF8)
    return text, notes


def _text(data: bytes) -> tuple[str, list[str]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), ["the file is UTF-16, and was read so"]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        return data.decode("latin-1"), ["the file is not UTF-8, and was read as latin-1: look at names with accents"]


def _check_length(size: int, path: Path) -> None:
    if size > MAX_BYTES:
        raise TableError(
            f"this file has {size / 1e6:,.0f} MB; of text up to {MAX_BYTES / 1e6:,.0f} are read",
            path=path,
            mend="save it as Parquet",
        )


def _without_separator_line(text: str) -> str:
    """Excel's first line `sep=;` is no header, and Excel does not count it as a row."""
    line, _, rest = text.partition("\n")
    return rest if line.strip().lower() in ("sep=,", "sep=;", "sep=") else text


def _delimiter(first_line: str) -> str:
    counts = {mark: first_line.count(mark) for mark in (",", ";", "\t")}
    return "," if counts[","] else max(counts, key=lambda mark: (counts[mark], mark == ","))


def _records(text: str, delimiter: str, path: Path) -> dict[int, list[str]]:
    reader = csv.reader(_lines(text, path), delimiter=delimiter, strict=True)
    records: dict[int, list[str]] = {}
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if any(map(str.strip, cells)):
                records[number] = [plain(cell) if cell[:1] == "'" else cell for cell in cells]
    except csv.Error as error:
        raise TableError(
            f"row {number + 1} cannot be read ({error})", path=path, mend="close its quotes, and double those inside"
        ) from error
    return records


def _lines(text: str, path: Path) -> Iterator[str]:
    """Line by line, none of them so long that its cells alone would fill the memory."""
    for number, line in enumerate(io.StringIO(text, newline=""), 1):
        if len(line) > MAX_LINE:
            raise TableError(
                f"line {number} has {len(line):,} characters; at most {MAX_LINE:,} are read",
                path=path,
                mend="write one row an image, each on a line of its own",
            )
        yield line


def _squared(records: dict[int, list[str]], width: int) -> tuple[dict[int, list[str]], list[str]]:
    """Rows of exactly `width` cells (surplus empty cells dropped), and a problem for each row that has another width."""
    rows: dict[int, list[str]] = {}
    problems = []
    for number, cells in records.items():
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            problems.append(
                f"row {number}: {len(cells)} cells under a header of {width} → "
                "put quotes around a cell that holds the separator, and write empty cells out"
            )
        rows[number] = cells if len(cells) == width else (cells + [""] * width)[:width]
    hidden = len(problems) - 20
    return rows, problems if hidden <= 0 else [*problems[:20], f"… and {hidden} more rows of another width"]

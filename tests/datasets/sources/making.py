"""What the tests of sources share: tiny films, metadata files written exactly, and the problems of a damaged copy.

The test of a source, `test_<module>.py`, has a function `miniature(folder)` that writes a small whole copy in the
collection's own format; `test_every_source.py` finds it there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from deepcovid.datasets.sources import import_source
from deepcovid.errors import TableError


def draw(folder: Path, names: Iterable[str]) -> None:
    """A tiny drawn film at every path below `folder`, no two alike."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (16, 16), dtype=np.uint8)
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "PNG" if path.suffix.lower() == ".png" else "JPEG")
        path.write_bytes(stream.getvalue())


def write_rows(
    path: Path, header: str | Sequence[str], rows: Iterable[Sequence[object]], *, encoding: str = "utf-8"
) -> None:
    """A CSV file with quotes as in RFC 4180; a header given as text stands as it is."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    if isinstance(header, str):
        stream.write(header + "\r\n")
    else:
        writer.writerow(header)
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().encode(encoding))


def refused(folder: Path, name: str, **options: Any) -> list[str]:
    """The problems for which a damaged copy is refused."""
    with pytest.raises(TableError) as caught:
        import_source(folder, name=name, **options)
    return caught.value.problems


def cells(column: pd.Series) -> list[Any]:
    """A column's values, None where one is missing."""
    return [None if pd.isna(cell) else cell for cell in column]

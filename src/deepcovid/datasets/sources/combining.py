"""Several metadata files of one collection read as one, every row still named by its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.reading import Metadata


def combined(parts: Sequence[Metadata], *, path: Path) -> Metadata:
    """The rows of all parts, one after the other; row 7 of train.csv is named "train.csv row 7".

    Args:
        parts: files with the same columns, at least one.
        path: what messages about the whole are named after: the folder of the files, say.
    """
    named = [part.frame.set_axis([f"{part.path.name} row {row}" for row in part.frame.index]) for part in parts]
    frame = pd.concat(named).astype(object)
    return Metadata(
        path=path,
        frame=frame.where(frame.notna(), None),
        notes=[f"{part.path.name}: {note}" for part in parts for note in part.notes],
        problems=[f"{part.path.name} {problem}" for part in parts for problem in part.problems],
    )

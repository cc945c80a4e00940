"""Tables of several folders as one, with paths from the folder that all have in common."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepcovid.datasets.table import Table
from deepcovid.errors import TableError


def together(parts: Sequence[tuple[Path, pd.DataFrame]], *, columns: Sequence[str], notes: Sequence[str] = ()) -> Table:
    """One table of several: rows one below the other, `image` from the common folder.

    Args:
        parts: each a folder and rows whose `image` starts from it.
        columns: those to keep, in order; one that no row fills is left out.
        notes: of the table.

    Raises:
        TableError: the folders lie on different drives.
    """
    places = [os.path.abspath(folder) for folder, _ in parts]
    try:
        root = os.path.commonpath(places)
    except ValueError as error:  # drives of Windows
        raise TableError(f"the copies have no folder in common ({error})", mend="put them on one drive") from error
    frames = []
    for place, (_, frame) in zip(places, parts, strict=True):
        prefix = Path(os.path.relpath(place, root)).as_posix()
        ours = frame.reindex(columns=list(columns)).reset_index(drop=True)
        frames.append(ours.assign(image=ours["image"] if prefix == "." else prefix + "/" + ours["image"]))
    whole = pd.concat([frame.astype(object) for frame in frames], ignore_index=True)
    whole = whole.loc[:, whole.notna().any()]
    typed = {name: "float64" if name == "age" else "str" for name in whole.columns}
    return Table(frame=whole.astype(typed), folder=Path(root), notes=tuple(notes))

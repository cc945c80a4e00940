"""Films of a collection that says all it says by its folders: one a class, under one a side of the split or under none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from deepcovid.datasets.sources.listing import files_below
from deepcovid.datasets.validation import shown
from deepcovid.errors import TableError

SUFFIXES = (".jpg", ".jpeg", ".png")


def read_class_folders(
    home: Path, *, classes: Mapping[str, str], splits: Mapping[str, str] | None = None, layout: str
) -> tuple[pd.DataFrame, list[str]]:
    """The films of all class folders, and problems.

    Args:
        home: the folder that holds the class folders, or those of the split.
        classes: names of class folders → labels.
        splits: names of the folders over them → sides; None where there are none.
        layout: what is looked for, for messages.

    Returns:
        a frame with `image` (relative to `home`), `name` (the file's), `folder` (the class folder's), `label` and
        `split`, indexed by `image`; and one problem for every film in another folder.

    Raises:
        TableError: there is no film in any class folder.
    """
    rows, problems = [], []
    for film in files_below(home, suffixes=SUFFIXES):
        *above, name = film.split("/")
        side = splits.get(above[0]) if splits and above else None
        rest = above[1:] if splits else above
        if splits and side is None:
            continue  # beside the split folders: no part of the collection
        if len(rest) == 1 and rest[0] in classes:
            rows.append({"image": film, "name": name, "folder": rest[0], "label": classes[rest[0]], "split": side})
        elif splits or rest:
            problems.append(f"{shown(film)}: the folder is no class; allowed are {', '.join(classes)}")
    if not rows:
        raise TableError("no film lies in a class folder here", path=home, mend=f"give a folder that holds\n{layout}")
    frame = pd.DataFrame(rows, dtype=object)
    return frame.where(frame.notna(), None).set_index("image", drop=False).rename_axis(None), problems

"""The split that a collection publishes, taken over only where it keeps every patient on one side."""

from __future__ import annotations

import pandas as pd


def published_split(split: pd.Series, patient: pd.Series) -> tuple[dict[str, pd.Series], list[str]]:
    """The column `split` as published, or `published_split` beside an empty `split` where it tears patients apart.

    Args:
        split: "train", "val", "test" or missing.
        patient: who each film is of, or missing; same index.

    Returns:
        the columns, and a note where patients stand on several sides.
    """
    known = pd.DataFrame({"split": split, "patient": patient}).dropna()
    torn = int((known.groupby("patient")["split"].nunique() > 1).sum())
    if not torn:
        return {"split": split}, []
    note = (
        f"{torn} patients stand on several sides of the published split, which was therefore not taken over "
        "(it stands in the column published_split): split anew with deepcovid data split"
    )
    return {"split": pd.Series(None, index=split.index, dtype=object), "published_split": split}, [note]

"""The films of deepcovid's own detector: two collections, who is an adult, and who trains, validates and tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.datasets.patient_hash import patient_shares
from deepcovid.datasets.table import Table
from deepcovid.runs.pretrain.material import PURPOSE

ADULT = 18  # years
ADULTS, CHILDREN = "adults", "children"
SOURCES = ("kermany-paediatric", "nih-chestxray14")  # both of licences that let weights be shipped
LABELS = {"normal": "normal", "other": "abnormal"}
# by the patient's share of 1, as `deepcovid pretrain --share 0.5` divides them: the backbone has seen none from 0.5 on, so
# that films that validate are to the network what films that test are, which a conformal rule takes for granted
SIDES = (("train", 0.0, 0.5), ("val", 0.5, 0.65), ("test", 0.65, 1.0))


def films_of(table: Table) -> Table:
    """The rows of both collections with `label` (normal, abnormal), `population` (adults, children) and `split`.

    Children are all of Kermany's, whose ages are not told but under 5 by its paper, and those of NIH under 18.
    """
    frame = table.frame[table.frame["source"].isin(SOURCES)].reset_index(drop=True)
    age = pd.to_numeric(frame["age"], errors="coerce")
    child = (frame["source"] == SOURCES[0]) | (age < ADULT)
    if (age.isna() & ~child).any():
        raise SystemExit("there are films of NIH without an age: neither adult nor child")
    columns = {
        "label": frame["label"].map(LABELS),
        "population": np.where(child, CHILDREN, ADULTS),
        "split": sides(frame),
    }
    if columns["label"].isna().any():
        raise SystemExit(f"labels other than {', '.join(LABELS)}")
    return table.with_frame(frame.assign(**columns))


def sides(frame: pd.DataFrame) -> np.ndarray:
    """train, val or test of each row, by the patient alone."""
    share = patient_shares(frame, purpose=PURPOSE)
    return np.select(
        [(low <= share) & (share < high) for _, low, high in SIDES], [name for name, *_ in SIDES], default=""
    )

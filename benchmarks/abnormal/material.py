"""The films of deepcovid's own detectors: two collections, who is an adult, and who trains, validates and tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.datasets.patient_hash import patient_shares
from deepcovid.datasets.table import Table
from deepcovid.models.abnormal.words import ADULTS, CHILDREN
from deepcovid.runs.pretrain.material import PURPOSE

ADULT = 18  # years
SOURCES = ("kermany-paediatric", "nih-chestxray14")  # both of licences that let weights be shipped
NORMAL, POSITIVE = "normal", "abnormal"
LABELS = {"normal": NORMAL, "other": POSITIVE}
# by the patient's share of 1, as `deepcovid pretrain --share 0.5` divides them: the backbone has seen none from 0.5 on, so
# that films that validate are to the network what films that test are, which a conformal rule takes for granted
SIDES = (("train", 0.0, 0.5), ("val", 0.5, 0.7), ("test", 0.7, 1.0))


def films_of(table: Table) -> Table:
    """The rows of both collections with `label` (normal, abnormal), `population` (adults, children) and `split`.

    Children are all of Kermany's, whose ages are not told but under 6 by its paper, and those of NIH under 18.
    """
    frame = table.frame[table.frame["source"].isin(SOURCES)].reset_index(drop=True)
    age = pd.to_numeric(frame["age"], errors="coerce")
    child = (frame["source"] == SOURCES[0]) | (age < ADULT)
    if (age.isna() & ~child).any():
        raise SystemExit("there are films of NIH without an age: neither adult nor child")
    label, population = frame["label"].map(LABELS), np.where(child, CHILDREN, ADULTS)
    if label.isna().any():
        raise SystemExit(f"labels other than {', '.join(LABELS)}")
    return table.with_frame(frame.assign(label=label, population=population, split=sides(frame)))


def of_population(films: Table, population: str) -> Table:
    """The films of adults or of children alone."""
    return films.with_frame(films.frame[films.frame["population"] == population].reset_index(drop=True))


def sides(frame: pd.DataFrame) -> np.ndarray:
    """train, val or test of each row, by the patient alone."""
    share = patient_shares(frame, purpose=PURPOSE)
    within = [(low <= share) & (share < high) for _, low, high in SIDES]
    return np.select(within, [name for name, *_ in SIDES], default="")

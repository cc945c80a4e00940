"""A number for every patient that depends on the patient alone: who is kept apart is the same in every table and on every day."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids


def patient_shares(frame: pd.DataFrame, *, purpose: str) -> np.ndarray:
    """A number in [0, 1) for each row, equal for the films of one patient and even over patients: float64 (N,).

    Taking the rows below 0.5 takes half of the patients; rows below 0.25 are among them.

    Args:
        frame: rows with `image` and, where known, `patient`, `source`, `person`.
        purpose: another purpose gives other numbers.
    """
    ids = group_ids(frame)
    numbers = {name: _number(f"{purpose} {name}") for name in ids.unique()}
    return ids.map(numbers).to_numpy(dtype=np.float64)


def _number(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big") / 2**48

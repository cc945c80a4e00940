"""Scores from arrays, for tests of figures that take nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from deepcovid.evaluation.scores import Scores, read_scores


def scores_of(positive: np.ndarray, score: np.ndarray, patient: np.ndarray | None = None, **columns: object) -> Scores:
    """Films in the one order of all evaluations; without `patient` every film counts as independent."""
    table = pd.DataFrame({"label": positive.astype(int), "score": score, **columns})
    return read_scores(table if patient is None else table.assign(patient=patient), positive="1")

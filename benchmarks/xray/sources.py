"""Can the source of films of one label be read from features? The audit's probe of sources, for several at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.prediction import by_logistic, out_of_fold
from deepcovid.datasets.columns import group_ids
from deepcovid.evaluation.class_draws import draw_classes
from deepcovid.evaluation.class_scores import ClassScores
from xray.areas import DRAWS, Drawn

ADULT = 18  # years
FIGURES = ("balanced_accuracy", "macro_auc")


@dataclass(frozen=True, eq=False)
class Sources:
    """Films of one label, the rows of the table that they are, and the sources that have some.

    Attributes:
        name: of the question.
        rows: int (Q,).
        names: of the K sources.
        target: whose each film is, int (Q,).
        frame: the films' rows.
    """

    name: str
    rows: np.ndarray
    names: tuple[str, ...]
    target: np.ndarray
    frame: pd.DataFrame

    @property
    def counts(self) -> dict[str, Any]:
        """Films and patients, of each source and of all."""
        people = group_ids(self.frame)
        each = {
            name: {"films": int((self.target == k).sum()), "patients": int(people[self.target == k].nunique())}
            for k, name in enumerate(self.names)
        }
        chance = {"balanced_accuracy": 1 / len(self.names), "macro_auc": 0.5}
        return {"films": len(self.rows), "patients": int(people.nunique()), "sources": each, "chance": chance}

    def probe(self, features: np.ndarray) -> dict[str, Drawn]:
        """Balanced accuracy and macro AUC, over draws of patients, of a logistic regression on features (N, D).

        Five folds by patient; the call is the source whose odds rise most above its share.
        """
        odds = out_of_fold(features[self.rows], self.target, frame=self.frame, learn=by_logistic, seed=0)
        several = len(self.names)
        films = ClassScores(
            task="multi-class",
            classes=self.names,
            score=1 / (1 + np.exp(-odds)),
            truth=(self.target[:, None] == np.arange(several)).astype(float),
            split=np.full(len(odds), "", dtype="U1"),
            patient=pd.factorize(group_ids(self.frame))[0],
            patient_known=np.ones(len(odds), dtype=bool),
        )
        found = draw_classes(films, draws=DRAWS, seed=0)
        people = [len(np.unique(films.patient[self.target == k])) for k in range(several)]
        return {
            name: Drawn(found.values[name], found.samples[name], len(np.unique(films.patient)), min(people))
            for name in FIGURES
        }


def questions_of(frame: pd.DataFrame) -> list[Sources]:
    """Normal films of three sources; abnormal films of grown-ups of two."""
    label, source = frame["label"], frame["source"]
    grown = ~(pd.to_numeric(frame["age"], errors="coerce") < ADULT)
    normal = (label == "normal") & source.isin(["covid-chestxray", "kermany-paediatric", "nih-chestxray14"])
    abnormal = (label == "other") & source.isin(["covid-chestxray", "nih-chestxray14"]) & grown
    return [_of(frame, "normal films", normal), _of(frame, "abnormal films of grown-ups", abnormal)]


def _of(frame: pd.DataFrame, name: str, rows: pd.Series) -> Sources:
    chosen = np.flatnonzero(rows)
    told = frame.iloc[chosen].reset_index(drop=True)
    names, target = np.unique(told["source"].to_numpy(dtype=str), return_inverse=True)
    return Sources(name, chosen, tuple(map(str, names)), target, told.assign(_class=names[target]))

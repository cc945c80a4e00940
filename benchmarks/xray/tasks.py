"""Questions that weights are asked: films of patients that were not learnt from, answers, folds by patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.licences import permitted
from deepcovid.datasets.patient_hash import patient_shares
from deepcovid.datasets.splits import cross_validation_folds
from deepcovid.datasets.table import Table
from deepcovid.evaluation.clustered import clustered_auc
from deepcovid.evaluation.comparison import compare_pair
from deepcovid.evaluation.matching import Matched
from deepcovid.features.extraction import FilmExtractor
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.readers import film_hash
from deepcovid.models.weights import load_backbone_weights
from deepcovid.models.zoo import build_network
from deepcovid.runs.learn.curve import probe_scores
from deepcovid.runs.pretrain.looking import features_of
from deepcovid.runs.pretrain.material import PURPOSE

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Task:
    """A question, the rows of the table that it is asked of, the answers, and folds by patient, one array a division."""

    name: str
    rows: np.ndarray
    positive: np.ndarray
    patient: np.ndarray
    folds: tuple[np.ndarray, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Films, positive ones, patients."""
        patients = len(np.unique(self.patient))
        return {"films": len(self.rows), "positive": int(self.positive.sum()), "patients": patients}

    def out_of_fold(self, score: Callable[[np.ndarray, np.ndarray], np.ndarray], *, divisions: int) -> np.ndarray:
        """Scores (Q,), each by what was fitted without the patient, the mean over divisions."""
        total = np.zeros(len(self.rows))
        for fold in self.folds[:divisions]:
            for number in np.unique(fold):
                train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
                total[test] += score(train, test)
        return total / divisions

    def probe(self, features: np.ndarray, *, divisions: int | None = None) -> np.ndarray:
        """Out-of-fold decision values (Q,) of linear probes on features (N, D) of all films of the table."""
        values = features[self.rows]
        return self.out_of_fold(
            lambda train, test: probe_scores(values[train], positive=self.positive[train], others=values[test]),
            divisions=divisions or len(self.folds),
        )

    def area(self, scores: np.ndarray) -> dict[str, Any]:
        """The AUC with its interval over patients."""
        patients = len(np.unique(self.patient))
        return clustered_auc(self.positive, score=scores, patient=self.patient, patients=patients).interval.to_dict()

    def apart(self, first: np.ndarray, second: np.ndarray) -> dict[str, Any]:
        """First minus second: the difference of AUCs with its paired interval and p."""
        known = np.ones(len(self.rows), dtype=bool)
        films = Matched(positive=self.positive, patient=self.patient, patient_known=known, first=first, second=second)
        (entry,) = compare_pair(films)
        return {key: entry[key] for key in ("difference", "p", "p_method")}


def task_of(frame: pd.DataFrame, name: str, *, rows: pd.Series, answers: pd.Series, divisions: int) -> Task:
    """A task on the rows of `frame` that a mask names; `answers` bool, positive or not."""
    chosen = np.flatnonzero(rows)
    positive = answers.to_numpy()[chosen]
    told = frame.iloc[chosen].reset_index(drop=True).assign(answer=np.where(positive, "yes", "no"))
    table = Table(frame=told, folder=Path())
    folds = [
        cross_validation_folds(table, n_folds=FOLDS, seed=seed, label_column="answer").to_numpy()
        for seed in range(divisions)
    ]
    return Task(name, chosen, positive, pd.factorize(group_ids(told))[0], tuple(folds))


def learnt_from(frame: pd.DataFrame, *, licences: str, share: float) -> np.ndarray:
    """Rows that a pretraining with these options learns from, bool (N,)."""
    learnt: np.ndarray = permitted(frame, licences=licences).to_numpy() & (
        patient_shares(frame, purpose=PURPOSE) < share
    )
    return learnt


def held_out(frame: pd.DataFrame, *, licences: str, share: float) -> np.ndarray:
    """Rows of patients none of whose films was learnt from, bool (N,)."""
    learnt, people = learnt_from(frame, licences=licences, share=share), group_ids(frame)
    return ~people.isin(set(people[learnt])).to_numpy()


def rows_of(table: Table, kept: np.ndarray) -> Table:
    """The table's rows that a mask names."""
    return table.with_frame(table.frame[kept].reset_index(drop=True))


def films_at(table: Table, preprocessing: Preprocessing) -> tuple[FeatureStore, list[str]]:
    """The films at a size: the store, and their keys there."""
    extractor = FilmExtractor(preprocessing)
    store = FeatureStore(extractor.space)
    kept = store.ensure([Request(table.image_path(image)) for image in table.frame["image"]], compute=extractor)
    if kept.failures:
        raise SystemExit("\n".join(kept.failures.values()))
    return store, [key for key in kept.keys if key is not None]


def pixels_of(store: FeatureStore, keys: list[str]) -> np.ndarray:
    """Films uint8 (N, h, w)."""
    return np.stack([np.rint(store.array(key) * 255).astype(np.uint8) for key in keys])


def features_by(
    network: str, preprocessing: Preprocessing, *, weights: str, seed: int, pixels: np.ndarray
) -> np.ndarray:
    """What a backbone makes of films uint8 (N, h, w): float32 (N, D)."""
    built = build_network(network, classes=2, preprocessing=preprocessing)
    load_backbone_weights(built, weights, seed=seed)
    return features_of(built.eval(), pixels)


def refuse_seen(weights: Path, table: Table) -> None:
    """Stop where the list beside a weights file names a film that is measured on."""
    listed = weights.parent / "films.csv"
    if not listed.exists():
        raise SystemExit(f"{listed} is missing: nothing shows which films {weights} was learnt from")
    seen = set(pd.read_csv(listed)["sha256"])
    both = sum(film_hash(table.image_path(image)) in seen for image in table.frame["image"])
    if both:
        raise SystemExit(
            f"{weights} was learnt from {both} of the films that are measured on: check --share, --licences"
        )

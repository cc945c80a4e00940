"""How well something beside the lungs tells the label: out-of-fold scores by patient, and their AUC with its interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.data_test import DataResult, Subject, Verdict
from deepcovid.datasets.columns import group_ids, text_column
from deepcovid.datasets.splits import cross_validation_folds
from deepcovid.datasets.table import Table
from deepcovid.evaluation.areas import auc_intervals
from deepcovid.evaluation.bootstrap import bootstrap
from deepcovid.evaluation.intervals import PATIENT, Interval
from deepcovid.evaluation.scores import read_scores

LIMIT = 0.60  # AUC up to which something beside the lungs is said to tell too little to matter, as for the source
FOLDS = 5
ENOUGH_FILMS, ENOUGH_PATIENTS = 20, 10  # of a class and of all others, or its AUC is not computed
LARGEST = 20_000  # films that are learnt from; of more, whole patients are left out by lot
CLASSES = 30  # the largest classes are tried
DRAWS = 500
RULE = (
    f"WARN: for some class the AUC has a lower limit above {LIMIT:.2f}. PASS: for every class its upper limit is at most "
    f"{LIMIT:.2f}. Else CANNOT TELL; also where some class or its rest has fewer than {ENOUGH_FILMS} films or {ENOUGH_PATIENTS} "
    "patients, since nothing is computed for it."
)

# (features of the films learnt from, their classes 0 … K - 1, features of the others) → probabilities (N, K)
Learner = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Area:
    """The AUC of one class against the rest."""

    label: str
    auc: Interval
    n: int
    n_positive: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        return {"label": self.label, "auc": self.auc.to_dict(), "films": self.n, "positive_films": self.n_positive}

    @property
    def words(self) -> str:
        """ "covid 0.93 (0.91 to 0.95)"."""
        return f"{self.label} {self.auc.value:.2f} ({self.auc.low:.2f} to {self.auc.high:.2f})"


def areas_of(subject: Subject, features: np.ndarray, *, known: np.ndarray, learn: Learner) -> list[Area]:
    """The out-of-fold AUC of each class against the rest, one class after another, the strongest first.

    Five folds by patient, alike in label and source. From each score the class's share among the films learnt from is
    taken out (as log odds), or a feature that says nothing would score below chance when folds are pooled.

    Args:
        subject: gives labels and patients.
        features: float (N, F), one row a film of the table.
        known: bool (N,), films that have features.
        learn: makes probabilities.
    """
    rows = _rows(subject, known)
    frame = subject.frame.iloc[rows].reset_index(drop=True).assign(_class=subject.labels.iloc[rows].to_numpy(dtype=str))
    positives = _positives(subject, frame)
    if not positives:
        return []
    classes, target = np.unique(frame["_class"].to_numpy(dtype=str), return_inverse=True)
    odds = out_of_fold(features[rows], target, frame=frame, learn=learn, seed=subject.seed)
    areas = [_area(frame, label, odds[:, int(np.searchsorted(classes, label))], subject.seed) for label in positives]
    return sorted(areas, key=lambda area: -(area.auc.value or 0))


def out_of_fold(
    features: np.ndarray, target: np.ndarray, *, frame: pd.DataFrame, learn: Learner, seed: int
) -> np.ndarray:
    """Log odds above those of the class's share, (N, K), each film scored by what was learnt without its patient.

    Args:
        features: float (N, F). target: int (N,), classes 0 … K − 1.
        frame: the films' rows, for patient and source; its column `_class` is what folds are balanced by.
        learn: makes probabilities.
        seed: of the folds.
    """
    folds = patient_folds(frame, seed=seed)
    k = int(target.max()) + 1
    odds = np.zeros((len(target), k))
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        present, within = np.unique(target[train], return_inverse=True)
        prior = np.bincount(within) / len(within)
        if len(present) > 1:
            odds[np.ix_(test, present)] = _odds(learn(features[train], within, features[test])) - _odds(prior)
    return np.round(odds, 9)  # rounding errors of one and the same score must not order films


def patient_folds(frame: pd.DataFrame, *, seed: int) -> np.ndarray:
    """The fold, int (N,) from 0, in which each film is asked: by patient, alike in `_class` and source."""
    table = Table(frame.drop(columns="split", errors="ignore"), folder=".")  # type: ignore[arg-type]
    folds: np.ndarray = cross_validation_folds(table, n_folds=FOLDS, seed=seed, label_column="_class").to_numpy()
    return folds


def untested(subject: Subject, areas: Iterable[Area]) -> list[str]:
    """The classes asked for (else all) that have no AUC, for their few films."""
    asked = subject.positives or subject.labels.value_counts().index
    return [str(label) for label in asked if label not in {area.label for area in areas}]


def result_of(
    areas: list[Area],
    *,
    what: str,
    method: str,
    n_known: int,
    n: int,
    untested: Sequence[str] = (),
    more: str = "",
) -> DataResult:
    """The verdict by `RULE`.

    Args:
        areas: of the classes.
        untested: classes that have none.
        what: "the source", as the sentence begins.
        method: how the scores were made.
        n_known: labelled films with features. n: labelled films.
        more: sentences that follow.
    """
    notes = [f"{method}; {FOLDS} folds by patient; intervals of 95 %: see each figure's method"]
    notes += [f"{n - n_known} of {n} labelled films were left out: nothing is known of them"] if n_known < n else []
    notes += [f"learnt from {LARGEST:,} films, drawn by patient"] if n_known > LARGEST else []
    notes += [f"too few films or patients to ask about: {', '.join(untested[:CLASSES])}"] if untested else []
    figures = {"areas": [area.to_dict() for area in areas], "limit": LIMIT, "method": method, "folds": FOLDS}
    figures["untested"] = list(untested)
    verdict = _verdict(areas, untested)
    if not areas:
        sentence = f"Too few films to say whether {what} alone tells the label."
    else:
        told = "; ".join(area.words for area in areas[:6])
        verb = {"WARN": "predicts", "PASS": "says little of"}.get(verdict, "may or may not predict")
        head = f"{what[0].upper()}{what[1:]} alone {verb} the label"
        auc = areas[0].auc  # all areas are of the same films
        over = f"{auc.n:,} {'patients' if auc.unit == PATIENT else 'films'}"
        sentence = f"{head}: AUC with 95 % interval ({over}), each class against the rest: {told}."
    return DataResult(verdict, " ".join(filter(None, (sentence, more))), figures, notes=tuple(notes))


def by_trees(train: np.ndarray, target: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Extremely randomised trees (Geurts et al. 2006), 100 of them, at least 5 films a leaf."""
    from sklearn.ensemble import ExtraTreesClassifier

    trees = ExtraTreesClassifier(n_estimators=100, min_samples_leaf=5, random_state=0)
    probabilities: np.ndarray = trees.fit(train, target).predict_proba(test)
    return probabilities


def by_logistic(train: np.ndarray, target: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Logistic regression on standardised features, quadratic penalty with C = 0.01."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    mean, spread = train.mean(axis=0), np.maximum(train.std(axis=0), 1e-3)
    model = LogisticRegression(C=0.01, max_iter=300)
    with threadpool_limits(limits=1):  # threads that wait for each other took 20 times as long on two busy cores
        model.fit((train - mean) / spread, target)
        probabilities: np.ndarray = model.predict_proba((test - mean) / spread)
    return probabilities


def by_share(train: np.ndarray, target: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The share of each class among the training films of the same group (features (N, 1) of group numbers)."""
    prior = np.bincount(target) / len(target)
    probabilities = np.tile(prior, (len(test), 1))
    for group in np.unique(test):
        of_group = target[train[:, 0] == group]
        share = (np.bincount(of_group, minlength=len(prior)) + prior) / (len(of_group) + 1)
        probabilities[test[:, 0] == group] = share
    return probabilities


def _verdict(areas: list[Area], untested: Sequence[str]) -> Verdict:
    if any(area.auc.low > LIMIT for area in areas):
        return "WARN"
    if not areas or untested:
        return "CANNOT TELL"
    return "PASS" if all(area.auc.high <= LIMIT for area in areas) else "CANNOT TELL"


def _rows(subject: Subject, known: np.ndarray) -> np.ndarray:
    """Positions of labelled films with features; whole patients are left out by lot where they are too many."""
    rows = np.flatnonzero(subject.labels.notna().to_numpy() & known)
    if len(rows) <= LARGEST:
        return rows
    groups = pd.factorize(group_ids(subject.frame.iloc[rows]), sort=True)[0]
    order = np.random.default_rng(subject.seed).permutation(int(groups.max()) + 1)
    taken = np.cumsum(np.bincount(groups)[order]) <= LARGEST
    return rows[np.isin(groups, order[taken])]


def _positives(subject: Subject, frame: pd.DataFrame) -> list[str]:
    groups = group_ids(frame)
    found = []
    asked = subject.positives or tuple(frame["_class"].value_counts().index[:CLASSES])
    for label in asked:
        mine = (frame["_class"] == label).to_numpy()
        if all(side.sum() >= ENOUGH_FILMS and groups[side].nunique() >= ENOUGH_PATIENTS for side in (mine, ~mine)):
            found.append(str(label))
    return found


def _odds(probability: np.ndarray) -> np.ndarray:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))


def _area(frame: pd.DataFrame, label: str, odds: np.ndarray, seed: int) -> Area:
    mine = (frame["_class"] == label).to_numpy()
    told = {name: text_column(frame, name) for name in ("patient", "person", "source")}
    scored = pd.DataFrame({**told, "label": mine.astype(int), "score": 1 / (1 + np.exp(-odds))})
    scores = read_scores(scored, positive="1")
    cluster = scores.patient if scores.n_patients is not None else None
    draws = bootstrap(scores.positive, score=scores.score, cluster=cluster, draws=DRAWS, seed=seed)
    return Area(label, auc_intervals(scores, draws=draws)["auc"], len(scores), scores.n_positive)

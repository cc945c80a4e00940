"""What a backbone knows while it learns: linear probes for what the table itself tells, by patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from deepcovid.datasets.columns import group_ids
from deepcovid.datasets.splits import cross_validation_folds
from deepcovid.datasets.table import Table
from deepcovid.evaluation.clustered import clustered_auc
from deepcovid.evaluation.intervals import Interval
from deepcovid.runs.learn.curve import probe_scores
from deepcovid.runs.pretrain.material import Material, known
from deepcovid.training.checkpoint import Row
from deepcovid.training.pretrain.targets import ABNORMAL, targets_of

if TYPE_CHECKING:
    from deepcovid.models.network import FilmNetwork

FOLDS = 5
MOST = 600  # films, drawn by seed where there are more: a look must not cost more than a stretch of steps
FEWEST = 10  # patients with either answer
QUESTIONS = ("view AP", "sex M", ABNORMAL)
AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class Question:
    """One yes-or-no question about some of the films.

    Attributes:
        name: as in `Targets`.
        rows: the films of which the answer is known, int (Q,).
        positive: the answers, bool (Q,).
        patient: int (Q,).
        fold: in which each is held out, int (Q,); no patient in two.
    """

    name: str
    rows: np.ndarray
    positive: np.ndarray
    patient: np.ndarray
    fold: np.ndarray

    def ask(self, features: np.ndarray) -> Interval:
        """The AUC of linear probes on features (M, D), each film scored by a probe that has not seen its patient."""
        values, scores = features[self.rows], np.zeros(len(self.rows))
        for fold in np.unique(self.fold):
            train, test = self.fold != fold, self.fold == fold
            scores[test] = probe_scores(values[train], positive=self.positive[train], others=values[test])
        patients = len(np.unique(self.patient))
        return clustered_auc(self.positive, score=scores, patient=self.patient, patients=patients).interval


class Looks:
    """Asks a backbone the questions that the table can answer; calling it gives a row for the history.

    Attributes:
        questions: those with enough patients of either answer; none where the table tells nothing.
        held_out: whether the films are of patients that are not learnt from.
        films: how many are looked at.
    """

    def __init__(self, material: Material, *, seed: int) -> None:
        rng = np.random.default_rng([seed, 11])
        for held_out in (True, False):
            rows = np.flatnonzero(~material.learnt) if held_out else np.arange(len(material.frame))
            rows = np.sort(rng.permutation(rows)[:MOST])
            frame = material.frame.iloc[rows].reset_index(drop=True)
            self.questions, self.held_out = _questions(frame, seed=seed), held_out
            self._pixels, self.films = material.pixels[rows], len(rows)
            if self.questions:
                break

    def ask(self, network: FilmNetwork) -> dict[str, Interval]:
        """The AUC of each question with its interval, of the network in evaluation mode."""
        if not self.questions:
            return {}
        features = features_of(network, self._pixels)
        return {question.name: question.ask(features) for question in self.questions}

    def __call__(self, network: FilmNetwork) -> Row:
        row: Row = {}
        for name, area in self.ask(network).items():
            key = name.lower().replace(" ", "_")
            row |= {f"{key}_auc": float(area.value or 0), f"{key}_low": area.low, f"{key}_high": area.high}
        return row


def features_of(network: FilmNetwork, pixels: np.ndarray) -> np.ndarray:
    """The means of the feature maps of films, uint8 (M, h, w) at the network's size → float32 (M, F)."""
    import torch

    device, found = next(network.parameters()).device, []
    with torch.inference_mode():
        for start in range(0, len(pixels), AT_ONCE):
            films = torch.from_numpy(pixels[start : start + AT_ONCE].astype(np.float32) / np.float32(255))[:, None]
            maps = network.backbone(network.prepare(films.to(device)))
            found.append(maps.mean(dim=(2, 3)).float().cpu().numpy())
    return np.concatenate(found)


def _questions(frame: pd.DataFrame, *, seed: int) -> tuple[Question, ...]:
    if not len(frame):
        return ()
    targets, patients = targets_of(frame), group_ids(frame)
    found = []
    for name in QUESTIONS:
        answers = known(targets, name)
        rows = np.flatnonzero(~np.isnan(answers))
        people = [patients[rows][answers[rows] == side].nunique() for side in (0, 1)]
        if min(people) < FEWEST:
            continue
        asked = frame.iloc[rows].reset_index(drop=True).assign(answer=np.where(answers[rows] == 1, "yes", "no"))
        fold = cross_validation_folds(
            Table(frame=asked, folder=Path()), n_folds=FOLDS, seed=seed, label_column="answer"
        )
        codes = pd.factorize(patients.iloc[rows])[0]
        found.append(Question(name, rows, answers[rows] == 1, codes, fold.to_numpy()))
    return tuple(found)

"""Figures over several classes at once: on the films, and on draws of patients, from one count of weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepcovid.evaluation.bootstrap import RankedFilms, multiplicities
from deepcovid.evaluation.class_scores import ClassScores
from deepcovid.evaluation.findings import rarest_finding


@dataclass(frozen=True)
class Films:
    """What a draw is counted from, whatever its weights: the ranks of every class's scores, and calls by cluster.

    Attributes:
        ranked: of each class, None for one that is present or absent on all films.
        micro: of all classes' scores as one list.
        counts: float (clusters, K, K) by label and call (multi-class), (clusters, K, 4) of tp, fp, fn, tn (multi-label).
        exact: float (clusters, 2): films called right in everything, and films whose every finding is known.
        several: whether a film may have several classes.
    """

    ranked: tuple[RankedFilms | None, ...]
    micro: RankedFilms
    counts: np.ndarray
    exact: np.ndarray
    several: bool

    def figures(self, times: np.ndarray) -> dict[str, np.ndarray]:
        """Each figure (B,) where clusters count `times` (B, clusters); NaN where a draw has none of what it asks for."""
        areas = np.stack([film.evaluate(times)[0] for film in self.ranked if film is not None])
        counts = np.tensordot(times, self.counts, axes=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {"macro_auc": areas.mean(axis=0), "micro_auc": self.micro.evaluate(times)[0]}
            if self.several:
                exact = times @ self.exact
                return found | {"macro_f1": f1_of_counts(counts), "exact_match": exact[:, 0] / exact[:, 1]}
            return found | of_confusion(counts)


def films_of(films: ClassScores) -> Films:
    """The films of a table, made ready to be drawn."""
    codes = np.unique(films.patient, return_inverse=True)[1]
    ranked = []
    for place in range(len(films.classes)):
        known = ~np.isnan(films.truth[:, place])
        positive = films.truth[known, place] == 1
        one_sided = not positive.any() or positive.all()
        ranked.append(
            None if one_sided else RankedFilms.of(positive, score=films.score[known, place], codes=codes[known])
        )
    known = ~np.isnan(films.truth)
    everywhere = np.broadcast_to(codes[:, None], known.shape)
    micro = RankedFilms.of(films.truth[known] == 1, score=films.score[known], codes=everywhere[known])
    return Films(tuple(ranked), micro, *_calls(films, codes), films.task == "multi-label")


def _calls(films: ClassScores, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    called, truth = films.called, films.truth
    yes, no = truth == 1, truth == 0
    if films.task == "multi-class":
        by_film = yes[:, :, None] & called[:, None, :]
    else:
        by_film = np.stack([yes & called, no & called, yes & ~called, no & ~called], axis=2)
    whole = ~np.isnan(truth).any(axis=1)
    exact = np.stack([whole & (yes == called).all(axis=1), whole], axis=1)
    size = int(codes.max()) + 1
    counts, right = np.zeros((size, *by_film.shape[1:])), np.zeros((size, 2))
    np.add.at(counts, codes, by_film)
    np.add.at(right, codes, exact)
    return counts, right


def of_confusion(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Accuracy, balanced accuracy, macro F1 and Cohen's kappa (1960) of confusion matrices (B, K, K), labels down.

    A class that a matrix has neither as label nor as call is left out of its macro F1, one without a label out of the
    balanced accuracy, as in scikit-learn.
    """
    total = counts.sum(axis=(1, 2))
    labelled, called, right = counts.sum(axis=2), counts.sum(axis=1), np.einsum("bkk->bk", counts)
    accuracy = right.sum(axis=1) / total
    by_chance = (labelled * called).sum(axis=1) / total**2
    return {
        "accuracy": accuracy,
        "balanced_accuracy": _mean_where(right / labelled, there=labelled > 0),
        "macro_f1": _mean_where(2 * right / (labelled + called), there=labelled + called > 0),
        "kappa": (accuracy - by_chance) / (1 - by_chance),
    }


def f1_of_counts(counts: np.ndarray) -> np.ndarray:
    """Macro F1 (B,) of counts (B, K, 4) of tp, fp, fn, tn; a finding neither present nor called is left out."""
    tp, fp, fn = (counts[:, :, place] for place in range(3))
    return _mean_where(2 * tp / (2 * tp + fp + fn), there=2 * tp + fp + fn > 0)


def _mean_where(values: np.ndarray, *, there: np.ndarray) -> np.ndarray:
    mean: np.ndarray = np.where(there, values, 0).sum(axis=1) / there.sum(axis=1)
    return mean


@dataclass(frozen=True)
class Drawn:
    """A figure of each kind on the films, and on B draws of patients (B,)."""

    values: Mapping[str, float]
    samples: Mapping[str, np.ndarray]


def draw_classes(films: ClassScores, *, draws: int, seed: int) -> Drawn:
    """Draw patients with replacement, within strata, and evaluate every draw.

    Patients are drawn within those of one class, of each other class, and of several (multi-class), or within those of
    one rarest finding (multi-label), so that each draw has as many patients of each kind as the data.

    Args:
        films: checked and in order.
        draws: how many.
        seed: same seed and films, same draws.
    """
    ready = films_of(films)
    whole = ready.figures(np.ones((1, len(ready.counts))))
    parts = [
        ready.figures(times)
        for times in multiplicities(strata_of(films), films=films.score.size, draws=draws, seed=seed)
    ]
    samples = {name: np.concatenate([part[name] for part in parts]) for name in whole}
    return Drawn({name: float(value[0]) for name, value in whole.items()}, samples)


def strata_of(films: ClassScores) -> list[np.ndarray]:
    """The patients (codes from 0) in each stratum of the draws."""
    codes = np.unique(films.patient, return_inverse=True)[1]
    size, several = int(codes.max()) + 1, len(films.classes)
    present = np.zeros((size, several))
    np.add.at(present, codes, films.truth == 1)
    if films.task == "multi-label":
        kinds = rarest_finding((present > 0).astype(float), classes=films.classes)
    else:  # the last class first, as the binary bootstrap takes its positives; patients of several classes last
        kinds = np.where((present > 0).sum(axis=1) > 1, several, several - 1 - present.argmax(axis=1))
    return [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]

"""Probes on 8, 16 and 31 positives: the points of `learn`'s curve, with intervals over patients and draws.

The films of each draw are those of `runs.learn.curve.measure`, the same for all weights, and so are the AUCs: of films within one
fold, the mean over folds and draws. An interval draws patients within each fold, and anew which of the trainings count
(Owen, "The pigeonhole bootstrap", Ann. Appl. Stat. 1:386, 2007), so that it knows of both; differences are of the same draws.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deepcovid.runs.learn.curve import DRAWS, Features, draw_films, probe_scores
from xray.areas import Drawn, drawn
from xray.tasks import FOLDS, Task

FEW = (8, 16, 31)  # positives
SAMPLES = 1000
METHOD = "paired bootstrap over patients and draws"


def few(task: Task, features: Mapping[str, np.ndarray]) -> dict[str, dict[int, Drawn]]:
    """For each weights the mean AUC of probes on few positives; the rarer class counts as the positive one.

    Args:
        task: its first division is used.
        features: of all films of the table (N, D), by the name of the weights.
    """
    positive = task.positive if task.positive.mean() <= 0.5 else ~task.positive
    fold = task.folds[0]
    most = min(int(positive[fold != number].sum()) for number in range(FOLDS))
    sizes = [size for size in FEW if size <= 0.8 * most]  # beyond, draws are nearly the same films
    films = {
        name: Features(values=values[task.rows], positive=positive, patient=task.patient)
        for name, values in features.items()
    }
    return {name: {size: _at(one, fold, size=size) for size in sizes} for name, one in films.items()}


def _at(films: Features, fold: np.ndarray, *, size: int) -> Drawn:
    ratio = float((~films.positive).sum() / films.positive.sum())
    values, samples = [], np.zeros(SAMPLES)
    for number in range(FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        areas = []
        for draw in range(DRAWS):
            generator = np.random.default_rng([0, draw, size, number])
            rows = draw_films(films, train, size=size, ratio=ratio, generator=generator)
            scores = probe_scores(films.values[rows], positive=films.positive[rows], others=films.values[test])
            areas.append(
                drawn(films.positive[test], score=scores, patient=films.patient[test], draws=SAMPLES, seed=number)
            )
        values += [one.value for one in areas]
        chosen = np.random.default_rng([1, number]).integers(DRAWS, size=(DRAWS, SAMPLES))
        together = np.stack([one.samples for one in areas])
        samples += np.take_along_axis(together, chosen, axis=0).mean(axis=0) / FOLDS
    people = [len(np.unique(films.patient[side])) for side in (films.positive, ~films.positive)]
    return Drawn(float(np.mean(values)), samples, len(np.unique(films.patient)), min(people), METHOD)

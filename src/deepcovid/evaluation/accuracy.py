"""The accuracy of calls, with an interval that knows that films of one patient are alike."""

from __future__ import annotations

import numpy as np

from deepcovid.evaluation.bootstrap import percentile_interval
from deepcovid.evaluation.intervals import Interval, wilson

DRAWS = 2000


def accuracy(right: np.ndarray, *, patient: np.ndarray | None = None, draws: int = DRAWS, seed: int = 0) -> Interval:
    """The share of right calls: Wilson's interval over films, or where patients have several films, a bootstrap over them.

    Args:
        right: bool (N,), whether each film was called rightly.
        patient: (N,) whose film each is; None: unknown.
        draws: of the bootstrap.
        seed: of the bootstrap.
    """
    right = np.asarray(right, dtype=bool)
    over_films = wilson(int(right.sum()), n=len(right))
    if patient is None or len(right) == 0:
        return over_films
    codes = np.unique(patient, return_inverse=True)[1]
    count = int(codes.max()) + 1
    if count == len(right):
        return over_films
    films, good = np.bincount(codes).astype(float), np.bincount(codes, weights=right)
    rng = np.random.default_rng(seed)
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    samples = (times @ good) / (times @ films)
    return percentile_interval(samples, value=over_films.value or 0.0, clusters=count, n=count, fallback=over_films)

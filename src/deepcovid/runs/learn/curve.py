"""AUC against the number of positives: linear probes on features that were computed once, by repeated draws of patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deepcovid.errors import TableError
from deepcovid.evaluation.learning_curve import Held, Point
from deepcovid.evaluation.metrics import auc

SIZES = (4, 8, 16, 31, 62, 124, 248, 496, 992, 1984)  # of Deep-COVID's 31, halved and doubled
STRENGTH = 0.01  # scikit-learn's C, on standardised features
DRAWS = 12
LEAST_NEGATIVES = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """Films as a frozen backbone gives them: float32 (N, D); whether positive (N,); the patient of each (N,)."""

    values: np.ndarray
    positive: np.ndarray
    patient: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The points of a curve, on what they were measured, and whether the time ended before the draws did."""

    points: tuple[Point, ...]
    held: Held
    draws: int
    cut_short: bool


def measure(
    films: Features,
    *,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    draws: int = DRAWS,
    seed: int = 0,
    enough: Callable[[], bool] = lambda: False,
) -> Measured:
    """Train on 4, 8, 16, 31, 62 … positives outside each fold, with negatives in proportion, and score the fold.

    In a draw, patients come in random order with all their films until the number is reached. AUCs are of films within
    one fold, averaged over folds and draws.

    Args:
        films: features, classes, patients.
        folds: positions that train and that are held out, no patient on both sides.
        draws: of each number of positives that is smaller than all.
        seed: of the draws.
        enough: asked before each draw after the second; where it answers True, no more are made.

    Raises:
        TableError: fewer than eight positive films outside every fold.
    """
    usable = [pair for pair in folds if 0 < films.positive[pair[1]].sum() < len(pair[1])]
    most = min(int(films.positive[train].sum()) for train, _ in usable) if usable else 0
    if most < 2 * SIZES[0]:
        raise TableError(
            f"{most} positive films stand outside a fold, too few for a learning curve",
            mend=f"give at least {2 * SIZES[0]} positive films there",
        )
    sizes = [size for size in SIZES if size <= 0.8 * most]
    ratio = float((~films.positive).sum() / films.positive.sum())
    seen: dict[int, list[list[float]]] = {size: [] for size in sizes}
    made = 0
    for draw in range(draws):
        if draw >= 2 and enough():
            break
        for size in sizes:
            seen[size].append(list(_aucs(films, usable, size=size, ratio=ratio, seeds=(seed, draw, size))))
        made += 1
    points = [_point(size, np.array(seen[size]), share=size / most) for size in sizes]
    whole = np.array([[_auc_of(films, train, test) for train, test in usable]])
    points.append(_point(most, whole, share=1.0))
    people = [len(set(films.patient[films.positive == side].tolist())) for side in (True, False)]
    return Measured(
        points=tuple(points),
        held=Held(n_positive=people[0], n_negative=people[1], folds=len(usable)),
        draws=made,
        cut_short=made < draws,
    )


def probe_scores(values: np.ndarray, *, positive: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Fit a logistic regression on standardised features (N, D), both classes weighing the same; decision values of `others`."""
    from sklearn.linear_model import LogisticRegression

    middle, spread = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64) + 1e-6
    known, asked = (values - middle) / spread, (others - middle) / spread
    if len(known) < known.shape[1]:  # an L2 penalty knows no axes: the films' own span has all of the solution
        span = np.linalg.qr(known.T)[0]
        known, asked = known @ span, asked @ span
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=300)
    model.fit(known, positive)
    scores: np.ndarray = model.decision_function(asked)
    return scores


def draw_films(
    films: Features, rows: np.ndarray, *, size: int, ratio: float, generator: np.random.Generator
) -> np.ndarray:
    """`size` positives and `ratio` times as many negatives among `rows`, patient after patient in random order."""
    negatives = max(LEAST_NEGATIVES, round(size * ratio))
    parts = [
        _by_patient(films, rows[films.positive[rows]], size, generator),
        _by_patient(films, rows[~films.positive[rows]], negatives, generator),
    ]
    return np.sort(np.concatenate(parts))


def _by_patient(films: Features, rows: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    people, codes = np.unique(films.patient[rows], return_inverse=True)
    place = generator.permutation(len(people))[codes]
    return rows[np.argsort(place, kind="stable")][:size]


def _aucs(
    films: Features,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    size: int,
    ratio: float,
    seeds: tuple[int, int, int],
) -> Iterator[float]:
    for number, (train, test) in enumerate(folds):
        generator = np.random.default_rng([*seeds, number])
        yield _auc_of(films, draw_films(films, train, size=size, ratio=ratio, generator=generator), test)


def _auc_of(films: Features, train: np.ndarray, test: np.ndarray) -> float:
    scores = probe_scores(films.values[train], positive=films.positive[train], others=films.values[test])
    return auc(films.positive[test], score=scores)


def _point(size: int, aucs: np.ndarray, *, share: float) -> Point:
    """AUCs (draws, folds) as a point: the spread is over draws within a fold, so that films held out do not enter it."""
    spread = float(np.sqrt(aucs.var(axis=0, ddof=1).mean())) if len(aucs) > 1 else None
    return Point(n=size, auc=float(aucs.mean()), spread=spread, fits=aucs.size, share=min(share, 1.0))

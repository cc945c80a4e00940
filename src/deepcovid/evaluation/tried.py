"""Many settings judged on the same films: intervals, each against one of them, and what is left of the best once it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from deepcovid.evaluation.bootstrap import RankedFilms, multiplicities, percentile_interval, strata_of
from deepcovid.evaluation.comparison import bootstrap_p
from deepcovid.evaluation.intervals import IMAGE, PATIENT, Interval, wilson
from deepcovid.evaluation.mcnemar import holm
from deepcovid.evaluation.metrics import auc
from deepcovid.evaluation.newcombe import newcombe_interval

By = Literal["auc", "accuracy"]
CALLED = 0.5  # from this score on a film is called positive, where accuracy is asked for
CORRECTED = "bootstrap bias correction"
EQUAL = 1e-12


@dataclass(frozen=True, kw_only=True)
class TriedFilms:
    """The films that all settings scored.

    Attributes:
        positive: bool (N,), the truth.
        patient: int (N,), equal for films of one patient.
        patients_known: whether any patient is named.
        scores: float (S, R, N): settings, seeds of each, films.
    """

    positive: np.ndarray
    patient: np.ndarray
    patients_known: bool
    scores: np.ndarray

    @property
    def unit(self) -> str:
        """What is drawn."""
        return PATIENT if self.patients_known else IMAGE

    def clusters(self, rows: np.ndarray | None = None) -> int:
        """Patients of some of the films, or of all."""
        return len(np.unique(self.patient if rows is None else self.patient[rows]))

    @property
    def smaller(self) -> int:
        """Patients of the rarer class: what an area under the curve rests on."""
        return min(self.clusters(self.positive), self.clusters(~self.positive))


@dataclass(frozen=True)
class _Figure:
    """A figure of S settings with R seeds: on the films (S, R), on B draws (S, R, B), and on what each draw left out."""

    values: np.ndarray
    drawn: np.ndarray
    left: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.values.mean(axis=1)

    @property
    def mean_drawn(self) -> np.ndarray:
        return self.drawn.mean(axis=1)


def judge_tried(
    films: TriedFilms, *, own: int | None = 0, by: By = "auc", draws: int = 2000, seed: int = 0
) -> dict[str, Any]:
    """Figures of every setting, the best of them, and what remains of its figure once choosing is counted in.

    Intervals are of a bootstrap that draws patients, the same for all settings; of a setting's seeds the mean is
    judged. The best setting is the one with the highest figure; of equal ones `own`, else the first.
    `corrected` is Tsamardinos et al.'s bootstrap bias correction (Mach. Learn. 107:1895, 2018): in every draw the best
    setting is chosen on the patients drawn and judged on those left out.

    Args:
        films: truth, patients and scores.
        own: the setting that the others are compared with; None: with none.
        by: what the best is chosen by: the area under the ROC curve, or the accuracy of calls at 0.5.
        draws, seed: of the bootstrap.

    Returns:
        JSON-safe: `settings` (`auc` and `accuracy` as Intervals, `seeds` with each seed's figures, `difference`
        from `own` in the figure chosen by, `p`, `p_holm`), `best`, `tied` (all with the best figure), `corrected`, `by`.
    """
    figures = _figures(films, draws=draws, seed=seed)
    order = _order(len(films.scores), own)
    best = _best(figures[by].mean, order)
    rows = [_row(films, figures, place, own=own, by=by) for place in range(len(films.scores))]
    adjusted = holm([row["p"] for row in rows])
    highest = figures[by].mean[best]
    return {
        "by": by,
        "settings": [row | {"p_holm": p} for row, p in zip(rows, adjusted, strict=True)],
        "best": best,
        "tied": [place for place in order if highest - figures[by].mean[place] < EQUAL],
        "corrected": _corrected(films, figures[by], order, by=by).to_dict(),
    }


def _order(count: int, own: int | None) -> list[int]:
    """The settings in the order in which equal ones are preferred."""
    return list(range(count)) if own is None else [own, *(place for place in range(count) if place != own)]


def _best(figure: np.ndarray, order: Sequence[int]) -> int:
    highest = figure.max()
    return next(place for place in order if highest - figure[place] < EQUAL)


def _figures(films: TriedFilms, *, draws: int, seed: int) -> dict[str, _Figure]:
    settings, seeds, count = films.scores.shape
    codes = np.unique(films.patient, return_inverse=True)[1]
    times = np.concatenate(
        list(multiplicities(strata_of(films.positive, codes=codes), films=count, draws=draws, seed=seed))
    )
    shape = (settings, seeds, draws)
    drawn, left = ({name: np.empty(shape) for name in ("auc", "accuracy")} for _ in range(2))
    areas, shares = np.empty(shape[:2]), np.empty(shape[:2])
    for place in np.ndindex(settings, seeds):
        score = films.scores[place]
        ranked = RankedFilms.of(films.positive, score=score, codes=codes, thresholds=np.array([CALLED]))
        for kept, weights in ((drawn, times), (left, (times == 0).astype(float))):
            kept["auc"][place], kept["accuracy"][place] = _evaluated(ranked, weights)
        areas[place] = auc(films.positive, score=score)
        shares[place] = np.mean((score >= CALLED) == films.positive)
    return {
        "auc": _Figure(areas, drawn["auc"], left["auc"]),
        "accuracy": _Figure(shares, drawn["accuracy"], left["accuracy"]),
    }


def _evaluated(ranked: RankedFilms, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    area, _, tp, fp, n1, n0 = ranked.evaluate(times)
    with np.errstate(invalid="ignore"):
        return area, (tp[:, 0] + n0 - fp[:, 0]) / (n1 + n0)


def _row(films: TriedFilms, figures: dict[str, _Figure], place: int, *, own: int | None, by: By) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: _interval(films, figures[name], place, by=name).to_dict() for name in ("auc", "accuracy")
    }
    row["seeds"] = {name: figures[name].values[place].tolist() for name in ("auc", "accuracy")}
    if own is None or place == own:
        return row | {"difference": None, "p": None}
    difference, p = _against(films, figures[by], place, own, by=by)
    return row | {"difference": difference.to_dict(), "p": p}


def _interval(films: TriedFilms, figure: _Figure, place: int, *, by: str) -> Interval:
    value = float(figure.mean[place])
    return percentile_interval(
        figure.mean_drawn[place],
        value=value,
        clusters=films.smaller if by == "auc" else films.clusters(),
        n=films.clusters(),
        fallback=_fallback(films, value, by=by),
        method=f"{films.unit} bootstrap",
        unit=films.unit,
    )


def _fallback(films: TriedFilms, value: float, *, by: str) -> Interval:
    n = films.clusters()
    if by == "accuracy":
        return wilson(value * n, n=n, unit=films.unit)
    sides = {"n_positive": films.clusters(films.positive), "n_negative": films.clusters(~films.positive)}
    return newcombe_interval(value, **sides, n=n, unit=films.unit)


def _against(films: TriedFilms, figure: _Figure, place: int, own: int, *, by: str) -> tuple[Interval, float]:
    """The difference from `own` with its interval, and the p of the same draws."""
    apart = figure.mean_drawn[place] - figure.mean_drawn[own]
    value = float(figure.mean[place] - figure.mean[own])
    one, other = (_fallback(films, float(figure.mean[which]), by=by) for which in (place, own))
    clusters = films.smaller if by == "auc" else films.clusters()
    outermost = Interval(
        value=value,
        low=one.low - other.high,
        high=one.high - other.low,
        method="limits of the two intervals",
        n=films.clusters(),
        unit=films.unit,
    )
    interval = percentile_interval(
        apart,
        value=value,
        clusters=clusters,
        n=films.clusters(),
        fallback=outermost,
        method=f"paired {films.unit} bootstrap",
        unit=films.unit,
    )
    return interval, bootstrap_p(apart, clusters=clusters)


def _corrected(films: TriedFilms, figure: _Figure, order: Sequence[int], *, by: str) -> Interval:
    """The mean over draws of what the setting that is best on the drawn patients gives on those left out."""
    chosen = np.array(order)[np.argmax(figure.mean_drawn[order], axis=0)]
    left = figure.left.mean(axis=1)[chosen, np.arange(figure.drawn.shape[2])]
    left = left[np.isfinite(left)]  # a draw may leave out no patient of a class
    value = float(left.mean()) if len(left) else float(figure.mean[order].max())
    limits = _fallback(films, value, by=by)
    return percentile_interval(
        left if len(left) else np.array([value]),
        value=value,
        clusters=films.smaller if by == "auc" else films.clusters(),
        n=films.clusters(),
        fallback=replace(limits, method=f"{CORRECTED}, limits by {limits.method}"),
        method=CORRECTED,
        unit=films.unit,
    )

"""The learning curve: what it says of a known curve, of perfect separation, of no signal; how often its interval holds."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.errors import ScoresError
from deepcovid.evaluation.learning_curve import Held, LearningCurve, Point, fit_learning_curve

SIZES = (4, 8, 16, 31, 62, 100)


def truth(n: float) -> float:
    return 1 - (0.08 + 0.42 * (1 + n / 10) ** -0.8)


def curve(*, units: int = 4000, shift: float = 0.0, noise: np.ndarray | float = 0.0) -> LearningCurve:
    aucs = np.array([truth(n) for n in SIZES]) + shift + noise
    points = [
        Point(n=n, auc=float(auc), spread=0.02 if n < 100 else None, fits=60, share=n / 100)
        for n, auc in zip(SIZES, aucs, strict=True)
    ]
    return fit_learning_curve(points, held=Held(n_positive=units, n_negative=units, folds=5))


def test_a_known_curve_is_carried_on() -> None:
    said = curve().expected(200)
    assert said.low < truth(200) < said.high
    assert said.value == pytest.approx(truth(200), abs=0.01)
    assert (said.n, said.unit) == (8000, "patient")


def test_fewer_units_give_wider_intervals_and_one_training_a_wider_one_still() -> None:
    few, many = curve(units=20), curve(units=4000)
    assert few.expected(200).high - few.expected(200).low > 1.3 * (many.expected(200).high - many.expected(200).low)
    one, mean = many.predicted(200, confidence=0.95), many.expected(200)
    assert one.high - one.low > mean.high - mean.low


def test_no_curve_falls() -> None:
    found = curve(units=60)
    assert (np.diff([found.curves(n) for n in (1, 10, 100, 1000)], axis=0) >= -1e-12).all()


def test_films_needed_goes_with_the_truth_and_says_where_it_cannot_tell() -> None:
    found = curve()
    reached = found.films_needed(0.85)
    wanted = 10 * ((0.42 / 0.07) ** (1 / 0.8) - 1)
    assert (reached.low or 0) <= wanted * 1.1
    assert (reached.high or np.inf) >= wanted * 0.9
    never = found.films_needed(0.999)
    assert never.low is None
    assert "not reachable within 6400 positives" in never.sentence
    assert found.films_needed(0.6).middle == pytest.approx(10 * ((0.42 / 0.32) ** (1 / 0.8) - 1), abs=3)


def test_a_narrower_interval_needs_more_films() -> None:
    wide, narrow = (curve().films_for_width(width) for width in (0.2, 0.05))
    assert (narrow or 0) > 8 * (wide or np.inf)


def test_perfect_separation_has_an_interval() -> None:
    points = [Point(n=n, auc=1.0, spread=0.0, fits=60, share=n / 18) for n in (4, 8, 18)]
    found = fit_learning_curve(points, held=Held(n_positive=12, n_negative=24, folds=5))
    said = found.predicted(48)
    assert 0.7 < said.low < 0.97 < said.high <= 1
    assert found.measured(found.points[0]).low < 0.95


def test_without_a_signal_nothing_is_foreseen() -> None:
    points = [Point(n=n, auc=0.5, spread=0.03, fits=60, share=n / 100) for n in SIZES]
    said = fit_learning_curve(points, held=Held(n_positive=4000, n_negative=4000, folds=5)).predicted(200)
    assert said.low < 0.52
    assert said.high < 0.62


def test_eighty_of_a_hundred_forecasts_hold_where_films_are_drawn() -> None:
    generator = np.random.default_rng(0)
    held = Held(n_positive=100, n_negative=100, folds=5)
    inside = 0
    for _ in range(40):
        common = generator.normal(0, held.error(0.8))
        came = truth(200) + generator.normal(0, 0.015)
        said = curve(units=100, shift=common, noise=generator.normal(0, 0.006, len(SIZES))).predicted(200)
        inside += said.low <= came <= said.high
    assert inside >= 27  # the 1 % quantile of 40 draws of 80 % is 26


def test_one_number_of_films_is_no_curve() -> None:
    with pytest.raises(ScoresError, match="two numbers of positives"):
        fit_learning_curve(
            [Point(n=4, auc=0.6, spread=0.1, fits=10, share=1.0)], held=Held(n_positive=9, n_negative=9, folds=3)
        )
    with pytest.raises(ScoresError, match="target AUC is 1"):
        curve().films_needed(1.2)

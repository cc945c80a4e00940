from __future__ import annotations

import numpy as np
import pytest

from deepcovid.training.range_test import RatePass, Span
from deepcovid.training.rates import Reading, judge, pooled, read_pass, smoothed, spread

SPAN = Span(lowest=1e-6, highest=1.0, steps=120)


def valley(*, noise: float = 0.0, seed: int = 0, upto: int = 120) -> RatePass:
    """0.7 down to 0.3 around 1e-4 by a logistic curve (steepest there), up again from 1e-2 on."""
    rates = SPAN.rates[:upto]
    fall = 0.4 / (1 + np.exp(-4 * np.log10(rates / 1e-4)))
    rise = np.maximum(0, np.log10(rates / 1e-2)) ** 2
    losses = 0.7 - fall + rise + noise * np.random.default_rng(seed).normal(size=upto)
    return RatePass(rates, losses, diverged=upto < 120)


def test_the_steepest_point_of_a_known_curve_is_found_without_lag() -> None:
    reading = read_pass(valley(), span=SPAN)
    assert reading.steepest == pytest.approx(1e-4, rel=0.15)
    assert reading.start == pytest.approx(0.7, abs=1e-3)
    assert 2e-3 < reading.lowest < 1.5e-2
    assert reading.tenth == reading.lowest / 10
    assert 1e-5 < reading.begins < 5e-5
    # a running mean, as fastai and Lightning take it, is steepest at more than twice the rate
    running = np.array([0.0])
    for loss in valley().losses:
        running = np.append(running, 0.98 * running[-1] + 0.02 * loss)
    mean = running[1:] / (1 - 0.98 ** np.arange(1, 121))
    assert SPAN.rates[12:-5][np.argmin(np.diff(mean[12:-4]))] > 2e-4


def test_batches_that_scatter_move_the_figures_little_and_are_no_fall() -> None:
    found = [read_pass(valley(noise=0.05, seed=seed), span=SPAN) for seed in range(10)]
    assert all(2e-5 < reading.steepest < 5e-4 for reading in found)
    rng = np.random.default_rng(0)
    level = [RatePass(SPAN.rates, 0.7 + 0.08 * rng.normal(size=120), diverged=False) for _ in range(20)]
    assert sum(read_pass(one, span=SPAN).steepest is not None for one in level) <= 1


def test_what_flies_off_reaches_no_earlier_step() -> None:
    calm = valley(upto=100)
    wild = RatePass(calm.rates, np.append(calm.losses[:-1], 1e6), diverged=True)
    assert smoothed(wild.losses, steps=120).max() < 1.5
    assert read_pass(wild, span=SPAN).steepest == read_pass(calm, span=SPAN).steepest


def test_passes_are_taken_together_and_their_spread_is_told() -> None:
    done = [valley(noise=0.05, seed=seed, upto=upto) for seed, upto in ((1, 120), (2, 110), (3, 105))]
    together = pooled(done, steps=120)
    np.testing.assert_allclose(together.losses[:90], np.mean([one.losses[:90] for one in done], axis=0))
    assert len(together.losses) == 120
    told = spread(read_pass(together, span=SPAN).steepest, [read_pass(one, span=SPAN).steepest for one in done])
    assert told["low"] <= told["value"] <= told["high"]
    assert told["n"] == 3
    assert spread(None, [1.0]) is None
    assert spread(1e-3, [1e-3])["method"] == "one pass, no spread"


def test_a_rate_stands_below_within_or_above_the_range() -> None:
    reading = Reading(start=0.7, least=0.3, begins=1e-5, steepest=1e-4, lowest=1e-2)
    assert [judge(rate, reading) for rate in (1e-6, 1e-5, 1e-3, 0.1)] == ["below", "within", "within", "above"]
    assert judge(1e-3, Reading(start=0.7, least=0.69)) == "unknown"

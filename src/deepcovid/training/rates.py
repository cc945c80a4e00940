"""What a range test says: where the loss begins to fall, falls most steeply, is lowest; and where a given rate stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from deepcovid.training.range_test import RatePass, Span

STEEPEST = "steepest descent"
TENTH = "a tenth of the rate with the lowest loss"
WIDTH = 0.03  # of the planned steps: the standard deviation of the smoothing
CEILING = 1.5  # times the loss at the start: what flies off counts as no more, so that it reaches no earlier step
LEVEL = 0.1  # of the planned steps: the first ones, at rates too small to matter, tell the loss at the start
BEGUN = 0.05  # of the fall: from here on the loss falls
FALL, ERRORS = 0.02, 3.0  # a fall counts from this share of the loss at the start, and so many standard errors

Verdict = Literal["below", "within", "above", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One pass in numbers: losses at the start and at the lowest, and rates, which are None where the loss did not fall.

    Attributes:
        start: the mean loss of the first tenth of the steps.
        least: the lowest smoothed loss.
        begins: the rate from which on the loss is below `start` by a twentieth of its fall.
        steepest: the rate at which the smoothed loss falls most steeply against the logarithm of the rate.
        lowest: the rate with the lowest smoothed loss.
    """

    start: float
    least: float
    begins: float | None = None
    steepest: float | None = None
    lowest: float | None = None

    @property
    def tenth(self) -> float | None:
        """A tenth of the rate with the lowest loss."""
        return None if self.lowest is None else self.lowest / 10


def smoothed(losses: np.ndarray, *, steps: int) -> np.ndarray:
    """The losses (S,) under a Gaussian mean over neighbouring steps, what flies off cut at 1.5 times the start.

    The mean looks both ways: a running mean (fastai, Lightning) lags, and puts the steepest descent near the rate at
    which the loss already rises.

    Args:
        losses: of each step.
        steps: that were planned; the mean's width is 3 % of them.
    """
    from scipy.ndimage import gaussian_filter1d

    capped = np.minimum(losses, CEILING * _level(losses, steps=steps).mean())
    calm: np.ndarray = gaussian_filter1d(capped, sigma=WIDTH * steps, mode="nearest")
    return calm


def _level(losses: np.ndarray, *, steps: int) -> np.ndarray:
    return losses[: max(2, round(LEVEL * steps))]


def read_pass(passed: RatePass, *, span: Span) -> Reading:
    """The pass in numbers. Without a fall by 2 % and three standard errors of the batches' losses it has no rates."""
    level = _level(passed.losses, steps=span.steps)
    calm, start = smoothed(passed.losses, steps=span.steps), float(level.mean())
    place = int(np.argmin(calm))
    fall = start - float(calm[place])
    if place < len(level) or fall < max(FALL * start, ERRORS * _error(level, steps=span.steps)):
        return Reading(start=start, least=float(calm[place]))
    before = np.flatnonzero(calm[:place] > start - BEGUN * fall)
    begins = int(before[-1]) + 1 if len(before) else 0
    slopes = np.gradient(calm, np.log(passed.rates))
    steepest = begins + int(np.argmin(slopes[begins : place + 1]))
    rates = passed.rates
    return Reading(
        start=start,
        least=float(calm[place]),
        begins=float(rates[begins]),
        steepest=float(rates[steepest]),
        lowest=float(rates[place]),
    )


def _error(level: np.ndarray, *, steps: int) -> float:
    """The standard error of the start less a smoothed loss, from how the first batches' losses scatter."""
    # a Gaussian mean of width w averages over 2 √π w steps
    over = 2 * np.sqrt(np.pi) * WIDTH * steps
    return float(level.std(ddof=1) * np.sqrt(1 / len(level) + 1 / over))


def pooled(done: Sequence[RatePass], *, steps: int) -> RatePass:
    """The passes as one: the mean loss of every step, what flew off counting as `CEILING` times its start from there on."""
    longest = max(done, key=lambda one: len(one.losses))
    rows = []
    for one in done:
        ceiling = CEILING * _level(one.losses, steps=steps).mean()
        row = np.full(len(longest.losses), ceiling)
        row[: len(one.losses)] = np.minimum(one.losses, ceiling)
        rows.append(row)
    return RatePass(longest.rates, np.mean(rows, axis=0), diverged=longest.diverged)


def judge(rate: float, reading: Reading) -> Verdict:
    """Where a rate stands against the range in which the loss falls, from `begins` to `lowest`."""
    if reading.begins is None or reading.lowest is None:
        return "unknown"
    if rate < reading.begins:
        return "below"
    return "above" if rate > reading.lowest else "within"


def spread(together: float | None, passes: Sequence[float | None]) -> dict[str, Any] | None:
    """A rate as `value`, `low`, `high`, `method`, `n` and `unit`; None where the loss did not fall.

    Args:
        together: the rate by all passes as one.
        passes: the rate by each alone.
    """
    if together is None:
        return None
    rates = [rate for rate in passes if rate is not None]
    several = len(passes) > 1
    method = "all passes together, lowest and highest of single ones" if several else "one pass, no spread"
    low, high = min([together, *rates]), max([together, *rates])
    return {"value": together, "low": low, "high": high, "method": method, "n": len(passes), "unit": "pass"}

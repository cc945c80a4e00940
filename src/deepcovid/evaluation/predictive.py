"""Predictive values at a prevalence: what a call is worth where the disease is as rare as it is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import Interval

PREVALENCES = (0.01, 0.05, 0.20)
METHOD = "MOVER-R"


def predictive_values(
    sensitivity: Interval, *, specificity: Interval, prevalences: Sequence[float] = PREVALENCES
) -> list[dict[str, Any]]:
    """PPV and NPV by Bayes' rule, with intervals carried over from sensitivity and specificity.

    odds(PPV) = odds(prevalence)·LR⁺ and odds(NPV) = 1/(odds(prevalence)·LR⁻); the likelihood ratios are ratios of two
    independent proportions, whose limits follow from the limits of each (MOVER-R: Newcombe, Stat. Methods Med. Res.
    25:1774, 2016).

    Args:
        sensitivity: with the interval to carry over.
        specificity: of the same detector at the same threshold.
        prevalences: fractions in (0, 1).

    Returns:
        One {"prevalence", "ppv", "npv"} a prevalence, each value an interval as a dict.

    Raises:
        ScoresError: a prevalence out of range.
    """
    called = ratio_limits(_parts(sensitivity), other=_parts(_complement(specificity)))
    missed = ratio_limits(_parts(_complement(sensitivity)), other=_parts(specificity))
    units = {"n": sensitivity.n + specificity.n, "unit": sensitivity.unit}
    rows = []
    for prevalence in prevalences:
        if not 0 < prevalence < 1:
            raise ScoresError(
                f"the prevalence is {prevalence:g}; allowed is a fraction between 0 and 1",
                mend="give 0.05 for 5 %",
            )
        odds = prevalence / (1 - prevalence)
        ppv = [_from_odds(ratio, odds=odds) for ratio in called]
        npv = [_flip(_from_odds(ratio, odds=odds)) for ratio in missed]
        rows.append(
            {
                "prevalence": prevalence,
                "ppv": _interval(ppv[0], limits=ppv[1:], units=units),
                "npv": _interval(npv[0], limits=npv[1:], units=units),
            }
        )
    return rows


def ratio_limits(
    one: tuple[float, float, float], *, other: tuple[float, float, float]
) -> tuple[float | None, float, float]:
    """The ratio of two independent proportions with its limits, by MOVER-R.

    Args:
        one: value, lower and upper limit of the numerator.
        other: the same of the denominator.

    Returns:
        The ratio (None for 0/0), its lower limit, and its upper limit (possibly infinite).
    """
    low = _lower_limit(one, other=other)
    inverse = _lower_limit(other, other=one)
    high = math.inf if inverse == 0 else 1 / inverse
    if other[0] == 0:
        return (None if one[0] == 0 else math.inf), low, high
    return one[0] / other[0], low, high


def _lower_limit(one: tuple[float, float, float], *, other: tuple[float, float, float]) -> float:
    """l(2p − l)/(pq + sqrt((pq)² − l·u(2p − l)(2q − u))): MOVER-R's limit, rationalised so that q = 0 may be."""
    p, low, _ = one
    q, _, high = other
    product = p * q
    root = math.sqrt(max(product**2 - low * high * (2 * p - low) * (2 * q - high), 0.0))
    return 0.0 if low == 0 else low * (2 * p - low) / (product + root)


def _parts(figure: Interval) -> tuple[float, float, float]:
    return float(figure.value or 0.0), figure.low, figure.high


def _complement(figure: Interval) -> Interval:
    return Interval(
        value=1 - float(figure.value or 0.0),
        low=1 - figure.high,
        high=1 - figure.low,
        method=figure.method,
        n=figure.n,
        unit=figure.unit,
    )


def _from_odds(ratio: float | None, *, odds: float) -> float | None:
    if ratio is None:
        return None
    return 1.0 if math.isinf(ratio) else odds * ratio / (1 + odds * ratio)


def _flip(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _interval(value: float | None, *, limits: list[float | None], units: dict[str, Any]) -> dict[str, Any]:
    low, high = sorted(float(limit or 0.0) for limit in limits)
    return Interval(value=value, low=low, high=high, method=METHOD, **units).to_dict()

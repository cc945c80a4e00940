"""Rules that choose a threshold, and the papers' table of what thresholds give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from deepcovid.errors import ScoresError
from deepcovid.evaluation.intervals import paper_halfwidth
from deepcovid.evaluation.metrics import rates

PAPER_SENSITIVITIES = (1.0, 0.975, 0.95, 0.925, 0.9, 0.875)  # Deep-COVID Tables II–V
ROUND_THRESHOLDS = tuple(round(0.1 * k, 1) for k in range(1, 10))


ROOM = 1e-4  # of a probability; rounding is a hundred times smaller


def at_sensitivity(positive: np.ndarray, *, score: np.ndarray, target: float) -> float:
    """The highest threshold with sensitivity ≥ `target` on these films: a positive's own score.

    Args:
        positive: bool (N,) with at least one True.
        score: float (N,).
        target: a fraction in (0, 1].

    Raises:
        ScoresError: `target` out of range.
    """
    if not 0 < target <= 1:
        raise ScoresError(
            f"the target sensitivity is {target:g}; allowed is a fraction above 0 and up to 1",
            mend="give 0.975 for 97.5 %",
        )
    falling = np.sort(score[positive])[::-1]
    needed = math.ceil(target * len(falling) - 1e-9)
    return float(falling[max(needed, 1) - 1])


def with_room(threshold: float, *, score: np.ndarray) -> float:
    """A little below a threshold that is a film's own score: by `ROOM`, but at most half-way to the next lower score.

    It makes the same calls on these films, and a rounding of that film's score elsewhere (another runtime, another
    processor) changes none.

    Args:
        threshold: one of the scores.
        score: float (N,), of the films that it was chosen on.
    """
    below = score[score < threshold]
    gap = threshold - (below.max() if len(below) else 0.0)
    return float(threshold - min(ROOM, gap / 2))


def youden(positive: np.ndarray, *, score: np.ndarray) -> float:
    """The threshold of largest sensitivity + specificity − 1 (Youden, Cancer 3:32, 1950); of several the highest."""
    candidates = np.unique(score)
    sensitivity, specificity = rates(positive, score=score, thresholds=candidates)
    gain = sensitivity + specificity
    return float(candidates[np.flatnonzero(gain >= gain.max() - 1e-12)[-1]])


def threshold_table(
    positive: np.ndarray, *, score: np.ndarray, thresholds: Sequence[float] = ()
) -> list[dict[str, Any]]:
    """Deep-COVID Tables II–V: sensitivity and specificity with the papers' half-widths, by rising threshold.

    Without `thresholds` it lists 0.1 … 0.9 and those at which the sensitivity on these very films passes 100, 97.5,
    95, 92.5, 90 and 87.5 %, as the paper does; `chosen_for` then names the highest such sensitivity.

    Args:
        positive: bool (N,), the truth.
        score: float (N,).
        thresholds: called positive from the threshold on.
    """
    purpose: dict[float, str | None] = dict.fromkeys((float(t) for t in thresholds or ROUND_THRESHOLDS), None)
    for target in () if thresholds else PAPER_SENSITIVITIES:
        chosen = at_sensitivity(positive, score=score, target=target)
        purpose[chosen] = purpose.get(chosen) or f"sensitivity ≥ {100 * target:g} %"
    ordered = sorted(purpose)
    sensitivity, specificity = rates(positive, score=score, thresholds=np.array(ordered))
    n1 = int(np.count_nonzero(positive))
    rows = []
    for threshold, se, sp in zip(ordered, sensitivity.tolist(), specificity.tolist(), strict=True):
        rows.append(
            {
                "threshold": threshold,
                "sensitivity": se,
                "specificity": sp,
                "sensitivity_halfwidth": paper_halfwidth(se, n=n1),
                "specificity_halfwidth": paper_halfwidth(sp, n=len(positive) - n1),
                "chosen_for": purpose[threshold],
            }
        )
    return rows

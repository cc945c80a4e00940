"""What a test of a detector shows: figures with limits, curves, or films; drawn by `reporting`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepcovid.evaluation.intervals import Interval


@dataclass(frozen=True, eq=False)
class Bars:
    """Figures with their intervals, a row each, and the limit that the rule names.

    Attributes:
        rows: label → figure, in order from above.
        axis: what the figures are, "AUC" say.
        limit: a line, or None.
        chance: the value that says nothing (0.5 for an AUC), or None.
    """

    rows: Mapping[str, Interval]
    axis: str = "AUC"
    limit: float | None = None
    chance: float | None = 0.5


@dataclass(frozen=True, eq=False)
class Curves:
    """Figures along a scale, a curve each.

    Attributes:
        series: name → points (x, figure).
        x_label, y_label: the axes.
        limit: a level line, or None.
    """

    series: Mapping[str, tuple[tuple[float, Interval], ...]]
    x_label: str
    y_label: str = "AUC"
    limit: float | None = None


@dataclass(frozen=True, eq=False)
class Films:
    """Films side by side, uint8 (H, W) or (H, W, 3), each under its caption."""

    films: tuple[tuple[str, np.ndarray], ...]


Picture = Bars | Curves | Films

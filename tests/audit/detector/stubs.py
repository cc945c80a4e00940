"""Classifiers that are a rule, and cases without files: what tests of the audit are asked about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepcovid.models.classifier import Scored


@dataclass(frozen=True)
class RuleClassifier:
    """A classifier whose score is a function of the pixels; its features are block means, and the score."""

    rule: Callable[[np.ndarray], float]
    name: str = "rule"
    hash: str = "rule"
    positive: str = "covid"
    threshold: float | None = 0.5
    doubt: float | None = None

    def look(self, pixels: np.ndarray) -> Scored:
        """The rule's number squeezed into [0, 1], and an 8 × 8 thumbnail."""
        score = float(np.clip(self.rule(pixels), 0, 1))
        blocks = np.array(
            [part.mean() for band in np.array_split(pixels, 8) for part in np.array_split(band, 8, axis=1)]
        )
        return Scored(score, np.append(blocks, score).astype(np.float32))

    def undecided(self, scores: np.ndarray) -> np.ndarray | None:
        return None if self.doubt is None else np.abs(scores - 0.5) < self.doubt

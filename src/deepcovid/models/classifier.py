"""What an audit needs of a classifier of films: a score and a feature vector for any pixels, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from deepcovid.models.detector import Detector


@dataclass(frozen=True, eq=False)
class Scored:
    """What a classifier makes of one film: the probability of the positive class, and its features, float32 (D,)."""

    score: float
    features: np.ndarray


class Classifier(Protocol):
    """A frozen classifier of films."""

    @property
    def name(self) -> str:
        """A short name for a reader."""

    @property
    def hash(self) -> str:
        """The SHA-256 of what decides its scores."""

    @property
    def positive(self) -> str:
        """The class that the score is of."""

    @property
    def threshold(self) -> float | None:
        """Where calls are made; None where it was never chosen."""

    def look(self, pixels: np.ndarray) -> Scored:
        """Score one film, float32 (H, W) in [0, 1] of any size."""

    def undecided(self, scores: np.ndarray) -> np.ndarray | None:
        """Of which films it would not say, bool (n,), by their scores (n,); None where it always says."""


class DetectorClassifier:
    """A detector folder of ours; its features are those of `Seen`: the means of its feature map's channels.

    Args:
        detector: loaded.
    """

    def __init__(self, detector: Detector) -> None:
        self.detector = detector

    @property
    def name(self) -> str:
        """The network's."""
        return self.detector.description.network

    @property
    def hash(self) -> str:
        """The detector's."""
        return self.detector.hash

    @property
    def positive(self) -> str:
        """The detector's positive class."""
        return self.detector.description.positive

    @property
    def threshold(self) -> float | None:
        """That of the operating point that calls are made at."""
        return self.detector.operating_point.threshold

    def look(self, pixels: np.ndarray) -> Scored:
        """Run `model.onnx` on one film on one thread."""
        seen = self.detector.see(pixels)
        return Scored(float(seen.probabilities[self.detector.positive_index]), seen.features)

    def undecided(self, scores: np.ndarray) -> np.ndarray | None:
        """Whose conformal set holds both classes or neither; None without such a rule, and for more than two classes."""
        rule, place = self.detector.description.conformal, self.detector.positive_index
        if rule is None or len(rule.lowest) != 2:
            return None
        probabilities = np.stack([1 - scores, scores] if place == 1 else [scores, 1 - scores], axis=1)
        many: np.ndarray = rule.sets(probabilities).sum(axis=1) != 1
        return many

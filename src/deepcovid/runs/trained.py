"""What either way of training leaves behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.evaluation.recalibration import Calibration
from deepcovid.runs.data import Prepared
from deepcovid.storage import sha256_json
from deepcovid.training.loop import Fitted


@dataclass(frozen=True)
class Trained:
    """What a training leaves: the graph, the weights, the probabilities of all films, the history, and what took how long.

    `probabilities` are float64 (N, K), in the order of `prepared.classes`; where there is a `calibration` they are
    calibrated, and `uncalibrated` (N,) is the probability of the positive class before that.
    """

    prepared: Prepared
    graph: bytes
    weights: dict[str, np.ndarray]
    probabilities: np.ndarray
    fitted: Fitted
    facts: dict[str, Any] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)
    calibration: Calibration | None = None
    uncalibrated: np.ndarray | None = None

    @property
    def scores(self) -> np.ndarray:
        """The probability of the positive class (N,)."""
        scores: np.ndarray = self.probabilities[:, self.prepared.positive_index]
        return scores


def films_hash(keys: Iterable[str | None]) -> str:
    """The SHA-256 over the contents of all films, from the keys of a store (which begin with a film's own SHA-256)."""
    return sha256_json(sorted({key.partition(":")[0] for key in keys if key is not None}))

"""Cases of known answer: films whose scores and features are given, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.looks import Film


class GivenLooks:
    """Stands for `Looks`: what a classifier would make of the films is given."""

    def __init__(self, scores: np.ndarray, features: np.ndarray, *, paths: list[Path], threshold: float | None) -> None:
        self._scores, self._features, self.paths, self.workers = scores, features.astype(np.float32), paths, 1
        self.classifier = SimpleNamespace(
            name="given", hash="0" * 64, positive="covid", threshold=threshold, undecided=lambda _: None
        )

    def ensure(self, *_: Any, **__: Any) -> None:
        """Everything is there."""

    def scores(self, rows: np.ndarray, *_: Any) -> np.ndarray:
        return self._scores[rows]

    def features(self, rows: np.ndarray, *_: Any) -> np.ndarray:
        return self._features[rows]

    def film(self, row: int) -> Film:
        return Film(np.full((24, 24), row % 10 / 10, np.float32))


def given(
    positive: np.ndarray,
    *,
    features: np.ndarray,
    score: np.ndarray | None = None,
    patient: np.ndarray | None = None,
    tested: np.ndarray | None = None,
    paths: list[Path] | None = None,
    threshold: float | None = 0.5,
    columns: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Case:
    """A case of N films.

    Args:
        positive: bool (N,).
        features: float (N, D).
        score: float (N,) in [0, 1]; None: of the first feature.
        patient: int (N,); None: one film a patient.
        tested: bool (N,); None: every second patient, the others were trained on.
        columns: further columns of the table.
    """
    n = len(positive)
    patient = np.arange(n) if patient is None else patient
    tested = patient % 2 == 0 if tested is None else tested
    score = 1 / (1 + np.exp(-features[:, 0])) if score is None else score
    frame = pd.DataFrame(
        {
            "image": [f"{row}.png" for row in range(n)],
            "label": np.where(positive, "covid", "normal"),
            "patient": [f"p{one}" for one in patient],
            **(columns or {}),
        }
    )
    return Case(
        frame=frame,
        positive=positive,
        patient=patient,
        patient_known=np.ones(n, dtype=bool),
        tested=tested,
        trained=~tested,
        looks=GivenLooks(score, features, paths=paths or [], threshold=threshold),  # type: ignore[arg-type]
        seed=seed,
        extra=extra or {},
    )


def tiny_films(folder: Path, count: int, *, seed: int = 0) -> list[Path]:
    """PNG files of 32 × 32 pixels of noise."""
    rng = np.random.default_rng(seed)
    paths = [folder / f"{row}.png" for row in range(count)]
    for path in paths:
        Image.fromarray(rng.integers(0, 255, (32, 32), dtype=np.uint8)).save(path)
    return paths

"""Cases of films on disk, which a rule scores: for tests that alter films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.looks import Looks
from deepcovid.datasets.phantom.population import png_bytes
from deepcovid.storage import write_bytes
from tests.audit.detector.stubs import RuleClassifier


def shown(
    folder: Path,
    films: Sequence[np.ndarray],
    positive: np.ndarray,
    *,
    rule: Callable[[np.ndarray], float],
    lungs: Sequence[np.ndarray] | None = None,
    seed: int = 0,
    **facts: Any,
) -> Case:
    """A case whose films, float32 (H, W) in [0, 1], lie in `folder` as 8-bit PNG; one a patient, all tested.

    Args:
        lungs: bool (H, W), of each film; None: no segmenter.
        rule: the classifier.
        facts: of `RuleClassifier`.
    """
    greys = [np.rint(film * 255).astype(np.uint8) for film in films]
    paths = [folder / f"{number:04}.png" for number in range(len(films))]
    for path, grey in zip(paths, greys, strict=True):
        if not path.exists():
            write_bytes(path, png_bytes(grey))
    masks = {} if lungs is None else {grey.tobytes(): mask for grey, mask in zip(greys, lungs, strict=True)}

    def segment(pixels: np.ndarray) -> np.ndarray:
        return masks[np.rint(pixels * 255).astype(np.uint8).tobytes()]

    classifier = RuleClassifier(rule, **facts)
    n = len(films)
    frame = pd.DataFrame({"image": [path.name for path in paths], "patient": [f"p{number}" for number in range(n)]})
    everyone = np.ones(n, dtype=bool)
    return Case(
        frame=frame.assign(source="north"),
        positive=np.asarray(positive, dtype=bool),
        patient=np.arange(n),
        patient_known=everyone,
        tested=everyone,
        trained=~everyone,
        looks=Looks(classifier, paths, segment=(segment, "truth") if masks else None, workers=2),
        has_segmenter=bool(masks),
        seed=seed,
    )

"""A film of a case as a picture shows it."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.detector.detector_test import Case
from deepcovid.imaging.resizing import thumbnail

SIDE = 160  # pixels of the longer side


def film_shown(case: Case, row: int) -> np.ndarray:
    """Film `row` of a case: uint8 (H, W)."""
    small = thumbnail(case.looks.film(row).pixels, longest=SIDE)
    shown: np.ndarray = np.rint(small * 255).astype(np.uint8)
    return shown

"""The heat map of a detector's positive class, on the film."""

from __future__ import annotations

import numpy as np

from deepcovid.explanation.cam import grad_cam, on_film, scaled
from deepcovid.models.detector import Detector


def explain(detector: Detector, pixels: np.ndarray) -> np.ndarray:
    """Where the detector's score for the positive class rests on a film.

    Args:
        detector: loaded.
        pixels: float32 (H, W) in [0, 1], as `read_radiograph` gives it.

    Returns:
        float32 (H, W) in [0, 1]: Grad-CAM at the last feature map, scaled to its own maximum.
    """
    seen = detector.see(pixels)
    return heat_of(detector, seen.feature_map, shape=(pixels.shape[0], pixels.shape[1]))


def heat_of(detector: Detector, feature_map: np.ndarray, *, shape: tuple[int, int]) -> np.ndarray:
    """Grad-CAM of the positive class at the film's own size.

    Args:
        detector: whose head weighs the feature map.
        feature_map: float32 (F, h, w), as `Detector.see` gives it.
        shape: (H, W) of the film.

    Returns:
        float32 (H, W) in [0, 1].
    """
    heat = grad_cam(feature_map, detector.head_weight, target=detector.positive_index, neck=detector.description.neck)
    return on_film(scaled(heat), shape=shape, preprocessing=detector.preprocessing)

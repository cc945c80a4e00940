"""The heat map of a detector's positive class, on the film."""

from __future__ import annotations

import numpy as np

from deepcovid.explanation.cam import grad_cam, linear_importance, on_film, scaled
from deepcovid.models.detector import Detector, Seen


def explain(detector: Detector, pixels: np.ndarray) -> np.ndarray:
    """Where the detector's score for the positive class rests on a film.

    Args:
        detector: loaded.
        pixels: float32 (H, W) in [0, 1], as `read_radiograph` gives it.

    Returns:
        float32 (H, W) in [0, 1]: Grad-CAM at the last feature map, scaled to its own maximum.
    """
    return heat_of(detector, detector.see(pixels), shape=(pixels.shape[0], pixels.shape[1]))


def heat_of(detector: Detector, seen: Seen, *, shape: tuple[int, int], target: int | None = None) -> np.ndarray:
    """Grad-CAM of a class at the film's own size.

    Args:
        detector: whose head weighs the feature map.
        seen: what it made of the film.
        shape: (H, W) of the film.
        target: the class explained, by its place; absent, the positive one.

    Returns:
        float32 (H, W) in [0, 1].
    """
    chosen = detector.positive_index if target is None else target
    if seen.importance is not None:
        importance = seen.importance[chosen]
    else:
        maps, height, width = seen.feature_map.shape
        importance = linear_importance(
            detector.head_weight,
            target=chosen,
            neck=detector.description.neck,
            shape=(maps, height, width),
            output=detector.description.output,
        )
    heat = grad_cam(seen.feature_map, importance=importance)
    return on_film(scaled(heat), shape=shape, preprocessing=detector.preprocessing)

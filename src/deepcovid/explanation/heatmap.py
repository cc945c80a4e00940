"""The heat map of a detector's positive class, on the film."""

from __future__ import annotations

import numpy as np

from deepcovid.errors import DetectorError
from deepcovid.explanation.cam import grad_cam, linear_importance, on_film, scaled
from deepcovid.models.detector import Detector
from deepcovid.models.seen import Seen


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

    Raises:
        DetectorError: the detector is a stack.
    """
    neck = detector.description.neck
    if seen.feature_map is None or not neck:
        raise no_heat_map(detector)
    chosen = detector.positive_index if target is None else target
    if seen.importance is not None:
        importance = seen.importance[chosen]
    else:
        maps, height, width = seen.feature_map.shape
        importance = linear_importance(
            detector.head_weight,
            target=chosen,
            neck=neck,
            shape=(maps, height, width),
            output=detector.description.output,
        )
    heat = grad_cam(seen.feature_map, importance=importance)
    return on_film(scaled(heat), shape=shape, preprocessing=detector.preprocessing)


def no_heat_map(detector: Detector) -> DetectorError:
    """Why a stack has no heat map: its score is no sum over the places of one feature map."""
    names = ", ".join(member.name for member in detector.description.members)
    return DetectorError(
        "there is no heat map of a stack: several networks, each with maps of its own, share in its score",
        path=detector.folder,
        mend=f"leave heat maps out, or draw those of a member's run: {names}",
    )

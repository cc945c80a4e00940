"""Grad-CAM in closed form: for a linear head on a feature map the gradient is known without a backward pass."""

from __future__ import annotations

from typing import Literal

import numpy as np

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.resizing import centred, resized, scaled_size


def grad_cam(
    feature_map: np.ndarray, head_weight: np.ndarray, *, target: int, neck: Literal["pool", "flatten"]
) -> np.ndarray:
    """Grad-CAM of the logit of class `target` at the last feature map (Selvaraju et al. 2017, equations 1 and 2).

    Args:
        feature_map: float32 (F, h, w), of one film.
        head_weight: float32 (K, F) behind a pooling neck, (K, F·h·w) behind a flattening one.
        target: the class explained.
        neck: what stands between the feature map and the head.

    Returns:
        float32 (h, w), not negative, on the scale of the logit.
    """
    channels, height, width = feature_map.shape
    weight = head_weight[target]
    if neck == "pool":
        importance = weight / (height * width)
    else:
        importance = weight.reshape(channels, height * width).mean(axis=1)
    heat: np.ndarray = np.maximum(np.tensordot(importance, feature_map, axes=1), 0)
    return heat.astype(np.float32)


def scaled(heat: np.ndarray) -> np.ndarray:
    """The map in [0, 1]: minus its minimum, over its maximum (as the grad-cam library does); all zero stays zero."""
    above = heat - heat.min()
    result: np.ndarray = above / (1e-7 + above.max())
    return result.astype(np.float32)


def on_film(heat: np.ndarray, *, shape: tuple[int, int], preprocessing: Preprocessing) -> np.ndarray:
    """The map (h, w) at the film's own size and place: float32 (H, W); 0 where the network saw nothing of the film.

    Args:
        heat: on the network's grid.
        shape: (H, W) of the film.
        preprocessing: how the film came to the network's size.
    """
    if preprocessing.fit == "stretch":
        return resized(heat, size=shape)
    # undo in turn: the crop or padding at the network's size, then the scaling
    scaled_shape = scaled_size(shape, size=preprocessing.size, fit=preprocessing.fit)
    seen = centred(resized(heat, size=preprocessing.size), size=scaled_shape)
    return resized(seen, size=shape)

"""Grad-CAM without a backward pass: a linear head's gradient is its weight, and another head's comes with the graph."""

from __future__ import annotations

import numpy as np

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.resizing import centred, resized, scaled_size
from deepcovid.models.architecture import Neck
from deepcovid.models.outputs import Output


def grad_cam(feature_map: np.ndarray, *, importance: np.ndarray) -> np.ndarray:
    """Grad-CAM of one class at the last feature map (Selvaraju et al. 2017, equation 2).

    Args:
        feature_map: float32 (F, h, w), of one film.
        importance: (F,), how much each map counts for the class: of `linear_importance`, or the graph's `cam_weights`.

    Returns:
        float32 (h, w), not negative, on the scale of the class's raw output.
    """
    heat: np.ndarray = np.maximum(np.tensordot(importance, feature_map, axes=1), 0)
    return heat.astype(np.float32)


def linear_importance(
    head_weight: np.ndarray, *, target: int, neck: Neck, shape: tuple[int, int, int], output: Output = "softmax"
) -> np.ndarray:
    """How much each map counts for a class behind a linear head: equation 1, which needs no film.

    The gradient is that of the class's own raw output; the links of `models.outputs` rise with it and would change the
    scale alone. With one sigmoid it is that of the class's log-odds: the raw output's for the first class, its opposite
    for the second.

    Args:
        head_weight: float32 (U, F) behind a pooling neck, (U, F·h·w) behind a flattening one.
        target: the class explained.
        neck: what stands between the feature map and the head.
        shape: (F, h, w) of the feature map.
        output: how raw outputs become logits.

    Returns:
        (F,).
    """
    channels, height, width = shape
    one = output == "one-sigmoid"
    weight = head_weight[0] * (1 if target == 0 else -1) if one else head_weight[target]
    if neck == "pool":
        return np.asarray(weight / (height * width))
    return np.asarray(weight.reshape(channels, height * width).mean(axis=1))


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

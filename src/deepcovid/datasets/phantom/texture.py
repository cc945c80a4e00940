"""Random fields and fast wide blurs, the raw stuff of ground-glass, scatter and grain."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def cloud(shape: tuple[int, int], scale: float, rng: np.random.Generator) -> np.ndarray:
    """A smooth random field of mean 0 and deviation about 1, float32 (H, W), with lumps of `scale` pixels."""
    step = max(int(scale // 2), 1)
    small = (shape[0] // step + 3, shape[1] // step + 3)
    sigma = scale / step
    field = ndimage.gaussian_filter(rng.standard_normal(small, dtype=np.float32), sigma, mode="wrap", truncate=3)
    field = field * np.float32(2 * np.sqrt(np.pi) * sigma)
    return _enlarged(field, shape, step)


def wide_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur of many pixels, computed on a shrunken copy; float32 (H, W)."""
    step = max(int(sigma // 3), 1)
    if step == 1:
        return ndimage.gaussian_filter(image, sigma, mode="nearest", truncate=3)
    height, width = image.shape
    padded = np.pad(image, ((0, -height % step), (0, -width % step)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step).mean(axis=(1, 3))
    blocks = np.pad(ndimage.gaussian_filter(blocks, sigma / step, mode="nearest", truncate=3), 1, mode="edge")
    # block centres lie at (i + 0.5) * step - 0.5, and the padding adds one block before them
    return _enlarged(blocks, (height, width), step, offset=0.5 + 0.5 / step)


def _enlarged(small: np.ndarray, shape: tuple[int, int], step: int, *, offset: float = 0.0) -> np.ndarray:
    """Bilinear samples of `small` at (offset + pixel / step) along each axis, float32."""
    if step == 1 and offset == 0.0:
        return small[: shape[0], : shape[1]]
    result = small
    for axis, length in enumerate(shape):
        place = offset + np.arange(length, dtype=np.float32) / step
        low = np.minimum(place.astype(np.intp), small.shape[axis] - 2)
        share = (place - low).astype(np.float32)
        share = share[:, None] if axis == 0 else share[None, :]
        result = np.take(result, low, axis=axis) * (1 - share) + np.take(result, low + 1, axis=axis) * share
    return result.astype(np.float32)

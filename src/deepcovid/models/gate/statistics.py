"""What is measured of a picture before the network is asked: its size, its shape, the range of its greys."""

from __future__ import annotations

import numpy as np

SMALLEST = 32  # pixels; with fewer on a side nothing passes
LARGE = 384  # pixels; the network sees 96, so that a mean of whole blocks down to this size loses nothing


def reduced(pixels: np.ndarray) -> np.ndarray:
    """A float32 (H, W) picture with each side brought to at most 767 pixels by the mean of whole blocks.

    What is left over at the right and lower edge, less than a block, is cut off.
    """
    rows, columns = (max(1, side // LARGE) for side in pixels.shape)
    if rows == 1 and columns == 1:
        return pixels
    height, width = pixels.shape[0] // rows, pixels.shape[1] // columns
    blocks = pixels[: height * rows, : width * columns].reshape(height, rows, width, columns)
    small: np.ndarray = blocks.mean(axis=(1, 3), dtype=np.float32)
    return small


def spread(pixels: np.ndarray) -> float:
    """The range of the greys of a float32 (H, W) picture, from its 0.5th to its 99.5th percentile, grain averaged out."""
    step = [max(1, side // 48) for side in pixels.shape]
    height, width = (side // s for side, s in zip(pixels.shape, step, strict=True))
    blocks = pixels[: height * step[0], : width * step[1]].reshape(height, step[0], width, step[1]).mean(axis=(1, 3))
    low, high = np.percentile(blocks, [0.5, 99.5])
    return float(high - low)


def aspect(pixels: np.ndarray) -> float:
    """The longer side over the shorter one, at least 1."""
    return max(pixels.shape) / min(pixels.shape)

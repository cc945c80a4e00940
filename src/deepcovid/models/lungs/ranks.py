"""What the lung segmenter's network sees of a film: 128 × 128 pixels whose greys are replaced by their ranks."""

from __future__ import annotations

import numpy as np

from deepcovid.imaging.resizing import resized

SIDE = 128  # pixels; the film is stretched to a square
LEVELS = 1024  # greys that are told apart


def network_input(pixels: np.ndarray) -> np.ndarray:
    """A float32 (H, W) film in [0, 1] as the network's input, float32 (SIDE, SIDE) in [−1, 1]."""
    return ranked(resized(pixels, size=(SIDE, SIDE)))


def ranked(pixels: np.ndarray) -> np.ndarray:
    """Each grey as twice the share of the film that is darker, less 1; equal greys share their middle rank.

    Another window, gamma or exposure of one film gives nearly the same; a blank film is all 0.

    Args:
        pixels: float32 (h, w), any range.
    """
    low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        return np.zeros(pixels.shape, np.float32)
    level = np.rint((pixels - low) / (high - low) * (LEVELS - 1)).astype(np.int64)
    counts = np.bincount(level.ravel(), minlength=LEVELS)
    share = (np.cumsum(counts) - counts / 2) / level.size
    return (2 * share[level] - 1).astype(np.float32)

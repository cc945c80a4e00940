"""What is burnt into a phantom: laterality markers and words."""

from __future__ import annotations

import numpy as np

from deepcovid.datasets.phantom.acquisition import Acquisition
from deepcovid.imaging.lettering import stamp, word_bitmap


def add_marking(film: np.ndarray, acquisition: Acquisition) -> np.ndarray:
    """The film with its marker and text burnt in; float32 (H, W) in [0, 1]."""
    film = film.copy()
    height, width = film.shape
    x, y = acquisition.marker_at
    letter = acquisition.marker_height * height
    if acquisition.marker:
        stamp(film, _styled(acquisition.marker, letter, acquisition.marker_style), y * height, x * width)
    if acquisition.text:
        words = word_bitmap(acquisition.text, height=max(0.45 * letter, 7))
        stamp(film, words, y * height + 1.35 * letter, x * width)
    return film


def _styled(letter: str, height: float, style: str) -> np.ndarray:
    bitmap = word_bitmap(letter, height=height)
    if style == "plain":
        return bitmap
    side = int(1.7 * max(bitmap.shape))
    canvas = np.zeros((side, side), np.float32)
    stamp(canvas, bitmap, side / 2, side / 2)
    axis = np.abs(np.arange(side) + 0.5 - side / 2)
    distance = np.maximum(axis[:, None], axis) if style == "boxed" else np.hypot(axis[:, None], axis)
    line = np.exp(-(((distance - 0.44 * side) / max(0.03 * side, 0.6)) ** 2))
    return np.maximum(canvas, line.astype(np.float32))

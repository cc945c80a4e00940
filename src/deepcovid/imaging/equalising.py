"""Histogram equalisation: greys spread so that the number of darker pixels grows evenly, by OpenCV's rule."""

from __future__ import annotations

import numpy as np

STEPS = 255  # between the 256 levels of a film of 8 bits
PARTS = 256  # a pixel is counted in so many whole parts: exact sums, in any order and on any engine


def equalised(films: np.ndarray) -> np.ndarray:
    """Films of one size with their histograms equalised, each by its own: float32 (N, h, w) in [0, 1] → the same.

    Levels are 1/255 apart, counted from the film's darkest pixel. A pixel between two levels counts for both, the more for
    the nearer. With C(k) the number of pixels up to level k, level k becomes (C(k) − C(0)) / (N − C(0)), and greys
    between levels what lies between, linearly. On a film whose greys are whole multiples of 1/255 that is OpenCV's
    `equalizeHist` before its rounding to whole levels; there as here a film of one grey stays as it is. (scikit-image's
    `equalize_hist` does not subtract C(0), so that its black is not black.) `models.equalising` does the same in torch and in
    the ONNX graph.

    A grey that differs by a rounding error comes out different by as much times 255 · the share of pixels of its level,
    never by a jump: levels in whole numbers would make scores depend on the last bit of a resize.
    """
    return np.stack([_one(film) for film in films]) if len(films) else films.astype(np.float32)


def _one(film: np.ndarray) -> np.ndarray:
    place = (film - film.min()) * np.float32(STEPS)
    level, rest = np.divmod(np.round(place * PARTS).astype(np.int64).ravel(), PARTS)
    counts = np.zeros(STEPS + 2, np.int64)
    np.add.at(counts, level, PARTS - rest)
    np.add.at(counts, level + 1, rest)
    beyond = np.cumsum(counts) - counts[0]
    below = np.clip(np.floor(place).astype(np.int64), 0, STEPS)
    lower, step = beyond[below].astype(np.float32), counts[below + 1].astype(np.float32)
    most = np.float32(max(int(beyond[-1]), PARTS))
    spread = (lower + (place - below.astype(np.float32)) * step) / most
    # less than one pixel beyond the darkest level: no histogram to speak of, so the film comes through in that measure
    share = np.float32(min(int(beyond[-1]), PARTS) / PARTS)
    mixed: np.ndarray = share * spread + (np.float32(1) - share) * film
    return mixed

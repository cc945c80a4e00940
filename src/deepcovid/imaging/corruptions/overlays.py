"""Corruptions that lie over the film: grid lines, burnt-in words, tubes and leads."""

from __future__ import annotations

import numpy as np

from deepcovid.imaging.corruptions.corruption import corruption
from deepcovid.imaging.lettering import stamp, word_bitmap
from deepcovid.imaging.lines import add_leads

GRID_PERIOD = 1 / 64  # of the width: 8 pixels of 512, coarse enough to outlast a network's resizing
WORDS = ("PORTABLE", "AP SUPINE", "ICU 4", "ERECT", "STAT")
LETTER = 1 / 20  # of the height


@corruption("grid lines", parameter="amplitude, in greys", levels=(0.01, 0.02, 0.05, 0.1, 0.2))
def grid_lines(film: np.ndarray, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    """Stripes of an antiscatter grid, of one direction by lot and with a phase of their own."""
    along = rng.integers(2)
    phase = 2 * np.pi * rng.random()
    at = np.arange(film.shape[along], dtype=np.float32) + 0.5
    period = max(GRID_PERIOD * film.shape[along], 4.0)
    stripes = np.float32(amplitude) * np.sin(2 * np.pi * at / period + phase, dtype=np.float32)
    return film + (stripes[:, None] if along == 0 else stripes[None, :])


@corruption("burnt-in text", parameter="words: the first four in the corners, then anywhere", levels=(1, 2, 4, 7, 12))
def burnt_in_text(film: np.ndarray, count: float, rng: np.random.Generator) -> np.ndarray:
    """Words in white, their letters a twentieth of the film high."""
    out = film.copy()
    height, width = film.shape
    corners = rng.permutation(4)
    for number in range(round(count)):
        bitmap = word_bitmap(WORDS[int(rng.integers(len(WORDS)))], height=max(LETTER * height, 5))
        row, column = rng.random(2)
        if number < len(corners):
            row, column = divmod(int(corners[number]), 2)
        stamp(out, bitmap, row * height, column * width)  # pushed inwards where it would leave the film
    return out


@corruption("tubes and leads", parameter="how many", levels=(1, 2, 4, 7, 12))
def tubes_and_leads(film: np.ndarray, count: float, rng: np.random.Generator) -> np.ndarray:
    """Cables that each end in an electrode, anywhere on the film."""
    return add_leads(film, round(count), rng)

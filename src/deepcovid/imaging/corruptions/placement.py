"""Corruptions of the frame: rotation, crop and a collimated border."""

from __future__ import annotations

import numpy as np

from deepcovid.imaging.corruptions.corruption import corruption
from deepcovid.imaging.draw import Draw


@corruption("rotation", parameter="degrees, either way by lot", levels=(2, 5, 10, 20, 45))
def rotation(film: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """The patient or the cassette at a slant; what comes in from outside repeats the film's border."""
    return Draw(rotation=degrees if rng.random() < 0.5 else -degrees).apply(film)


@corruption("crop", parameter="share of the sides kept", levels=(0.97, 0.92, 0.84, 0.7, 0.5))
def crop(film: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A part of the film, anywhere on it, brought to the film's size."""
    top, left = rng.random(2) * (1 - share)
    return Draw(crop=(top, left, share, share)).apply(film)


@corruption("border", parameter="width at every side, of that side", levels=(0.01, 0.03, 0.06, 0.12, 0.2))
def border(film: np.ndarray, width: float, rng: np.random.Generator) -> np.ndarray:
    """Black collimated edges."""
    return bordered(film, (width, width, width, width), value=0.0)


def bordered(film: np.ndarray, widths: tuple[float, float, float, float], *, value: float) -> np.ndarray:
    """The film with edges of one grey.

    Args:
        film: float32 (H, W) in [0, 1].
        widths: left, right, top, bottom, as shares of the film's sides.
        value: the grey.
    """
    height, width = film.shape
    left, right, top, bottom = widths
    out = np.full_like(film, value)
    rows = slice(round(top * height), height - round(bottom * height))
    columns = slice(round(left * width), width - round(right * width))
    out[rows, columns] = film[rows, columns]
    return out

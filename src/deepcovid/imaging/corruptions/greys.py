"""Corruptions of the greys: gamma, a window too narrow, faded contrast and inversion."""

from __future__ import annotations

import numpy as np

from deepcovid.imaging.corruptions.corruption import corruption


@corruption("gamma", parameter="exponent of the greys, or its inverse by lot", levels=(1.1, 1.25, 1.5, 2.0, 3.0))
def gamma(film: np.ndarray, exponent: float, rng: np.random.Generator) -> np.ndarray:
    """Another characteristic curve: all greys darker or all brighter."""
    return film ** np.float32(exponent if rng.random() < 0.5 else 1 / exponent)


@corruption("window", parameter="share of the greys cut off at either end", levels=(0.02, 0.05, 0.1, 0.2, 0.35))
def window(film: np.ndarray, cut: float, rng: np.random.Generator) -> np.ndarray:
    """A display window too narrow: what lies outside is black or white, the rest is steeper."""
    return (film - np.float32(cut)) / np.float32(1 - 2 * cut)


@corruption("inversion", parameter="share of the inverted film in a mixture", levels=(0.05, 0.15, 0.8, 0.9, 1.0))
def inversion(film: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Bone dark and air bright; at the first two severities only a tenth and three tenths of the contrast are lost."""
    weight = np.float32(share)
    return (1 - weight) * film + weight * (1 - film)

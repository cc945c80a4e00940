"""A window: a rectangle of a film, drawn by its share of the area and its proportions, in shares of the sides."""

from __future__ import annotations

import math

import numpy as np

Window = tuple[float, float, float, float]  # top, left, height, width, as shares of the film's height and width

TRIES = 10  # torchvision's RandomResizedCrop and RandomErasing give up after as many
VARIATES = 2 * TRIES + 2  # of one window, whatever comes of it


def crop_window(u: np.ndarray, *, area: tuple[float, float], aspect: tuple[float, float]) -> Window:
    """The window of torchvision's RandomResizedCrop (Szegedy et al. 2015, section 6).

    The area is uniform and the logarithm of the proportions too; of ten tries the first that lies in the film counts;
    where none does, the largest centred window with the nearest proportions allowed.

    Args:
        u: VARIATES uniform variates.
        area: lowest and highest share of the film's area.
        aspect: lowest and highest ratio of width to height, each a share of the film's own side.
    """
    low, high = (math.log(end) for end in aspect)
    for share, ratio in u[:-2].reshape(TRIES, 2):
        wide = math.exp(low + (high - low) * ratio)
        size = _size(area, share, wide)
        if max(size) <= 1:
            return _placed(size, u)
    nearest = min(max(1.0, aspect[0]), aspect[1])
    size = (min(1.0, 1 / nearest), min(1.0, nearest))
    return (1 - size[0]) / 2, (1 - size[1]) / 2, *size


def erased_window(u: np.ndarray, *, area: tuple[float, float], aspect: tuple[float, float]) -> Window | None:
    """The window of random erasing (Zhong et al. 2020, algorithm 1, by the authors' code): area and proportions are uniform.

    Args:
        u: VARIATES uniform variates.
        area: lowest and highest share of the film's area (s_l and s_h).
        aspect: lowest and highest ratio of height to width (r_1 and r_2).

    Returns:
        The first of ten tries that lies in the film, or None.
    """
    for share, ratio in u[:-2].reshape(TRIES, 2):
        tall = aspect[0] + (aspect[1] - aspect[0]) * ratio
        size = _size(area, share, 1 / tall)
        if max(size) < 1:
            return _placed(size, u)
    return None


def _size(area: tuple[float, float], share: float, wide: float) -> tuple[float, float]:
    """Height and width of a window with this place in the range of areas, so much wider than it is tall."""
    covered = area[0] + (area[1] - area[0]) * share
    return math.sqrt(covered / wide), math.sqrt(covered * wide)


def _placed(size: tuple[float, float], u: np.ndarray) -> Window:
    """The window of this size where the last two variates put it: anywhere in the film."""
    height, width = size
    return float(u[-2] * (1 - height)), float(u[-1] * (1 - width)), float(height), float(width)

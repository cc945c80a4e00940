"""A radiograph: grey pixels with bone bright and air dark, and what was done to the file to get them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Radiograph:
    """One film as every part of deepcovid sees it.

    Args:
        pixels: float32 (H, W) in [0, 1]; bone bright, air dark.
        origin: how the pixels came about, JSON-safe: `path`, `format`, `mode` or `photometric`, `bit_depth`,
            `inverted`, `voi`, `rotated` (degrees clockwise), `mirrored`, `sha256` of the file's bytes, `notes`.
            It never holds a patient's name or number.

    Raises:
        ValueError: the pixels are of another shape, type or range.
    """

    pixels: np.ndarray
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_film(self.pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.pixels.shape
        return height, width


def check_film(pixels: np.ndarray) -> None:
    """Refuse what is not float32 (H, W) in [0, 1].

    Raises:
        ValueError: says which of type, shape and range is wrong.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.float32:
        raise ValueError(f"a film is a float32 array, not {getattr(pixels, 'dtype', type(pixels).__name__)}")
    if pixels.ndim != 2 or pixels.size == 0:
        raise ValueError(f"a film has the shape (height, width), not {pixels.shape}")
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0.0 and high <= 1.0):  # NaN fails both
        raise ValueError(f"a film's values lie in [0, 1], not in [{low:g}, {high:g}]")

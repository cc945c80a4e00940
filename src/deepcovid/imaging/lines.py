"""Lines on a film: vessels, cables and tubes, all drawn alike."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def draw_lines(
    row: np.ndarray, column: np.ndarray, spacing: np.ndarray, shape: tuple[int, int], sigma: float
) -> np.ndarray:
    """Lines given as dense points, with a Gaussian profile of height 1 and width `sigma` (all lengths in pixels).

    Each point stands for `spacing` pixels of its line, so that the height does not depend on how dense they are.
    """
    height, width = shape
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    flat = row[inside].astype(np.intp) * width + column[inside].astype(np.intp)
    canvas = np.bincount(flat, weights=spacing[inside], minlength=height * width).reshape(shape).astype(np.float32)
    sigma = max(sigma, 0.6)
    spread = ndimage.gaussian_filter(canvas, sigma, truncate=2.5)
    return np.minimum(spread * np.float32(sigma * np.sqrt(2 * np.pi)), 1.6)


def add_leads(film: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The film with `count` cables, each ending in an electrode."""
    height, width = film.shape
    t = np.linspace(0, 1, 3 * max(height, width))[:, None]
    for _ in range(count):
        points = rng.uniform([0.05, 0.0], [0.95, 1.0], (4, 2)) * [width, height]
        curve = (
            (1 - t) ** 3 * points[0]
            + 3 * t * (1 - t) ** 2 * points[1]
            + 3 * t**2 * (1 - t) * points[2]
            + t**3 * points[3]
        )
        spacing = np.hypot(*np.gradient(curve, axis=0).T)
        line = draw_lines(curve[:, 1], curve[:, 0], spacing, film.shape, 0.0022 * width)
        film = film + (0.95 - film) * 0.35 * np.minimum(line, 1)
        film = _electrode(film, curve[-1], 0.014 * width)
    return film.astype(np.float32)


def _electrode(film: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    row, column = np.ogrid[: film.shape[0], : film.shape[1]]
    distance = np.hypot(row - centre[1], column - centre[0])
    ring = 0.45 * np.exp(-(((distance - radius) / (0.35 * radius)) ** 2)) + 0.25 * (distance < 0.6 * radius)
    return film + (0.95 - film) * np.minimum(ring, 1)

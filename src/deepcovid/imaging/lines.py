"""Lines on a film: vessels, cables and tubes, all drawn alike."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

THINNEST, TRUNCATE = 0.6, 2.5  # pixels of a line's least width; widths at which its profile ends


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
    sigma = max(sigma, THINNEST)
    spread = ndimage.gaussian_filter(canvas, sigma, truncate=TRUNCATE)
    return np.minimum(spread * np.float32(sigma * np.sqrt(2 * np.pi)), 1.6)


def add_leads(film: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """The film with `count` cables, each ending in an electrode; each is drawn where it lies, not on the whole film."""
    height, width = film.shape
    t = np.linspace(0, 1, 3 * max(height, width))[:, None]
    film = film.copy()
    for _ in range(count):
        points = rng.uniform([0.05, 0.0], [0.95, 1.0], (4, 2)) * [width, height]
        curve = (
            (1 - t) ** 3 * points[0]
            + 3 * t * (1 - t) ** 2 * points[1]
            + 3 * t**2 * (1 - t) * points[2]
            + t**3 * points[3]
        )
        _lay_cable(film, curve, 0.0022 * width)
        film = film.astype(np.float64, copy=False)
        _lay_electrode(film, curve[-1], 0.014 * width)
    return film.astype(np.float32)


def _lay_cable(film: np.ndarray, curve: np.ndarray, sigma: float) -> None:
    """A cable along points (x, y) laid over the film in place."""
    reach = TRUNCATE * max(sigma, THINNEST) + 2  # beyond the filter's, so that the frame of the part holds zeros alone
    rows, columns = _part(film.shape, curve.min(axis=0), curve.max(axis=0), reach)
    spacing = np.hypot(*np.gradient(curve, axis=0).T)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    line = draw_lines(curve[:, 1] - rows.start, curve[:, 0] - columns.start, spacing, shape, sigma)
    film[rows, columns] += (0.95 - film[rows, columns]) * 0.35 * np.minimum(line, 1)


def _lay_electrode(film: np.ndarray, centre: np.ndarray, radius: float) -> None:
    rows, columns = _part(film.shape, centre, centre, 3.2 * radius)  # the ring's Gaussian is 5e-18 there
    row, column = np.ogrid[rows, columns]
    distance = np.hypot(row - centre[1], column - centre[0])
    ring = 0.45 * np.exp(-(((distance - radius) / (0.35 * radius)) ** 2)) + 0.25 * (distance < 0.6 * radius)
    film[rows, columns] += (0.95 - film[rows, columns]) * np.minimum(ring, 1)


def _part(shape: tuple[int, ...], low: np.ndarray, high: np.ndarray, reach: float) -> tuple[slice, slice]:
    """Rows and columns of the film within `reach` of the rectangle from `low` to `high`, both (x, y)."""
    rows, columns = (
        slice(max(0, int(low[axis] - reach)), min(side, int(high[axis] + reach) + 1))
        for axis, side in ((1, shape[0]), (0, shape[1]))
    )
    return rows, columns

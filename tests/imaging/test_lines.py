"""Cables drawn where they lie are those drawn on the whole film."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.imaging.lines import add_leads, draw_lines


def whole(film: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Cables and electrodes, each computed in every pixel."""
    height, width = film.shape
    t = np.linspace(0, 1, 3 * max(height, width))[:, None]
    row, column = np.ogrid[:height, :width]
    out = film.astype(np.float64)
    for _ in range(count):
        a, b, c, d = rng.uniform([0.05, 0.0], [0.95, 1.0], (4, 2)) * [width, height]
        curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        spacing = np.hypot(*np.gradient(curve, axis=0).T)
        line = draw_lines(curve[:, 1], curve[:, 0], spacing, film.shape, 0.0022 * width)
        out += (0.95 - out) * 0.35 * np.minimum(line, 1)
        radius, distance = 0.014 * width, np.hypot(row - d[1], column - d[0])
        ring = 0.45 * np.exp(-(((distance - radius) / (0.35 * radius)) ** 2)) + 0.25 * (distance < 0.6 * radius)
        out += (0.95 - out) * np.minimum(ring, 1)
    return out


@pytest.mark.parametrize("shape", [(1, 1), (3, 90), (64, 64), (200, 130)])
def test_a_part_of_the_film_gives_what_the_whole_gives(shape: tuple[int, int]) -> None:
    film = np.random.default_rng(0).random(shape, dtype=np.float32)
    for seed in range(4):
        found = add_leads(film, 7, np.random.default_rng(seed))
        assert found.dtype == np.float32
        assert found == pytest.approx(whole(film, 7, np.random.default_rng(seed)), abs=3e-7)
    assert np.array_equal(film, np.random.default_rng(0).random(shape, dtype=np.float32))

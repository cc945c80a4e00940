from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from deepcovid.explanation.overlay import overlay, png_bytes


def test_where_there_is_no_heat_the_film_shows() -> None:
    film = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    colours = overlay(film, np.zeros_like(film))
    np.testing.assert_array_equal(colours, np.repeat(np.round(film * 255).astype(np.uint8)[..., None], 3, axis=2))


def test_heat_is_seen() -> None:
    film, heat = np.full((4, 4), 0.5, dtype=np.float32), np.zeros((4, 4), dtype=np.float32)
    heat[0, 0] = 1
    colours = overlay(film, heat).astype(int)
    assert np.ptp(colours[0, 0]) > 20
    assert np.ptp(colours[3, 3]) == 0


def test_rawats_way_is_jet_at_two_fifths_over_the_film() -> None:
    """Rawat 2022 follows the Keras example: superimposed = jet(heat) × 0.4 + film, stretched to the full range."""
    from matplotlib import colormaps

    rng = np.random.default_rng(0)
    film, heat = rng.random((5, 6)).astype(np.float32), rng.random((5, 6)).astype(np.float32)
    expected = colormaps["jet"](heat)[..., :3] * 0.4 + film[..., None]
    np.testing.assert_allclose(overlay(film, heat, style="rawat"), expected / expected.max() * 255, atol=0.51)


@pytest.mark.parametrize("shape", [(9, 4), (9, 4, 3)])
def test_png_round_trip(shape: tuple[int, ...]) -> None:
    colours = np.random.default_rng(1).integers(0, 255, shape, dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(colours)))), colours)

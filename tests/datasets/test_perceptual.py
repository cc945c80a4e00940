"""Tests of the numbers that a film is recognised by."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.datasets.perceptual import BITS, inner, perceptual_codes, thumbnail_of, trimmed
from tests.datasets.twins import changed, phantom_films


def codes(*films: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return perceptual_codes(np.stack([thumbnail_of(film) for film in films]).astype(np.float32) / 255)


def hamming(a: np.ndarray, b: np.ndarray) -> int:
    return int((a != b).sum())


def test_half_of_the_bits_are_set_and_the_dot_product_tells_the_distance() -> None:
    plain, _ = codes(*phantom_films(12))
    assert plain.shape == (12, BITS)
    assert (plain.sum(axis=1) == 0).all()
    for a, b in ((0, 1), (3, 7)):
        assert plain[a] @ plain[b] == BITS - 2 * hamming(plain[a], plain[b])
    assert len({code.tobytes() for code in plain}) == 12


def test_an_inverse_film_has_every_bit_turned_over() -> None:
    film = phantom_films(12)[0]
    plain, mirror = codes(film, 1 - film, film[:, ::-1])
    assert hamming(plain[0], -plain[1]) <= 2  # thumbnails are rounded to 8 bits
    assert hamming(plain[0], mirror[2]) <= 2
    assert hamming(plain[2], mirror[0]) <= 2
    assert hamming(plain[0], plain[2]) > 12


@pytest.mark.parametrize("name", ["recompressed", "half as large", "brighter", "gamma", "black bars", "white frame"])
def test_a_film_saved_anew_is_within_twelve_bits(name: str) -> None:
    film = phantom_films(12)[3]
    plain, _ = codes(film, changed(film, name))
    assert hamming(*plain) <= 12


def test_flat_borders_are_trimmed_and_no_more_than_three_tenths() -> None:
    film = phantom_films(12)[1]
    framed = np.pad(film, ((10, 30), (25, 5)), constant_values=0.4)
    np.testing.assert_array_equal(trimmed(framed), trimmed(film))
    spot = np.zeros((100, 100), np.float32)
    spot[45:55, 45:55] = np.random.default_rng(0).random((10, 10))
    assert trimmed(spot).shape == (40, 40)
    blank = np.full((50, 40), 0.3, np.float32)
    assert trimmed(blank).shape == (50, 40)


def test_a_blank_film_has_an_empty_thumbnail() -> None:
    assert not thumbnail_of(np.full((90, 80), 0.7, np.float32)).any()
    film = thumbnail_of(phantom_films(12)[0])
    assert (film.dtype, film.shape) == (np.uint8, (64, 64))


def test_greys_are_spread_evenly_and_another_exposure_gives_the_same() -> None:
    film = phantom_films(12)[0]
    small = thumbnail_of(film).astype(float)
    assert np.quantile(small, [0.25, 0.5, 0.75]) == pytest.approx([64, 128, 191], abs=4)
    for other in (film**2, film**0.5, 0.3 * film + 0.2):
        exposed = np.clip(other, 0, 1).astype(np.float32)
        assert np.abs(thumbnail_of(exposed) - small).mean() < 2
    assert np.abs(255 - thumbnail_of(1 - film) - small).mean() < 1


def test_the_inner_view_is_the_middle() -> None:
    down = np.tile(np.linspace(0, 1, 64, dtype=np.float32)[:, None], (1, 64))
    (middle,) = inner(down[None])
    assert middle.shape == (64, 64)
    assert middle[0, 0] == pytest.approx(down[4, 0], abs=0.01)
    assert middle[-1, 0] == pytest.approx(down[-5, 0], abs=0.01)

from __future__ import annotations

import importlib
import json
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepcovid.errors import RecipeError
from deepcovid.imaging.augmentation import DEEP_COVID
from deepcovid.imaging.draw import CONTROLS, Draw, _basis
from deepcovid.models.torchvision_import import import_torchvision

films = arrays(np.float32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.floats(0, 1, width=32))
small = st.floats(-0.1, 0.1)
draws = st.builds(
    Draw,
    flip=st.booleans(),
    rotation=st.floats(-180, 180),
    zoom=st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)),
    shear=st.floats(-20, 20),
    translation=st.tuples(small, small),
    distortion=st.one_of(st.just(()), st.lists(small, min_size=2 * CONTROLS**2, max_size=2 * CONTROLS**2).map(tuple)),
    blur=st.floats(0, 3),
    brightness=st.floats(-1, 1),
    contrast=st.floats(0, 2),
    crop=st.sampled_from([(), (0.1, 0.2, 0.5, 0.7), (0.0, 0.0, 1.0, 1.0)]),
    erased=st.sampled_from([(), (0.3, 0.1, 0.4, 0.5)]),
    noise=st.just(0),
)


def blob(row: int, column: int, side: int = 41) -> np.ndarray:
    """A film with one soft spot."""
    y, x = np.mgrid[:side, :side]
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8).astype(np.float32)


def spot(film: np.ndarray) -> tuple[float, float]:
    """Where the soft spot is: its centre of mass."""
    y, x = np.mgrid[: film.shape[0], : film.shape[1]]
    return float((film * y).sum() / film.sum()), float((film * x).sum() / film.sum())


def torchvisions() -> tuple[Any, Any]:
    """torch, and torchvision's functions on pictures."""
    torch = pytest.importorskip("torch")
    import_torchvision()
    return torch, importlib.import_module("torchvision.transforms.v2.functional")


@given(films, draws)
def test_a_film_stays_a_film(film: np.ndarray, draw: Draw):
    before = film.copy()
    found = draw.apply(film)
    assert found.shape == film.shape
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    assert np.array_equal(film, before)
    assert np.array_equal(found, draw.apply(film))


@given(films)
def test_two_flips_are_none(film: np.ndarray):
    flip = Draw(flip=True)
    assert np.array_equal(flip.apply(film), film[:, ::-1])
    assert np.array_equal(flip.apply(flip.apply(film)), film)


@given(draws, st.floats(0, 1, width=32))
def test_geometry_leaves_an_even_film_even(draw: Draw, grey: float):
    film = np.full((9, 14), grey, np.float32)
    moved = Draw(
        flip=draw.flip, rotation=draw.rotation, zoom=draw.zoom, shear=draw.shear, distortion=draw.distortion
    ).apply(film)
    assert moved == pytest.approx(film, abs=1e-6)


def test_a_quarter_turn_is_anticlockwise_as_seen():
    film = np.random.default_rng(0).random((15, 15), dtype=np.float32)
    assert Draw(rotation=90).apply(film) == pytest.approx(np.rot90(film), abs=1e-5)


def test_translation_moves_down_and_right():
    assert spot(Draw(translation=(4 / 41, -8 / 41)).apply(blob(20, 20))) == pytest.approx((24, 12), abs=0.01)


def test_a_zoom_below_one_magnifies_about_the_centre():
    found = spot(Draw(zoom=(0.8, 1.25)).apply(blob(24, 25)))
    assert found == pytest.approx((20 + 4 / 0.8, 20 + 5 / 1.25), abs=0.05)


def test_shear_is_in_degrees():
    found = spot(Draw(shear=10).apply(blob(20, 30)))
    slant = np.deg2rad(10)
    assert found == pytest.approx((20 + 10 * np.tan(slant), 20 + 10 / np.cos(slant)), abs=0.05)


def test_the_parts_are_one_matrix():
    draw = Draw(rotation=20, zoom=(0.9, 1.1), shear=5)
    parts = [Draw(rotation=20).matrix(), Draw(shear=5).matrix(), Draw(zoom=(0.9, 1.1)).matrix()]
    assert draw.matrix() == pytest.approx(parts[0] @ parts[1] @ parts[2])


def test_equal_shifts_of_the_elastic_grid_are_a_translation():
    shifts = [0.1] * CONTROLS**2 + [-0.05] * CONTROLS**2
    found = spot(Draw(distortion=tuple(shifts)).apply(blob(20, 20)))
    assert found == pytest.approx((20 - 4.1, 20 + 2.05), abs=0.01)


@pytest.mark.parametrize("length", [1, 2, 7, 224])
def test_the_elastic_grid_is_a_partition_of_unity(length: int):
    basis = _basis(length)
    assert basis.shape == (length, CONTROLS)
    assert basis.min() >= 0
    assert basis.sum(axis=1) == pytest.approx(np.ones(length))


def test_the_largest_distortion_does_not_fold_the_film():
    rng = np.random.default_rng(0)
    for _ in range(50):
        worst = 0.1 * np.sign(rng.random((CONTROLS, CONTROLS)) - 0.5)
        field = _basis(200) @ worst @ _basis(200).T * 200
        assert min(np.diff(field, axis=0).min(), np.diff(field, axis=1).min()) > -1


def test_contrast_turns_about_middle_grey_and_brightness_adds():
    film = np.array([[0.25, 0.5, 0.75, 1.0]], np.float32)
    assert Draw(contrast=2).apply(film).tolist() == [[0, 0.5, 1, 1]]
    assert Draw(brightness=0.25).apply(film).tolist() == [[0.5, 0.75, 1, 1]]


def test_the_border_is_repeated_not_blackened():
    assert Draw(rotation=30, translation=(0.2, 0.2)).apply(np.ones((30, 20), np.float32)).min() == pytest.approx(1)


@given(draws)
def test_a_draw_survives_json(draw: Draw):
    again = Draw.from_dict(json.loads(json.dumps(draw.to_dict())))
    assert again == draw
    assert again.hash == draw.hash


def test_wrong_draws_are_refused():
    with pytest.raises(RecipeError, match="no turn → use any of flip"):
        Draw.from_dict({"turn": 3})
    with pytest.raises(RecipeError, match="50 shifts or none, not 3"):
        Draw(distortion=(0.1, 0.1, 0.1))
    with pytest.raises(ValueError, match="float64"):
        Draw().apply(np.zeros((3, 3)))


def test_a_draw_without_erasing_forgets_the_noise():
    assert Draw.from_dict(Draw(noise=3).to_dict()) == Draw()


def test_a_crop_is_torchvisions_inside_its_edges():
    torch, functional = torchvisions()
    film = np.random.default_rng(0).random((48, 40), dtype=np.float32)
    found = Draw(crop=(6 / 48, 10 / 40, 30 / 48, 20 / 40)).apply(film)
    theirs = functional.resized_crop(torch.from_numpy(film)[None], 6, 10, 30, 20, [48, 40], antialias=True)[0].numpy()
    assert found[2:-2, 2:-2] == pytest.approx(theirs[2:-2, 2:-2], abs=1e-5)


def test_a_crop_comes_before_the_geometry():
    cut = Draw(crop=(0.2, 0.1, 0.5, 0.6)).apply(blob(36, 30, 81))
    both = Draw(crop=(0.2, 0.1, 0.5, 0.6), rotation=20, translation=(0.1, 0)).apply(blob(36, 30, 81))
    assert spot(both) == pytest.approx(spot(Draw(rotation=20, translation=(0.1, 0)).apply(cut)), abs=0.1)


def test_a_bend_of_a_crop_is_a_share_of_the_crop():
    shifts = tuple([0.1] * CONTROLS**2 + [0.0] * CONTROLS**2)
    window = (0.25, 0.25, 0.5, 0.5)
    straight, bent = Draw(crop=window).apply(blob(20, 20)), Draw(crop=window, distortion=shifts).apply(blob(20, 20))
    assert spot(bent)[0] - spot(straight)[0] == pytest.approx(-4.1, abs=0.1)


def test_erasing_lays_noise_over_the_window_and_nothing_else():
    film = np.random.default_rng(0).random((40, 50), dtype=np.float32)
    found = Draw(erased=(0.25, 0.1, 0.5, 0.4), noise=7).apply(film)
    expected = film.copy()
    expected[10:30, 5:25] = np.random.default_rng(7).random((20, 20), dtype=np.float32)
    assert np.array_equal(found, expected)
    assert not np.array_equal(found, Draw(erased=(0.25, 0.1, 0.5, 0.4), noise=8).apply(film))


def test_a_draw_is_told_in_words():
    assert Draw().words == ()
    draw = Draw(flip=True, rotation=12.34, zoom=(0.9, 1.1), translation=(0.03, -0.02), erased=(0.1, 0.1, 0.5, 0.4))
    said = ("flipped", "turned +12.3°", "zoom 0.90 × 1.10", "shifted +3.0% down, -2.0% right", "20% erased")
    assert draw.words == said
    assert Draw(crop=(0, 0, 0.5, 0.5), contrast=1.2, brightness=-0.1).words[0] == "25% cut out"


def test_windows_outside_the_film_are_refused():
    with pytest.raises(RecipeError, match=r"crop .* is no window of a film"):
        Draw(crop=(0.6, 0, 0.5, 0.5))
    with pytest.raises(RecipeError, match=r"erased .* is no window of a film"):
        Draw(erased=(0.1, 0.1, 0.5))


def test_turning_is_torchvisions():
    torch, functional = torchvisions()
    film = np.random.default_rng(0).random((41, 41), dtype=np.float32)
    theirs = functional.rotate(torch.from_numpy(film)[None], 20, functional.InterpolationMode.BILINEAR)[0].numpy()
    assert Draw(rotation=20).apply(film)[8:-8, 8:-8] == pytest.approx(theirs[8:-8, 8:-8], abs=1e-4)


def test_zoom_and_shear_are_keras():
    """`apply_affine_transform` of Keras' ImageDataGenerator, written out (keras 2.3, image/affine_transformations.py)."""
    from scipy.ndimage import affine_transform

    film, slant, zoom = np.random.default_rng(0).random((31, 41), dtype=np.float32), np.deg2rad(0.2), (0.85, 1.15)
    shear = np.array([[1, -np.sin(slant), 0], [0, np.cos(slant), 0], [0, 0, 1]])
    matrix = shear @ np.diag([*zoom, 1])
    rows, columns = 31 / 2 - 0.5, 41 / 2 - 0.5
    there = np.array([[1, 0, rows], [0, 1, columns], [0, 0, 1]])
    back = np.array([[1, 0, -rows], [0, 1, -columns], [0, 0, 1]])
    whole = there @ matrix @ back
    keras = affine_transform(film, whole[:2, :2], whole[:2, 2], order=1, mode="nearest")
    assert Draw(zoom=zoom, shear=0.2).apply(film) == pytest.approx(keras, abs=1e-5)


def test_blur_is_torchvisions_gaussian():
    torch, functional = torchvisions()
    film = np.random.default_rng(0).random((40, 40), dtype=np.float32)
    theirs = functional.gaussian_blur(torch.from_numpy(film)[None], [13, 13], [1.5, 1.5])[0].numpy()
    assert Draw(blur=1.5).apply(film)[6:-6, 6:-6] == pytest.approx(theirs[6:-6, 6:-6], abs=1e-5)


def test_the_elastic_grid_is_scipys_cubic_spline():
    from scipy.interpolate import BSpline

    spline = BSpline(np.arange(-3, CONTROLS + 1), np.eye(CONTROLS), 3)
    at = (np.arange(50) + 0.5) / 50 * (CONTROLS - 3)
    assert _basis(50) == pytest.approx(spline(at), abs=1e-12)


def test_it_is_fast_enough_to_draw_at_every_epoch():
    film = np.random.default_rng(0).random((224, 224), dtype=np.float32)
    affine, full = Draw(rotation=7, zoom=(0.9, 1.1)), DEEP_COVID.sample(1)
    for draw, limit in ((affine, 0.005), (full, 0.02)):
        times = []
        for _ in range(20):
            start = time.perf_counter()
            draw.apply(film)
            times.append(time.perf_counter() - start)
        assert min(times) < limit

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepcovid.imaging.corruptions import CORRUPTIONS, SEVERITIES
from deepcovid.imaging.corruptions.placement import bordered
from deepcovid.imaging.corruptions.sharpness import jpeg_saved, made_coarse
from tests.datasets.twins import phantom_films

NAMES = CORRUPTIONS.names()
films = arrays(np.float32, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.floats(0, 1, width=32))


@pytest.fixture(scope="module")
def phantoms() -> list[np.ndarray]:
    return phantom_films(3)


def test_there_are_as_many_kinds_as_the_audit_promises() -> None:
    assert len(NAMES) >= 12
    assert all(len(CORRUPTIONS[name].levels) == len(SEVERITIES) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_change_grows_with_the_severity(name: str, phantoms: list[np.ndarray]) -> None:
    for film in phantoms:
        for seed in range(4):
            before = film.copy()
            changes = [np.abs(CORRUPTIONS[name].apply(film, severity=s, seed=seed) - film).mean() for s in SEVERITIES]
            assert all(np.diff(changes) > 0), changes
            assert changes[0] > 0
            assert np.array_equal(film, before)


@settings(max_examples=15, deadline=None)
@given(films, st.sampled_from(SEVERITIES), st.integers(0, 9))
@pytest.mark.parametrize("name", NAMES)
def test_a_film_of_any_size_stays_a_film(name: str, film: np.ndarray, severity: int, seed: int) -> None:
    found = CORRUPTIONS[name].apply(film, severity=severity, seed=seed)
    assert found.shape == film.shape
    assert found.dtype == np.float32
    assert 0 <= found.min() <= found.max() <= 1
    assert np.array_equal(found, CORRUPTIONS[name].apply(film, severity=severity, seed=seed))


def test_a_severity_that_is_none_and_a_film_that_is_none_are_refused() -> None:
    film = np.zeros((8, 8), np.float32)
    with pytest.raises(ValueError, match="one of"):
        CORRUPTIONS["noise"].apply(film, severity=0)
    with pytest.raises(ValueError, match="float32"):
        CORRUPTIONS["noise"].apply(film.astype(float), severity=1)


def test_parameters_are_what_they_are_called() -> None:
    rng = np.random.default_rng(0)
    film = np.full((200, 200), 0.5, np.float32)
    noise = CORRUPTIONS["noise"].apply(film, severity=3, seed=1) - film
    assert noise.std() == pytest.approx(CORRUPTIONS["noise"].levels[2], rel=0.02)
    assert np.array_equal(CORRUPTIONS["inversion"].apply(film * 0, severity=5), np.ones_like(film))
    point = np.zeros((101, 101), np.float32)
    point[50, 50] = 1
    soft = CORRUPTIONS["blur"].apply(point, severity=5)
    rows = np.arange(101) - 50
    spread = np.sqrt((soft.sum(axis=1) * rows**2).sum() / soft.sum())
    assert spread == pytest.approx(0.016 * 101, rel=0.02)
    grey = rng.random((64, 64), dtype=np.float32)
    gamma = CORRUPTIONS["gamma"].apply(grey, severity=4, seed=3)
    assert np.allclose(gamma, grey**2) or np.allclose(gamma, grey**0.5)
    stripes = CORRUPTIONS["grid lines"].apply(film, severity=3, seed=2) - film
    assert stripes.std() * np.sqrt(2) == pytest.approx(0.05, rel=0.05)


def test_edges_are_as_wide_as_told() -> None:
    film = np.ones((100, 200), np.float32)
    out = bordered(film, (0.1, 0.05, 0.03, 0), value=0.25)
    assert (out[:3] == 0.25).all()
    assert (out[:, :20] == 0.25).all()
    assert (out[:, -10:] == 0.25).all()
    assert (out[3:, 20:-10] == 1).all()


def test_a_film_saved_again_at_its_own_quality_hardly_changes(phantoms: list[np.ndarray]) -> None:
    """What makes JPEG's quality readable from pixels (Farid 2009)."""
    once = jpeg_saved(phantoms[0], quality=40)
    again = np.abs(jpeg_saved(once, quality=40) - once).mean()
    other = np.abs(jpeg_saved(once, quality=60) - once).mean()
    assert again < other / 3


def test_lost_detail_does_not_come_back_and_the_mean_stays(phantoms: list[np.ndarray]) -> None:
    film = phantoms[0]
    coarse = made_coarse(film, 0.25)
    assert coarse.mean() == pytest.approx(film.mean(), abs=2e-3)
    assert np.abs(np.diff(coarse, axis=1)).mean() < np.abs(np.diff(film, axis=1)).mean()

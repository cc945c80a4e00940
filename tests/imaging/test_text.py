from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from deepcovid.datasets.phantom.acquisition import Acquisition
from deepcovid.datasets.phantom.rendering import render_phantom
from deepcovid.imaging.text import Mark, find_marks, with_marks, without_marks

PLAIN = Acquisition(marker="L", marker_at=(0.92, 0.08), marker_height=0.06)
films = arrays(np.float32, st.tuples(st.integers(8, 40), st.integers(8, 40)), elements=st.floats(0, 1, width=32))


def phantom(seed: int, acquisition: Acquisition, *, size: int = 128) -> np.ndarray:
    return render_phantom(seed=seed, size=size, acquisition=acquisition).film


def near(mark: Mark, at: tuple[float, float], *, within: float = 0.05) -> bool:
    (row, column), (x, y) = mark.centre, at
    return abs(row - y) < within and abs(column - x) < within


@pytest.mark.parametrize("style", ["plain", "boxed", "circled"])
@pytest.mark.parametrize("size", [128, 256])
def test_a_marker_is_found_where_it_stands(style: str, size: int) -> None:
    found = [find_marks(phantom(seed, replace(PLAIN, marker_style=style), size=size)) for seed in range(6)]
    here = [marks[0] for marks in found if marks and near(marks[0], PLAIN.marker_at)]
    assert len(here) >= 5
    assert sum(not mark.is_word for mark in here) >= 4  # where the film is bright a part of a box may be lost


def test_hardly_anything_is_found_where_nothing_is_written() -> None:
    counts = [len(find_marks(phantom(seed, replace(PLAIN, marker="")))) for seed in range(12)]
    assert np.mean(counts) < 0.5


def test_words_are_told_from_letters() -> None:
    told = replace(PLAIN, text="PORTABLE", marker_at=(0.8, 0.08))
    words = [[mark for mark in find_marks(phantom(seed, told, size=192)) if mark.is_word] for seed in range(5)]
    assert sum(bool(marks) and near(marks[0], (0.8, 0.16), within=0.08) for marks in words) >= 4


def test_marks_may_be_looked_for_in_a_part_only() -> None:
    film = phantom(0, PLAIN)
    left = np.zeros(film.shape, bool)
    left[:, : film.shape[1] // 2] = True
    assert find_marks(film)
    assert not [mark for mark in find_marks(film, where=left) if near(mark, PLAIN.marker_at)]


def test_a_mark_taken_off_is_gone_and_the_rest_stays() -> None:
    for seed in range(4):
        film, bare = phantom(seed, PLAIN), phantom(seed, replace(PLAIN, marker=""))
        marks = [mark for mark in find_marks(film) if near(mark, PLAIN.marker_at)]
        cleaned = without_marks(film, marks)
        written = np.abs(film - bare) > 0.2
        assert np.abs(cleaned - bare)[written].mean() < 0.25 * np.abs(film - bare)[written].mean()
        assert (cleaned != film).mean() < 0.03
        assert not [mark for mark in find_marks(cleaned) if near(mark, PLAIN.marker_at)]


def test_what_fills_a_hole_is_the_normalised_convolution_of_the_whole_film() -> None:
    film = np.random.default_rng(0).random((48, 96), dtype=np.float32)
    ink = np.ones((12, 20), np.float32)
    marks = [Mark(top, left, 0.25, 20 / 96, False, ink, ink, 0.5) for top, left in ((0.0, 0.0), (0.5, 0.6))]
    filled = without_marks(film, marks)
    hole = filled != film  # of random greys none is met again
    known, expected = (~hole).astype(np.float32), np.full(film.shape, film[~hole].mean())
    for share in (0.08, 0.03, 0.012):
        weight, value = (ndimage.gaussian_filter(one, share * 96) for one in (known, film * known))
        expected = np.where(weight > 0.02, value / np.maximum(weight, 1e-6), expected)
    assert hole.sum() > 2 * ink.size
    assert filled[hole] == pytest.approx(expected[hole], abs=1e-5)


def test_a_mark_laid_on_another_film_is_found_there() -> None:
    marks = [mark for mark in find_marks(phantom(0, PLAIN, size=256)) if near(mark, PLAIN.marker_at)]
    other = phantom(1, replace(PLAIN, marker=""), size=128)
    written = with_marks(other, marks)
    assert near(find_marks(written)[0], PLAIN.marker_at)
    assert (written != other).mean() < 0.03


@settings(max_examples=40, deadline=None)
@given(films)
def test_any_film_can_be_searched_and_stays_a_film(film: np.ndarray) -> None:
    marks = find_marks(film)
    for changed in (without_marks(film, marks), with_marks(film, marks)):
        assert changed.shape == film.shape
        assert changed.dtype == np.float32
        assert 0 <= changed.min() <= changed.max() <= 1 + 1e-6

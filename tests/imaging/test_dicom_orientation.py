from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from deepcovid.imaging.dicom_orientation import OPPOSITE, turn_of
from deepcovid.imaging.readers import read_radiograph

FRONTAL = [(a, b) for a, b in itertools.permutations("LRHF", 2) if OPPOSITE[a] != b]
LATERAL = [(a, b) for a, b in itertools.permutations("APHF", 2) if OPPOSITE[a] != b]
# A person as a picture: (row, column) of a mark at the head, and of one at the left hand, in the usual display.
HEAD, LEFT = (0, 2), (2, 4)


def header(*orientation: str, **elements: str) -> Dataset:
    dataset = Dataset()
    dataset.PatientOrientation = list(orientation)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def stored_person(row: str, column: str, *, side: str) -> np.ndarray:
    """A 5 × 5 picture whose rows run to `row` and columns to `column`, with 1 at the head and 2 at `side`."""
    picture = np.zeros((5, 5))
    for direction, value in (("H", 1), (side, 2)):
        y, x = 2, 2
        if direction in (row, OPPOSITE[row]):
            x = 4 if direction == row else 0
        else:
            y = 4 if direction == column else 0
        picture[y, x] = value
    return picture


@pytest.mark.parametrize(("row", "column"), FRONTAL)
def test_a_frontal_film_is_brought_to_the_usual_display(row: str, column: str):
    turn = turn_of(header(row, column))
    person = turn.apply(stored_person(row, column, side="L"))
    assert person[HEAD] == 1
    assert person[LEFT] == 2
    assert turn.stored == f"{row}\\{column}"
    assert bool(turn.note) == ((row, column) != ("L", "F"))


@pytest.mark.parametrize(("row", "column"), LATERAL)
def test_a_lateral_film_is_turned_upright_and_never_mirrored(row: str, column: str):
    turn = turn_of(header(row, column))
    assert turn.apply(stored_person(row, column, side="A"))[HEAD] == 1
    assert not turn.mirrored


@given(st.sampled_from(FRONTAL + LATERAL), st.integers(1, 5), st.integers(1, 5))
def test_a_turn_can_be_undone(directions: tuple[str, str], height: int, width: int):
    pixels, turn = np.arange(height * width).reshape(height, width), turn_of(header(*directions))
    assert np.array_equal(turn.undo(turn.apply(pixels)), pixels)


@pytest.mark.parametrize(
    "dataset",
    [
        Dataset(),
        header("L", "R"),
        header("L"),
        header("JANE", "DOE"),
        header("", ""),
        header("L", "F", "H"),
        header("R", "F", AnatomicalOrientationType="QUADRUPED"),
    ],
)
def test_what_is_not_said_is_left_as_stored_and_told(dataset: Dataset):
    turn = turn_of(dataset)
    assert (turn.stored, turn.rotated, turn.mirrored) == (None, 0, False)
    assert turn.note == "the header does not say which way the film lies; it was left as stored"


@pytest.mark.parametrize(("row", "column"), [("L", "F"), ("R", "F"), ("F", "R"), ("L", "P")])
def test_a_frontal_orientation_of_a_lateral_film_is_not_believed(row: str, column: str):
    turn = turn_of(header(row, column), lateral=True)
    assert (turn.rotated, turn.mirrored) == (0, False)
    assert turn.note == f"a lateral film cannot lie {row}\\{column}; it was left as stored"
    assert turn_of(header("P", "H"), lateral=True).rotated == 180


def test_a_plane_that_is_not_upright_is_left_as_stored():
    assert "no upright plane (L\\P)" in turn_of(header("L", "PF")).note


def test_oblique_directions_count_by_their_first_letter():
    assert turn_of(header("RA", "FP")).mirrored


def test_the_film_its_facts_and_its_spacing_are_turned(dicom: Callable[..., Path]):
    stored = np.arange(12, dtype=np.uint16).reshape(3, 4)
    # rows run to the feet, columns to the right hand: a quarter turn clockwise is the usual display
    path = dicom(stored, bits=4, PatientOrientation=["F", "R"], ImagerPixelSpacing=[0.2, 0.1])
    film = read_radiograph(path)
    assert np.allclose(film.pixels, np.rot90(stored, -1) / 15)
    assert (film.origin["rotated"], film.origin["mirrored"], film.origin["orientation"]) == (90, False, "F\\R")
    assert film.origin["pixel_spacing"] == [0.1, 0.2]
    assert "turned 90° clockwise, since its rows and columns run F\\R" in film.origin["notes"]

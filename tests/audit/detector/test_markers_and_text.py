"""Test 4 on detectors that read a marker or a word, and on one that reads the lungs."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deepcovid.audit.detector.markers_and_text import markers_and_text
from deepcovid.audit.detector.picture import Films
from deepcovid.imaging.lettering import stamp, word_bitmap
from tests.audit.detector.given import given
from tests.audit.detector.phantoms import bare, opacity, planted
from tests.audit.detector.shown import shown

TOP_LEFT, TOP_RIGHT = (slice(0, 14), slice(0, 14)), (slice(0, 14), slice(-14, None))


def marker(film: np.ndarray, on: bool, rng: np.random.Generator) -> np.ndarray:
    """An R at the film's left, or an L at its right."""
    out = film.copy()
    row, column = rng.uniform(6, 8), rng.uniform(6, 8)
    stamp(out, word_bitmap("R" if on else "L", height=8), row, column if on else len(film) - column)
    return out


def word(film: np.ndarray, on: bool, rng: np.random.Generator) -> np.ndarray:
    """A word at the film's upper left, or none."""
    out = film.copy()
    if on:
        stamp(out, word_bitmap("ERECT", height=7), rng.uniform(5, 7), rng.uniform(18, 20))
    return out


def ink(film: np.ndarray, place: tuple[slice, slice]) -> float:
    """The brightest pixels of a corner against its others."""
    return float(np.percentile(film[place], 97) - np.percentile(film[place], 50))


def test_a_detector_of_the_marker_fails_by_name(tmp_path: Path) -> None:
    films = bare()
    rule = lambda film: 0.5 + 0.4 * (ink(film, TOP_LEFT) - ink(film, TOP_RIGHT))  # noqa: E731
    result = markers_and_text(shown(tmp_path, planted(films, marker), films.positive, rule=rule, lungs=films.lungs))
    assert result.verdict == "FAIL"
    assert result.kinds == ("laterality marker",)
    assert result.sentence.startswith("Laterality marker tells the label (AUC 0.")
    told = result.figures["changes"]["all marks taken off"]
    assert told["auc_fall"]["low"] > 0.1
    assert told["flips"]["value"] > 0.3
    assert result.figures["found"]["positives"]["marker"]["value"] > 0.8
    assert isinstance(result.picture, Films)
    assert {film.dtype for _, film in result.picture.films} == {np.dtype(np.uint8)}


def test_a_detector_of_a_word_fails_by_name_without_a_segmenter(tmp_path: Path) -> None:
    films = bare()
    place = (slice(0, 12), slice(4, 36))
    result = markers_and_text(
        shown(tmp_path, planted(films, word), films.positive, rule=lambda film: ink(film, place), threshold=None)
    )
    assert result.verdict == "FAIL"
    assert "burnt-in text" in result.kinds
    assert result.figures["changes"]["all marks taken off"]["flips"] is None


def test_a_detector_of_the_lungs_is_not_accused_though_markers_tell_the_label(tmp_path: Path) -> None:
    films = bare()
    result = markers_and_text(shown(tmp_path, planted(films, marker), films.positive, rule=opacity, lungs=films.lungs))
    assert result.verdict == "PASS", result.sentence
    assert result.kinds == ()
    assert any("the data hold laterality marker" in note for note in result.notes)
    assert result.figures["changes"]["laterality marker of the other class"]["flips"]["value"] <= 0.02


def test_marks_that_tell_nothing_leave_nothing_to_accuse(tmp_path: Path) -> None:
    films = bare()
    result = markers_and_text(
        shown(tmp_path, planted(films, marker, bound=0.0), films.positive, rule=opacity, lungs=films.lungs)
    )
    assert result.verdict == "PASS", result.sentence


def test_too_few_films_cannot_tell() -> None:
    assert markers_and_text(given(np.arange(12) % 2 == 0, features=np.zeros((12, 2)))).verdict == "CANNOT TELL"

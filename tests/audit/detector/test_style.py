"""The part of test 7 that alters films: detectors that read the frame, and one that reads the lungs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from deepcovid.audit.detector.detector_test import AuditResult
from deepcovid.audit.detector.style import style
from deepcovid.imaging.corruptions.placement import bordered
from deepcovid.imaging.corruptions.sharpness import jpeg_saved
from tests.audit.detector.given import given
from tests.audit.detector.phantoms import bare, opacity, planted
from tests.audit.detector.shown import shown


def edges(film: np.ndarray, on: bool, rng: np.random.Generator) -> np.ndarray:
    low, high = (0.06, 0.1) if on else (0.0, 0.02)
    left, right, top, bottom = rng.uniform(low, high, 4)
    return bordered(film, (left, right, top, bottom), value=0.0)


def gamma(film: np.ndarray, on: bool, rng: np.random.Generator) -> np.ndarray:
    return film ** rng.uniform(*((1.3, 1.5) if on else (0.7, 0.9)))


def jpeg(film: np.ndarray, on: bool, rng: np.random.Generator) -> np.ndarray:
    return jpeg_saved(film, quality=int(rng.integers(10, 15) if on else rng.integers(85, 95)))


def by_edge(film: np.ndarray) -> float:
    """The darkness of the rim."""
    width = len(film) // 20
    return float(
        1 - np.mean([film[:width].mean(), film[-width:].mean(), film[:, :width].mean(), film[:, -width:].mean()])
    )


def by_grey(film: np.ndarray) -> float:
    return float(1 - film.mean())


def by_blocks(film: np.ndarray) -> float:
    """How much sharper steps are at every eighth pixel than elsewhere."""
    steps = np.abs(np.diff(film, axis=1)).mean(axis=0)
    return float(0.5 + 5 * (steps[7::8].mean() - steps.mean()))


def kind(result: AuditResult, name: str) -> dict:
    return next(one for one in result.figures["kinds"] if one["kind"] == name)


@pytest.mark.parametrize("segmented", [True, False])
def test_a_detector_of_the_edges_fails_by_name(segmented: bool, tmp_path: Path) -> None:
    films = bare()
    lungs = films.lungs if segmented else None
    result = style(shown(tmp_path, planted(films, edges), films.positive, rule=by_edge, lungs=lungs))
    assert result.verdict == "FAIL"
    assert "border width" in result.kinds
    assert result.sentence.startswith("Border width tells the label (AUC 0.")
    assert kind(result, "border width")["strict"]["low"] > 0.6
    assert kind(result, "border width")["data"]["low"] > 0.6


def test_a_detector_of_the_greys_fails_by_name(tmp_path: Path) -> None:
    films = bare()
    result = style(shown(tmp_path, planted(films, gamma), films.positive, rule=by_grey, lungs=films.lungs))
    assert "gamma and contrast" in result.kinds


def test_a_detector_of_jpeg_blocks_fails_by_name_in_either_direction(tmp_path: Path) -> None:
    films = bare()
    result = style(shown(tmp_path / "on", planted(films, jpeg), films.positive, rule=by_blocks, lungs=films.lungs))
    assert "JPEG quality" in result.kinds
    assert re.match(r"quality 1\d against (quality [89]\d|no trace)", kind(result, "JPEG quality")["altered"])
    turned = planted(films, lambda film, on, rng: jpeg(film, not on, rng))
    other = style(
        shown(tmp_path / "off", turned, films.positive, rule=lambda film: 1 - by_blocks(film), lungs=films.lungs)
    )
    assert "JPEG quality" in other.kinds


def test_a_detector_of_the_lungs_is_never_accused(tmp_path: Path) -> None:
    films = bare()
    for number, (plant, bound) in enumerate(((edges, 0.0), (edges, 0.9), (jpeg, 0.9))):
        pixels = planted(films, plant, bound=bound)
        result = style(shown(tmp_path / str(number), pixels, films.positive, rule=opacity, lungs=films.lungs))
        assert result.verdict != "FAIL", result.sentence


def test_what_the_data_hold_and_the_detector_does_not_use_is_told(tmp_path: Path) -> None:
    films = bare()
    result = style(shown(tmp_path, planted(films, edges), films.positive, rule=lambda film: float(film[48, 48])))
    assert result.verdict != "FAIL"
    assert any("the data hold border width" in note for note in result.notes)


def test_too_few_films_cannot_tell() -> None:
    result = style(given(np.arange(12) % 2 == 0, features=np.zeros((12, 2))))
    assert result.verdict == "CANNOT TELL"
    assert "Too few" in result.sentence

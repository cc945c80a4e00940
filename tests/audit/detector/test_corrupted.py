"""Test 11 on detectors that withstand, that break, and that have nothing to lose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepcovid.audit.detector.corrupted import EACH, MILD, corrupted, too_costly
from deepcovid.audit.detector.drawn import drawn_rows
from deepcovid.evaluation.intervals import Interval
from deepcovid.imaging.corruptions import CORRUPTIONS, SEVERITIES
from tests.audit.detector.given import given
from tests.audit.detector.shown import shown

N = 48


def grainy(rng: np.random.Generator, *, positive: bool, side: int = 40) -> np.ndarray:
    """A soft film; a positive one is brighter in its middle and has no grain."""
    y, x = np.mgrid[:side, :side] / side
    film = 0.4 + 0.1 * np.sin(6 * x + rng.uniform(0, 6)) + 0.1 * y
    film += 0.15 * positive * np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) / 0.05) + rng.normal(0, 0.03)
    film += 0 if positive else rng.normal(0, 0.012, film.shape)
    return np.clip(film, 0, 1).astype(np.float32)


def by_shape(film: np.ndarray) -> float:
    """How much brighter the middle is than the rim."""
    side = len(film)
    return float(0.5 + film[side // 3 : -side // 3, side // 3 : -side // 3].mean() - film[::7, ::7].mean())


def by_grain(film: np.ndarray) -> float:
    return float(1 - 20 * np.abs(np.diff(film, n=2, axis=1)).mean())


@pytest.fixture(scope="module")
def films() -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    positive = np.arange(N) % 2 == 0
    return [grainy(rng, positive=bool(one)) for one in positive], positive


def test_a_detector_of_a_large_shape_withstands(films: tuple[list[np.ndarray], np.ndarray], tmp_path: Path) -> None:
    result = corrupted(shown(tmp_path, *films, rule=by_shape))
    assert result.verdict == "PASS", result.sentence
    told = result.figures["corruptions"]
    assert set(told) == set(CORRUPTIONS.names())
    assert told["inversion"][5]["auc"]["value"] < 0.4  # it sees dark middles now
    assert 0 < told["inversion"][5]["flips"]["value"] <= 1
    assert told["noise"][1]["loss"]["n"] == N
    assert told["noise"][1]["undecided"] is None
    assert any("no rule by which it would not say" in note for note in result.notes)
    assert [len(points) for points in result.picture.series.values()] == [len(SEVERITIES)] * 6  # type: ignore[union-attr]


def test_of_how_many_films_it_would_not_say_is_told(films: tuple[list[np.ndarray], np.ndarray], tmp_path: Path) -> None:
    case = shown(tmp_path, *films, rule=by_shape, doubt=0.03)
    score = case.looks.scores(drawn_rows(case, each=EACH))
    result = corrupted(case)
    usual = result.figures["plain_undecided"]
    assert usual["value"] == pytest.approx(np.mean(np.abs(score - 0.5) < 0.03))
    assert (usual["n"], result.figures["corruptions"]["blur"][5]["undecided"]["n"]) == (N, N)
    assert any(note.startswith("it would not say of") for note in result.notes)


def test_a_detector_of_the_grain_breaks_and_is_told_what_broke_it(
    films: tuple[list[np.ndarray], np.ndarray], tmp_path: Path
) -> None:
    result = corrupted(shown(tmp_path, *films, rule=by_grain, threshold=None))
    assert result.verdict == "FAIL"
    assert "jpeg of severity 2 costs most" in result.sentence
    assert result.figures["p_holm"]["jpeg 2"] < 0.05 < result.figures["p_holm"]["crop 1"]
    assert result.figures["corruptions"]["noise"][2]["flips"] is None
    assert any("no threshold" in note for note in result.notes)


def test_a_detector_of_nothing_has_nothing_to_lose() -> None:
    rng = np.random.default_rng(1)
    result = corrupted(given(np.arange(200) % 2 == 0, features=rng.normal(size=(200, 2)), tested=np.ones(200, bool)))
    assert result.verdict == "CANNOT TELL"
    assert "too little" in result.sentence


def test_losses_are_tested_against_the_limit_and_adjusted() -> None:
    def loss(value: float) -> Interval:
        return Interval(value=value, low=value - 0.0392, high=value + 0.0392, method="", n=100)

    found = too_costly({("noise", 1): loss(0.14), ("noise", 2): loss(0.10), ("blur", 1): loss(0.0)})
    assert found["noise", 1] == pytest.approx(3 * 0.02275, rel=2e-2)  # z = 2; three tests
    assert found["noise", 2] == pytest.approx(1.0)
    assert max(MILD) < min(set(SEVERITIES) - set(MILD))


def test_films_are_drawn_of_either_class_and_of_every_patient_first() -> None:
    patient = np.repeat(np.arange(90), 4)
    positive = np.repeat(np.arange(90) % 3 == 0, 4)
    case = given(positive, features=np.zeros((360, 2)), patient=patient, tested=patient > 9)
    rows = drawn_rows(case, each=EACH)
    assert all(
        (positive[rows] == side).sum() == min(EACH, (positive & (patient > 9) == side).sum()) for side in (True,)
    )
    assert (~positive[rows]).sum() == EACH
    assert len(np.unique(patient[rows])) == 80
    assert not set(patient[rows]) & set(range(10))
    assert np.bincount(patient[rows], minlength=90)[10:].max() <= 3
    assert np.array_equal(rows, drawn_rows(case, each=EACH))

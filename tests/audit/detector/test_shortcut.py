"""The rule for shortcuts: a FAIL needs both sides, and the films that stand for a habit are those that show it best."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.audit.detector.detector_test import Case, Verdict
from deepcovid.audit.detector.kinds import BORDER
from deepcovid.audit.detector.looks import PLAIN, Alteration, Measure
from deepcovid.audit.detector.shortcut import Judged, Sides, base_rows, habits, judged, measured_rows
from deepcovid.audit.detector.style_measure import PARTS
from deepcovid.evaluation.intervals import Interval
from tests.audit.detector.given import GivenLooks, given

N = 200


def auc(low: float, high: float) -> Interval:
    return Interval(value=(low + high) / 2, low=low, high=high, method="", n=100)


@pytest.mark.parametrize(
    ("data", "detector", "strict", "verdict", "note"),
    [
        ((0.7, 0.8), (0.65, 0.75), (0.62, 0.78), "FAIL", ""),
        ((0.7, 0.8), (0.61, 0.75), (0.59, 0.78), "CANNOT TELL", "sensitive to"),
        ((0.7, 0.8), (0.45, 0.55), (0.4, 0.6), "PASS", "the data hold"),
        ((0.4, 0.55), (0.8, 0.9), (0.8, 0.9), "PASS", "sensitive to"),
        ((0.5, 0.65), (0.8, 0.9), (0.8, 0.9), "CANNOT TELL", "sensitive to"),
        ((0.4, 0.55), (0.45, 0.55), (0.4, 0.6), "PASS", ""),
    ],
)
def test_a_fail_needs_data_and_detector(
    data: tuple[float, float], detector: tuple[float, float], strict: tuple[float, float], verdict: Verdict, note: str
) -> None:
    found = Judged(BORDER, auc(*data), auc(*detector), auc(*strict), "told")
    assert found.verdict == verdict
    assert found.note.startswith(note) if note else found.note == ""
    assert found.to_dict()["verdict"] == verdict


class MeasuredLooks(GivenLooks):
    """Style attributes that are given, and scores that an alteration named "up" raises."""

    values = np.zeros((N, 66), dtype=np.float32)

    def measured(self, rows: np.ndarray, _: Measure) -> np.ndarray:
        return self.values[rows]

    def scores(self, rows: np.ndarray, alteration: Alteration = PLAIN) -> np.ndarray:
        return self._scores[rows] + (0.2 if alteration.name == "up" else 0.0)


@pytest.fixture
def case() -> Case:
    """Half positive films with wide edges, two films a patient; half the patients were trained on."""
    rng = np.random.default_rng(0)
    positive = np.arange(N) % 4 < 2
    made = given(positive, features=rng.normal(size=(N, 2)), patient=np.arange(N) // 2, tested=np.arange(N) % 8 < 4)
    looks = MeasuredLooks(rng.random(N) * 0.5, np.zeros((N, 2)), paths=[], threshold=0.5)
    looks.values = rng.normal(size=(N, 66)).astype(np.float32) * 0.02
    looks.values[:, PARTS[BORDER].start] += 0.05 * positive
    object.__setattr__(made, "looks", looks)
    return made


def test_habits_are_learnt_across_patients_and_shown_by_the_clearest_films(case: Case) -> None:
    found = habits(case, BORDER)
    assert found.data.low > 0.75
    assert found.data.unit == "patient"
    width = PARTS[BORDER].start
    of_positives = case.looks.values[found.positive, width].mean()
    assert case.positive[found.positive].all()
    assert not case.positive[found.negative].any()
    assert of_positives > case.looks.values[case.positive, width].mean()
    assert found.of(found.positive)[:, 0] == pytest.approx(case.looks.values[found.positive, width])
    assert len(measured_rows(case)) == N


def test_only_tested_films_are_altered_and_held_against_themselves(case: Case) -> None:
    rows = base_rows(case, positive=False)
    assert case.tested[rows].all()
    assert not case.positive[rows].any()
    up = Alteration("up", lambda film: film.pixels)
    raised = judged(case, habits(case, BORDER), Sides(rows, up, PLAIN, ""))
    # uniform over half, raised by a fifth: P(U + 0.4 > U') = 1 − 0.6² / 2
    assert raised.detector.value == pytest.approx(0.82, abs=0.05)
    assert raised.strict.low < raised.detector.low
    assert raised.verdict == "FAIL"
    lowered = judged(case, habits(case, BORDER), Sides(rows, PLAIN, up, ""))
    assert lowered.detector.value == pytest.approx(1 - (raised.detector.value or 0))
    assert lowered.verdict == "PASS"
    same = judged(case, habits(case, BORDER), Sides(rows, PLAIN, PLAIN, ""))
    assert (same.detector.low, same.detector.high) == (0.5, 0.5)

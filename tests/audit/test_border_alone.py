"""Tests of the question whether a thumbnail's border tells the label."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.border_alone import border_alone, border_features
from tests.audit.subjects import facts, people, subject

LABELS = ["covid"] * 60 + ["normal"] * 60


def table(planted: np.ndarray):
    rng = np.random.default_rng(0)
    films = []
    for place in range(120):
        whole = rng.integers(60, 120, (32, 32)).astype(np.uint8)
        films.append(facts(place, whole=whole + planted * (place < 60)))
    return subject(people(120, label=LABELS), films=films)


def test_a_marker_in_the_corner_warns_and_one_in_the_middle_is_not_seen() -> None:
    corner, middle = np.zeros((32, 32), np.uint8), np.zeros((32, 32), np.uint8)
    corner[1:3, 26:30] = 100
    middle[10:20, 10:20] = 100
    warned = border_alone(table(corner))
    assert warned.verdict == "WARN"
    assert warned.figures["areas"][0]["auc"]["value"] > 0.99
    assert border_alone(table(middle)).verdict != "WARN"


def test_the_border_is_the_outer_eighth_on_each_side() -> None:
    whole = np.zeros((32, 32), np.uint8)
    whole[4:-4, 4:-4] = 255
    features = border_features(subject(people(2), films=[facts(whole=whole), None]))
    assert features.shape == (2, 32 * 32 - 24 * 24)
    assert not features.any()

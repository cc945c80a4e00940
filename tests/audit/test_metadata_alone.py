"""Tests of the question whether view, sex, age and the file's form tell the label."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deepcovid.audit.metadata_alone import metadata_alone, metadata_features
from tests.audit.subjects import facts, people, subject

LABELS = ["covid"] * 60 + ["normal"] * 60


@pytest.mark.parametrize(
    "planted",
    [{"width": 700}, {"size": 90_000}, {"format": "JPEG"}, {"mode": "RGB"}, {"bit_depth": 16}, {"quality": 70}],
    ids=lambda planted: next(iter(planted)),
)
def test_a_trait_of_the_file_that_tells_the_label_warns(planted: dict[str, Any]) -> None:
    films = [facts(place, **(planted if place < 60 else {})) for place in range(120)]
    result = metadata_alone(subject(people(120, label=LABELS), films=films))
    assert result.verdict == "WARN"
    assert result.figures["areas"][0]["auc"]["value"] > 0.99


@pytest.mark.parametrize(
    "columns",
    [
        {"view": ["AP"] * 60 + ["PA"] * 60},
        {"sex": ["M"] * 60 + [None] * 60},
        {"age": [60.0] * 60 + [5.0] * 60},
    ],
    ids=["view", "sex", "age"],
)
def test_a_trait_of_the_person_that_tells_the_label_warns(columns: dict[str, Any]) -> None:
    assert metadata_alone(subject(people(120, label=LABELS, **columns))).verdict == "WARN"


def test_traits_that_tell_nothing_do_not_warn() -> None:
    rng = np.random.default_rng(0)
    films = [
        facts(place, width=int(rng.choice([500, 600])), size=int(rng.integers(9000, 11000))) for place in range(120)
    ]
    columns = {"view": rng.choice(["AP", "PA"], 120).tolist(), "age": rng.uniform(20, 80, 120).tolist()}
    assert metadata_alone(subject(people(120, label=LABELS, **columns), films=films)).verdict != "WARN"


def test_features_are_numbers_even_where_nothing_is_known() -> None:
    table = subject(
        people(3, label=["a"] * 3, view=[None, "PA", "x"], age=[None, 3.0, 4.0]), films=[None, facts(1), facts(2)]
    )
    features = metadata_features(table)
    assert features.shape[0] == 3
    assert np.isfinite(features).all()

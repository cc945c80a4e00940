"""Test 6 on controls that are called positive as often as other negatives, more often, or cannot be counted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from deepcovid.audit.detector.control_films import control_films, difference_of_shares
from deepcovid.audit.detector.detector_test import Case
from deepcovid.errors import TableError
from deepcovid.evaluation.intervals import wilson
from tests.audit.detector.given import given

N = 600
BEFORE = {"controls": {"before": "2019-12-01"}}


def _case(*, shift: float, extra: dict[str, Any] | None = None, threshold: float | None = 0.5, **columns: Any) -> Case:
    """A third are positives, a third other negatives, a third old films, whose scores are higher by `shift`."""
    rng = np.random.default_rng(0)
    kind = np.arange(N) % 3
    features = rng.normal(size=(N, 3)) - 1.8
    features[:, 0] += 3.0 * (kind == 0) + shift * (kind == 2)
    told = {"date": np.where(kind == 2, "2014", "2020-04-03"), "source": np.where(kind == 2, "old", "new"), **columns}
    tested = np.arange(N) // 3 % 4 != 0
    return given(
        kind == 0,
        features=features,
        tested=tested,
        columns=told,
        threshold=threshold,
        extra=BEFORE if extra is None else extra,
    )


def test_old_films_called_positive_more_often_than_other_negatives_fail() -> None:
    result = control_films(_case(shift=2.0, source="one"))
    assert result.verdict == "FAIL"
    assert result.figures["films"] == 150
    assert result.figures["rate"]["low"] > result.figures["other_negatives"]["high"]
    assert "of 150 films that cannot be positive are called positive" in result.sentence


def test_old_films_called_positive_as_often_pass() -> None:
    result = control_films(_case(shift=0.0, source="one"))
    assert result.verdict == "PASS", result.sentence


def test_a_source_can_be_named_and_a_column_can_mark() -> None:
    by_source = control_films(_case(shift=0.0, extra={"controls": {"sources": ["old"]}}))
    assert by_source.verdict == "CANNOT TELL"  # the old source was trained on, with negatives only
    assert "150 controls do not count" in " ".join(by_source.notes)
    marked = control_films(_case(shift=0.0, extra={}, source="one", control=np.where(np.arange(N) % 3 == 2, "yes", "")))
    assert marked.verdict == "PASS"
    assert marked.figures["films"] == 150


def test_few_controls_say_how_many_would_tell() -> None:
    case = _case(shift=0.0, source="one", date=np.where(np.arange(N) % 36 == 32, "2014", "2020-04-03"))
    result = control_films(case)
    assert result.verdict == "CANNOT TELL"
    assert "controls and as many other negatives would tell" in result.sentence


def test_without_controls_it_says_how_to_have_some() -> None:
    result = control_films(_case(shift=0.0, extra={}))
    assert result.verdict == "CANNOT TELL"
    assert "--before" in result.sentence


def test_a_detector_without_a_threshold_is_given_one() -> None:
    result = control_films(_case(shift=2.0, source="one", threshold=None))
    assert result.verdict == "FAIL"
    assert result.figures["other_negatives"]["value"] == pytest.approx(0.05, abs=0.01)
    assert any("no threshold" in note for note in result.notes)


def test_wrong_wishes_are_refused() -> None:
    with pytest.raises(TableError, match="is 'spring'"):
        control_films(_case(shift=0.0, extra={"controls": {"before": "spring"}}))
    with pytest.raises(TableError, match="no film has the source 'nowhere'"):
        control_films(_case(shift=0.0, extra={"controls": {"sources": ["nowhere"]}}))


def test_the_difference_is_newcombes() -> None:
    ours = difference_of_shares(wilson(56, n=70), wilson(48, n=80))
    low, high = confint_proportions_2indep(56, 70, 48, 80, method="newcomb")
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)
    assert (ours.low, ours.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)  # Newcombe 1998, table II, (a), method 10

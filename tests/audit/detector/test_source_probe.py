"""Test 2 on features that carry the source or do not, with scores that follow it or do not."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.source_probe import source_probe
from tests.audit.detector.given import given

N = 600


def _case(*, bound: float, written: float, follows: float, seed: int = 0, sources: int = 2) -> Case:
    """Source 0 is the positives' as often as `bound` says; the second feature holds the source, the score by `follows`."""
    rng = np.random.default_rng(seed)
    positive = np.arange(N) % 2 == 0
    first = np.where(rng.random(N) < bound, positive, rng.random(N) < 0.5)
    features = rng.normal(size=(N, 12))
    features[:, 0] += 1.2 * positive + follows * first
    features[:, 1] += written * first
    names = np.where(first, "north", np.where(rng.random(N) < 0.5, "south", "east") if sources == 3 else "south")
    tested = np.arange(N) // 2 % 3 != 0
    return given(positive, features=features, tested=tested, columns={"source": names})


def test_a_source_that_is_read_followed_and_tied_to_the_label_fails() -> None:
    result = source_probe(_case(bound=0.6, written=4.0, follows=2.0))
    assert result.verdict == "FAIL"
    assert result.kinds == ("source",)
    assert "is read from the features" in result.sentence
    assert "follow it" in result.sentence


def test_a_source_that_is_read_and_says_nothing_of_the_label_passes() -> None:
    result = source_probe(_case(bound=0.0, written=4.0, follows=0.0, seed=1, sources=3))
    assert result.verdict == "PASS"
    assert "does no harm by itself" in result.sentence
    assert len(result.figures["probes"]) == 6
    assert all(one["auc"]["low"] > 0.5 for one in result.figures["probes"] if one["source"] == "north")


def test_a_source_tied_to_the_label_that_scores_do_not_follow_passes() -> None:
    result = source_probe(_case(bound=0.6, written=4.0, follows=0.0, seed=1))
    assert result.verdict == "PASS"
    assert "do not follow it" in result.sentence


def test_features_without_the_source_pass() -> None:
    result = source_probe(_case(bound=0.0, written=0.0, follows=0.0, seed=3))
    assert result.verdict == "PASS"
    assert "hardly read" in result.sentence


def test_one_source_a_label_cannot_be_probed() -> None:
    result = source_probe(_case(bound=1.0, written=4.0, follows=2.0))
    assert result.verdict == "CANNOT TELL"
    assert "cannot be probed" in result.sentence

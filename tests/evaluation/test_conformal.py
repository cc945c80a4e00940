"""Conformal sets: the law of their coverage, patients with several films, and what they leave undecided."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import beta, kstest

from deepcovid.configuration import from_mapping, to_mapping
from deepcovid.errors import ScoresError
from deepcovid.evaluation.abstention import conformal_of
from deepcovid.evaluation.conformal import Conformal, fit_conformal
from tests.evaluation.scored import scores_of


def both(score: np.ndarray) -> np.ndarray:
    return np.stack([1 - score, score], axis=1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.floats(0.02, 0.5), st.integers(0, 2**32 - 1))
def test_a_set_lacks_a_class_where_the_conformal_p_value_is_at_most_alpha(n: int, alpha: float, seed: int) -> None:
    """The p-value as Vovk writes it: (1 + films at least as strange) / (n + 1)."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([1, 1, 1], size=3 * n)
    truth = np.arange(3 * n) % 3
    rule = fit_conformal(probabilities, truth=truth, patient=np.arange(3 * n), alpha=alpha)
    new = rng.dirichlet([1, 1, 1], size=50)
    for place in range(3):
        known = probabilities[truth == place, place]
        p_value = (1 + np.sum(known[None] <= new[:, place, None], axis=1)) / (n + 1)
        near = np.abs(new[:, place] - rule.lowest[place]) < 2e-4  # the room that is left for rounding
        np.testing.assert_array_equal((rule.sets(new)[:, place])[~near], (p_value > alpha + 1e-12)[~near])


@pytest.mark.parametrize(("n", "alpha"), [(9, 0.1), (19, 0.1), (50, 0.1), (57, 0.05)])
def test_coverage_is_at_least_what_is_promised_and_hardly_more(n: int, alpha: float) -> None:
    """Over calibrations it is Beta(n + 1 − k, k) with k = ⌊α(n + 1)⌋, whatever the scores' law (Vovk 2012)."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(1500):
        score = rng.random(n)  # uniform, so that the coverage of a threshold is 1 − threshold
        rule = fit_conformal(both(score), truth=np.ones(n, dtype=int), patient=np.arange(n), alpha=alpha)
        held.append(1 - rule.lowest[1])
    k = int(np.floor(alpha * (n + 1) + 1e-9))
    mean = (n + 1 - k) / (n + 1)
    assert 1 - alpha <= mean <= 1 - alpha + 1 / (n + 1)
    assert np.mean(held) == pytest.approx(mean, abs=0.006)
    assert kstest(held, beta(n + 1 - k, k).cdf).pvalue > 0.001
    low, high = Conformal(alpha=alpha, lowest=(0.0, 0.5), patients=(0, n)).expected(1)
    assert np.mean((np.array(held) >= low) & (np.array(held) <= high)) == pytest.approx(0.95, abs=0.02)


def test_classes_are_covered_apart_where_a_common_threshold_would_fail_the_rare_one() -> None:
    rng = np.random.default_rng(1)
    odds, positive = rng.normal(size=40_000), np.arange(40_000) % 20 == 0
    score = expit(odds - 3 + 2.5 * positive)
    fit, new = np.arange(40_000) < 20_000, np.arange(40_000) >= 20_000
    rule = fit_conformal(both(score[fit]), truth=positive[fit].astype(int), patient=np.arange(20_000))
    sets = rule.sets(both(score[new]))
    for place in (0, 1):
        assert sets[positive[new] == bool(place), place].mean() == pytest.approx(0.9, abs=0.04)
    called = score[new] >= 0.5
    assert called[positive[new]].mean() < 0.5  # the call at one half misses most of them


@pytest.mark.parametrize("alike", [0.0, 0.7, 1.0])
def test_several_films_of_a_patient_are_covered_too(alike: float) -> None:
    rng = np.random.default_rng(2)

    def films(patients: int) -> tuple[np.ndarray, np.ndarray]:
        patient = np.repeat(np.arange(patients), rng.integers(1, 7, patients))
        common, own = rng.normal(size=patients)[patient], rng.normal(size=len(patient))
        return expit(np.sqrt(alike) * common + np.sqrt(1 - alike) * own), patient

    held = []
    for _ in range(600):
        score, patient = films(39)
        rule = fit_conformal(both(score), truth=np.ones(len(score), dtype=int), patient=patient)
        new, whose = films(60)
        share = rule.sets(both(new))[:, 1]
        held.append(np.mean(np.bincount(whose, weights=share) / np.bincount(whose)))
    assert 0.893 <= np.mean(held) <= 0.925


def test_few_patients_never_rule_a_class_out() -> None:
    score = np.linspace(0.1, 0.9, 8)
    rule = fit_conformal(both(score), truth=np.ones(8, dtype=int), patient=np.arange(8))
    assert rule.lowest == (0.0, 0.0)
    assert rule.patients == (0, 8)
    assert rule.expected(1) == (1.0, 1.0)
    assert rule.sets(both(np.array([0.0, 1.0]))).all()


def test_equal_films_of_a_patient_change_nothing() -> None:
    score = np.random.default_rng(3).random(40)
    once = fit_conformal(both(score), truth=np.ones(40, dtype=int), patient=np.arange(40))
    many = fit_conformal(both(np.repeat(score, 3)), truth=np.ones(120, dtype=int), patient=np.repeat(np.arange(40), 3))
    assert many == once


def test_the_evaluation_counts_sets_and_tells_coverage_by_class_and_source() -> None:
    rng = np.random.default_rng(4)
    positive = np.arange(1200) % 3 == 0
    score = expit(rng.normal(size=1200) + 2 * positive - 1)
    source = np.where(rng.random(1200) < 0.5, "north", "south")
    shifted = np.where((source == "south") & (np.arange(1200) >= 600), score**2, score)  # the south's new machine
    chooser = scores_of(positive[:600], score[:600], np.arange(600), source=source[:600])
    films = scores_of(positive[600:], shifted[600:], np.arange(600), source=source[600:])
    found = conformal_of(films, chooser=chooser)
    assert found is not None
    json.dumps(found, allow_nan=False)
    rule = fit_conformal(both(chooser.score), truth=chooser.positive.astype(int), patient=chooser.patient)
    for row in found["classes"]:
        place = int(row["class"] == "positive")
        own = films.positive == bool(place)
        holds = rule.sets(both(films.score))[own, place]
        assert row["coverage"]["value"] == pytest.approx(holds.mean())
        assert row["alone"] + row["both"] == np.count_nonzero(holds)
        assert row["alone"] + row["both"] + row["wrong"] + row["none"] == np.count_nonzero(own)
    verdicts = {(row["class"], row["source"]): row["verdict"] for row in found["by_source"]}
    assert verdicts["positive", "south"] == "short"
    assert verdicts["positive", "north"] == "no shortfall shown"
    decided = found["decided"]
    assert 0 < decided["share"]["value"] < 1
    assert decided["specificity"]["value"] > np.mean(films.score[~films.positive] < 0.5)


def test_without_validation_films_there_are_no_sets() -> None:
    films = scores_of(np.arange(20) > 9, np.linspace(0, 1, 20))
    assert conformal_of(films, chooser=None) is None


def test_it_is_written_and_read_again_and_nonsense_is_refused() -> None:
    rule = Conformal(alpha=0.1, lowest=(0.2, 0.7), patients=(30, 20), fitted_on={"films": 60})
    assert from_mapping(Conformal, to_mapping(rule), where="it") == rule
    for values in ({"alpha": 1.0}, {"lowest": (0.2, 1.7)}, {"patients": (3,)}):
        with pytest.raises(ScoresError, match="a conformal rule with alpha"):
            Conformal(**{"alpha": 0.1, "lowest": (0.2, 0.7), "patients": (30, 20)} | values)

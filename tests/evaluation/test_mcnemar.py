"""Paired calls: against statsmodels, against Newcombe's own table, and a coverage that is counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from deepcovid.evaluation.intervals import wilson
from deepcovid.evaluation.mcnemar import PairedCounts, holm, mcnemar_exact, paired_counts, paired_difference

counts = st.builds(
    PairedCounts,
    both=st.integers(0, 40),
    first_only=st.integers(0, 40),
    second_only=st.integers(0, 40),
    neither=st.integers(1, 40),
)


@given(counts)
def test_the_exact_test_is_statsmodels(told: PairedCounts) -> None:
    table = [[told.both, told.first_only], [told.second_only, told.neither]]
    expected = 1.0 if told.first_only + told.second_only == 0 else mcnemar(table, exact=True).pvalue
    assert mcnemar_exact(told) == pytest.approx(expected)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_statsmodels_and_leaves_absent_tests_out(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(expected.tolist())
    assert holm([None, *p_values])[0] is None
    assert holm([None, *p_values])[1:] == holm(p_values)


@given(counts)
def test_the_interval_holds_its_value_and_turns_with_the_order(told: PairedCounts) -> None:
    turned = PairedCounts(
        both=told.both, first_only=told.second_only, second_only=told.first_only, neither=told.neither
    )
    one, other = paired_difference(told), paired_difference(turned)
    assert -1 <= one.low <= (one.value or 0.0) <= one.high <= 1
    assert other.low == pytest.approx(-one.high)
    assert other.high == pytest.approx(-one.low)


def test_without_correlation_the_squares_of_wilsons_lengths_add() -> None:
    told = PairedCounts(both=0, first_only=12, second_only=0, neither=0)  # a margin is empty: no correlation
    one, other = wilson(12, n=12), wilson(0, n=12)
    interval = paired_difference(told)
    assert interval.value == 1
    assert interval.low == pytest.approx(1 - np.hypot(1 - one.low, other.high))


def test_the_interval_covers_what_it_says() -> None:
    rng = np.random.default_rng(0)
    shares = [0.7, 0.15, 0.05, 0.1]  # the truth: a difference of 0.1
    held = 0
    for a, b, c, d in rng.multinomial(60, shares, size=800):
        interval = paired_difference(PairedCounts(both=a, first_only=b, second_only=c, neither=d))
        held += interval.low <= 0.1 <= interval.high
    assert 0.93 <= held / 800 <= 0.98


def test_counts_of_calls() -> None:
    first, second = np.array([True, True, False, False, True]), np.array([True, False, True, False, True])
    told = paired_counts(first, second_right=second)
    assert told == PairedCounts(both=2, first_only=1, second_only=1, neither=1)
    assert told.n == 5
    with pytest.raises(ValueError, match="needs a film"):
        paired_difference(PairedCounts(both=0, first_only=0, second_only=0, neither=0))


def test_films_that_are_worth_fewer_widen_the_interval_and_keep_the_value() -> None:
    told = PairedCounts(both=20, first_only=6, second_only=2, neither=12)
    plain, half = paired_difference(told), paired_difference(told, independent=20, unit="patient")
    assert half.value == plain.value == 0.1
    assert (half.n, half.unit) == (20, "patient")
    assert half.low < plain.low < plain.high < half.high
    assert paired_difference(told, independent=40) == plain

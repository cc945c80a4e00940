"""Numbers are said with their unit, interval, method and n."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.reporting import words

NBSP = words.SPACE


@pytest.mark.parametrize(
    ("fraction", "said"),
    [(0.975, f"97.5{NBSP}%"), (1.0, f"100.0{NBSP}%"), (0.0, f"0.0{NBSP}%"), (None, "–"), (math.nan, "–")],
)
def test_percent_has_one_decimal_and_an_absent_value_is_a_dash(fraction: float | None, said: str) -> None:
    assert words.percent(fraction) == said


@given(st.floats(0, 1))
def test_percent_reads_back_to_within_its_decimal(fraction: float) -> None:
    number = float(words.percent(fraction).split(NBSP)[0])
    assert number / 100 == pytest.approx(fraction, abs=0.00051)


def test_an_interval_says_its_method_n_and_unit() -> None:
    interval = {"value": 0.975, "low": 0.8712, "high": 0.9956, "method": "Wilson", "n": 40, "unit": "image"}
    assert words.bounds(interval) == f"87.1–99.6{NBSP}%"
    assert words.basis(interval) == f"Wilson, 40{NBSP}films"
    assert words.basis({**interval, "n": 1, "unit": "patient"}) == f"Wilson, 1{NBSP}patient"


def test_an_interval_without_limits_is_a_dash() -> None:
    assert words.bounds({"value": 0.5, "low": None, "high": None}) == "–"


def test_the_papers_interval_shows_where_it_passes_100_percent() -> None:
    """Deep-COVID, Table VI: 39 of 40 gives 97.5 ± 4.8 %, which ends at 102.3 %."""
    half = 1.96 * math.sqrt(0.975 * 0.025 / 40)
    said = words.halfwidth({"value": 0.975, "halfwidth": half, "low": 0.975 - half, "high": 0.975 + half})
    assert said == f"97.5{NBSP}±{NBSP}4.8 (92.7–102.3)"


@pytest.mark.parametrize(("fraction", "said"), [(0.01, "1 in 100"), (0.2, "20 in 100"), (0.001, "1 in 1,000")])
def test_prevalence_is_said_in_people(fraction: float, said: str) -> None:
    assert words.prevalence(fraction) == said


@given(st.text(max_size=80), st.integers(3, 40))
def test_shortened_text_keeps_to_the_limit_and_its_ends(text: str, limit: int) -> None:
    short = words.shorten(text, limit=limit)
    assert len(short) <= limit
    assert short == text or (short.count("…") >= 1 and text.startswith(short.split("…")[0]))


def test_facts_of_every_kind_become_one_line() -> None:
    said = [words.fact(value) for value in (None, True, 41.23456789, 50178, [1, 2], {"a": 0.5, "b": None}, "x")]
    assert said == ["–", "yes", "41.2346", "50,178", "1, 2", "a 0.5, b –", "x"]
    assert not any(re.search(r"[{}\[\]']", line) for line in said)

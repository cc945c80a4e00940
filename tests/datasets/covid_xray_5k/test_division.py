"""Drawing patients whose films add up: exactly, alike for every set, and the same at every call."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.covid_xray_5k.division import count_divisions, draw_patients

SIZES = st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 6), min_size=1, max_size=9)


def sums(films: dict[str, int]) -> Counter[int]:
    """How many sets of patients have each number of films, by counting them all."""
    return Counter(
        sum(films[name] for name in names) for size in range(len(films) + 1) for names in combinations(films, size)
    )


@given(SIZES, st.integers(0, 40), st.integers(0, 5))
def test_the_films_add_up_or_come_as_near_as_any_patients_do(films: dict[str, int], total: int, seed: int) -> None:
    drawn = draw_patients(films, total=total, seed=seed)
    assert drawn <= set(films)
    found = sum(films[patient] for patient in drawn)
    assert abs(found - total) == min(abs(n - total) for n in sums(films))


@given(SIZES, st.integers(0, 40))
def test_divisions_are_counted_as_by_hand(films: dict[str, int], total: int) -> None:
    assert count_divisions(films, total=total) == sums(films)[total]


@given(SIZES, st.integers(0, 20), st.integers(0, 5))
def test_the_order_of_patients_changes_nothing(films: dict[str, int], total: int, seed: int) -> None:
    backwards = dict(reversed(films.items()))
    assert draw_patients(backwards, total=total, seed=seed) == draw_patients(films, total=total, seed=seed)


def test_every_set_is_equally_likely() -> None:
    films = {"a": 1, "b": 1, "c": 2, "d": 3, "e": 2}
    drawn = Counter(draw_patients(films, total=4, seed=seed) for seed in range(4000))
    assert len(drawn) == count_divisions(films, total=4) == 5  # ad, bd, ce, abc, abe
    chi2 = sum((count - 800) ** 2 / 800 for count in drawn.values())
    assert chi2 < 18.5  # 0.999 quantile of chi-square with 4 degrees of freedom


def test_purposes_are_independent_draws() -> None:
    films = {str(number): 1 for number in range(40)}
    first = draw_patients(films, total=20, seed=0, purpose="train")
    other = draw_patients(films, total=20, seed=0, purpose="release")
    assert first != other
    assert 4 <= len(first & other) <= 16


@pytest.mark.parametrize(("total", "films"), [(0, 0), (7, 8), (100, 11)])
def test_what_cannot_be_had_is_nearly_had(total: int, films: int) -> None:
    sizes = {"a": 8, "b": 3}
    assert sum(sizes[name] for name in draw_patients(sizes, total=total, seed=1)) == films

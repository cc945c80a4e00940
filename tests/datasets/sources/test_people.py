from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.sources.people import is_approximate_age, parse_age, parse_sex


@pytest.mark.parametrize(
    ("word", "years"),
    [
        ("62", 62), ("62.0", 62), ("0", 0), ("120", 120), (" 7 ", 7), ("070Y", 70), ("006M", 0.5), ("26w", 0.4983),
        ("010D", 0.0274), ("60-69", 64.5), ("4-5", 4.5), ("60 to 69", 64.5), ("<1", 0.5), ("90+", 90), (">89", 89),
        ("28 years", 28), ("1.5", 1.5), ("unknown", None), ("N/A", None),
    ],
)  # fmt: skip
def test_ages(word: str, years: float | None) -> None:
    assert parse_age(word) == years


@pytest.mark.parametrize(
    "word",
    ["", "F", "old", "-3", "121", "1e1", "0x10", "1_0", "inf", "٣٣", "5-4", "2020-03-01", "62,5", "early 40s"],
)
def test_what_is_no_age(word: str) -> None:
    with pytest.raises(ValueError, match="allowed are years from 0 to 120"):
        parse_age(word)


@given(st.floats(0, 120))
def test_every_age_is_read_back(years: float) -> None:
    text = f"{years:.2f}"
    assert parse_age(text) == float(text)


@given(st.text(max_size=8))
def test_a_cell_is_an_age_unknown_or_refused(word: str) -> None:
    try:
        years = parse_age(word)
    except ValueError:
        return
    assert years is None or 0 <= years <= 120


def test_ranges_and_bounds_are_told_from_ages() -> None:
    assert all(map(is_approximate_age, ["60-69", "<1", "90+", ">89", "4 - 5", "60 to 69"]))
    assert not any(map(is_approximate_age, ["62", "62.0", "070Y", "unknown", "0.25"]))


def test_sexes() -> None:
    assert [parse_sex(word) for word in ("F", "female", " M ", "MALE", "O", "unknown", "U")] == [
        *"FFMM",
        None,
        None,
        None,
    ]
    for word in ("62", "", "x", "mf"):
        with pytest.raises(ValueError, match="allowed are F, M"):
            parse_sex(word)

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepcovid.datasets.sources.dates import parse_date


@pytest.mark.parametrize(
    ("word", "date"),
    [
        ("2020", "2020"), ("2020-03", "2020-03"), ("2020-3-4", "2020-03-04"), ("20200313", "2020-03-13"),
        ("January 22, 2020", "2020-01-22"), ("Mar 4, 2020", "2020-03-04"), ("Sept. 9 2020", "2020-09-09"),
        ("4 May 2010", "2010-05-04"), ("March 2020", "2020-03"),
    ],
)  # fmt: skip
def test_dates(word: str, date: str) -> None:
    assert parse_date(word) == date


@pytest.mark.parametrize(
    "word", ["", "January 12", "yesterday", "2020-13", "20201340", "February 30, 2020", "Janu 2, 2020x", "20"]
)
def test_what_is_no_date(word: str) -> None:
    with pytest.raises(ValueError, match="allowed are 2020"):
        parse_date(word)


def test_slashes_are_read_only_where_their_order_is_known() -> None:
    assert parse_date("2/29/2020", month_first=True) == "2020-02-29"
    with pytest.raises(ValueError, match="allowed are"):
        parse_date("2/29/2020")
    with pytest.raises(ValueError, match="allowed are"):
        parse_date("29/2/2020", month_first=True)


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)))
def test_every_way_of_writing_a_day_is_the_same_day(day: datetime.date) -> None:
    ways = (day.isoformat(), f"{day:%Y%m%d}", f"{day:%B %d, %Y}", f"{day:%b %d, %Y}", f"{day:%d %B %Y}")
    assert {parse_date(way) for way in ways} == {day.isoformat()}

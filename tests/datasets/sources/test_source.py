from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from deepcovid.datasets.sources import SOURCES, Parsed, Source
from deepcovid.datasets.sources.naming import source_named
from deepcovid.errors import UnknownNameError


def source(**changed: Any) -> Source:
    told: dict[str, Any] = dict.fromkeys(("name", "title", "home", "licence", "citation", "layout"), "x")
    told |= {"access": "open", "expected": {"images": 1}, "read": lambda folder: Parsed(pd.DataFrame())}
    return Source(**(told | changed))


def test_access_and_counts_are_checked() -> None:
    with pytest.raises(ValueError, match="access is 'free'; allowed are open, registration, request"):
        source(access="free")
    with pytest.raises(ValueError, match="'films' cannot be counted"):
        source(expected={"films": 3})
    with pytest.raises(ValueError, match="'pictures' cannot be counted"):
        source(other_versions={"2": {"pictures": 3}})


def test_what_is_said_of_a_source_is_json() -> None:
    told = json.loads(json.dumps(source(version="2", other_versions={"1": {"patients": 2}}, layout="a\nb").to_dict()))
    assert told["expected"] == {"2": {"images": 1}, "1": {"patients": 2}}
    assert told["layout"] == ["a", "b"]
    assert "read" not in told


@pytest.mark.parametrize(
    "word", ["Figure1", "figure-1", "figre1", "covid-chest-xray", "covid_chestxray", "COVID-CXNET", "hanover"]
)
def test_a_slip_of_the_pen_is_an_error_with_a_guess(word: str) -> None:
    with pytest.raises(UnknownNameError, match=f"no source named '{word}' → did you mean"):
        source_named(word)


@pytest.mark.parametrize("word", ["north", "St. Elsewhere", "my-hospital", "a", "Ospedale Santo Spirito", "clinic 7"])
def test_a_hospital_of_ones_own_is_a_plain_name(word: str) -> None:
    assert source_named(word) is None


def test_every_registered_name_means_itself() -> None:
    assert all(source_named(name) is SOURCES[name] for name in SOURCES)

"""Hospitals have habits: the same for the same name, different between names."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.datasets.phantom import Acquisition, sample_acquisition, source_named
from deepcovid.errors import DeepCovidError


def test_a_hospital_keeps_its_habits() -> None:
    assert source_named("hospital-a") == source_named("hospital-a")
    assert len({source_named(f"hospital-{letter}").contrast for letter in "abcdefgh"}) == 8


def test_the_two_default_hospitals_can_be_told_apart() -> None:
    one, two = source_named("hospital-a"), source_named("hospital-b")
    assert (one.marker, one.marker_style, one.border_value) != (two.marker, two.marker_style, two.border_value)


def test_a_marker_stands_on_the_side_that_it_names() -> None:
    for number in range(20):
        source = source_named(f"site {number}")
        side = sample_acquisition(np.random.default_rng(number), source=source).marker_at[0]
        assert (side > 0.5) == (source.marker == "L")


def test_ap_films_are_taken_at_a_shallower_breath() -> None:
    rng = np.random.default_rng(0)
    breath = {
        view: np.mean([sample_acquisition(rng, view=view).inspiration for _ in range(60)]) for view in ("PA", "AP")
    }
    assert breath["AP"] < breath["PA"] - 0.1


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(DeepCovidError, match="PA, AP"):
        Acquisition(view="lateral")

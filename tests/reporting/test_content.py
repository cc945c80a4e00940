"""What a report is made of is checked when it is made, not when it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.reporting.content import Film, HeatmapCase, Notice

from . import synthetic


def test_notices_stand_gravest_first() -> None:
    order = [notice.level for notice in synthetic.content().notices]
    assert order == ["danger", "caution"]


def test_an_unknown_level_is_refused_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"danger, caution, info.*'loud'"):
        Notice("loud", "hear me")  # type: ignore[arg-type]


def test_a_film_in_colour_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(h, w\), not \(4, 4, 3\)"):
        Film(np.zeros((4, 4, 3), np.float32), "colour")


def test_a_heat_map_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(8, 8\).*\(4, 4\)"):
        HeatmapCase(np.zeros((8, 8), np.float32), np.zeros((4, 4), np.float32), "covid", 0.5, "right", "x")


def test_a_report_without_evaluation_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one evaluation"):
        synthetic.content(evaluations={})

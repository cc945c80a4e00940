"""Published figures: as printed, each with its place and citation, and consistent where they should be."""

from __future__ import annotations

from typing import get_args

import pytest

from deepcovid.errors import UnknownNameError
from deepcovid.evaluation.intervals import paper_halfwidth
from deepcovid.reporting.published import Document, PublishedFigure, published


def found(document: Document, **wanted: object) -> list[PublishedFigure]:
    return [figure for figure in published(document) if all(getattr(figure, name) == v for name, v in wanted.items())]


@pytest.mark.parametrize(
    ("document", "count"), [("deep-covid", 43), ("rawat", 36), ("darkcovidnet", 2), ("literature", 88)]
)
def test_every_figure_has_place_system_and_citation(document: Document, count: int) -> None:
    figures = published(document)
    assert len(figures) == count
    assert all(figure.place and figure.system and figure.citation for figure in figures)
    assert all(0 <= figure.value <= 1 for figure in figures if figure.unit == "fraction" and figure.value is not None)
    keys = [(figure.place, figure.system, figure.metric, figure.threshold) for figure in figures]
    assert len(set(keys)) == len(keys)


def test_an_unknown_document_names_the_four() -> None:
    with pytest.raises(UnknownNameError, match="deep-covid, rawat, darkcovidnet, literature"):
        published("minaee")  # type: ignore[arg-type]
    assert len(get_args(Document)) == 4


def test_the_halfwidths_of_deep_covid_follow_from_its_equation_3() -> None:
    summary = found("deep-covid", place="Table VI")
    assert len(summary) == 8
    for figure in summary:
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        assert figure.n is not None
        half = (figure.high - figure.low) / 2
        assert half == pytest.approx(paper_halfwidth(figure.value, n=figure.n), abs=6e-4)


def test_figure_11_of_deep_covid_contradicts_its_table_3() -> None:
    (drawn,) = found("deep-covid", place="Fig. 11")
    (told,) = found("deep-covid", place="Table III", metric="specificity", threshold=0.11)
    assert drawn.value == 2703 / 3000
    assert told.value == 0.905


def test_rawats_accuracies_are_whole_films_of_what_they_are_said_to_be_measured_on() -> None:
    counted = 0
    for figure in published("rawat"):
        if figure.unit == "fraction" and figure.n and figure.value is not None:
            right = round(figure.value * figure.n)
            assert round(right / figure.n, 4) == pytest.approx(figure.value, abs=1e-9), figure
            counted += 1
    assert counted == 6


def test_rawats_own_network_is_stored_with_two_moments() -> None:
    (size,) = found("rawat", system="CNN", metric="model_size")
    (parameters,) = found("rawat", system="CNN", metric="parameters_total")
    assert size.value is not None
    assert parameters.value is not None
    assert size.value * 1e6 / (3 * 4 * parameters.value) == pytest.approx(1.0, abs=1e-3)


def test_systems_without_enough_detail_stand_as_such() -> None:
    for reference in ("[4]", "[5]", "[10]"):
        rows = found("literature", place=f"Table 1, {reference}")
        assert len(rows) == 4
        assert all(not row.recipe and "too little is published" in row.note for row in rows)
    (sensitivity,) = found("literature", system="InstaCovNet-19", metric="sensitivity")
    assert sensitivity.value is None

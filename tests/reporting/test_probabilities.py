"""The parts on scores as probabilities and on groups: they say the evaluation's numbers, and are absent where it has none."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepcovid.evaluation.summary import evaluate
from deepcovid.reporting.content import ReportContent
from deepcovid.reporting.figures.style import figure_svg
from deepcovid.reporting.groups import gap_table, group_plates
from deepcovid.reporting.probabilities import probability_plates, probability_tables
from deepcovid.reporting.probability_tables import calibrations_of
from deepcovid.reporting.report import render_report
from deepcovid.reporting.tables import Table

from . import synthetic


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    positive = np.arange(600) % 3 == 0
    sex = rng.choice(["F", "M"], 600)
    odds = 3 * (rng.normal(size=600) + 2 * positive - 1 - 2 * (positive & (sex == "F")))
    split = np.where(np.arange(600) < 300, "val", "test")
    columns = {"sex": sex, "source": rng.choice(["north", "south"], 600), "split": split}
    frame = pd.DataFrame({"label": np.where(positive, "covid", "normal"), "score": 1 / (1 + np.exp(-odds)), **columns})
    return evaluate(frame, positive="covid", normal="normal", draws=50)


def text_of(table: Table) -> str:
    return " ".join(" ".join(cell.text for cell in row) for row in table.rows).replace("\u00a0", " ")


def test_calibrations_stand_beside_each_other_with_their_intervals(evaluation: dict[str, Any]) -> None:
    calibration, sets = probability_tables(evaluation)
    section = evaluation["calibration"]
    assert [row[0].text for row in calibration.rows] == [
        "as given", f"divided by {section['temperature']['temperature']:.2f}", "by a rising function"
    ]  # fmt: skip
    for name, row in zip(calibrations_of(section).values(), calibration.rows, strict=True):
        assert row[1].text.startswith(f"{name['brier']['value']:.3f} ({name['brier']['low']:.3f}–")
    assert "fitted on 300 films of validation, 100 of them positive" in calibration.note.replace("\u00a0", " ")
    assert [row[0].text for row in sets.rows] == [
        "covid", "… from north", "… from south", "not covid", "… from north", "… from south"
    ]  # fmt: skip
    assert f"{100 * evaluation['conformal']['classes'][0]['coverage']['value']:.1f} %" in text_of(sets)


def test_a_detectors_own_calibration_is_named_before_and_after(evaluation: dict[str, Any]) -> None:
    section = evaluation["calibration"]
    own = section | {"before": section["as_given"], "temperature": None, "isotonic": None, "fitted_on": None}
    assert list(calibrations_of(own)) == ["calibrated, as given", "before that"]


def test_gaps_that_were_found_are_told_and_unknown_is_said(evaluation: dict[str, Any]) -> None:
    table = gap_table(evaluation["subgroups"])
    rows = {(row[0].text, row[1].text): row for row in table.rows}
    assert rows["sex: F", "AUC"][-1].text == "lower"
    assert rows["sex: F", "AUC"][3].text.startswith("-0.")
    verdicts = {row[-1].text for row in table.rows}
    assert "unknown" in verdicts
    assert "no proof that there is none" in table.note


def test_plates_are_the_same_twice_parse_and_say_their_numbers(evaluation: dict[str, Any]) -> None:
    plates = [*probability_plates(evaluation), *group_plates(evaluation)]
    assert [plate.name for plate in plates] == [
        "reliability", "decision-curve", "groups-auc", "groups-sensitivity", "groups-specificity"
    ]  # fmt: skip
    again = [*probability_plates(evaluation), *group_plates(evaluation)]
    for one, other in zip(plates, again, strict=True):
        drawing = figure_svg(one.figure)
        assert drawing == figure_svg(other.figure)
        assert ElementTree.fromstring(drawing).tag.endswith("svg")
    women = next(group for group in evaluation["subgroups"]["groups"] if group["value"] == "F")
    assert f"sex F {women['auc']['value']:.3f}" in plates[2].alt


def test_the_page_has_both_parts_and_none_where_the_evaluation_has_none(evaluation: dict[str, Any]) -> None:
    content = ReportContent(title="t", question="q", positive="covid", evaluations={"test": evaluation})
    page = render_report(content)
    for part in ('id="probabilities"', 'href="#groups"', "Reliability diagram", "Sets that are to hold the truth"):
        assert part in page
    bare = ReportContent(title="t", question="q", positive="covid", evaluations={"test": synthetic.evaluation()})
    assert 'id="probabilities"' not in render_report(bare)
    assert 'id="groups"' not in render_report(bare)

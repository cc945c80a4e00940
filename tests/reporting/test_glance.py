"""The first screen says what was asked, how good, how sure, and whether to believe it."""

from __future__ import annotations

from typing import Any

import pytest

from deepcovid.reporting import glance
from deepcovid.reporting.content import NO_AUDIT, Notice
from deepcovid.reporting.figures.curves import main_point

from . import synthetic


@pytest.fixture(scope="module")
def evaluation() -> dict[str, Any]:
    return synthetic.evaluation()


def test_the_headlines_carry_interval_method_n_and_unit(evaluation: dict[str, Any]) -> None:
    auc, sensitivity, specificity = glance.headlines(evaluation)
    assert auc.basis == "patient bootstrap, 361\u00a0patients"
    assert auc.chance == 50
    assert sensitivity.basis == "Wilson, 40\u00a0films"
    assert specificity.basis == "Wilson, 380\u00a0films"
    assert specificity.low < specificity.at < specificity.high  # type: ignore[operator]


def test_a_point_chosen_on_validation_speaks_before_a_default_and_a_flattering_one(evaluation: dict[str, Any]) -> None:
    validation, flattering = evaluation["operating_points"]
    default = {**validation, "name": "default 0.5", "chosen_on": "given"}
    given = {**validation, "name": "threshold 0.3", "chosen_on": "given"}
    for points, first in (
        ([default, flattering, validation], validation),
        ([default, flattering, given], given),
        ([flattering, default], default),
        ([flattering], flattering),
    ):
        assert main_point({"operating_points": points}) is first
    assert main_point({"operating_points": []}) is None


def test_a_threshold_chosen_on_the_reported_data_is_said_to_flatter(evaluation: dict[str, Any]) -> None:
    flattering = {**evaluation, "operating_points": evaluation["operating_points"][1:]}
    assert "so both figures flatter" in glance.threshold_sentence(flattering)
    assert "flatter" not in glance.threshold_sentence(evaluation)
    undecided = {"decided": {"share": {"value": 0.75, "low": 0.6, "high": 0.9, "n": 40, "unit": "patient"}}}
    said = glance.threshold_sentence(evaluation | {"conformal": undecided}).replace("\u00a0", " ")
    assert "75.0 % of them (60.0" in said
    assert "have a set of one class" in said
    assert "set of one class" not in glance.threshold_sentence(evaluation | {"conformal": None})


def test_unknown_patients_are_said_to_be_unknown(evaluation: dict[str, Any]) -> None:
    assert "patients unknown" in glance.measured_on("test", {**evaluation, "n_patients": None})


def test_without_an_audit_the_page_says_so() -> None:
    assert glance.belief(synthetic.content()) == NO_AUDIT


def test_a_sentence_that_the_page_opens_with_is_not_said_twice() -> None:
    sentence = "Source alone tells the label."
    spoken = synthetic.content(audit_sentence=sentence, warnings=[])
    warned = synthetic.content(audit_sentence=sentence, warnings=[Notice("danger", sentence)])
    assert glance.belief(spoken) == sentence
    assert "see the warning" in glance.belief(warned)


def test_each_note_is_said_once_and_never_beside_its_warning() -> None:
    note = synthetic.evaluation()["notes"][0]
    twice = synthetic.content(warnings=[Notice("info", note), Notice("info", "one thread")])
    assert glance.notes(twice) == [note, "one thread"]
    assert glance.notes(synthetic.content(warnings=[Notice("caution", note)])) == []

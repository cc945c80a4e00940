"""Tests of the question whether a patient stands on two sides of the split."""

from __future__ import annotations

from deepcovid.audit.patient_sides import patient_sides
from tests.audit.subjects import subject


def test_a_patient_on_two_sides_fails_with_rows() -> None:
    columns = {
        "patient": ["a", "a", "b", "a"],
        "source": ["x", "x", "x", "y"],
        "split": ["train", "test", "test", "val"],
    }
    result = patient_sides(subject(columns))
    assert result.verdict == "FAIL"
    assert result.findings == ("patient a of x: train (row 2), test (row 3)",)
    assert result.figures["torn"][0]["sides"] == [{"split": "train", "rows": [2]}, {"split": "test", "rows": [3]}]


def test_a_person_in_two_sources_on_two_sides_fails() -> None:
    columns = {"patient": ["a", "b"], "source": ["x", "y"], "person": ["p", "p"], "split": ["train", "test"]}
    assert patient_sides(subject(columns)).verdict == "FAIL"


def test_whole_patients_and_no_split_pass_and_unknown_patients_cannot_tell() -> None:
    whole = {"patient": ["a", "a", "b"], "split": ["train", "train", "test"]}
    assert patient_sides(subject(whole)).verdict == "PASS"
    assert patient_sides(subject({"patient": ["a", "a", "b"]})).verdict == "PASS"
    result = patient_sides(subject({**whole, "patient": ["a", "a", None]}))
    assert result.verdict == "CANNOT TELL"
    assert "1 of 3 films have no patient" in result.sentence

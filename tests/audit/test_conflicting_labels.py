"""Tests of the question whether one film carries two labels."""

from __future__ import annotations

from deepcovid.audit.conflicting_labels import conflicting_labels
from tests.audit.subjects import pair, people, subject


def test_duplicates_with_two_labels_fail() -> None:
    result = conflicting_labels(subject(people(3, label=["covid", "other", "covid"]), pairs=[pair(0, 1), pair(0, 2)]))
    assert result.verdict == "FAIL"
    assert result.findings == ("covid (row 2, 0.png) and other (row 3, 1.png)",)


def test_films_of_one_patient_and_rows_of_one_image_count() -> None:
    one = subject({"patient": ["a", "a"], "label": ["covid", "normal"]}, pairs=[pair(0, 1)])
    rows = subject({"patient": ["a", "a"], "label": ["covid", "normal"], "image": ["x.png", "./x.png"]})
    assert [conflicting_labels(asked).verdict for asked in (one, rows)] == ["FAIL", "FAIL"]


def test_copies_of_an_unlabelled_film_contradict_each_other() -> None:
    columns = people(4, label=[None, "covid", "normal", "normal"])
    found = conflicting_labels(subject(columns, pairs=[pair(0, 1, exact=True), pair(0, 2, exact=True), pair(0, 3)]))
    assert found.verdict == "FAIL"
    assert found.findings == (
        "covid (row 3, 1.png) and normal (row 4, 2.png)",
        "covid (row 3, 1.png) and normal (row 5, 3.png)",
    )


def test_unknown_labels_and_films_that_are_only_alike_contradict_nothing() -> None:
    labels = people(4, label=["covid", None, "normal", "covid"])
    asked = subject(labels, pairs=[pair(0, 1), pair(0, 2, duplicate=False), pair(0, 3)])
    assert conflicting_labels(asked).verdict == "PASS"

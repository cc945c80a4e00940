"""Tests of the question whether every class has patients enough."""

from __future__ import annotations

from deepcovid.audit.few_patients import few_patients
from tests.audit.subjects import people, subject


def test_films_of_few_patients_warn() -> None:
    patients = [f"p{place // 4}" for place in range(80)] + [f"q{place}" for place in range(40)]
    result = few_patients(subject({"patient": patients, "label": ["covid"] * 80 + ["normal"] * 40}))
    assert result.verdict == "WARN"
    assert result.sentence == "Classes with fewer than 30 patients: covid 20."


def test_thirty_patients_pass_and_no_label_cannot_tell() -> None:
    assert few_patients(subject(people(60, label=["a"] * 30 + ["b"] * 30))).verdict == "PASS"
    assert few_patients(subject(people(60, label=[None] * 60))).verdict == "CANNOT TELL"

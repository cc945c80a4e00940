"""Tests of the question whether the table can be used as it is."""

from __future__ import annotations

from deepcovid.audit.table_form import table_form
from tests.audit.subjects import people, subject


def test_problems_fail_and_are_all_listed() -> None:
    problems = tuple(f"row {row}: something" for row in range(40))
    result = table_form(subject(people(3), problems=problems))
    assert (result.verdict, result.findings) == ("FAIL", problems)


def test_no_problem_passes() -> None:
    assert table_form(subject(people(3))).verdict == "PASS"

"""Tests of the question whether every film is there and readable."""

from __future__ import annotations

from deepcovid.audit.unreadable_files import unreadable_files
from tests.audit.subjects import facts, people, subject


def test_every_missing_and_damaged_film_is_listed() -> None:
    failures = dict.fromkeys(range(1, 60), "there is no such file") | {60: "this PNG file is cut off"}
    films = [facts(), *[None] * 60]
    result = unreadable_files(subject(people(61), films=films, failures=failures))
    assert result.verdict == "FAIL"
    assert len(result.findings) == 60
    assert result.findings[0] == "row 3: 1.png: there is no such file"
    assert result.sentence == "60 of 61 films cannot be had: 59 are missing, 1 cannot be read."


def test_readable_films_pass() -> None:
    assert unreadable_files(subject(people(3))).verdict == "PASS"

"""Tests of the question whether licences forbid a use."""

from __future__ import annotations

import pytest

from deepcovid.audit.licences import forbidden, licences
from tests.audit.subjects import people, subject


@pytest.mark.parametrize(
    ("licence", "uses"),
    [
        ("CC BY 4.0", []),
        ("CC BY-SA", []),
        ("CC0", []),
        ("Apache-2.0", []),
        ("no restrictions (NIH Clinical Center)", []),
        ("CC BY-NC-SA 4.0", ["commercial use"]),
        ("CC BY-NC-ND", ["changed copies", "commercial use"]),
        ("cc_by_nd", ["changed copies"]),
        ("research use", ["commercial use", "passing on"]),
        ("All rights reserved", ["any use"]),
        ("PhysioNet Credentialed Health Data License", ["passing on"]),
    ],
)
def test_what_licences_forbid_by_their_words(licence: str, uses: list[str]) -> None:
    assert forbidden(licence) == uses


def test_forbidding_and_missing_licences_warn_with_counts() -> None:
    result = licences(subject(people(6, license=["CC BY 4.0", "CC BY-NC", "CC BY-NC", None, " ", "CC BY"])))
    assert result.verdict == "WARN"
    assert result.sentence == "Licences forbid commercial use of 2 of 6 films; 2 films have none."
    assert result.figures["forbidding"]["commercial use"] == 2
    assert licences(subject(people(2, license=["CC BY", None]))).verdict == "WARN"


def test_free_licences_pass_and_none_cannot_tell() -> None:
    assert licences(subject(people(2, license=["CC BY", "CC0"]))).verdict == "PASS"
    assert licences(subject(people(2))).verdict == "CANNOT TELL"


@pytest.mark.parametrize("word", ["unknown", "Unknown", "n/a", "N.A.", "-", "not stated", "nan"])
def test_words_for_an_empty_cell_are_no_licence(word: str) -> None:
    assert licences(subject(people(40, license=[word] * 40))).verdict == "CANNOT TELL"
    assert licences(subject(people(40, license=[word] * 20 + ["CC0"] * 20))).figures["unknown"] == 20

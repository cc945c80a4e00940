"""Tests of the question whether children are in one class and adults in another."""

from __future__ import annotations

import numpy as np
import pytest

from deepcovid.audit.children_and_adults import children, children_and_adults
from tests.audit.subjects import people, subject

LABELS = ["covid"] * 40 + ["normal"] * 40


def test_children_as_the_healthy_class_warn() -> None:
    result = children_and_adults(subject(people(80, label=LABELS, age=[60.0] * 40 + [4.0] * 40)))
    assert result.verdict == "WARN"
    assert "100% of normal and 0% of covid are children" in result.sentence
    assert result.figures["classes"][0]["children"]["unit"] == "patient"


@pytest.mark.parametrize("source", ["kermany-paediatric", "Guangzhou Pediatric", "children's hospital"])
def test_a_paediatric_source_counts_where_ages_are_unknown(source: str) -> None:
    sources = ["adult clinic"] * 40 + [source] * 40
    table = subject(people(80, label=LABELS, age=[60.0] * 40 + [np.nan] * 40, source=sources))
    assert children_and_adults(table).verdict == "WARN"


def test_a_given_age_goes_before_the_name_of_the_source() -> None:
    table = subject({"age": [40.0, None, None], "source": ["paediatric", "paediatric", "clinic"]})
    assert children(table).tolist()[:2] == [0.0, 1.0]
    assert np.isnan(children(table)[2])


def test_children_in_every_class_pass_and_unknown_ages_cannot_tell() -> None:
    ages = ([5.0] * 10 + [50.0] * 30) * 2
    assert children_and_adults(subject(people(80, label=LABELS, age=ages))).verdict == "PASS"
    assert children_and_adults(subject(people(80, label=LABELS))).verdict == "CANNOT TELL"
    one = children_and_adults(subject(people(80, label=["covid"] * 80, age=ages)))
    assert (one.verdict, "no two classes" in one.sentence) == ("CANNOT TELL", True)
    half = children_and_adults(subject(people(80, label=LABELS, age=[50.0] * 40 + [np.nan] * 40)))
    assert (half.verdict, "normal" in half.sentence) == ("CANNOT TELL", True)

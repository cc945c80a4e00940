"""Tests of the question whether a class comes from one source only."""

from __future__ import annotations

from deepcovid.audit.one_source_classes import MEANING, one_source_classes
from tests.audit.subjects import people, subject


def verdict(labels: list[str], sources: list[str | None]):
    return one_source_classes(subject(people(len(labels), label=labels, source=sources)))


def test_a_class_of_one_source_warns() -> None:
    result = verdict(["covid"] * 20 + ["normal"] * 40, ["cohen"] * 20 + ["nih", "kermany"] * 20)
    assert result.verdict == "WARN"
    assert result.findings == (f"covid comes from cohen only, where 0% of the other films come from: {MEANING}",)
    assert MEANING in result.sentence


def test_nearly_one_source_warns_too() -> None:
    result = verdict(["covid"] * 20 + ["normal"] * 40, ["cohen"] * 19 + ["nih"] + ["nih", "kermany"] * 20)
    assert "for 95% of its films" in result.findings[0]


def test_shared_sources_pass_and_so_does_a_table_of_one() -> None:
    assert verdict(["covid", "normal"] * 20, (["x"] * 2 + ["y"] * 2) * 10).verdict == "PASS"
    one = verdict(["covid", "normal"] * 20, ["x"] * 40)
    assert one.verdict == "PASS"
    assert "one source" in one.sentence


def test_unknown_sources_cannot_tell() -> None:
    assert verdict(["covid"] * 10 + ["normal"] * 10, ["x"] * 10 + [None] * 10).verdict == "CANNOT TELL"


def test_one_class_without_sources_hides_no_other() -> None:
    result = verdict(["covid"] * 20 + ["normal"] * 20 + ["other"] * 10, ["x"] * 20 + ["y", "z"] * 10 + [None] * 10)
    assert result.verdict == "WARN"
    assert result.sentence.startswith("covid comes from one source")

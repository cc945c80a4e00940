"""Tests of the registry of tests of data, and that the documentation knows each."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from deepcovid.audit.data_test import DataResult, DataTest, data_tests, gravest, is_between_patients
from deepcovid.datasets.columns import group_ids
from tests.audit.subjects import pair, people, subject

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "check.md"


def test_every_file_of_a_test_is_named_after_it() -> None:
    folder = ROOT / "src" / "deepcovid" / "audit"
    registering = {path.stem for path in folder.glob("*.py") if "@data_test(" in path.read_text(encoding="utf-8")}
    assert {test.name.replace("-", "_") for test in data_tests()} == registering
    assert len(registering) >= 13


def test_the_documentation_lists_every_test_with_its_rule() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.M)
    tests = {test.name: (test.question, test.rule) for test in data_tests()}
    assert {name: (question.strip(), rule.strip()) for name, question, rule in told if name in tests} == tests


@pytest.mark.parametrize("test", data_tests(), ids=lambda test: test.name)
def test_every_test_stands_a_table_of_which_nothing_is_known(test: DataTest) -> None:
    empty = subject({"label": [None, None, None]}, films=[None, None, None], failures=dict.fromkeys(range(3), "gone"))
    _, result = test(empty)
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert set(plain) == {"verdict", "sentence", "figures", "findings", "notes"}
    assert plain["sentence"].endswith((".", "?", "!"))
    if test.name not in {"table-form", "patient-sides", "unreadable-files", "conflicting-labels"}:
        assert result.verdict == "CANNOT TELL"


def test_the_gravest_verdict_and_no_other_words() -> None:
    assert gravest(["PASS", "WARN", "CANNOT TELL"]) == "WARN"
    assert gravest(["PASS", "CANNOT TELL"]) == "CANNOT TELL"
    assert gravest([]) == "PASS"
    with pytest.raises(ValueError, match="a verdict is one of"):
        DataResult("FINE", "It is fine.")  # type: ignore[arg-type]


def test_between_patients_means_two_patients_or_two_sides() -> None:
    split = ["train", "test", "train", None]
    one = subject({"patient": ["a", "a", "a", "a"], "split": split}).frame
    sides = [is_between_patients(pair(0, b), group_ids(one).to_numpy(), one["split"].to_numpy()) for b in (1, 2, 3)]
    assert sides == [True, False, False]
    unknown = subject({**people(2), "split": ["train", "train"]}).frame.assign(patient=None)
    assert is_between_patients(pair(0, 1), group_ids(unknown).to_numpy(), unknown["split"].to_numpy())

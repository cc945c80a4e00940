"""What an audit says as a whole: one sentence, and whether the word \"detects\" may be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deepcovid.audit.detector.detector_test import AuditResult, DetectorTest


def sentence_of(results: Sequence[tuple[DetectorTest, AuditResult]]) -> str:
    """The audit in one sentence: what a report must begin with."""
    failed = [(test, result) for test, result in results if result.verdict == "FAIL"]
    barred = [result for test, result in failed if test.bars]
    if barred:
        return f"Not shown to read the disease. {barred[0].sentence}"
    if failed:
        return f"The audit caught what it should not find. {failed[0][1].sentence}"
    open_ones = sum(result.verdict == "CANNOT TELL" for _, result in results)
    if open_ones:
        return f"The audit caught nothing, and {open_ones} of its {len(results)} questions cannot be answered from these films."
    return f"The audit caught nothing in {len(results)} questions."


def may_say_detects(report: Mapping[str, Any]) -> bool:
    """Whether a report may say that the detector detects: no FAIL in a test that bars the word."""
    return not any(test["verdict"] == "FAIL" and test["bars"] for test in report["tests"])

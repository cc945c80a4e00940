"""Whether a detector's heat maps may be shown: an audit may have found that they show no part of what it learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepcovid.errors import DeepCovidError
from deepcovid.models.detector import Detector
from deepcovid.storage import read_json

TEST = "saliency"  # of the audit
AUDIT = "audit.json"
NOT_PASSED = ("FAIL", "CANNOT TELL")


def maps_off(detector: Detector) -> str:
    """The audit's sentence that switches heat maps off; empty where no audit of this very detector stands beside it and fails."""
    told = audit_beside(detector) or {}
    failed = [one for one in told.get("tests", ()) if one.get("test") == TEST and one.get("verdict") == "FAIL"]
    return str(failed[0]["sentence"]) if failed else ""


def not_passed(audit: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of an `audit.json` the tests with FAIL, then those with CANNOT TELL: `number`, `name`, `verdict` and `finding` of each."""
    tests = [test for verdict in NOT_PASSED for test in audit.get("tests", ()) if test.get("verdict") == verdict]
    keys = {"number": "number", "name": "test", "verdict": "verdict", "finding": "sentence"}
    return [{key: test.get(place) for key, place in keys.items()} for test in tests]


def audit_beside(detector: Detector) -> dict[str, Any] | None:
    """The audit of this very detector that stands beside it; None where there is none.

    It lies in the run folder, or in `NAME.audit` beside a detector folder, and names the detector's hash.
    """
    folder = detector.folder
    for place in (folder.parent / AUDIT, folder.with_name(f"{folder.name}.audit") / AUDIT):
        try:
            told = read_json(place)
        except (DeepCovidError, OSError):
            continue
        if isinstance(told, dict) and told.get("detector") == detector.hash and told.get("tests"):
            return told
    return None

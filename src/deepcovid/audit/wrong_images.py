"""Is every image one frontal chest film, upright and not inverted?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from deepcovid.audit.data_test import DataResult, Subject, Verdict, data_test

SURE = 0.90  # confidence of the gate from which a refused film fails the table
OWN_ERRORS = 0.03  # share of good films that the gate may refuse: more refusals than that fail the table too
RULE = (
    f"The gate looks at every film. FAIL: it refuses one with a confidence of {SURE:.2f} or more, or it refuses more than "
    f"{OWN_ERRORS:.0%} of the films with a reason. WARN: it refuses others, or is unsure of some. PASS: every film passes. "
    "CANNOT TELL: there is no gate, or no film could be read."
)
UNSURE = "unsure"


@data_test(name="wrong-images", question="Is every image a frontal chest film?", rule=RULE, place=60)
def wrong_images(subject: Subject) -> DataResult:
    """Count the reasons for which the gate refused films, and list them."""
    said = {place: facts.gate for place, facts in enumerate(subject.films.facts) if facts is not None and facts.gate}
    if not said:
        return DataResult("CANNOT TELL", "No film was looked at by the gate.", {"films": 0})
    refused = {place: verdict for place, verdict in said.items() if not verdict["passes"]}
    reasons = Counter(str(verdict["reason"]) for verdict in refused.values())
    figures = {
        "films": len(said),
        "refused": len(refused),
        "reasons": dict(reasons.most_common()),
        "images": [_entry(subject, place, refused[place]) for place in _surest_first(refused)],
    }
    if not refused:
        return DataResult("PASS", f"The gate lets all {len(said):,} films pass.", figures)
    told = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    sentence = f"The gate refuses {len(refused):,} of {len(said):,} films: {told}."
    findings = tuple(_words(entry) for entry in figures["images"])  # type: ignore[attr-defined]
    return DataResult(_verdict(refused, len(said)), sentence, figures, findings)


def _words(entry: dict[str, Any]) -> str:
    """The gate's confidence belongs to a reason; where it is unsure it has none."""
    sure = "" if entry["reason"] == UNSURE else f" (confidence {entry['confidence']:.2f})"
    return f"row {entry['row']}: {entry['image']}: {entry['reason']}{sure}"


def _verdict(refused: dict[int, Any], n: int) -> Verdict:
    named = [verdict for verdict in refused.values() if verdict["reason"] != UNSURE]
    sure = any(verdict["confidence"] >= SURE for verdict in named)
    return "FAIL" if sure or len(named) > max(1, OWN_ERRORS * n) else "WARN"


def _surest_first(refused: dict[int, Any]) -> list[int]:
    return sorted(refused, key=lambda place: (refused[place]["reason"] == UNSURE, -refused[place]["confidence"], place))


def _entry(subject: Subject, place: int, verdict: Any) -> dict[str, Any]:
    return {
        **subject.film(place),
        "reason": str(verdict["reason"]),
        "confidence": round(float(verdict["confidence"]), 4),
    }

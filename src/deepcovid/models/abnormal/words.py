"""What is said with the calls of deepcovid's own detector: what they mean, what they do not promise, how often they are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WHICH = (
    "No detector was named: deepcovid's own is used, normal or abnormal chest film; "
    "a demonstration for research, no medical device."
)
MEANING = (
    "abnormal: like films of adults whose reports name pneumonia, alone or with other findings (found by text mining, so that "
    "labels are wrong at times), or like films of children with pneumonia. What is on the film, if anything, it does not say."
)
NO_PROMISE = (
    "not called abnormal: no word that the film is normal. What did not stand beside pneumonia in its films (a fracture, a "
    "nodule, air beside the lung) it has not learnt."
)
NEXT_STEP = "Have the film read by a radiologist; this call says neither what is abnormal nor that anything is."
POPULATIONS = {"adults": "adults (18 years and over)", "children": "children"}


def announced(audit: Mapping[str, Any]) -> tuple[str, ...]:
    """Which detector this is, and its audit's verdict with its sentence.

    Args:
        audit: an `audit.json`, with `verdict` and `sentence`.
    """
    return WHICH, f"What its audit says: {audit['verdict']}. {audit['sentence']}"


def about(figures: Mapping[str, Any]) -> tuple[str, ...]:
    """What the calls mean, and a sentence on each population.

    Args:
        figures: `populations` with `sensitivity` and `specificity` (intervals as JSON) of each.
    """
    return MEANING, NO_PROMISE, *_measured(figures)


def _measured(figures: Mapping[str, Any]) -> Iterator[str]:
    for name, words in POPULATIONS.items():
        found = figures["populations"].get(name)
        if found:
            yield (
                f"{words}, patients kept out of its training: called abnormal {_share(found['sensitivity'])} of abnormal films; "
                f"not called so {_share(found['specificity'])} of normal ones."
            )


def _share(interval: Mapping[str, Any]) -> str:
    if interval["value"] is None:
        return "an unknown share"
    low, high = (f"{100 * interval[end]:.0f}" for end in ("low", "high"))
    return f"{100 * interval['value']:.0f} % ({low}–{high} %; {interval['n']} {interval['unit']}s)"

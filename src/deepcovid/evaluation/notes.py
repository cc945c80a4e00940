"""What a reader of the figures must know, in sentences."""

from __future__ import annotations

import numpy as np

from deepcovid.evaluation.scores import Scores

FEW = 50
_MOSTLY = 0.5
_MANY, _MISPLACED = 30, 10


def data_notes(scores: Scores) -> list[str]:
    """Sentences about the films themselves: their number, patients and sources."""
    return [*_dropped(scores), *_sources(scores), *_patients(scores), *_numbers(scores)]


def about_sources(note: str) -> bool:
    """Whether a note says what the audit's source test says too, on more films."""
    return "come from" in note


def about_few(note: str) -> bool:
    """Whether a note says that a class has few films."""
    return note.startswith("Only ")


def delong_note(scores: Scores, *, auc: float) -> list[str]:
    """A warning where the usual intervals of an AUC are known to be short: few patients of a class, or few misplaced."""
    smaller = min(scores.patients_of(films) for films in (scores.positive, ~scores.positive))
    if smaller >= _MANY and smaller * (1 - auc) >= _MISPLACED:
        return []
    unit = "films" if scores.n_patients is None else "patients"
    return [
        f"With {smaller} {unit} in the smaller class and an AUC of {auc:.3f}, the intervals of DeLong and of the bootstrap "
        "can run short: in simulations of such data they held the truth in 78 to 95 % of cases where they promise 95 %, "
        "and Newcombe's score interval in 91 % or more."
    ]


def choice_note(name: str) -> str:
    """The sentence for a threshold that was chosen where it is reported."""
    return (
        f"The threshold of '{name}' was chosen on the data it is reported on, so its sensitivity and specificity "
        "flatter the detector; give a validation split to choose it on."
    )


def _dropped(scores: Scores) -> list[str]:
    count = scores.n_dropped
    return [f"Left out for want of a label or a score: {count} {'row' if count == 1 else 'rows'}."] if count else []


def _sources(scores: Scores) -> list[str]:
    if not np.all(scores.source != ""):
        return []
    ours, theirs = (set(scores.source[films].tolist()) for films in (scores.positive, ~scores.positive))
    shared = ours & theirs
    if not shared:
        return [
            f"Positives come from {_names(ours)} and negatives from {_names(theirs)}: no source has both, so these figures "
            "cannot tell reading the disease from reading the hospital."
        ]
    within = np.isin(scores.source, list(shared))
    shares = [float(within[films].mean()) for films in (scores.positive, ~scores.positive)]
    if min(shares) >= _MOSTLY:
        return []
    return [
        f"{100 * shares[0]:.0f} % of the positives and {100 * shares[1]:.0f} % of the negatives come from a source "
        "that has both, so these figures may read the hospital as much as the disease."
    ]


def _patients(scores: Scores) -> list[str]:
    if scores.n_patients is None:
        return [
            "No patient is named, so every film counts as independent; with several films a patient the intervals are too short."
        ]
    notes = []
    unknown = int(np.count_nonzero(~scores.patient_known))
    if unknown:
        notes.append(f"Films without a patient id count as a patient each: {unknown}.")
    repeated = len(scores) - scores.n_patients
    if repeated:
        notes.append(
            f"{len(scores)} films are of {scores.n_patients} patients: Wilson's and DeLong's intervals take films as "
            "independent and may be too short; the bootstrap draws patients."
        )
    return notes


def _numbers(scores: Scores) -> list[str]:
    counts = (("positive", scores.n_positive), ("negative", scores.n_negative))
    return [f"Only {n} {name} films: the figures that rest on them are uncertain." for name, n in counts if n < FEW]


def _names(sources: set[str]) -> str:
    ordered = sorted(sources)
    return " and ".join(ordered) if len(ordered) < 4 else f"{', '.join(ordered[:3])} and {len(ordered) - 3} more"

"""What a detector says of one film in words: one verdict, the call at the threshold, what the film could be."""

from __future__ import annotations

import numpy as np

from deepcovid.models.detector import Detector, OperatingPoint

CANNOT_TELL = "cannot tell"


def verdict(detector: Detector, probabilities: np.ndarray) -> str:
    """The one verdict on a film: "called NAME" or "not called NAME" at the operating point; where the detector has a conformal
    rule, "cannot tell" or "unlike both" ("unlike all" of more than two classes) instead, unless its set is one class that
    agrees with the call.

    Args:
        detector: loaded.
        probabilities: float (K,), of every class.
    """
    classes = could_be(detector, probabilities)
    if classes is not None and not classes:
        return f"unlike {'both' if len(detector.description.classes) == 2 else 'all'}"
    score = float(probabilities[detector.positive_index])
    if classes is not None and (len(classes) > 1 or _contradicts(detector, score, classes[0])):
        return CANNOT_TELL
    return called(detector, score)


def called(detector: Detector, score: float) -> str:
    """The call at the operating point alone, in a word or two."""
    verb = "called" if score >= detector.operating_point.threshold else "not called"
    return f"{verb} {detector.description.positive}"


def call_in_words(detector: Detector, score: float) -> str:
    """The call at the operating point as a sentence that promises nothing."""
    point = detector.operating_point
    side = "at or above" if score >= point.threshold else "below"
    digits = next((n for n in range(3, 9) if f"{score:.{n}f}" != f"{point.threshold:.{n}f}"), 3)
    told = f"the score {score:.{digits}f} is {side} {point.threshold:.{digits}f}"
    return f"{called(detector, score)}: {told} ({point.name}, chosen on {_origin(point)})"


def classes_in_words(detector: Detector, probabilities: np.ndarray) -> str:
    """Of several classes, which one the detector rates highest, and every one's number; empty for two sides."""
    told = detector.description
    if told.activation == "softmax" and told.classes[0] == f"not {told.positive}" and len(told.classes) == 2:
        return ""
    order = np.argsort(-probabilities, kind="stable")
    each = ", ".join(f"{told.classes[place]} {probabilities[place]:.3f}" for place in order)
    if told.activation == "sigmoid":
        return f"each finding's own score: {each}"
    return f"rated highest of {len(order)} classes: {told.classes[order[0]]} ({each})"


def could_be(detector: Detector, probabilities: np.ndarray) -> tuple[str, ...] | None:
    """The classes in the film's conformal set; None where the detector has no such rule."""
    rule = detector.description.conformal
    if rule is None:
        return None
    held = rule.sets(probabilities[None])[0]
    return tuple(name for name, inside in zip(detector.description.classes, held, strict=True) if inside)


def undecided_in_words(detector: Detector, probabilities: np.ndarray) -> str:
    """Why the verdict is no call: the film could be of several classes, is unlike all of them, or the one left is not the one
    that is called; empty where the verdict is the call."""
    classes, rule = could_be(detector, probabilities), detector.description.conformal
    if rule is None or classes is None:
        return ""
    promise = f"sets made so lack the truth for at most {100 * rule.alpha:g} % of a class, among films like those of validation"
    if not classes:
        return f"unlike {' and '.join(detector.description.classes)} alike: its scores are unusual for each ({promise})"
    if len(classes) > 1:
        return f"{CANNOT_TELL}: it could be {' or '.join(classes)} ({promise})"
    score = float(probabilities[detector.positive_index])
    if not _contradicts(detector, score, classes[0]):
        return ""
    return (
        f"{CANNOT_TELL}: at the threshold it is {called(detector, score)}, and by its set it could be {classes[0]} alone "
        f"({promise})"
    )


def _contradicts(detector: Detector, score: float, alone: str) -> bool:
    """Whether the one class in the set is not the side that the threshold puts the film on, as at a threshold for screening."""
    return (score >= detector.operating_point.threshold) != (alone == detector.description.positive)


def _origin(point: OperatingPoint) -> str:
    if point.chosen_on == "given":
        return "no data"
    return f"{point.chosen_on}, {point.note}" if point.chosen_on == "validation" and point.note else point.chosen_on

"""Scores for films on disk: each with its call in words and its heat map; what is no frontal film, or unreadable, is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepcovid.errors import DeepCovidError, DetectorError, did_you_mean
from deepcovid.explanation.heatmap import heat_of, no_heat_map
from deepcovid.explanation.overlay import HeatStyle, overlay, png_bytes
from deepcovid.explanation.trust import maps_off
from deepcovid.imaging.finding import Found, look_for_films
from deepcovid.imaging.readers import read_film
from deepcovid.models.detector import Detector
from deepcovid.models.gate import Gate, Verdict
from deepcovid.models.seen import Seen
from deepcovid.progress import Progress, Silent
from deepcovid.storage import FORMULA, write_bytes

if TYPE_CHECKING:
    from deepcovid.models.detector import OperatingPoint

NOTICE = (
    "A score says how much a film resembles the positive films that this detector was trained on. "
    "It is no diagnosis, no probability that this person is ill, and not for the care of patients."
)
NEXT_STEP = "Follow the guidance of the public-health authority and have the film read by a radiologist."


@dataclass(frozen=True)
class Prediction:
    """What a detector says of one film.

    Attributes:
        path: the film.
        score: probability of the positive class by this detector, in [0, 1].
        probabilities: of every class.
        positive: whether the score is at or above the operating point.
        call: that in words.
        could_be: the classes that the film may be of, by the detector's conformal rule; None: it has none.
        undecided: a sentence where these are not one; empty otherwise.
        members: of a stack, each member's own score; empty otherwise.
        classes_in_words: of several classes what the others' probabilities are; empty for two sides.
        operating_point: the threshold's name, value and origin.
        detector: its hash.
        seconds: from reading the file to the result.
        next_step: for a positive call, what the site says comes next.
        heatmap: where the heat map was written.
        origin: what was done to the file to get a film.
        gate: what the gate says of it; it passes, or was scored on purpose all the same.
    """

    path: Path
    score: float
    probabilities: dict[str, float]
    positive: bool
    call: str
    operating_point: OperatingPoint
    detector: str
    seconds: float
    next_step: str = ""
    heatmap: Path | None = None
    classes_in_words: str = ""
    could_be: tuple[str, ...] | None = None
    undecided: str = ""
    members: dict[str, float] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)
    gate: Verdict | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able values."""
        return {
            "image": str(self.path),
            "score": self.score,
            "probabilities": self.probabilities,
            "positive": self.positive,
            "call": self.call,
            "classes": self.classes_in_words,
            "could_be": None if self.could_be is None else list(self.could_be),
            "undecided": self.undecided,
            "members": self.members,
            "operating_point": {
                "name": self.operating_point.name,
                "threshold": self.operating_point.threshold,
                "chosen_on": self.operating_point.chosen_on,
            },
            "next_step": self.next_step,
            "heatmap": None if self.heatmap is None else str(self.heatmap),
            "detector": self.detector,
            "seconds": round(self.seconds, 4),
            "film": {key: value for key, value in self.origin.items() if key != "path"},
            "gate": None if self.gate is None else self.gate.to_dict(),
        }


@dataclass
class Predictions:
    """All predictions in the order of the films; films that could not be read, files that are none, and what the gate refused."""

    done: list[Prediction]
    failed: dict[Path, str]
    left_out: dict[Path, str] = field(default_factory=dict)
    refused: dict[Path, Verdict] = field(default_factory=dict)
    gate: str = ""  # its hash; empty where there was none


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How to predict: where heat maps go, of which class they are (None: the positive one) and how they look, what follows
    a positive call, how many films side by side.

    With `gate` (the default) a picture that the gate refuses gets no score; without, it is scored and the reason stands
    in its prediction.
    """

    heatmaps: Path | None = None
    heat_class: str | None = None
    style: HeatStyle = "uniform"
    next_step: str = NEXT_STEP
    workers: int = 1
    gate: bool = True
    frame: int | None = None  # of a DICOM or TIFF of several, counted from 1


def predict(
    detector: Detector,
    paths: Path | str | Sequence[Path | str] | Found,
    *,
    wishes: Wishes | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Score films with `model.onnx`; one that cannot be read, or that the gate refuses, is listed and the others go on.

    Args:
        detector: loaded.
        paths: films, folders or globs, one or several; or what was found under them already.
        wishes: heat maps and the rest.
        progress: told of every film.

    Raises:
        DetectorError: the class of the heat maps is none of the detector's, or it is a stack, which has none.
    """
    wishes = _with_maps_allowed(wishes or Wishes(), detector, progress or Silent())
    _require_heat(detector, wishes)
    looked = paths if isinstance(paths, Found) else look_for_films(paths)
    films = looked.films
    names = heatmap_names(films)
    gate = _gate(wishes, progress or Silent())

    def one(path: Path) -> Prediction | Verdict | DeepCovidError:
        try:
            return _predicted(detector, path, wishes, names[path], gate)
        except DeepCovidError as error:
            return error

    done, refused, failed = [], {}, dict(looked.refused)
    outcomes = _side_by_side(one, films, wishes.workers)
    tracked = (progress or Silent()).track(outcomes, description="films", total=len(films))
    for path, outcome in zip(films, tracked, strict=True):
        if isinstance(outcome, Prediction):
            done.append(outcome)
        elif isinstance(outcome, Verdict):
            refused[path] = outcome
        else:
            failed[path] = str(outcome)
    return Predictions(done, failed, looked.left_out, refused, gate.hash if gate else "")


def _require_heat(detector: Detector, wishes: Wishes) -> None:
    name, classes = wishes.heat_class, detector.description.classes
    if detector.is_stack and (wishes.heatmaps is not None or name is not None):
        raise no_heat_map(detector)
    if name is not None and name not in classes:
        raise DetectorError(
            f"the detector has no class {name!r} to draw heat maps of",
            mend=f"{did_you_mean(name, classes)}choose one of: {', '.join(classes)}",
        )


def _with_maps_allowed(wishes: Wishes, detector: Detector, progress: Progress) -> Wishes:
    """Without heat maps where an audit of this detector found that they hardly depend on what it learned."""
    reason = maps_off(detector) if wishes.heatmaps is not None else ""
    if not reason:
        return wishes
    progress.warn(f"no heat map was drawn: the audit beside the detector says: {reason}")
    return replace(wishes, heatmaps=None)


def _gate(wishes: Wishes, progress: Progress) -> Gate | None:
    """The gate, opened; None where it cannot be had and was not wanted either.

    Raises:
        WeightsError: it cannot be had.
    """
    try:
        gate = Gate.load()
        gate.open()
    except DeepCovidError as error:
        if wishes.gate:
            raise
        progress.warn(f"the gate could not be asked ({error.problem}): no film has its word")
        return None
    return gate


def heatmap_names(paths: Sequence[Path]) -> dict[Path, str]:
    """A file name for each film's heat map: its own stem; films of one stem get a number."""
    taken: set[str] = set()  # without case, as some file systems compare
    names = {}
    for path in paths:
        count, stem = 1, path.stem
        while stem.casefold() in taken:
            count += 1
            stem = f"{path.stem}-{count}"
        taken.add(stem.casefold())
        names[path] = f"{stem}.heat.png"
    return names


def _predicted(detector: Detector, path: Path, wishes: Wishes, name: str, gate: Gate | None) -> Prediction | Verdict:
    began = time.perf_counter()
    film = read_film(path, frame=wishes.frame)
    verdict = gate.judge(film.pixels) if gate else None
    if wishes.gate and verdict and not verdict.passes:
        return verdict
    seen = detector.see(film.pixels)
    score = float(seen.probabilities[detector.positive_index])
    point = detector.operating_point
    positive = score >= point.threshold
    heatmap = None
    if wishes.heatmaps is not None:
        target = None if wishes.heat_class is None else detector.description.classes.index(wishes.heat_class)
        heat = heat_of(detector, seen, shape=(film.pixels.shape[0], film.pixels.shape[1]), target=target)
        heatmap = write_bytes(wishes.heatmaps / name, png_bytes(overlay(film.pixels, heat, style=wishes.style)))
    return Prediction(
        path=path,
        score=score,
        probabilities=dict(zip(detector.description.classes, map(float, seen.probabilities), strict=True)),
        positive=positive,
        call=call_in_words(detector, score),
        classes_in_words=classes_in_words(detector, seen.probabilities),
        could_be=could_be(detector, seen.probabilities),
        undecided=undecided_in_words(detector, seen.probabilities),
        members=_member_scores(detector, seen),
        operating_point=point,
        detector=detector.hash,
        seconds=time.perf_counter() - began,
        next_step=wishes.next_step if positive else "",
        heatmap=heatmap,
        origin=dict(film.origin),
        gate=verdict,
    )


def _member_scores(detector: Detector, seen: Seen) -> dict[str, float]:
    if seen.members is None:
        return {}
    names = [member.name for member in detector.description.members]
    return dict(zip(names, map(float, seen.members), strict=True))


def _origin(point: OperatingPoint) -> str:
    if point.chosen_on == "given":
        return "no data"
    return f"{point.chosen_on}, {point.note}" if point.chosen_on == "validation" and point.note else point.chosen_on


def csv_text(found: Predictions) -> str:
    """One row a film, the unreadable ones with their error: columns image, score, of several classes score_<class>, …"""
    import csv
    import io

    several = next((list(one.probabilities) for one in found.done if one.classes_in_words), [])
    places = tuple(f"score_{name}" for name in several)
    columns = (
        "image",
        "score",
        *places,
        "positive",
        "call",
        "could_be",
        "threshold",
        "heatmap",
        "detector",
        "seconds",
        "gate",
        "error",
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for prediction in found.done:
        row = prediction.to_dict()
        row["threshold"] = prediction.operating_point.threshold
        row["could_be"] = ";".join(prediction.could_be or ())
        row["gate"] = prediction.gate.reason if prediction.gate else ""
        row["image"] = _cell(prediction.path)
        row |= {f"score_{name}": value for name, value in prediction.probabilities.items()}
        writer.writerow({name: row.get(name, "") for name in columns})
    for path, verdict in found.refused.items():
        writer.writerow({"image": _cell(path), "gate": verdict.reason, "error": f"refused: {verdict.sentence}"})
    for path, reason in found.failed.items():
        writer.writerow({"image": _cell(path), "error": reason if reason[:1] not in FORMULA else f"./{reason}"})
    return text.getvalue()


def _cell(path: Path) -> str:
    """A path that no spreadsheet takes for a formula."""
    return f"./{path}" if str(path)[:1] in FORMULA else str(path)


def call_in_words(detector: Detector, score: float) -> str:
    """The call at the operating point as a sentence that promises nothing."""
    point, name = detector.operating_point, detector.description.positive
    side, verb = ("at or above", "called") if score >= point.threshold else ("below", "not called")
    digits = next((n for n in range(3, 9) if f"{score:.{n}f}" != f"{point.threshold:.{n}f}"), 3)
    told = f"the score {score:.{digits}f} is {side} {point.threshold:.{digits}f}"
    return f"{verb} {name}: {told} ({point.name}, chosen on {_origin(point)})"


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
    """That the film could be of several classes, or is unlike all of them; empty where one class is left, or no rule is there."""
    classes, rule = could_be(detector, probabilities), detector.description.conformal
    if rule is None or classes is None or len(classes) == 1:
        return ""
    promise = f"sets made so lack the truth for at most {100 * rule.alpha:g} % of a class, among films like those of validation"
    if classes:
        return f"cannot tell: it could be {' or '.join(classes)} ({promise})"
    return f"unlike {' and '.join(detector.description.classes)} alike: its scores are unusual for each ({promise})"


def _side_by_side(
    work: Callable[[Path], Prediction | Verdict | DeepCovidError], paths: Sequence[Path], workers: int
) -> Iterator[Prediction | Verdict | DeepCovidError]:
    if workers == 1 or len(paths) == 1:
        yield from map(work, paths)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(work, paths)

"""Scores for films on disk: each with verdict and heat map; what is no frontal film, or unreadable, is listed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepcovid.errors import DeepCovidError, DetectorError, did_you_mean
from deepcovid.explanation.caption import Caption, captioned
from deepcovid.explanation.heatmap import heat_of, no_heat_map
from deepcovid.explanation.overlay import HeatStyle, overlay, png_bytes
from deepcovid.imaging.finding import Found, look_for_films
from deepcovid.imaging.readers import read_film
from deepcovid.models.detector import Detector
from deepcovid.models.gate import Gate, Verdict
from deepcovid.models.seen import Seen
from deepcovid.progress import Progress, Silent
from deepcovid.runs.prediction import Prediction, Predictions
from deepcovid.runs.scorers import Scorer, Scorers, Scoring, age_group_of, detector_of
from deepcovid.runs.verdict import call_in_words, classes_in_words, could_be, undecided_in_words
from deepcovid.runs.verdict import verdict as verdict_on
from deepcovid.storage import write_bytes

NEXT_STEP = "Follow the guidance of the public-health authority and have the film read by a radiologist."

READ_IT = "Have the film read by a radiologist: this detector cannot tell."


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
    detector: Scoring,
    paths: Path | str | Sequence[Path | str] | Found,
    *,
    wishes: Wishes | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Score films with `model.onnx`; one that cannot be read, or that the gate refuses, is listed and the others go on.

    Args:
        detector: loaded; or `shipped_detector()`, which warns where a film's header tells an age that is none of its own, or
            `ShippedByAge()`, of which that age chooses.
        paths: films, folders or globs, one or several; or what was found under them already.
        wishes: heat maps and the rest.
        progress: told of every film.

    Raises:
        DetectorError: the class of the heat maps is none of the detector's, or it is a stack, which has none.
    """
    wishes, progress = wishes or Wishes(), progress or Silent()
    _require_heat(detector_of(detector), wishes)
    scorers = Scorers(detector, draws=wishes.heatmaps is not None, progress=progress)
    looked = paths if isinstance(paths, Found) else look_for_films(paths)
    films = looked.films
    names = heatmap_names(films)
    gate = _gate(wishes, progress)

    def one(path: Path) -> Prediction | Verdict | DeepCovidError:
        try:
            return _predicted(scorers, path, wishes, names[path], gate)
        except DeepCovidError as error:
            return error

    done, refused, failed = [], {}, dict(looked.refused)
    outcomes = _side_by_side(one, films, wishes.workers)
    tracked = progress.track(outcomes, description="films", total=len(films))
    for path, outcome in zip(films, tracked, strict=True):
        if isinstance(outcome, Prediction):
            done.append(outcome)
        elif isinstance(outcome, Verdict):
            refused[path] = outcome
        else:
            failed[path] = str(outcome)
    return Predictions(done, failed, looked.left_out, refused, gate.hash if gate else "", scorers.used, scorers.by_age)


def _require_heat(detector: Detector, wishes: Wishes) -> None:
    name, classes = wishes.heat_class, detector.description.classes
    if detector.is_stack and (wishes.heatmaps is not None or name is not None):
        raise no_heat_map(detector)
    if name is not None and name not in classes:
        raise DetectorError(
            f"the detector has no class {name!r} to draw heat maps of",
            mend=f"{did_you_mean(name, classes)}choose one of: {', '.join(classes)}",
        )


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


def _predicted(scorers: Scorers, path: Path, wishes: Wishes, name: str, gate: Gate | None) -> Prediction | Verdict:
    began = time.perf_counter()
    film = read_film(path, frame=wishes.frame)
    verdict = gate.judge(film.pixels) if gate else None
    if wishes.gate and verdict and not verdict.passes:
        return verdict
    scorer = scorers.of(film)
    detector, seen = scorer.detector, scorer.see(film.pixels)
    score = float(seen.probabilities[detector.positive_index])
    point = detector.operating_point
    positive, undecided = score >= point.threshold, undecided_in_words(detector, seen.probabilities)
    return Prediction(
        path=path,
        verdict=verdict_on(detector, seen.probabilities),
        score=score,
        probabilities=dict(zip(detector.description.classes, map(float, seen.probabilities), strict=True)),
        positive=positive,
        call=call_in_words(detector, score),
        classes_in_words=classes_in_words(detector, seen.probabilities),
        could_be=could_be(detector, seen.probabilities),
        undecided=undecided,
        members=_member_scores(detector, seen),
        operating_point=point,
        detector=detector.hash,
        detector_name=scorer.name,
        age_group=age_group_of(film),
        warning=scorer.warning(film),
        seconds=time.perf_counter() - began,
        next_step=wishes.next_step if positive else READ_IT if undecided else "",
        heatmap=_drawn(scorer, seen, film.pixels, wishes, name),
        origin=dict(film.origin),
        gate=verdict,
    )


def _drawn(scorer: Scorer, seen: Seen, pixels: np.ndarray, wishes: Wishes, name: str) -> Path | None:
    """The film's heat map, written; None where none is wanted, or shown of this detector."""
    if wishes.heatmaps is None or not scorer.maps:
        return None
    detector = scorer.detector
    told = detector.description
    target = told.classes.index(wishes.heat_class or told.positive)
    heat = heat_of(detector, seen, shape=(pixels.shape[0], pixels.shape[1]), target=target)
    caption = Caption(
        target=told.classes[target],
        score=float(seen.probabilities[target]),
        verdict=verdict_on(detector, seen.probabilities),
        detector=f"{scorer.own.name if scorer.own else told.network} {detector.hash[:12]}",
        flat=not heat.any(),
    )
    picture = captioned(overlay(pixels, heat, style=wishes.style), caption=caption, style=wishes.style)
    return write_bytes(wishes.heatmaps / name, png_bytes(picture, texts=caption.metadata))


def _member_scores(detector: Detector, seen: Seen) -> dict[str, float]:
    if seen.members is None:
        return {}
    names = [member.name for member in detector.description.members]
    return dict(zip(names, map(float, seen.members), strict=True))


def _side_by_side(
    work: Callable[[Path], Prediction | Verdict | DeepCovidError], paths: Sequence[Path], workers: int
) -> Iterator[Prediction | Verdict | DeepCovidError]:
    if workers == 1 or len(paths) == 1:
        yield from map(work, paths)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(work, paths)

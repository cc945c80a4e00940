"""Test 10: do heat maps show something of what the detector learned, and where do they lie?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepcovid.audit.detector.areas import unit_words, words
from deepcovid.audit.detector.detector_test import AuditResult, Case, Verdict, detector_test
from deepcovid.audit.detector.drawn import drawn_rows
from deepcovid.audit.detector.looks import PLAIN, Film, Need
from deepcovid.audit.detector.map_places import Placed, lesion_mask, lung_mask, placed
from deepcovid.audit.detector.map_randomised import (
    DEALS,
    HEADS,
    Mapped,
    dealt_labels,
    fitted_head,
    mean_over_patients,
    positive_importance,
    random_backbones,
    random_heads,
    random_labels,
)
from deepcovid.audit.detector.picture import Films
from deepcovid.evaluation.intervals import Interval
from deepcovid.explanation.cam import on_film, scaled
from deepcovid.explanation.heatmap import no_heat_map
from deepcovid.explanation.overlay import overlay
from deepcovid.models.classifier import DetectorClassifier
from deepcovid.models.detector import Detector

EACH = 30  # films of either class
LEARNT = 250  # of either class, on which heads are fitted
ALIKE = 0.5  # rank correlation
RULE = (
    f"FAIL: on up to {2 * EACH} tested films the mean rank correlation of the detector's heat map with the map after the head's "
    f"weights, the backbone's, or the labels that a head was fitted to were dealt at random has a lower limit above {ALIKE:.2f}: "
    "the map hardly depends on what was learned, and `predict` draws none. PASS: every upper limit is at most "
    f"{ALIKE:.2f}. Else CANNOT TELL; also for classifiers without a heat map. Where maps lie is told and not judged."
)


@dataclass(frozen=True, eq=False)
class Randomised:
    """Rank correlations of the map with those after randomising."""

    head: Interval
    labels: Interval
    refitted: Interval
    backbone: Interval | None

    @property
    def judged(self) -> dict[str, Interval]:
        """What the rule looks at."""
        told = {"the head's weights": self.head, "labels": self.labels}
        return told if self.backbone is None else {**told, "the backbone's weights": self.backbone}

    @property
    def verdict(self) -> Verdict:
        """By `RULE`."""
        figures = self.judged.values()
        if any(figure.value is None for figure in figures):
            return "CANNOT TELL"
        if any(figure.low > ALIKE for figure in figures):
            return "FAIL"
        return "PASS" if all(figure.high <= ALIKE for figure in figures) else "CANNOT TELL"


def _needs(case: Case) -> Sequence[Need]:
    return [Need(_learnt_from(case), (PLAIN,))] if _detector(case) is not None else ()


@detector_test(
    name="saliency",
    number=10,
    question="Do heat maps change when what was learned is made random, and do they lie in the lungs?",
    rule=RULE,
    needs=_needs,
)
def saliency(case: Case) -> AuditResult:
    """Rank correlations after randomising, the maps' share in the lungs, and the pointing game."""
    detector = _detector(case)
    if detector is None:
        return AuditResult("CANNOT TELL", "This classifier has no heat map of a linear head, so none was tested.")
    rows = drawn_rows(case, each=EACH)
    films = [case.looks.film(int(row)) for row in rows]
    mapped = _mapped(detector, films, case.patient[rows])
    heads = _heads(case, channels=len(mapped.importance))
    found = _randomised(detector, mapped, heads, case.seed)
    places = _places(case, detector, mapped, rows, films)
    return AuditResult(
        found.verdict,
        _sentence(found, places),
        {
            **{name: told and told.to_dict() for name, told in vars(found).items()},
            "places": {name: told.to_dict() for name, told in places.items()},
            "map_off": found.verdict == "FAIL",
            "limit": ALIKE,
        },
        notes=_notes(found, places, case),
        picture=_picture(case, detector, mapped, rows, heads),
    )


def _detector(case: Case) -> Detector | None:
    classifier = case.looks.classifier
    if not isinstance(classifier, DetectorClassifier):
        return None
    told = classifier.detector.description
    return classifier.detector if told.neck and not told.head.hidden else None


def _mapped(detector: Detector, films: Sequence[Film], patient: np.ndarray) -> Mapped:
    neck = detector.description.neck
    maps = [seen for film in films if (seen := detector.see(film.pixels).feature_map) is not None]
    if not neck or len(maps) < len(films):
        raise no_heat_map(detector)
    channels, height, width = maps[0].shape
    importance = positive_importance(detector, neck=neck, shape=(channels, height, width))
    return Mapped([film.pixels for film in films], maps, importance, patient)


def _learnt_from(case: Case) -> np.ndarray:
    return drawn_rows(case, each=LEARNT, among=case.tested | case.trained)


def _heads(case: Case, *, channels: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """A head refitted to the true labels, and those fitted to labels dealt at random, (F,) each."""
    rows = _learnt_from(case)
    # where the features are the means of cells, a map's head still weighs channels
    features = case.looks.features(rows).reshape(len(rows), channels, -1).mean(axis=2)
    positive, patient = case.positive[rows], case.patient[rows]
    rng = np.random.default_rng(case.seed)
    dealt = [dealt_labels(positive, patient, rng=rng) for _ in range(DEALS)]
    return fitted_head(features, positive), [fitted_head(features, labels) for labels in dealt]


def _randomised(
    detector: Detector, mapped: Mapped, heads: tuple[np.ndarray, list[np.ndarray]], seed: int
) -> Randomised:
    backbone = random_backbones(detector, mapped, seed=seed)
    return Randomised(
        head=mean_over_patients(random_heads(mapped, seed=seed), mapped.patient),
        labels=mean_over_patients(random_labels(mapped, heads[1]), mapped.patient),
        refitted=mean_over_patients(random_labels(mapped, heads[:1]), mapped.patient),
        backbone=None if backbone is None else mean_over_patients(backbone, mapped.patient[: len(backbone)]),
    )


def _places(
    case: Case, detector: Detector, mapped: Mapped, rows: np.ndarray, films: Sequence[Film]
) -> dict[str, Placed]:
    """Positives' maps against lungs and lesions, where there are masks."""
    mine = [int(place) for place in np.flatnonzero(case.positive[rows])]
    heats = [_on_film(detector, mapped.maps[place], mapped.films[place]) for place in mine]
    found = {}
    for name, mask in (("lungs", lung_mask(case)), ("lesions", lesion_mask(case))):
        masks = [mask(int(rows[place]), films[place]) for place in mine]
        told = placed(heats, masks, case.patient[rows[mine]])
        if told is not None:
            found[name] = told
    return found


def _on_film(detector: Detector, heat: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    shape = (pixels.shape[0], pixels.shape[1])
    return on_film(scaled(heat), shape=shape, preprocessing=detector.preprocessing)


def _sentence(found: Randomised, places: dict[str, Placed]) -> str:
    told = ", ".join(f"{name} {words(figure)}" for name, figure in found.judged.items())
    lungs = places.get("lungs")
    where = "" if lungs is None else (
        f" In the positives {words(lungs.share)} of the map lies in the lungs, which are {words(lungs.area)} of the film."
    )  # fmt: skip
    head = {
        "FAIL": "Heat maps stay too much alike when a part of what was learned is made random, and are switched off",
        "PASS": "Heat maps change when what was learned is made random",
        "CANNOT TELL": "Heat maps change somewhat when what was learned is made random",
    }[found.verdict]
    return f"{head}: rank correlation with the map after randomising {told} ({unit_words(found.head)}).{where}"


def _notes(found: Randomised, places: dict[str, Placed], case: Case) -> tuple[str, ...]:
    notes = [f"{HEADS} random heads, {DEALS} deals of the labels; the map with a head refitted to the true labels: "]
    notes[0] += f"rank correlation {words(found.refitted)}"
    if found.backbone is None:
        notes.append("the backbone was not made random: that needs torch and the detector's weights")
    for name, told in places.items():
        notes.append(
            f"pointing game: the map's highest point lies in the {name} in {words(told.hits)} of {told.hits.n} positive films, "
            f"the place where most other films have {name} in {words(told.usual)}"
        )
    if "lungs" not in places:
        notes.append("no lungs to hold maps against")
    elif not case.has_segmenter:
        notes.append("lungs are the table's own masks")
    return tuple(notes)


def _picture(
    case: Case,
    detector: Detector,
    mapped: Mapped,
    rows: np.ndarray,
    heads: tuple[np.ndarray, list[np.ndarray]],
) -> Films:
    """The positive film of the highest score with its map, and the map of a random head and of dealt labels."""
    mine = np.flatnonzero(case.positive[rows])
    best = int(mine[np.argmax(case.looks.scores(rows[mine]))])
    dealt = np.random.default_rng(case.seed).permutation(mapped.importance)
    shown = {"its map": mapped.importance, "head dealt at random": dealt, "labels dealt at random": heads[1][0]}
    film = mapped.films[best]
    pictures = [("a positive", np.rint(255 * film).astype(np.uint8))]
    for caption, importance in shown.items():
        pictures.append((caption, overlay(film, _on_film(detector, mapped.under(importance)[best], film))))
    return Films(tuple(pictures))

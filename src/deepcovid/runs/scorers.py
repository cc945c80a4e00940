"""Which detector scores a film: the one that was named, or that of deepcovid's own which is for the film's age."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deepcovid.explanation.trust import maps_off
from deepcovid.imaging.dicom_age import CONTRADICTION, AgeGroup
from deepcovid.imaging.radiograph import Radiograph
from deepcovid.models.abnormal import ShippedByAge, ShippedDetector
from deepcovid.models.detector import Detector
from deepcovid.models.seen import Seen
from deepcovid.progress import Progress

Scoring = Detector | ShippedDetector | ShippedByAge


@dataclass
class Scorer:
    """One detector at work on films.

    Attributes:
        detector: loaded.
        own: where it is one of deepcovid's own.
        maps: whether heat maps of it are drawn.
    """

    detector: Detector
    own: ShippedDetector | None = None
    maps: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _opened: bool = False

    @property
    def name(self) -> str:
        """Of deepcovid's own what stands for it on a command line, else its folder."""
        return self.own.name if self.own else str(self.detector.folder)

    def see(self, pixels: np.ndarray) -> Seen:
        """As `Detector.see`; of films side by side the first opens the session alone."""
        if self._opened:
            return self.detector.see(pixels)
        with self._lock:
            seen = self.detector.see(pixels)
            self._opened = True
            return seen

    def warning(self, film: Radiograph) -> str:
        """What is wrong with scoring this film by it, by the age in its header; empty where nothing is known to be."""
        if self.own is None:
            return ""
        told = (
            self.own.unlike(age_group_of(film)),
            *(note for note in film.origin.get("notes", ()) if note == CONTRADICTION),
        )
        return "; ".join(filter(None, told))


class Scorers:
    """The detectors that score films, each made ready once.

    Args:
        given: one detector, or both of deepcovid's own.
        draws: whether heat maps are wanted.
        progress: told where an audit switched a detector's heat maps off.
    """

    def __init__(self, given: Scoring, *, draws: bool, progress: Progress) -> None:
        self._given, self._draws, self._progress, self._lock = given, draws, progress, threading.Lock()
        self._made: dict[Path, Scorer] = {}
        if not isinstance(given, ShippedByAge):
            self._scorer(given)

    def of(self, film: Radiograph) -> Scorer:
        """The detector for a film.

        Raises:
            DetectorError: the one for its age is damaged.
        """
        given = self._given
        return self._scorer(given.of(age_group_of(film)) if isinstance(given, ShippedByAge) else given)

    @property
    def by_age(self) -> bool:
        """Whether a film's age chooses."""
        return isinstance(self._given, ShippedByAge)

    @property
    def used(self) -> tuple[Scorer, ...]:
        """Those that were asked of a film, deepcovid's own of adults first; one that was named is always among them."""
        return tuple(sorted(self._made.values(), key=lambda one: one.name))

    def _scorer(self, given: Detector | ShippedDetector) -> Scorer:
        own = given if isinstance(given, ShippedDetector) else None
        detector = given.detector if isinstance(given, ShippedDetector) else given
        with self._lock:
            if detector.folder not in self._made:
                self._made[detector.folder] = Scorer(detector, own, maps=self._draws and self._maps(detector))
            return self._made[detector.folder]

    def _maps(self, detector: Detector) -> bool:
        """Whether no audit of this detector found that its heat maps hardly depend on what it learned."""
        reason = maps_off(detector)
        if reason:
            self._progress.warn(f"no heat map was drawn: the audit beside the detector says: {reason}")
        return not reason


def detector_of(given: Scoring) -> Detector:
    """The detector that is named, or that of adults, whose classes the other one shares."""
    own = given.default if isinstance(given, ShippedByAge) else given
    return own.detector if isinstance(own, ShippedDetector) else own


def age_group_of(film: Radiograph) -> AgeGroup:
    """What the file says of the age: only DICOM does."""
    group: AgeGroup = film.origin.get("age_group", "unknown")
    return group

"""Both detectors that come with deepcovid: the age that a film's header tells says which one scores it."""

from __future__ import annotations

import threading
from pathlib import Path

from deepcovid.imaging.dicom_age import AgeGroup
from deepcovid.models.abnormal.shipped import NAMES, ShippedDetector, shipped_detector
from deepcovid.models.abnormal.words import ADULTS, CHILDREN, GROUPS


class ShippedByAge:
    """deepcovid's own detectors of adults and of children; that of children is loaded when the first film for it comes.

    Args:
        folder: where both lie; default: this package.

    Raises:
        DetectorError: this version has none of adults, or a file is missing, damaged or altered.
    """

    def __init__(self, *, folder: Path | None = None) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._loaded: dict[str, ShippedDetector] = {}
        self.default = self.of("unknown")

    def of(self, group: AgeGroup) -> ShippedDetector:
        """The detector for films of this age group; of an unknown one that of adults.

        Raises:
            DetectorError: it is missing, damaged or altered.
        """
        population = CHILDREN if GROUPS[CHILDREN] == group else ADULTS
        with self._lock:
            if population not in self._loaded:
                name = next(name for name, whose in NAMES.items() if whose == population)
                self._loaded[population] = shipped_detector(name, folder=self._folder)
            return self._loaded[population]

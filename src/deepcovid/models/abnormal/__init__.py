"""The detectors that come with deepcovid: normal or abnormal chest film, of adults and of children."""

from __future__ import annotations

from deepcovid.models.abnormal.by_age import ShippedByAge
from deepcovid.models.abnormal.shipped import NAME, NAMES, ShippedDetector, shipped_detector

__all__ = ["NAME", "NAMES", "ShippedByAge", "ShippedDetector", "shipped_detector"]

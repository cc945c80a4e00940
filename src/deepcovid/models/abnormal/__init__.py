"""The detector that comes with deepcovid: normal or abnormal chest film, a demonstration for research."""

from __future__ import annotations

from deepcovid.models.abnormal.shipped import NAME, ShippedDetector, shipped_detector

__all__ = ["NAME", "ShippedDetector", "shipped_detector"]

"""Corruptions of films: what goes wrong between a patient and a file, a kind a function, five severities each.

In the manner of ImageNet-C (Hendrycks & Dietterich 2019), for radiographs and at any size.
"""

from deepcovid.imaging.corruptions import greys, overlays, placement, sharpness  # noqa: F401  # each enters its kinds
from deepcovid.imaging.corruptions.corruption import CORRUPTIONS, SEVERITIES, Corruption

__all__ = ["CORRUPTIONS", "SEVERITIES", "Corruption"]

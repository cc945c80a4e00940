"""Our own lung segmenter: which pixels of a frontal chest film are lung?"""

from __future__ import annotations

from deepcovid.models.lungs.segmenter import LungSegmenter

__all__ = ["LungSegmenter"]

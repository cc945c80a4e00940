"""The gate: is this one frontal chest X-ray, the right way up and not inverted?"""

from __future__ import annotations

from deepcovid.models.gate.gate import Gate, Rules, Verdict
from deepcovid.models.gate.reasons import PASSES, REASONS

__all__ = ["PASSES", "REASONS", "Gate", "Rules", "Verdict"]

"""A sweep: a recipe with some keys varied, every setting trained on the same films, judged and compared on validation."""

from deepcovid.runs.sweep.sweep import Swept, sweep
from deepcovid.runs.sweep.wishes import Wishes

__all__ = ["Swept", "Wishes", "sweep"]

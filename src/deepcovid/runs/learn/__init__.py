"""A new disease without a recipe: ways to train are compared within a time, one is chosen, and a curve tells of more films."""

from __future__ import annotations

from deepcovid.runs.learn.learn import Learnt, learn
from deepcovid.runs.learn.wishes import Wishes

__all__ = ["Learnt", "Wishes", "learn"]

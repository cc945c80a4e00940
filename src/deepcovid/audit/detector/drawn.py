"""Tested films drawn for tests that alter each in many ways: so many of either class, of as many patients as there are."""

from __future__ import annotations

import numpy as np

from deepcovid.audit.detector.detector_test import Case


def drawn_rows(case: Case, *, each: int, among: np.ndarray | None = None) -> np.ndarray:
    """Row numbers in order, at most `each` of either class: first one film of every patient by lot, then second ones.

    Args:
        case: whose films.
        each: how many.
        among: bool (N,), which films; default: the tested ones.
    """
    rng = np.random.default_rng(case.seed)
    rows = case.rows if among is None else np.flatnonzero(among)
    rows = rows[rng.permutation(len(rows))]
    sides = [rows[case.positive[rows] == side] for side in (True, False)]
    return np.sort(
        np.concatenate([side[np.argsort(_turn(case.patient[side]), kind="stable")][:each] for side in sides])
    )


def _turn(patient: np.ndarray) -> np.ndarray:
    """For each film how many of its patient's stand before it."""
    order = np.argsort(patient, kind="stable")
    start = np.searchsorted(patient[order], patient[order])
    turn = np.empty(len(patient), dtype=int)
    turn[order] = np.arange(len(patient)) - start
    return turn

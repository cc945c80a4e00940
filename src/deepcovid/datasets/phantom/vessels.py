"""Lung vessels: two trees that branch from the hila, drawn as soft lines that thin out towards the pleura."""

from __future__ import annotations

import numpy as np

from deepcovid.datasets.phantom.anatomy import Anatomy
from deepcovid.datasets.phantom.geometry import Frame, blob
from deepcovid.imaging.lines import draw_lines

GENERATIONS = 6
WIDTHS = (0.014, 0.0075, 0.004)  # half widths in chest units of large, middle and small vessels
STRENGTHS = (1.0, 0.65, 0.3)
STEPS = 24  # points a branch


def make_vessels(frame: Frame) -> np.ndarray:
    """Thickness of vessels and hila, float32 (H, W), about 1 in a large vessel."""
    points, ranks, spacing = _tree_points(frame.anatomy)
    row, column = frame.to_pixels(points[:, 0], points[:, 1])
    drawn = np.zeros(frame.shape, np.float32)
    for rank, (width, strength) in enumerate(zip(WIDTHS, STRENGTHS, strict=True)):
        own = ranks == rank
        drawn += strength * draw_lines(
            row[own], column[own], spacing[own] * frame.unit, frame.shape, width * frame.unit
        )
    return drawn + _hila(frame)


def _hila(frame: Frame) -> np.ndarray:
    x, y = frame.x - 0.03 * frame.acquisition.turn, frame.y
    right = blob(x, y, (-0.24, -0.06), (0.05, 0.10)) + 0.6 * blob(x, y, (-0.30, 0.05), (0.04, 0.08))
    left = blob(x, y, (0.27, -0.14), (0.05, 0.07)) + 0.5 * blob(x, y, (0.32, -0.02), (0.04, 0.08))
    return 0.9 * (right + left)


def _tree_points(anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (N, 2) along all branches, the rank of their width, and the distance between neighbours (chest units)."""
    rng = np.random.default_rng(anatomy.vessel_seed)
    start = np.array([[-0.24, -0.06], [0.27, -0.12]] * 7)
    fan = np.repeat(np.linspace(-1.35, 1.45, 7), 2)  # radians: up and out, out, down and out
    outward = np.tile([-1.0, 1.0], 7)
    angle, length = fan + 0.12 * rng.standard_normal(14), np.full(14, 0.24)
    points, ranks, spacing = [], [], []
    for generation in range(GENERATIONS):
        along = np.linspace(0, 1, STEPS)[None, :]
        bend = 0.25 * rng.standard_normal((len(angle), 1)) * along
        dx = np.cos(angle[:, None] + bend) * outward[:, None] * length[:, None] * along
        dy = np.sin(angle[:, None] + bend) * length[:, None] * along
        branch = np.stack([start[:, :1] + dx, start[:, 1:] + dy], axis=-1)
        points.append(branch.reshape(-1, 2))
        ranks.append(np.full(branch.shape[0] * STEPS, min(generation // 2, 2)))
        spacing.append(np.repeat(length / (STEPS - 1), STEPS))
        start = np.repeat(branch[:, -1], 2, axis=0)
        turn = np.array([0.36, -0.36])[None, :] + 0.2 * rng.standard_normal((len(angle), 2))
        angle = (np.repeat(angle + bend[:, -1], 2).reshape(-1, 2) + turn).reshape(-1)
        outward, length = np.repeat(outward, 2), np.repeat(length, 2) * rng.uniform(0.6, 0.9, 2 * len(length))
    return np.concatenate(points), np.concatenate(ranks), np.concatenate(spacing)

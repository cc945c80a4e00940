"""Bone along the rays: ribs, collar bones, shoulder blades, upper arms, spine."""

from __future__ import annotations

import numpy as np

from deepcovid.datasets.phantom.anatomy import RIBS
from deepcovid.datasets.phantom.geometry import Frame, blob, ramp


def make_bone(frame: Frame) -> np.ndarray:
    """Attenuation of all bones, float32 (H, W), in nats beyond that of soft tissue."""
    ribs = _ribs(frame, front=False) + _ribs(frame, front=True)
    ribs = ribs * (0.55 + 0.45 * ramp(frame.above, 0.03))  # scatter hides most of them below the diaphragm
    bone = 0.34 * ribs + 0.75 * _clavicles(frame) + 0.32 * _scapulae(frame) + 0.9 * _humeri(frame)
    return (bone + 0.42 * _spine(frame) + 0.8 * _jaw(frame)) * np.float32(frame.anatomy.bone)


def _tube(distance: np.ndarray, half_width: np.ndarray | float) -> np.ndarray:
    """A hollow bone across: bright cortex, paler marrow."""
    square = (distance / half_width) ** 2
    return np.exp(-(square**3)) * (0.5 + 0.75 * square)


def _ribs(frame: Frame, *, front: bool) -> np.ndarray:
    """All ribs' backs or fronts at once.

    A rib is a tilted ellipse about the chest, so on the film y = first + spacing·k + drop/2·(1 ∓ √(1 − (x/wall)²));
    the nearest k of each pixel is found by rounding, which draws every rib in one evaluation.
    """
    anatomy = frame.anatomy
    across = np.clip(frame.side / (1.03 * frame.wall), 0, 1)
    root = np.sqrt(1 - across**2)
    drop = anatomy.rib_drop
    level = frame.y - anatomy.apex - anatomy.rib_first - drop / 2 * ((1 + root) if front else (1 - root))
    if not front:
        level = level + 0.05 * np.exp(-(((frame.side - 0.22) / 0.14) ** 2))  # the neck of the rib rises from the spine
    place = level / anatomy.rib_spacing
    nearest = np.clip(np.rint(place), 0, RIBS - 1)
    index = nearest.astype(np.intp)
    jitter = np.where(frame.left > 0, anatomy.rib_jitter[index, 1], anatomy.rib_jitter[index, 0])
    offset = place - nearest - jitter
    slope = np.minimum(drop / 2 * across / (frame.wall * np.maximum(root, 0.05)), 2.2)
    distance = offset * anatomy.rib_spacing / np.sqrt(1 + slope**2)
    wide = anatomy.rib_width * (1.15 if front else 1.0)
    band = _tube(distance, wide) * (1 + 1.3 * across**10) * (frame.side < 1.06 * frame.wall)
    if front:
        end = 0.30 + 0.03 * nearest
        return 0.6 * band * ramp(frame.side - end, 0.02) * (nearest < RIBS - 2)
    return band * ramp(frame.side - 0.06, 0.02)


def _clavicles(frame: Frame) -> np.ndarray:
    ap, turn = frame.acquisition.view == "AP", frame.acquisition.turn
    reach = np.clip((frame.side - 0.12) / 0.95, 0, 1.2)
    lift = 0.10 if ap else 0.0
    start = frame.anatomy.apex + 0.28 - lift + 0.02 * turn * (frame.left - 0.5)
    slope = 0.14 if ap else 0.24
    curve = start - slope * reach + 0.035 * np.sin(2 * np.pi * reach)
    width = 0.036 + 0.02 * np.exp(-((reach / 0.08) ** 2)) + 0.012 * reach
    medial = ramp(frame.side - 0.10 - 0.03 * turn * (2 * frame.left - 1), 0.012)
    return _tube(frame.y - curve, width) * medial * ramp(1.12 - frame.side, 0.02)


def _scapulae(frame: Frame) -> np.ndarray:
    """A triangular blade with bright borders; PA films draw it clear of the lungs, AP films leave it over them."""
    inner = 0.74 if frame.acquisition.view == "AP" else 0.93
    x, y = frame.side - inner, frame.y
    upper, lower = -0.72, 0.02 - 0.1 * (frame.acquisition.view == "PA")
    down = np.clip((y - upper) / (lower - upper), 0, 1)
    medial = 0.04 + 0.05 * down
    outer = 0.42 - 0.36 * down
    inside = ramp(x - medial, 0.012) * ramp(outer - x, 0.012) * ramp(y - upper, 0.02) * ramp(lower + 0.03 - y, 0.02)
    lateral = np.exp(-(((x - outer) / 0.03) ** 2)) * ramp(y - upper, 0.03) * ramp(lower - y, 0.03)
    edge = np.exp(-(((x - medial) / 0.014) ** 2)) * ramp(y - upper, 0.03) * ramp(lower - y, 0.03)
    ridge_line = upper + 0.14 - 0.32 * (x - medial)
    ridge = np.exp(-(((y - ridge_line) / 0.035) ** 2)) * ramp(x - medial, 0.02) * ramp(0.5 - x, 0.03)
    return 0.55 * inside + 1.1 * lateral + 0.45 * edge + 1.1 * ridge


def _humeri(frame: Frame) -> np.ndarray:
    if frame.anatomy.arms_up:
        centre = 1.22 - 0.22 * (frame.y + 0.75)
        shaft = _tube(frame.side - centre, 0.08) * ramp(-0.72 - frame.y, 0.02)
        return shaft + 0.8 * blob(frame.side, frame.y, (1.2, -0.68), (0.09, 0.09))
    head = np.clip(1 - ((frame.side - 1.36) / 0.16) ** 2 - ((frame.y + 0.80) / 0.16) ** 2, 0, 1)
    shaft = _tube(frame.side - 1.47 - 0.10 * (frame.y + 0.5), 0.075) * ramp(frame.y + 0.72, 0.03)
    return np.maximum(np.sqrt(head), shaft)


def _jaw(frame: Frame) -> np.ndarray:
    """The chin at the film's top, lower on AP films of patients who cannot lift it."""
    low = frame.anatomy.apex - (0.38 if frame.acquisition.view == "AP" else 0.56) - 0.05 * frame.acquisition.turn
    edge = low - 1.6 * np.clip(np.abs(frame.x - 0.08 * frame.acquisition.turn) - 0.1, 0, None) ** 2
    return (
        ramp(edge - frame.y, 0.02)
        * (0.5 + 0.5 * np.exp(-(((frame.y - edge) / 0.07) ** 2)))
        * ramp(0.5 - frame.side, 0.03)
    )


def _spine(frame: Frame) -> np.ndarray:
    """Vertebral bodies with discs between them, pedicles and spinous processes."""
    anatomy = frame.anatomy
    x = frame.x - anatomy.spine_curve * np.sin(2.2 * frame.y + 1) + 0.015 * frame.acquisition.turn
    period = anatomy.rib_spacing * 0.97
    phase = (frame.y / period + anatomy.spine_phase) % 1 - 0.5
    width = anatomy.spine_width * (1 + 0.16 * np.clip(frame.y + 0.2, -1, 1)) * (1 - 0.10 * np.cos(2 * np.pi * phase))
    body = ramp(width - np.abs(x), 0.018) * (0.72 + 0.28 * ramp(0.40 - np.abs(phase), 0.03))
    plates = np.exp(-(((np.abs(phase) - 0.39) / 0.035) ** 2)) * ramp(width - np.abs(x), 0.01)
    pedicles = np.exp(-(((np.abs(x) - 0.6 * width) / 0.018) ** 2) - ((phase + 0.12) / 0.13) ** 2)
    process = np.exp(-((x / 0.018) ** 2) - ((phase - 0.18) / 0.16) ** 2)
    transverse = np.exp(-(((phase + 0.12) * period / 0.022) ** 2)) * ramp(0.2 - np.abs(x), 0.02)
    depth = 0.75 + 0.35 * ramp(frame.y - 0.3, 0.3)
    return (body + 0.22 * plates + 0.35 * pedicles + 0.3 * process + 0.3 * transverse) * depth

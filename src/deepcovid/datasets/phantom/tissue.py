"""Soft tissue and air along the rays: body, lungs, heart, great vessels, windpipe, breasts, stomach."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deepcovid.datasets.phantom.geometry import Frame, breath, ramp


@dataclass(frozen=True, eq=False)
class Tissue:
    """Path lengths along the ray, float32 (H, W), in chest depths (about 20 cm).

    Attributes:
        body: everything within the skin, as if solid.
        lung: the share of it that is lung.
        air: windpipe, large bronchi and bowel gas.
        heart: silhouette of the heart, bool.
    """

    body: np.ndarray
    lung: np.ndarray
    air: np.ndarray
    heart: np.ndarray


def make_tissue(frame: Frame, *, heart_scale: float, rng: np.random.Generator) -> Tissue:
    """The soft tissue of a patient, with the heart `heart_scale` times its usual width; `rng` draws the bowel gas."""
    heart = _heart(frame, heart_scale)
    lung = _chest_depth(frame) * _lung_ends(frame) * (1 - heart) * (1 - _central(frame)) * _beside_vessels(frame)
    body = _trunk(frame) + _breasts(frame)
    return Tissue(body=body, lung=np.minimum(lung, body), air=_airways(frame) + _gas(frame, rng), heart=heart > 0.15)


def _half_round(distance: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """Profile of a round body's edge: 0 outside, rising as a circle to 1 at `width` inside."""
    inside = np.clip(distance / width, 0, 1)
    return np.sqrt(inside * (2 - inside))


def _trunk(frame: Frame) -> np.ndarray:
    anatomy = frame.anatomy
    fat = anatomy.habitus
    shoulders = ramp(-0.42 - frame.y, 0.07) * (0.55 + 0.1 * fat)
    flank = 1.12 + 0.14 * fat + shoulders + 0.05 * np.clip(frame.y - 0.3, 0, 1)
    neck = 1.6 * np.exp(-((frame.side / anatomy.neck) ** 4))
    rise = 0.62 * np.clip(frame.side - 0.25, 0, 0.55) + 0.16 * np.clip(frame.side - 0.8, 0, None)
    top = anatomy.apex - 0.42 + rise + 0.3 * np.clip(frame.side - 1.25, 0, None) - neck
    depth = 0.92 + 0.25 * fat + anatomy.belly * ramp(frame.y - 0.45, 0.15) - 0.12 * ramp(-0.75 - frame.y, 0.12)
    trunk = _half_round(flank - frame.side, 0.75) * _half_round(frame.y - top, 0.40) * depth
    return np.maximum(trunk, _arms(frame))


def _arms(frame: Frame) -> np.ndarray:
    if frame.anatomy.arms_up:
        centre = 1.22 - 0.22 * (frame.y + 0.75)
        arm = _half_round(0.24 - np.abs(frame.side - centre), 0.24) * ramp(-0.55 - frame.y, 0.05)
    else:
        centre = 1.52 + 0.10 * (frame.y + 0.5) + 0.12 * frame.anatomy.habitus
        arm = _half_round(0.25 - np.abs(frame.side - centre), 0.25) * ramp(frame.y + 0.7, 0.08)
    return 0.5 * arm


def _chest_depth(frame: Frame) -> np.ndarray:
    """Depth of the inner chest: a squarish oval across, shallow towards the apex."""
    across = np.sqrt(np.clip(1 - (frame.side / (0.99 * frame.wall)) ** 3.4, 0, 1))
    rise = np.clip((frame.y - frame.anatomy.apex) / 0.7, 0, 1)
    return 0.84 * across * (0.35 + 0.65 * np.sqrt(rise)) * (frame.y > frame.anatomy.apex)


def _lung_ends(frame: Frame) -> np.ndarray:
    """Share of the chest's depth that is lung above, and, in the recess behind them, below the domes."""
    above = 0.76 + 0.24 * np.clip(frame.above / 0.35, 0, 1)
    behind = 0.16 * np.exp(-np.clip(-frame.above, 0, None) / 0.12)
    return behind + (above - behind) * ramp(frame.above, 0.008)


def _heart(frame: Frame, scale: float) -> np.ndarray:
    anatomy, ap = frame.anatomy, frame.acquisition.view == "AP"
    scale = scale * (1.13 if ap else 1.0)
    # it rests on the diaphragm and goes along with it
    floor = 0.8 * (anatomy.dome + anatomy.dome_gap - 0.53) + 0.8 * breath(frame.acquisition)
    x = frame.x - anatomy.heart_x - 0.05 * frame.acquisition.turn - 0.07 * (scale - 1)
    y = frame.y - anatomy.heart_y - floor
    cos, sin = math.cos(anatomy.heart_tilt), math.sin(anatomy.heart_tilt)
    along, across = (cos * x + sin * y) / (anatomy.heart_width * scale), (cos * y - sin * x) / anatomy.heart_height
    ventricles = along**2 + (across / (1 + 0.3 * (scale - 1))) ** 2
    atrium = ((x + 0.22) / (0.23 * scale)) ** 2 + ((y - 0.07) / 0.31) ** 2
    return 0.86 * np.sqrt(np.clip(1 - np.minimum(ventricles, atrium), 0, 1))


def _beside_vessels(frame: Frame) -> np.ndarray:
    """Share of the lung along the ray that the great vessels and the thymus leave."""
    anatomy = frame.anatomy
    x, y = frame.x - 0.05 * frame.acquisition.turn, frame.y
    size = anatomy.aorta
    knob = np.clip(
        1 - ((x - 0.12 - 0.04 * size) / (0.10 + 0.04 * size)) ** 2 - ((y + 0.44) / (0.13 + 0.03 * size)) ** 2, 0, 1
    )
    trunk = np.clip(1 - ((x - 0.15) / 0.15) ** 2 - ((y + 0.14) / 0.19) ** 2, 0, 1)
    cava = np.clip(1 - ((x + 0.11) / 0.12) ** 2, 0, 1) * ramp(-0.02 - y, 0.05)
    descending = np.clip(1 - ((x - 0.12) / 0.10) ** 2, 0, 1) * ramp(y + 0.42, 0.05)
    left = (1 - 0.7 * knob**0.5) * (1 - 0.6 * trunk**0.6) * (1 - 0.3 * descending)
    right = 1 - 0.55 * np.sqrt(cava)
    if anatomy.thymus < 0.1:
        return left * right
    sail = np.clip(1 - (np.abs(x) / (0.2 + 0.22 * anatomy.thymus)) ** 4, 0, 1) * np.exp(-(((y + 0.35) / 0.3) ** 2))
    return left * right * (1 - 0.7 * sail)


def _central(frame: Frame) -> np.ndarray:
    """Spine, gullet and the rest of the mediastinum, which leave no lung along the ray."""
    widen = 0.06 * ramp(-0.55 - frame.y, 0.08)
    edge = frame.anatomy.mediastinum + 0.015 + widen - np.abs(frame.x - 0.03 * frame.acquisition.turn)
    return 0.96 * _half_round(edge, 0.16 + 0.06 * ramp(frame.y, 0.1))


def _airways(frame: Frame) -> np.ndarray:
    x, y = frame.x - 0.03 * frame.acquisition.turn + 0.012, frame.y
    carina = -0.30
    pipe = _half_round(0.058 - np.abs(x), 0.058) * ramp(carina - y, 0.02)
    right = _half_round(0.042 - np.abs(x + 0.02 + 0.62 * (y - carina)) * 0.85, 0.042) * (x < 0)
    left = _half_round(0.036 - np.abs(x - 0.02 - 1.05 * (y - carina)) * 0.7, 0.036) * (x >= 0)
    stems = (right + left) * ramp(y - carina + 0.02, 0.015) * ramp(carina + 0.2 - y, 0.02)
    return 0.105 * pipe + 0.08 * stems


def _gas(frame: Frame, rng: np.random.Generator) -> np.ndarray:
    """The stomach's bubble under the left dome, flat below when erect, and now and then a loop of bowel."""
    x, y, size = frame.x, frame.y, rng.uniform(0.4, 1.15)
    centre = (rng.uniform(0.32, 0.5), frame.anatomy.dome + frame.anatomy.dome_gap + rng.uniform(0.10, 0.16))
    radius = ((x - centre[0]) / (0.19 * size)) ** 2 + ((y - centre[1]) / (0.10 * size)) ** 2
    bubble = np.sqrt(np.clip(1 - radius, 0, 1)) * ramp(-frame.above - 0.015, 0.008)
    if rng.random() < 0.5:
        bubble = bubble * ramp(centre[1] + 0.03 - y, 0.01)
    for _ in range(int(rng.integers(0, 4))):  # bowel, mostly at the bend under the left dome
        place, width, height = (
            (rng.normal(0.45, 0.3), rng.uniform(0.8, 1.05)),
            rng.uniform(0.07, 0.17),
            rng.uniform(0.03, 0.07),
        )
        bend = 0.5 * (x - place[0]) ** 2 * rng.uniform(-1, 1) / width
        loop = ((x - place[0]) / width) ** 2 + ((y + bend - place[1]) / height) ** 2
        bubble = np.maximum(bubble, 0.5 * np.clip(1 - loop, 0, 1) ** 0.8)
    return (0.30 if size > 0.5 else 0.1) * bubble * ramp(-frame.above - 0.01, 0.01)


def _breasts(frame: Frame) -> np.ndarray:
    size = frame.anatomy.breast
    if size < 0.05:
        return np.zeros_like(frame.x)
    x, y = frame.side - frame.anatomy.breast_x, frame.y - frame.anatomy.breast_y - 0.02 * (frame.left - 0.5)
    width, height = 0.34 + 0.16 * size, 0.30 + 0.18 * size
    stretch = np.where(y < 0, np.float32(1.7), np.float32(1))
    round_ = np.clip(1 - (x / width) ** 2 - (y / (height * stretch)) ** 2, 0, 1)
    return 0.22 * size * round_**0.7

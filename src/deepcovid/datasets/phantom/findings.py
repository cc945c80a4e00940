"""What ails a lung: each finding fills part of its air, and says where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from deepcovid.datasets.phantom.geometry import Frame, blob, ramp
from deepcovid.datasets.phantom.texture import cloud
from deepcovid.datasets.phantom.tissue import Tissue
from deepcovid.registry import Registry

LESION_EDGE = 0.12  # share of the lung's air that must be filled for a pixel to belong to the lesion mask


@dataclass(frozen=True, eq=False)
class Lesion:
    """What a finding does to one film.

    Attributes:
        fill: share of the lung's air that is replaced by tissue or fluid, float32 (H, W) in [0, 1].
        solid: tissue added regardless of air, float32 (H, W), in chest depths.
        mask: where a reader would outline it, bool (H, W).
        facts: what was drawn, as plain values.
    """

    fill: np.ndarray
    solid: np.ndarray
    mask: np.ndarray
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """A kind of finding.

    Attributes:
        draw: makes the lesion of one severity on one frame.
        heart: by how much the heart grows at severity 1, as a share of its width.
    """

    draw: Callable[[Frame, np.ndarray, float, np.random.Generator], Lesion]
    heart: float = 0.0


FINDINGS: Registry[Finding] = Registry("finding")


def _nothing(frame: Frame) -> np.ndarray:
    return np.zeros(frame.shape, np.float32)


def _filled(frame: Frame, field_: np.ndarray, fill: np.ndarray, facts: dict[str, Any]) -> Lesion:
    return Lesion(np.clip(fill, 0, 1), _nothing(frame), (fill > LESION_EDGE) & (field_ > 0), facts)


def _normal(frame: Frame, field_: np.ndarray, severity: float, rng: np.random.Generator) -> Lesion:
    return _filled(frame, field_, _nothing(frame), {})


def _covid(frame: Frame, field_: np.ndarray, severity: float, rng: np.random.Generator) -> Lesion:
    """Patchy ground-glass, mostly on both sides, towards the pleura and the lower zones (Wong et al. 2020, Radiology)."""
    count = int(rng.integers(2, 4) + round(7 * severity))
    total = _nothing(frame)
    first = int(rng.integers(2))
    for patch in range(count):
        on_left = (first + patch) % 2 if rng.random() < 0.85 else first
        total = np.maximum(total, _patch(frame, on_left, severity, rng))
    rough = 1 + 0.30 * cloud(frame.shape, 0.06 * frame.unit, rng) + 0.15 * cloud(frame.shape, 0.016 * frame.unit, rng)
    lines = np.exp(-(cloud(frame.shape, 0.025 * frame.unit, rng) ** 2) / 0.06)  # thickened septa within the glass
    fill = total * (0.26 + 0.30 * severity) * np.clip(rough + 0.22 * lines, 0.3, 1.8)
    return _filled(frame, field_, fill, {"patches": count})


def _patch(frame: Frame, on_left: int, severity: float, rng: np.random.Generator) -> np.ndarray:
    top, bottom = -0.55, frame.anatomy.dome + 0.05
    y = top + (bottom - top) * rng.beta(2.4, 1.2)
    wall = float(np.interp(y, frame.y[:, 0], frame.wall[:, 0]))
    x = (1 if on_left else -1) * wall * rng.uniform(0.55, 0.93)
    radii = (rng.uniform(0.10, 0.18) * (0.8 + 0.6 * severity), rng.uniform(0.12, 0.24) * (0.8 + 0.6 * severity))
    hill = blob(frame.x, frame.y, (x, y), radii) * (frame.left == on_left)
    return ramp(hill - 0.45, 0.16) * rng.uniform(0.6, 1.0)


def _pneumonia(frame: Frame, field_: np.ndarray, severity: float, rng: np.random.Generator) -> Lesion:
    """Consolidation of one lobe, sharp at its fissure and blurred elsewhere, with air in the bronchi."""
    lobes = ("right upper", "right middle", "right lower", "left upper", "left lower")
    lobe = str(rng.choice(lobes))
    on_left = int(lobe.startswith("left"))
    fissure = rng.uniform(-0.18, -0.08)
    tilt = rng.uniform(-0.08, 0.12)
    distance = frame.y - fissure - tilt * (frame.side - 0.5) - 0.25 * (frame.side - 0.55) ** 2
    centre_x, centre_y, radius_x, radius_y = {
        "upper": (0.52, -0.42, 0.42, 0.36), "middle": (0.42, 0.12, 0.36, 0.26), "lower": (0.55, 0.32, 0.42, 0.36),
    }[lobe.split()[1]]  # fmt: skip
    size = 0.45 + 0.6 * severity
    hill = blob(frame.side, frame.y, (centre_x + rng.uniform(-0.1, 0.1), centre_y + rng.uniform(-0.08, 0.08)),
                (radius_x * size, radius_y * size))  # fmt: skip
    sharp = {"upper": ramp(-distance, 0.010), "middle": ramp(distance, 0.015), "lower": np.ones_like(hill)}
    rough = 1 + 0.16 * cloud(frame.shape, 0.06 * frame.unit, rng) + 0.10 * cloud(frame.shape, 0.015 * frame.unit, rng)
    bronchi = np.exp(-(cloud(frame.shape, 0.035 * frame.unit, rng) ** 2) / 0.02)
    inside = ramp(hill * rough - 0.45, 0.09) * sharp[lobe.split()[1]] * (frame.left == on_left)
    fill = inside * (0.40 + 0.45 * severity) * (1 - 0.22 * bronchi)
    return _filled(frame, field_, fill, {"lobe": lobe})


def _effusion(frame: Frame, field_: np.ndarray, severity: float, rng: np.random.Generator) -> Lesion:
    """Free fluid: the angle is blunted and the upper edge climbs along the chest wall (meniscus)."""
    kind = str(rng.choice(["right", "left", "both"], p=[0.4, 0.35, 0.25]))
    across = np.clip(frame.side / frame.wall, 0, 1)
    fill = _nothing(frame)
    for on_left, name in ((0, "right"), (1, "left")):
        if kind not in (name, "both"):
            continue
        amount = severity * (1.0 if kind == name else rng.uniform(0.5, 1.0))
        base = frame.anatomy.dome + frame.anatomy.dome_gap * on_left + 0.9 * frame.anatomy.dome_drop
        level = base - 0.05 - 0.75 * amount
        edge = level + 0.08 - 0.30 * (across**5) * (0.4 + 0.6 * amount) - 0.04 * (1 - across) ** 2
        fluid = ramp(frame.y - edge, 0.022 + 0.02 * amount) * (frame.left == on_left)
        fill = np.maximum(fill, fluid * (0.82 + 0.15 * ramp(frame.y - edge - 0.15, 0.06)))
    return _filled(frame, field_, fill, {"side": kind})


def _cardiomegaly(frame: Frame, field_: np.ndarray, severity: float, rng: np.random.Generator) -> Lesion:
    """The heart itself; `Finding.heart` makes it grow, so nothing is added here."""
    return _filled(frame, field_, _nothing(frame), {})


def _nodule(frame: Frame, field_: np.ndarray, severity: float, rng: np.random.Generator) -> Lesion:
    """One to three round shadows."""
    solid, mask = _nothing(frame), np.zeros(frame.shape, bool)
    count = int(1 + (rng.random() < 0.3) + (rng.random() < 0.3))
    rows, columns = np.nonzero(field_ > 0.12)
    for _ in range(count):
        place = int(rng.random() * len(rows))
        cx, cy = frame.x[rows[place], columns[place]], frame.y[rows[place], columns[place]]
        radius = (0.030 + 0.075 * severity) * rng.uniform(0.75, 1.15)
        ball = np.clip(1 - (((frame.x - cx) ** 2 + (frame.y - cy) ** 2) / radius**2), 0, 1)
        solid = np.maximum(solid, 2.4 * radius * np.sqrt(ball) + 0.06 * (ball > 0))
        mask |= ball > 0
    return Lesion(_nothing(frame), solid, mask, {"nodules": count})


FINDINGS.add("normal", Finding(_normal))
FINDINGS.add("covid", Finding(_covid))
FINDINGS.add("pneumonia", Finding(_pneumonia))
FINDINGS.add("effusion", Finding(_effusion))
FINDINGS.add("cardiomegaly", Finding(_cardiomegaly, heart=0.42))
FINDINGS.add("nodule", Finding(_nodule))


def draw_finding(
    name: str, *, frame: Frame, tissue: Tissue, field: np.ndarray, severity: float, rng: np.random.Generator
) -> Lesion:
    """The lesion of a registered finding; for one of the heart the mask is the heart's silhouette."""
    finding = FINDINGS[name]
    lesion = finding.draw(frame, field, severity, rng)
    if finding.heart:
        return Lesion(lesion.fill, lesion.solid, tissue.heart, lesion.facts)
    return lesion

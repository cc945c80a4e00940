"""How one film was taken: projection, placement, exposure, noise, collimation, marker; and each source's habits."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deepcovid.errors import DeepCovidError

VIEWS = ("PA", "AP")


@dataclass(frozen=True)
class Acquisition:
    """The facts of one exposure. Lengths are fractions of the film's sides, angles are degrees.

    Attributes:
        view: "PA" or "AP" (AP: larger heart, shoulder blades over the lungs, shallower breath).
        inspiration: 0 (shallow) to 1 (full).
        zoom: one chest unit as a fraction of the film's width.
        stretch: width over height of the chest on the film; 1 is undistorted.
        rotation: of the patient in the film's plane.
        turn: of the patient about the long axis, −1 to 1; moves heart and breast-bone against the spine.
        shift: (x, y) of the chest's centre.
        brightness: shift of the display window, −1 to 1.
        contrast: slope of the display window; 1 is usual.
        gamma: exponent of the grey values after the window.
        scatter: share of scattered radiation, 0 to 1.
        noise: relative quantum noise.
        blur: unsharpness as a fraction of the film's width.
        enhancement: strength of the local contrast enhancement that digital systems add.
        equalisation: share of the large differences (lung against belly) that they take away, 0 to 1.
        border: widths of the collimated edges (left, right, top, bottom).
        border_value: their grey value.
        border_tilt: rotation of the collimator.
        marker: laterality marker, "L", "R" or "" for none.
        marker_at: (x, y) of its centre.
        marker_height: its height.
        marker_style: "plain", "boxed" or "circled".
        text: further burnt-in words, such as "PORTABLE"; "" for none.
        leads: number of cables and leads that lie over the patient.
    """

    view: str = "PA"
    inspiration: float = 0.8
    zoom: float = 0.43
    stretch: float = 1.0
    rotation: float = 0.0
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    brightness: float = 0.0
    contrast: float = 1.2
    gamma: float = 0.8
    scatter: float = 0.4
    noise: float = 0.5
    blur: float = 0.002
    enhancement: float = 0.5
    equalisation: float = 0.2
    border: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    border_value: float = 0.0
    border_tilt: float = 0.0
    marker: str = "L"
    marker_at: tuple[float, float] = (0.9, 0.08)
    marker_height: float = 0.05
    marker_style: str = "plain"
    text: str = ""
    leads: int = 0

    def __post_init__(self) -> None:
        if self.view not in VIEWS:
            raise DeepCovidError(
                f"a phantom's view is one of {', '.join(VIEWS)}, not {self.view!r}", mend="choose one of them"
            )

    def to_dict(self) -> dict[str, Any]:
        """The same facts as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Source:
    """A hospital's habits, which colour each of its films and tell nothing of the patient.

    Attributes:
        name: as in the table's column `source`.
        contrast, brightness, noise, enhancement, scatter: offsets from the usual.
        marker: the side that its technicians mark.
        marker_style: as in `Acquisition`.
        marker_at: where the marker usually stands.
        collimated: share of films with visible collimation.
        border_value: grey value of the collimated edge.
        texts: words that it burns into AP films.
    """

    name: str
    contrast: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    enhancement: float = 0.0
    scatter: float = 0.0
    marker: str = "L"
    marker_style: str = "plain"
    marker_at: tuple[float, float] = (0.9, 0.08)
    collimated: float = 0.3
    border_value: float = 0.0
    texts: tuple[str, ...] = ("AP", "PORTABLE", "AP ERECT")


def source_named(name: str) -> Source:
    """The habits of the hospital of this name: always the same for the same name, different for different names."""
    seed = int.from_bytes(hashlib.sha256(f"source {name}".encode()).digest()[:8], "little")
    rng = np.random.default_rng(seed)
    side = str(rng.choice(["L", "R"]))
    return Source(
        name=name,
        contrast=float(rng.uniform(-0.12, 0.12)),
        brightness=float(rng.uniform(-0.12, 0.12)),
        noise=float(rng.uniform(-0.2, 0.3)),
        enhancement=float(rng.uniform(-0.3, 0.4)),
        scatter=float(rng.uniform(-0.08, 0.08)),
        marker=side,
        marker_style=str(rng.choice(["plain", "boxed", "circled"])),
        marker_at=(float(rng.uniform(0.86, 0.94) if side == "L" else rng.uniform(0.06, 0.14)), float(rng.uniform(0.05, 0.2))),
        collimated=float(rng.uniform(0.1, 0.6)),
        border_value=float(rng.choice([0.0, 0.0, 0.03, 0.10])),
    )  # fmt: skip


def sample_acquisition(rng: np.random.Generator, *, view: str = "PA", source: Source | None = None) -> Acquisition:
    """Draw the facts of one exposure by the habits of `source` (None: a hospital without habits)."""
    house = source or Source(name="")
    ap = view == "AP"
    return Acquisition(
        view=view,
        inspiration=float(np.clip(rng.normal(0.55 if ap else 0.8, 0.15), 0, 1.1)),
        turn=float(np.clip(rng.normal(0, 0.35 if ap else 0.2), -1, 1)),
        **_placement(rng, ap=ap),
        **_exposure(rng, house, ap=ap),
        **_collimation(rng, house),
        **_marking(rng, house, ap=ap),
        leads=int(rng.integers(1, 5)) if ap and rng.random() < 0.5 else 0,
    )


def _clipped(rng: np.random.Generator, spread: float) -> float:
    return float(spread * np.clip(rng.standard_normal(), -2.5, 2.5))


def _placement(rng: np.random.Generator, *, ap: bool) -> dict[str, Any]:
    return {
        "zoom": 0.432 + _clipped(rng, 0.032) - (0.015 if ap else 0.0),
        "stretch": 1.0 + _clipped(rng, 0.03),
        "rotation": _clipped(rng, 2.5 if ap else 1.2),
        "shift": (_clipped(rng, 0.02), _clipped(rng, 0.03)),
    }


def _exposure(rng: np.random.Generator, house: Source, *, ap: bool) -> dict[str, Any]:
    return {
        "brightness": house.brightness + _clipped(rng, 0.2),
        "contrast": float(np.clip(1.2 + house.contrast + _clipped(rng, 0.18), 0.6, 1.8)),
        "gamma": float(np.exp(_clipped(rng, 0.2) - 0.1)),
        "scatter": float(np.clip(0.38 + house.scatter + (0.08 if ap else 0) + _clipped(rng, 0.06), 0.05, 0.8)),
        "noise": float(np.clip(0.5 + house.noise + (0.25 if ap else 0) + _clipped(rng, 0.15), 0.05, 2)),
        "blur": float(np.clip(0.0022 + _clipped(rng, 0.0006), 0.0005, 0.006)),
        "enhancement": float(np.clip(0.5 + house.enhancement + _clipped(rng, 0.25), 0, 1.8)),
        "equalisation": float(0.85 * rng.beta(1.2, 2.0)),
    }


def _collimation(rng: np.random.Generator, house: Source) -> dict[str, Any]:
    seen = rng.random() < house.collimated
    widths = rng.uniform(0, 0.05, 4) * (rng.random(4) < 0.6) if seen else np.zeros(4)
    return {
        "border": (float(widths[0]), float(widths[1]), float(widths[2]), float(widths[3])),
        "border_value": house.border_value,
        "border_tilt": _clipped(rng, 0.8) if seen else 0.0,
    }


def _marking(rng: np.random.Generator, house: Source, *, ap: bool) -> dict[str, Any]:
    x, y = house.marker_at
    return {
        "marker": house.marker if rng.random() < 0.9 else "",
        "marker_at": (x + _clipped(rng, 0.015), y + _clipped(rng, 0.02)),
        "marker_height": float(rng.uniform(0.035, 0.055)),
        "marker_style": house.marker_style,
        "text": str(rng.choice(house.texts)) if ap and rng.random() < 0.7 else "",
    }

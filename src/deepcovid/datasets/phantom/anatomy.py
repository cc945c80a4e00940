"""One imaginary patient's chest: the lengths and positions that stay the same from film to film."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepcovid.errors import DeepCovidError

SEXES = ("F", "M")
ADULT_AGE = 16.0  # years
RIBS = 11  # pairs that a frontal film can show


@dataclass(frozen=True, eq=False)
class Anatomy:
    """Chest geometry in chest units: 1 is half the inner width of the chest at its widest.

    x runs from the midline to the patient's left (the film's right), y downwards; y = 0 is at the lower edge of the hila.

    Attributes:
        sex: "F" or "M".
        age: years.
        habitus: body fat, 0 (thin) to 1 (obese).
        apex: y of the lungs' tops.
        apex_x: distance of the lungs' tops from the midline.
        shoulder: how square the upper chest is (exponent of its outline).
        base_width: half width of the chest at the diaphragm; 1 is as wide as anywhere.
        medial: distance of the lungs' inner edges from the midline.
        dome: y of the right dome of the diaphragm at full inspiration.
        dome_gap: how much lower the left dome stands.
        dome_drop: how far below their domes the costophrenic angles lie.
        dome_peak: distance of the domes' peaks from the midline.
        belly: how much deeper the body is below the diaphragm than above, in chest depths.
        heart_width: half of the heart's long axis on a PA film.
        heart_height: half of its short axis.
        heart_tilt: radians by which the heart's long axis dips to the left.
        heart_x, heart_y: its centre, over a left dome at 0.53.
        mediastinum: half width of the upper mediastinum.
        aorta: size of the aortic knob, 0 to 1.
        thymus: size of the thymus, 0 to 1 (small children).
        neck: half width of the neck.
        rib_first, rib_spacing, rib_drop, rib_width: y of the first pair
            at the spine counted from the apex, distance between pairs, height
            between their back and front ends, half thickness.
        rib_jitter: (RIBS, 2) offsets in units of the spacing.
        bone: mineral density; 1 is a young adult's.
        spine_width, spine_curve, spine_phase: half width, lateral bend, position of the discs.
        breast: size of the breasts, 0 to 1; breast_x, breast_y: their centres.
        arms_up: whether the arms are held beside the head (small children).
        warp: (4, 6) slow waves that make every chest its own: amplitude x, amplitude y, two frequencies, two phases.
        vessel_seed: seed of the vessel trees.
    """

    sex: str
    age: float
    habitus: float
    apex: float
    apex_x: float
    shoulder: float
    base_width: float
    medial: float
    dome: float
    dome_gap: float
    dome_drop: float
    dome_peak: float
    belly: float
    heart_width: float
    heart_height: float
    heart_tilt: float
    heart_x: float
    heart_y: float
    mediastinum: float
    aorta: float
    thymus: float
    neck: float
    rib_first: float
    rib_spacing: float
    rib_drop: float
    rib_width: float
    rib_jitter: np.ndarray
    bone: float
    spine_width: float
    spine_curve: float
    spine_phase: float
    breast: float
    breast_x: float
    breast_y: float
    arms_up: bool
    warp: np.ndarray
    vessel_seed: int

    @property
    def child(self) -> float:
        """1 for an infant, 0 from sixteen years on."""
        return float(np.clip((ADULT_AGE - self.age) / ADULT_AGE, 0, 1))


def sample_anatomy(*, seed: int | np.random.SeedSequence, sex: str = "F", age: float = 50.0) -> Anatomy:
    """Draw a patient of this sex and age.

    Args:
        seed: the same seed, sex and age give the same patient.
        sex: "F" or "M".
        age: years, 0 to 120.

    Raises:
        DeepCovidError: an unknown sex or an impossible age.
    """
    if sex not in SEXES:
        raise DeepCovidError(f"a phantom's sex is one of {', '.join(SEXES)}, not {sex!r}", mend="choose one of them")
    if not 0 <= age <= 120:
        raise DeepCovidError(f"a phantom's age is 0 to 120 years, not {age}", mend="give an age within")
    rng = np.random.default_rng(seed)
    child = float(np.clip((ADULT_AGE - age) / ADULT_AGE, 0, 1))
    old = float(np.clip((age - 40) / 45, 0, 1))
    habitus = float(rng.beta(2, 2.5)) * (1 - 0.5 * child)
    return Anatomy(
        sex=sex, age=float(age), habitus=habitus,
        **_lungs(rng, child=child, habitus=habitus, male=sex == "M"),
        **_mediastinum(rng, child=child, old=old, habitus=habitus),
        **_skeleton(rng, child=child, old=old, male=sex == "M"),
        **_breasts(rng, female=sex == "F", age=age, habitus=habitus),
        arms_up=bool(rng.random() < 0.6 * (child > 0.25)),
        warp=_warp(rng),
        vessel_seed=int(rng.integers(2**31)),
    )  # fmt: skip


def _normal(rng: np.random.Generator, mean: float, spread: float) -> float:
    """A normal draw, held within two and a half spreads so that no chest is a monster."""
    return float(mean + spread * np.clip(rng.standard_normal(), -2.5, 2.5))


def _lungs(rng: np.random.Generator, *, child: float, habitus: float, male: bool) -> dict[str, Any]:
    tall = _normal(rng, 0.0, 0.07) + (0.04 if male else 0.0) - 0.06 * habitus - 0.05 * child
    return {
        "apex": -0.95 - tall,
        "apex_x": _normal(rng, 0.42, 0.03),
        "shoulder": _normal(rng, 2.3, 0.2) + 0.3 * child,
        "base_width": _normal(rng, 0.97, 0.035),
        "medial": _normal(rng, 0.15, 0.02) + 0.02 * child,
        "dome": _normal(rng, 0.46, 0.10) + 0.5 * tall - 0.06 * habitus,
        "dome_gap": _normal(rng, 0.07, 0.06),
        "dome_drop": _normal(rng, 0.30, 0.07) - 0.05 * child,
        "dome_peak": _normal(rng, 0.44, 0.05),
        "belly": _normal(rng, 0.14, 0.14) + 0.12 * habitus,
    }


def _mediastinum(rng: np.random.Generator, *, child: float, old: float, habitus: float) -> dict[str, Any]:
    width = _normal(rng, 0.42, 0.03) + 0.08 * child + 0.03 * old + 0.03 * habitus
    return {
        "heart_width": width,
        "heart_height": _normal(rng, 0.34, 0.025),
        "heart_tilt": _normal(rng, 0.62, 0.10) - 0.2 * habitus,
        "heart_x": _normal(rng, 0.21, 0.025) - 0.03 * child,
        "heart_y": _normal(rng, 0.28, 0.03),
        "mediastinum": _normal(rng, 0.16, 0.018) + 0.03 * old + 0.05 * child,
        "aorta": float(np.clip(_normal(rng, 0.55, 0.15) + 0.45 * old - 0.5 * child, 0.05, 1.2)),
        "thymus": float(rng.random() * np.clip(1.6 * child - 0.7, 0, 1)),
        "neck": _normal(rng, 0.36, 0.03) - 0.04 * child + 0.05 * habitus,
    }


def _skeleton(rng: np.random.Generator, *, child: float, old: float, male: bool) -> dict[str, Any]:
    return {
        "rib_first": _normal(rng, -0.06, 0.02),
        "rib_spacing": _normal(rng, 0.172, 0.010) + 0.006 * child,
        "rib_drop": _normal(rng, 0.60, 0.07) - 0.18 * child,
        "rib_width": _normal(rng, 0.034, 0.003) + (0.003 if male else 0.0) - 0.004 * child,
        "rib_jitter": (0.05 * rng.standard_normal((RIBS, 2))).clip(-0.12, 0.12).astype(np.float32),
        "bone": _normal(rng, 1.0, 0.12) - 0.25 * old - 0.1 * child,
        "spine_width": _normal(rng, 0.115, 0.008) - 0.01 * child,
        "spine_curve": _normal(rng, 0.0, 0.015 + 0.015 * old),
        "spine_phase": float(rng.random()),
    }


def _breasts(rng: np.random.Generator, *, female: bool, age: float, habitus: float) -> dict[str, Any]:
    size = float(np.clip(_normal(rng, 0.45, 0.22) + 0.3 * habitus, 0, 1)) * float(np.clip((age - 11) / 6, 0, 1))
    return {
        "breast": size if female else 0.12 * habitus,
        "breast_x": _normal(rng, 0.58, 0.05),
        "breast_y": _normal(rng, 0.32, 0.08) + 0.002 * max(age - 40, 0),
    }


def _warp(rng: np.random.Generator) -> np.ndarray:
    amplitude = 0.014 * rng.standard_normal((4, 2)).clip(-2, 2)
    frequency = rng.uniform(-4.5, 4.5, (4, 2))
    phase = rng.uniform(0, 2 * np.pi, (4, 2))
    return np.concatenate([amplitude, frequency, phase], axis=1).astype(np.float32)

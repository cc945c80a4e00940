"""How films are varied in pretraining: geometry, then greys, borders and lettering, so that none of these is learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepcovid.imaging.augmentation import Augmentation
from deepcovid.imaging.corruptions import CORRUPTIONS
from deepcovid.imaging.corruptions.placement import bordered
from deepcovid.imaging.draw import Draw

# Of the audit's corruptions, those that say nothing about a chest, at the severities that leave it to be seen.
SPOILING = ("gamma", "window", "noise", "blur", "resolution", "burnt-in text", "tubes and leads")
HIGHEST = 3
BORDER = 0.12  # widest, of the side


@dataclass(frozen=True, kw_only=True)
class Variation:
    """How much films are varied.

    Attributes:
        augmentation: how they are moved, and their brightness and contrast changed.
        spoiling: the chance of each corruption of `SPOILING`, in [0, 1], and of a border of one grey.
    """

    augmentation: Augmentation
    spoiling: float


STRONG = Variation(
    augmentation=Augmentation(
        rotation=(-10.0, 10.0), crop=(0.6, 1.0), crop_aspect=(0.85, 1.18), brightness=0.15, contrast=0.4, erasing=0.25
    ),
    spoiling=0.25,
)
"""Greys, borders and lettering change so much that little can be learnt of them: what is left is anatomy."""
MILD = Variation(
    augmentation=Augmentation(
        rotation=(-7.0, 7.0), crop=(0.75, 1.0), crop_aspect=(0.9, 1.1), brightness=0.05, contrast=0.1
    ),
    spoiling=0.03,
)
"""Films stay nearly as they are: exposure, texture and lettering can be learnt, and with them where a film is from."""
VARIATIONS: dict[str, Variation] = {"mild": MILD, "strong": STRONG}


@dataclass(frozen=True, eq=False)
class Varied:
    """A film as it is shown, as it would be without changed greys (both float32 (h, w)), and the geometry of both."""

    shown: np.ndarray
    clean: np.ndarray
    geometry: Draw

    def mask(self, mask: np.ndarray) -> np.ndarray:
        """A mask, bool or float (h, w), moved as the film was: float32 (h, w) in [0, 1]."""
        return self.geometry.apply(np.asarray(mask, dtype=np.float32))


def vary(film: np.ndarray, *, variation: Variation, seed: int) -> Varied:
    """One way to see a film, float32 (h, w) in [0, 1]; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    drawn = variation.augmentation.sample(rng)
    geometry = replace(drawn, blur=0.0, brightness=0.0, contrast=1.0, erased=())
    greys = Draw(
        blur=drawn.blur, brightness=drawn.brightness, contrast=drawn.contrast, erased=drawn.erased, noise=drawn.noise
    )
    clean = geometry.apply(film)
    return Varied(_spoilt(greys.apply(clean), rng, chance=variation.spoiling), clean, geometry)


def _spoilt(film: np.ndarray, rng: np.random.Generator, *, chance: float) -> np.ndarray:
    for name in SPOILING:
        asked, severity, seed = rng.random(), int(rng.integers(1, HIGHEST + 1)), int(rng.integers(2**32))
        if asked < chance:
            film = CORRUPTIONS[name].apply(film, severity=severity, seed=seed)
    asked, grey = rng.random(), float(rng.choice([0.0, rng.random(), 1.0]))
    left, right, top, bottom = (float(width) for width in BORDER * rng.random(4))
    return bordered(film, (left, right, top, bottom), value=grey) if asked < chance else film

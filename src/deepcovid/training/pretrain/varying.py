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
HIGHEST, CHANCE = 3, 0.25
BORDER_CHANCE, BORDER = 0.3, 0.12  # widest, of the side
VARYING = Augmentation(
    rotation=(-10.0, 10.0), crop=(0.6, 1.0), crop_aspect=(0.85, 1.18), brightness=0.15, contrast=0.4, erasing=0.25
)


@dataclass(frozen=True, eq=False)
class Varied:
    """A film as it is shown, as it would be without changed greys (both float32 (h, w)), and the geometry of both."""

    shown: np.ndarray
    clean: np.ndarray
    geometry: Draw

    def mask(self, mask: np.ndarray) -> np.ndarray:
        """A mask, bool or float (h, w), moved as the film was: float32 (h, w) in [0, 1]."""
        return self.geometry.apply(np.asarray(mask, dtype=np.float32))


def vary(film: np.ndarray, *, augmentation: Augmentation, seed: int) -> Varied:
    """One way to see a film, float32 (h, w) in [0, 1]; the same seed gives the same."""
    rng = np.random.default_rng(seed)
    drawn = augmentation.sample(rng)
    geometry = replace(drawn, blur=0.0, brightness=0.0, contrast=1.0, erased=())
    greys = Draw(
        blur=drawn.blur, brightness=drawn.brightness, contrast=drawn.contrast, erased=drawn.erased, noise=drawn.noise
    )
    clean = geometry.apply(film)
    return Varied(_spoilt(greys.apply(clean), rng), clean, geometry)


def _spoilt(film: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    for name in SPOILING:
        asked, severity, seed = rng.random(), int(rng.integers(1, HIGHEST + 1)), int(rng.integers(2**32))
        if asked < CHANCE:
            film = CORRUPTIONS[name].apply(film, severity=severity, seed=seed)
    asked, grey = rng.random(), float(rng.choice([0.0, rng.random(), 1.0]))
    left, right, top, bottom = (float(width) for width in BORDER * rng.random(4))
    return bordered(film, (left, right, top, bottom), value=grey) if asked < BORDER_CHANCE else film

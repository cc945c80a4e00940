"""A corruption: a named way to spoil a film, in five severities with stated parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepcovid.imaging.radiograph import check_film
from deepcovid.registry import Registry

SEVERITIES = (1, 2, 3, 4, 5)

# (film float32 (H, W) in [0, 1], the severity's parameter, random numbers) → float (H, W), cut to [0, 1] afterwards
Change = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """A kind of corruption.

    Attributes:
        name: in small letters, as tables and results name it.
        parameter: what its levels are, with their unit.
        levels: the parameter at each of `SEVERITIES`; the film changes more from each to the next.
        change: what it does; the same random numbers serve all severities, so that a greater one does more of the same.
    """

    name: str
    parameter: str
    levels: tuple[float, float, float, float, float]
    change: Change

    def apply(self, film: np.ndarray, *, severity: int, seed: int | np.random.Generator = 0) -> np.ndarray:
        """The film spoilt: float32 (H, W) in [0, 1] → the same shape, type and range.

        Args:
            film: as `read_film` gives it.
            severity: 1 (a reader would hardly notice) to 5 (hardly a film any more).
            seed: of what is drawn: grain, places, directions.

        Raises:
            ValueError: a severity that is none of `SEVERITIES`, or no film.
        """
        check_film(film)
        if severity not in SEVERITIES:
            raise ValueError(f"a severity is one of {SEVERITIES}, not {severity}")
        changed = self.change(film, self.levels[severity - 1], np.random.default_rng(seed))
        return np.clip(changed, 0.0, 1.0).astype(np.float32)


CORRUPTIONS = Registry[Corruption]("corruption")


def corruption(
    name: str, *, parameter: str, levels: tuple[float, float, float, float, float]
) -> Callable[[Change], Change]:
    """A decorator that enters a kind; see `Corruption`."""

    def enter(change: Change) -> Change:
        CORRUPTIONS.add(name, Corruption(name, parameter, levels, change))
        return change

    return enter

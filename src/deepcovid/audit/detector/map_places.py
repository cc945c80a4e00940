"""Where heat maps lie: their share inside the lungs, and whether their highest point hits lungs and lesions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.audit.detector.detector_test import Case
from deepcovid.audit.detector.looks import Film
from deepcovid.audit.detector.map_randomised import mean_over_patients
from deepcovid.errors import DeepCovidError
from deepcovid.evaluation.intervals import Interval, wilson
from deepcovid.imaging.readers import read_film
from deepcovid.imaging.resizing import resized

GRID = 64  # side of the masks from which the usual place is found

# row number, film → bool (H, W), or None where there is no mask
Mask = Callable[[int, Film], np.ndarray | None]


@dataclass(frozen=True, eq=False)
class Placed:
    """What maps have to do with masks.

    Attributes:
        share: of a map inside the mask, the mean.
        area: share of the film that the mask is: what a level map would have.
        excess: the former less the latter, on the same films.
        hits: how often the map's highest point lies in the mask.
        usual: how often the point does that lies in most of the other films' masks: a prior that sees no film.
    """

    share: Interval
    area: Interval
    excess: Interval
    hits: Interval
    usual: Interval

    def to_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return {name: figure.to_dict() for name, figure in vars(self).items()}


def lung_mask(case: Case) -> Mask:
    """Of the segmenter; without one, the table's."""
    if case.has_segmenter:
        return lambda _, film: film.lungs
    return _from_column(case, "lung_mask")


def lesion_mask(case: Case) -> Mask:
    """The table's."""
    return _from_column(case, "lesion_mask")


def placed(heats: Sequence[np.ndarray], masks: Sequence[np.ndarray | None], patient: np.ndarray) -> Placed | None:
    """Hold maps against masks; None where fewer than two films have both.

    Args:
        heats: float (H, W) ≥ 0, each at its film's size.
        masks: bool (H, W) or None.
        patient: int (N,).
    """
    pairs = [
        (heat, mask, one)
        for heat, mask, one in zip(heats, masks, patient, strict=True)
        if mask is not None and mask.any() and heat.max() > 0
    ]
    if len(pairs) < 2:
        return None
    share = np.array([heat[mask].sum() / heat.sum() for heat, mask, _ in pairs])
    area = np.array([mask.mean() for _, mask, _ in pairs])
    people = np.array([one for *_, one in pairs])
    hit = sum(bool(mask.ravel()[heat.argmax()]) for heat, mask, _ in pairs)
    return Placed(
        share=mean_over_patients(share, people),
        area=mean_over_patients(area, people),
        excess=mean_over_patients(share - area, people),
        hits=wilson(hit, n=len(pairs)),
        usual=wilson(_usual_hits([mask for _, mask, _ in pairs]), n=len(pairs)),
    )


def _usual_hits(masks: Sequence[np.ndarray]) -> int:
    """How many masks hold the middle of the places that most of the other masks hold."""
    small = np.stack([resized(mask.astype(np.float32), size=(GRID, GRID)) > 0.5 for mask in masks])
    total, hits = small.sum(axis=0), 0
    for mask in small:
        others = total - mask
        place = np.flatnonzero((others == others.max()).ravel())
        hits += bool(mask.ravel()[place[len(place) // 2]])
    return hits


def _from_column(case: Case, column: str) -> Mask:
    cells = case.column(column)

    def mask(row: int, film: Film) -> np.ndarray | None:
        name = cells.iloc[row]
        folder = _folder(case, row)
        if not isinstance(name, str) or folder is None:
            return None
        try:
            pixels = read_film(folder / name).pixels
        except DeepCovidError:
            return None
        return resized(pixels, size=film.pixels.shape) > 0.5

    return mask


def _folder(case: Case, row: int) -> Path | None:
    """The table's folder: what an image's path has before its cell."""
    path, cell = case.looks.paths[row], Path(str(case.frame["image"].iloc[row]))
    parts = len(cell.parts)
    return None if cell.is_absolute() or path.parts[-parts:] != cell.parts else Path(*path.parts[:-parts])

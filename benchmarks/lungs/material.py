"""What the lung segmenter learns from and is measured on: phantoms, and real films with lung masks, at 128 × 128."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import lungs_from_phantoms
from deepcovid.imaging.readers import read_film
from deepcovid.imaging.resizing import resized
from deepcovid.models.lungs.ranks import SIDE
from deepcovid.models.lungs.segmenter import as_digits, code_of

# Licences of films whose masks may train what is shipped; "CC BY" with another word behind it is not among them.
FREE = ("CC BY", "CC BY 3.0", "CC BY 4.0", "Apache 2.0")
FOLDS = 3


@dataclass(frozen=True, eq=False)
class Pairs:
    """Films and lungs, uint8 (N, SIDE, SIDE) of 0 … 255 and of 0 and 1."""

    films: np.ndarray
    lungs: np.ndarray

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, rows: np.ndarray) -> Pairs:
        return Pairs(self.films[rows], self.lungs[rows])


def phantoms(count: int, *, seed: int, keep: Path | None = None) -> Pairs:
    """Phantoms of all hospitals, views, ages and findings; drawn once where `keep` is a folder."""
    path = keep / f"phantoms-{SIDE}-{count}-{seed}.npz" if keep else None
    if path is None or not path.exists():
        films, lungs = lungs_from_phantoms.draw_phantoms(count, seed=seed, side=SIDE)
        made = Pairs(np.rint(films * 255).astype(np.uint8), lungs.astype(np.uint8))
        if path is None:
            return made
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, films=made.films, lungs=made.lungs)
    with np.load(path) as kept:
        return Pairs(kept["films"], kept["lungs"])


def rows_with_masks(folder: Path) -> pd.DataFrame:
    """The rows of the table that have lung masks, with `free` (may train), `fold` (of those; else −1) and `seen`.

    Folds are of patients; `seen`: the patient's films were looked at while the phantoms were made, or another film of the
    patient trains.
    """
    frame = pd.read_csv(folder / "table.csv")
    frame = frame[frame["lung_mask"].notna()].reset_index(drop=True)
    frame["free"] = frame["license"].isin(FREE)
    people = sorted(frame.loc[frame["free"], "patient"].unique())
    order = np.random.default_rng(0).permutation(len(people))
    fold = {people[person]: place % FOLDS for place, person in enumerate(order)}
    frame["fold"] = [fold[row.patient] if row.free else -1 for row in frame.itertuples()]
    frame["trains"] = frame["patient"].isin(people)
    frame["seen"] = frame["patient"].isin(lungs_from_phantoms.DEVELOPMENT)
    return frame


def load_pairs(folder: Path, frame: pd.DataFrame) -> Pairs:
    """Films and masks of rows, stretched to a square."""
    films = [_read(folder / name) for name in frame["image"]]
    lungs = [_read(folder / name) > 0.5 for name in frame["lung_mask"]]
    return Pairs(np.rint(np.stack(films) * 255).astype(np.uint8), np.stack(lungs).astype(np.uint8))


def codes(folder: Path, frame: pd.DataFrame) -> dict[str, int]:
    """The perceptual code of each film that trains → the graph that has not learnt from its patient."""
    return {
        as_digits(code_of(read_film(folder / row.image).pixels)): row.fold + 1
        for row in frame[frame["free"]].itertuples()
    }


def _read(path: Path) -> np.ndarray:
    return resized(read_film(path).pixels, size=(SIDE, SIDE))

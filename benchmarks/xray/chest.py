"""Films with and without their chest, as the audit's third test blacks it out, at a network's size; each film decoded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.audit.detector.chest import BLACKED_OUT, LEAST, SHAPE, shape_of
from deepcovid.audit.detector.looks import SIDE, Film
from deepcovid.datasets.table import Table
from deepcovid.features.extraction import reading
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.readers import read_film
from deepcovid.imaging.resizing import thumbnail
from deepcovid.models.lungs import LungSegmenter
from deepcovid.storage import sha256_sources


@dataclass(frozen=True, eq=False)
class Shown:
    """Films uint8 (N, h, w), the same with a black chest, the shape of their lungs (N, 13), and where lungs were found (N,)."""

    whole: np.ndarray
    black: np.ndarray
    shape: np.ndarray
    found: np.ndarray


class ChestExtractor:
    """A film and the film with a black chest at the network's size, then numbers `SHAPE`, all in one row of float32."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing, self._segmenter = preprocessing, LungSegmenter.load()

    @property
    def space(self) -> dict[str, Any]:
        """What the arrays depend on."""
        kept = self.preprocessing.to_dict()
        code = [sha256_sources(f"audit/detector/{name}") for name in ("chest", "looks")]
        return {
            "kind": "film, film with a black chest, shape of the lungs",
            "reading": reading(),
            **{name: kept[name] for name in ("size", "fit", "resize")},
            "segmenter": self._segmenter.hash,
            "code": code,
        }

    def __call__(self, path: Path, draws: Sequence[Any]) -> list[np.ndarray]:
        film = Film(thumbnail(read_film(path).pixels, longest=SIDE), segment=self._segmenter.segment)
        shown = [self.preprocessing.resize_film(one).ravel() for one in (film.pixels, BLACKED_OUT.change(film))]
        return [np.concatenate([*shown, shape_of(film)]).astype(np.float32)] * len(draws)


def shown_films(table: Table, preprocessing: Preprocessing) -> Shown:
    """All films of a table, with and without their chest; those without lungs keep it, and are told by `found`."""
    extractor = ChestExtractor(preprocessing)
    store = FeatureStore(extractor.space)
    kept = store.ensure([Request(table.image_path(image)) for image in table.frame["image"]], compute=extractor)
    if kept.failures:
        raise SystemExit("\n".join(kept.failures.values()))
    height, width = preprocessing.size
    rows = np.stack([store.array(key) for key in kept.keys if key is not None])
    films = np.rint(rows[:, : -len(SHAPE)] * 255).astype(np.uint8).reshape(len(rows), 2, height, width)
    shape = rows[:, -len(SHAPE) :]
    return Shown(films[:, 0], films[:, 1], shape, shape[:, 0] >= LEAST)

"""A classifier's scores and features for films as they are and as a test alters them: each film decoded once, each look kept."""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from deepcovid.features.extraction import reading
from deepcovid.features.store import FeatureStore, Request
from deepcovid.imaging.readers import read_film
from deepcovid.imaging.resizing import thumbnail
from deepcovid.imaging.text import Mark, find_marks
from deepcovid.models.classifier import Classifier
from deepcovid.progress import Progress, Silent
from deepcovid.storage import sha256_file, sha256_json, sha256_sources

SIDE = 512  # pixels of the longer side of the films that tests alter
RIM = (0.15, 0.15, 0.1)  # top, bottom and either side, of the film's sides: hardly any lung reaches there
# Our files that every look hangs on besides those that read films (`features.extraction.reading`, all of `imaging`) and the file
# that an alteration stands in: what alterations of other files call, and what makes scores and lungs of pixels.
SHARED = ("audit/detector/looks", "audit/detector/chest", "audit/detector/style_measure")
NETWORKS = (
    "models/classifier", "models/detector", "models/engine", "models/foreign", "models/outputs", "models/seen", "models/lungs",
    "evaluation/recalibration", "datasets/perceptual",
)  # fmt: skip

# float32 (H, W) in [0, 1] → bool (H, W), the lungs
Segment = Callable[[np.ndarray], np.ndarray]


class Film:
    """One film at the size that tests work at.

    Args:
        pixels: float32 (H, W) in [0, 1].
        segment: finds lungs; None where there is no segmenter.
        seed: of everything random that is done to this film; the same for the same film.
    """

    def __init__(self, pixels: np.ndarray, *, segment: Segment | None = None, seed: int = 0) -> None:
        self.pixels, self.seed, self._segment = pixels, seed, segment

    @cached_property
    def lungs(self) -> np.ndarray:
        """bool (H, W), found once a film however many tests ask.

        Raises:
            RuntimeError: no segmenter was given; a test says with `uses_lungs` that it needs one.
        """
        if self._segment is None:
            raise RuntimeError("a test asks for lungs and no segmenter was given")
        return self._segment(self.pixels)

    @property
    def has_lungs(self) -> bool:
        """Whether lungs can be asked for."""
        return self._segment is not None

    @cached_property
    def outside(self) -> np.ndarray:
        """bool (H, W), what is surely not lung: all but the lungs, or without a segmenter the film's rim."""
        if self.has_lungs:
            return ~self.lungs
        outside = np.ones(self.pixels.shape, dtype=bool)
        height, width = self.pixels.shape
        top, bottom, side = RIM
        outside[round(top * height) : round((1 - bottom) * height), round(side * width) : round((1 - side) * width)] = 0
        return outside

    @cached_property
    def marks(self) -> list[Mark]:
        """What is written on it outside the lungs, found once a film."""
        return find_marks(self.pixels, where=self.outside)

    def generator(self, name: str) -> np.random.Generator:
        """Random numbers for the alteration `name` of this film."""
        word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
        return np.random.default_rng([self.seed, word])


@dataclass(frozen=True)
class Alteration:
    """A named change of a film; two of one name and version must be the same change.

    Attributes:
        name: with its parameters, as in "jpeg-quality-30".
        change: `Film` → float32 (H, W) in [0, 1].
        version: raise it when `change` gives other pixels.
    """

    name: str
    change: Callable[[Film], np.ndarray]
    version: int = 1

    @property
    def hash(self) -> str:
        """What looks are kept under; another file of code is another look."""
        return f"{self.name}@{self.version} {_code_of(self.change.__module__)}"


@functools.cache
def shared_code() -> str:
    """The SHA-256 of our source files that all looks hang on; those of tests' rules and figures are not among them."""
    return sha256_json({name: sha256_sources(name) for name in (*SHARED, *NETWORKS)})


@functools.cache
def _code_of(module: str) -> str:
    """The SHA-256 of a module's source file; empty for what was typed in at a prompt."""
    path = getattr(sys.modules.get(module), "__file__", None)
    return sha256_file(Path(path)) if path else ""


PLAIN = Alteration("plain", lambda film: film.pixels)


@dataclass(frozen=True)
class Measure:
    """A named measure of a film, which the classifier does not see; two of one name and version must be the same.

    Attributes:
        name: of what is measured.
        of: `Film` → float32 (D,).
        version: raise it when `of` gives other numbers.
    """

    name: str
    of: Callable[[Film], np.ndarray]
    version: int = 1

    @property
    def hash(self) -> str:
        """What measures are kept under; another file of code is another measure."""
        return f"measure {self.name}@{self.version} {_code_of(self.of.__module__)}"


@dataclass(frozen=True, eq=False)
class Need:
    """What a test wants looked at: row numbers of the case's films, and the alterations (and measures) of each."""

    rows: np.ndarray
    alterations: tuple[Alteration | Measure, ...]


class Looks:
    """Scores and features of a classifier for a table's films under alterations, computed once and kept.

    Args:
        classifier: what is audited.
        paths: of the films, row by row.
        segment: finds lungs; with the hash of its weights.
        folder: where looks are kept; default: the cache folder.
        workers: films side by side.
    """

    def __init__(
        self,
        classifier: Classifier,
        paths: Sequence[Path],
        *,
        segment: tuple[Segment, str] | None = None,
        folder: Path | None = None,
        workers: int = 1,
    ) -> None:
        self.classifier, self.paths, self.workers = classifier, list(paths), workers
        self._segment = segment[0] if segment else None
        space = {
            "kind": "looks",
            "classifier": classifier.hash,
            "segmenter": segment[1] if segment else None,
            "side": SIDE,
            "reading": reading(),
            "code": shared_code(),
            "engine": metadata.version("onnxruntime"),
        }
        self._store = FeatureStore(space, folder=folder)
        self._kept: dict[tuple[int, str], str | None] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self.failures: dict[Path, str] = {}
        self.progress: Progress = Silent()

    def ensure(self, needs: Iterable[Need], *, progress: Progress | None = None) -> None:
        """Look at what was not looked at yet, in one pass over the films.

        Args:
            needs: what to look at.
            progress: told of every film; default: the attribute of that name, which is silent where nobody set it.
        """
        wanted = {
            (int(row), alteration.hash): alteration
            for need in needs
            for row in need.rows
            for alteration in need.alterations
        }
        places = sorted(place for place in wanted if place not in self._kept)
        if not places:
            return
        requests = [Request(self.paths[row], wanted[row, key]) for row, key in places]  # type: ignore[arg-type]  # kept by hash
        kept = self._store.ensure(
            requests,
            compute=self._compute,
            workers=self.workers,
            progress=progress or self.progress,
            description="looking at films",
        )
        self._kept |= dict(zip(places, kept.keys, strict=True))
        self.failures |= kept.failures

    def scores(self, rows: np.ndarray, alteration: Alteration = PLAIN) -> np.ndarray:
        """Scores, float (n,), of rows; NaN where the film could not be read."""
        return np.array([self._look(int(row), alteration)[0] for row in rows], dtype=float)

    def features(self, rows: np.ndarray, alteration: Alteration = PLAIN) -> np.ndarray:
        """Features, float32 (n, D), of rows; NaN where the film could not be read."""
        found = [self._look(int(row), alteration)[1:] for row in rows]
        width = max((len(one) for one in found), default=0)
        return np.array([one if len(one) == width else np.full(width, np.nan) for one in found], dtype=np.float32)

    def measured(self, rows: np.ndarray, measure: Measure) -> np.ndarray:
        """A measure of rows, float32 (n, D); NaN where the film could not be read."""
        found = [self._look(int(row), measure) for row in rows]
        width = max((len(one) for one in found), default=0)
        return np.array([one if len(one) == width else np.full(width, np.nan) for one in found], dtype=np.float32)

    def film(self, row: int) -> Film:
        """One film, read anew: for pictures."""
        return self._film(self.paths[row])

    def _look(self, row: int, alteration: Alteration | Measure) -> np.ndarray:
        if (row, alteration.hash) not in self._kept:
            self.ensure([Need(np.array([row]), (alteration,))])
        key = self._kept[row, alteration.hash]
        if key is None:
            return np.array([np.nan], dtype=np.float32)
        if key not in self._arrays:
            self._arrays[key] = self._store.array(key)
        return self._arrays[key]

    def _film(self, path: Path) -> Film:
        pixels = thumbnail(read_film(path).pixels, longest=SIDE)
        seed = int.from_bytes(hashlib.sha256(pixels.tobytes()).digest()[:4], "little")
        return Film(pixels, segment=self._segment, seed=seed)

    def _compute(self, path: Path, alterations: Sequence[Any]) -> list[np.ndarray]:
        film = self._film(path)
        arrays = []
        for alteration in alterations:
            if isinstance(alteration, Measure):
                arrays.append(np.asarray(alteration.of(film), dtype=np.float32))
                continue
            seen = self.classifier.look(alteration.change(film))
            arrays.append(np.concatenate([[np.float32(seen.score)], seen.features]).astype(np.float32))
        return arrays

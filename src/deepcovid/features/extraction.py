"""From a film's path to what a backbone makes of it: decoded once, resized once, each draw run through the graph."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.readers import read_film
from deepcovid.models.engine import ENGINE, open_session
from deepcovid.storage import sha256_bytes, sha256_sources

if TYPE_CHECKING:
    from deepcovid.imaging.augmentation import Draw


@functools.cache
def reading() -> dict[str, str]:
    """What decides the pixels of a film besides its file: our own reading code and the decoders under it."""
    decoders = ("pillow", "pydicom", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "scipy", "numpy")
    return {"code": sha256_sources("imaging"), **{name: metadata.version(name) for name in decoders}}


def resized_film(path: Path, preprocessing: Preprocessing) -> np.ndarray:
    """The film at the network's size: float32 (h, w) in [0, 1]."""
    return preprocessing.resize_film(read_film(path).pixels)


class FilmExtractor:
    """Films at a network's size, before any augmentation; what a whole network is trained on."""

    def __init__(self, preprocessing: Preprocessing) -> None:
        self.preprocessing = preprocessing

    @property
    def space(self) -> dict[str, Any]:
        """What the arrays depend on."""
        kept = self.preprocessing.to_dict()
        return {
            "kind": "film",
            "reading": reading(),
            "size": kept["size"],
            "fit": kept["fit"],
            "resize": kept["resize"],
        }

    def __call__(self, path: Path, draws: Sequence[Draw | None]) -> list[np.ndarray]:
        film = resized_film(path, self.preprocessing)
        return [film if draw is None else draw.apply(film) for draw in draws]


class BackboneExtractor:
    """Features of a frozen backbone, by ONNX Runtime, one film a call on one thread.

    Args:
        graph: ONNX bytes with the input `film` (N, 1, H, W) and the output `feature_map` (N, F, h, w).
        preprocessing: what the graph holds.
        neck: how the feature map becomes features: its mean over positions, or all its values.
    """

    def __init__(self, graph: bytes, *, preprocessing: Preprocessing, neck: Literal["pool", "flatten"]) -> None:
        self._session = open_session(graph)
        self.graph_hash = sha256_bytes(graph)
        self.preprocessing, self.neck = preprocessing, neck

    @property
    def space(self) -> dict[str, Any]:
        """What the arrays depend on."""
        import onnxruntime

        return {
            "kind": "features",
            "reading": reading(),
            "preprocessing": self.preprocessing.to_dict(),
            "graph": self.graph_hash,
            "neck": self.neck,
            "engine": f"{ENGINE} {onnxruntime.__version__}",
            "dtype": "float32",
            "threads": 1,
        }

    def __call__(self, path: Path, draws: Sequence[Draw | None]) -> list[np.ndarray]:
        film = resized_film(path, self.preprocessing)
        return [self._features(film if draw is None else draw.apply(film)) for draw in draws]

    def _features(self, film: np.ndarray) -> np.ndarray:
        (feature_map,) = self._session.run(["feature_map"], {"film": film[None, None]})
        return features_of(feature_map, neck=self.neck)[0]


def features_of(feature_map: np.ndarray, *, neck: Literal["pool", "flatten"]) -> np.ndarray:
    """The features (N, D) of a feature map (N, F, h, w): mean over positions (D = F) or all values (D = F·h·w)."""
    if neck == "pool":
        return feature_map.mean(axis=(2, 3), dtype=np.float32)
    return feature_map.reshape(len(feature_map), -1)

"""From a film's path to what a backbone makes of it: decoded once, resized once, each draw run through the graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from deepcovid.imaging.preprocessing import Preprocessing
from deepcovid.imaging.readers import read_radiograph
from deepcovid.models.engine import ENGINE, open_session

if TYPE_CHECKING:
    from deepcovid.imaging.augmentation import Draw

READER_VERSION = 1  # raised when the same file would give other pixels


def resized_film(path: Path, preprocessing: Preprocessing) -> np.ndarray:
    """The film at the network's size: float32 (h, w) in [0, 1]."""
    return preprocessing.resize_film(read_radiograph(path).pixels)


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
            "reader": READER_VERSION,
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
        backbone_hash: SHA-256 of the backbone's weights.
        preprocessing: what the graph holds.
        neck: how the feature map becomes features: its mean over positions, or all its values.
    """

    def __init__(
        self, graph: bytes, *, backbone_hash: str, preprocessing: Preprocessing, neck: Literal["pool", "flatten"]
    ) -> None:
        self._session = open_session(graph)
        self.backbone_hash, self.preprocessing, self.neck = backbone_hash, preprocessing, neck

    @property
    def space(self) -> dict[str, Any]:
        """What the arrays depend on."""
        import onnxruntime

        return {
            "kind": "features",
            "reader": READER_VERSION,
            "preprocessing": self.preprocessing.to_dict(),
            "backbone": self.backbone_hash,
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
